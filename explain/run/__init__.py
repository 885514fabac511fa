"""Which samples of a run are explained, and what drives answers across samples."""
