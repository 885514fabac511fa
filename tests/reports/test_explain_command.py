"""The command that explains a stored sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.sensitive import REDACTED
from audit.reports.explain_command import explain_command

if TYPE_CHECKING:
    from collections.abc import Callable

    Records = dict[str, Callable[..., Any]]


def test_no_command_for_what_cannot_be_explained_or_copied(records: Records) -> None:
    sample = records["sample"]("boolq", 0, output=" yes", answered_by="generation")
    assert explain_command("runs/a b", sample) == f"audit explain --run 'runs/a b' --sample {sample.sample_id}"
    for change in ({"answered_by": None}, {"flags": [REDACTED]}, {"error": "NaN"}, {"sample_id": "a\x1b[31m"}):
        assert explain_command("runs", sample.model_copy(update=change)) is None
    hostile = sample.model_copy(update={"sample_id": "x; rm -rf ~"})
    assert explain_command("runs", hostile) == "audit explain --run runs --sample 'x; rm -rf ~'"
