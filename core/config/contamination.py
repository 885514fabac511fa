"""Which signs of contamination are looked for: that a checkpoint saw a benchmark's items in training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from audit.core.config.fields import Folder, Option, Section

Check = Literal["order", "min-k", "overlap"]
"""A sign of contamination that is looked for."""
RUN = ("run",)


class ContaminationConfig(Section):
    """Signs that the checkpoint saw a benchmark's items in training; each adds a task ``TASK.CHECK`` per benchmark."""

    checks: Annotated[
        list[Check],
        Option("Look for signs of contamination: {choices}, separated by commas.", RUN, name="--contamination"),
    ] = Field(default_factory=list)
    """``order``: is the published order of the items likelier than shuffled ones? ``min-k``: are the items likelier, by
    Min-K % ++, than rewritten ones? ``overlap``: are the items in ``corpus``?"""
    corpus: Annotated[
        list[Folder], Option("Text, JSON Lines or Parquet, or a folder of them, for overlap; repeatable.", RUN)
    ] = Field(default_factory=list)
    """Files, or folders of files, that ``overlap`` looks in: ``.txt``, ``.md``, ``.jsonl``, ``.json.gz``, ``.parquet``,
    also compressed with gzip."""
    twins: Annotated[bool, Option("Ask word problems again with other numbers and names.", RUN)] = False
    """Also ask ``asdiv`` and ``gsm8k`` with other numbers and names (task ``TASK.twins``), and report the gap."""
