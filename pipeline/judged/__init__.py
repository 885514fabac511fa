"""Outputs judged by a checkpoint with a rubric: rubrics, verdicts, agreement with people, judged runs."""
