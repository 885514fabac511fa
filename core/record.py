"""What all records of an audit share: their base, their version, the names of the wings."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1

Suite = Literal["evals", "safety", "explain"]


class Record(BaseModel):
    """Base of all records: unknown fields are errors, docstrings become descriptions."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
