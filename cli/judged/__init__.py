"""``audit judge``: outputs judged by a checkpoint with a rubric, and how far people agree with it."""
