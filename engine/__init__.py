"""A checkpoint goes in, log-probabilities and generations come out; knows nothing of tasks."""

from audit.engine.checkpoint import spared  # noqa: F401 - before anything imports transformers
from audit.engine.engine import Engine
from audit.engine.load import load
from audit.engine.requests import Completion, GenerateRequest, Generation, Score, ScoreRequest

__all__ = ["Completion", "Engine", "GenerateRequest", "Generation", "Score", "ScoreRequest", "load"]
