"""Work folders of EvalScope."""
