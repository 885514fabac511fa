"""People's ratings of outputs: an append-only database, rating queues, summaries, export."""

from __future__ import annotations

from audit.core.records.decision import HIGHEST, LOWEST
from audit.ratings.database import default_url
from audit.ratings.drawing import drawn
from audit.ratings.export import json_lines
from audit.ratings.queues import RatingQueue, every_text, output_digest, rating_queue
from audit.ratings.raters import cleaned, spelling
from audit.ratings.records import NewRating, Rating, RatingSummary
from audit.ratings.store import add, known_raters, read_all, read_latest, withdraw
from audit.ratings.summaries import by_output, mean_by_output, summary

__all__ = [
    "HIGHEST",
    "LOWEST",
    "NewRating",
    "Rating",
    "RatingQueue",
    "RatingSummary",
    "add",
    "by_output",
    "cleaned",
    "default_url",
    "drawn",
    "every_text",
    "json_lines",
    "known_raters",
    "mean_by_output",
    "output_digest",
    "rating_queue",
    "read_all",
    "read_latest",
    "spelling",
    "summary",
    "withdraw",
]
