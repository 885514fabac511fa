"""Runs to judge: the fixtures of the reports."""

from __future__ import annotations

from tests.reports.conftest import full_run, make_run, records, shared_run

__all__ = ["full_run", "make_run", "records", "shared_run"]
