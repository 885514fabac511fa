"""What ``audit compress-check`` found."""
