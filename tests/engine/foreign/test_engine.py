"""An engine of others finds its own answers in the journal of a run, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine import GenerateRequest, load
from audit.engine.journal import Journal
from tests.engine.foreign.double import ForeignDouble

if TYPE_CHECKING:
    from pathlib import Path


def test_kept_answers_are_those_of_this_engine(tiny_model: Path, tmp_path: Path) -> None:
    local = load(str(tiny_model))
    served, journal = ForeignDouble(local), Journal(tmp_path / "journal.sqlite")
    request, other = local.encode_pair("one", " two"), local.encode_pair("one", " three")
    text = GenerateRequest("one", max_new_tokens=2)
    with served.at_work(served.progress, journal):
        (first,), (written,) = served.score([request]), served.generate([text])
    assert served.kept_scores([other, request, request], journal) == [None, first, first]
    assert served.kept_completions([text], journal) == [written]
    assert not served.applies_chat_template
    served.record = served.record.model_copy(update={"digest": "another"})
    assert served.kept_scores([request], journal) == [None]
    journal.close()
