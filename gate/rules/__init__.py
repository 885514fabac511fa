"""What rules ask for beyond a range: comparisons with a baseline, gaps between slices, few cut answers."""
