"""What is rated: one or two outputs with the prompt, kept whole, so that a rating holds without the run folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from sqlalchemy import select

from audit.core.errors import UsageError
from audit.core.records import Record, Suite, digest_of, split_address
from audit.ratings.projects.asking import Value  # noqa: TC001 - pydantic reads the annotations at run time
from audit.ratings.queues import output_digest
from audit.ratings.tables import ItemRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

Kind = Literal["regular", "calibration", "gold"]
"""``calibration``: rated first by everyone, with the expected answer shown afterwards; ``gold``: among the others, with
an expected answer that is never shown; ``regular``: rated by as many raters as the project says."""


class RatedOutput(Record):
    """An output as the checkpoint gave it, without personal data as in the run folder."""

    run_id: str
    """Run that it comes from."""
    sample_id: str
    """Its sample, or the address of one completion (``SAMPLE_ID#3``)."""
    text: str
    """The output; of a choice, the chosen option."""
    sha256: str
    """Its digest (:func:`audit.ratings.queues.output_digest`)."""
    scores: dict[str, float] = Field(default_factory=dict)
    """What automatic scorers gave it, by name; raters never see them."""

    @classmethod
    def of(cls, run_id: str, sample_id: str, text: str, scores: dict[str, float] | None = None) -> RatedOutput:
        """An output with its digest."""
        found = scores or {}
        return cls(run_id=run_id, sample_id=sample_id, text=text, sha256=output_digest(text), scores=found)


class ItemContent(Record):
    """Everything about an item but its number."""

    suite: Suite
    """Suite that asked."""
    task: str
    """Task or probe."""
    prompt: str
    """What the checkpoint was asked."""
    outputs: list[RatedOutput] = Field(min_length=1, max_length=2)
    """The output, or those of two runs in the order of the runs."""
    options: list[str] = Field(default_factory=list)
    """What it chose from; empty where it wrote the output."""
    may_offend: bool = False
    """Whether the text stays hidden until a rater asks for it."""
    hidden_names: list[str] = Field(default_factory=list)
    """Names of the checkpoints that wrote the outputs; they are masked like those of the project."""
    expected: dict[str, Value] = Field(default_factory=dict)
    """Expected answers of a calibration or gold item, preferences as ``first``, ``second``, ``tie`` or ``both_bad``."""

    @property
    def cluster(self) -> str:
        """What items share that are several texts of one prompt: the sample of the (first) output."""
        return split_address(self.outputs[0].sample_id)[0]


class RatedItem(ItemContent):
    """An item of a project."""

    id: int
    """Its number."""
    project_id: int
    """The project."""
    kind: Kind
    """Whether it is one that checks raters."""

    def is_swapped(self, seed: int) -> bool:
        """Whether the second run's output is side A. It depends on the project's seed and the item alone."""
        return len(self.outputs) == 2 and int(digest_of("side", seed, self.id)[0], 16) % 2 == 1

    def sides(self, seed: int) -> dict[str, RatedOutput]:
        """The outputs by the side on which raters see them."""
        order = reversed(self.outputs) if self.is_swapped(seed) else self.outputs
        return dict(zip("ab", order, strict=False))

    def by_run(self, side: str, seed: int) -> str:
        """A preference for a side as one for the first or second run; ``tie`` and ``both_bad`` stay."""
        if side not in {"a", "b"}:
            return side
        return "second" if (side == "b") != self.is_swapped(seed) else "first"

    def other_side(self, span: dict[str, Any], seed: int) -> dict[str, Any]:
        """A marked span with the side of its run instead of the side on which it is shown, and back."""
        return {**span, "side": {"a": "b", "b": "a"}[span["side"]]} if self.is_swapped(seed) else span

    def by_side(self, run: str, seed: int) -> str:
        """The inverse of :meth:`by_run`: the side on which the preferred run's output is shown."""
        if run not in {"first", "second"}:
            return run
        return "b" if (run == "second") != self.is_swapped(seed) else "a"


def read_item(connection: Connection, project_id: int, item_id: int) -> RatedItem:
    """An item of a project.

    Raises:
        UsageError: The project has no such item.
    """
    wanted = (ItemRow.id == item_id) & (ItemRow.project_id == project_id)
    row = connection.execute(select(ItemRow.__table__).where(wanted)).mappings().first()
    if row is None:
        msg = f"the project has no item {item_id}"
        raise UsageError(msg)
    return item_of(dict(row))


def read_items(connection: Connection, project_id: int) -> list[RatedItem]:
    """All items of a project, in the order in which they were added."""
    wanted = select(ItemRow.__table__).where(ItemRow.project_id == project_id).order_by(ItemRow.id)
    return [item_of(dict(row)) for row in connection.execute(wanted).mappings()]


def item_of(row: dict[str, object]) -> RatedItem:
    """The item of a row."""
    content = ItemContent.model_validate(json.loads(str(row["content"])))
    return RatedItem.model_validate({**content.model_dump(), **{key: row[key] for key in ("id", "project_id", "kind")}})
