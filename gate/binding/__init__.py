"""What ties a decision to its policy: the file that is kept next to it, and what was registered before the run."""
