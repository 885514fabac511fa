"""One checkpoint in several processes: work is cut into units, scheduled, and answered by workers."""
