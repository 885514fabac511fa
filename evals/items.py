"""The former name of :mod:`audit.evals.data_loader`, for copied task files; removed in the next release."""

from __future__ import annotations

from audit.evals.data_loader import load

__all__ = ["load"]
