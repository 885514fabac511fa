"""What an interrupted measurement of a judge has asked is kept, and gone when the measurement is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.progress import Silent
from audit.engine import load
from audit.engine.journal import Journal
from audit.pipeline.judged.kept import kept_answers
from audit.pipeline.judged.measuring import measurement
from audit.safety.judges.verdicts import JudgeAsking, RubricJudge
from tests.pipeline.judged.test_measuring import labelled
from tests.safety.judges.conftest import SCALE, a_judge, by_word

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = labelled([("BAD", (0.0,)), ("FAIR", (1.0,)), ("GOOD", (3.0,))])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "judging"


def test_answers_stay_where_the_work_is_interrupted_and_go_at_its_end(cache: Path) -> None:
    said: list[str] = []

    def interrupted() -> None:
        with kept_answers(a_judge(by_word), TEXTS, said.append) as journal:
            assert journal is not None
            journal.write([("key", "answer")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (file,) = cache.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    with kept_answers(a_judge(by_word), TEXTS, said.append) as journal:
        assert journal is not None
        assert journal.read(["key"]) == {"key": "answer"}
        assert journal.withholds is not None
        assert journal.withholds("Write to jane.doe@mail-house.com")
        assert not journal.withholds("B")
    assert (list(cache.iterdir()), said) == ([], [])


def test_another_judge_or_other_labels_have_a_journal_of_their_own() -> None:
    with (
        kept_answers(a_judge(by_word), TEXTS, print) as mine,
        kept_answers(a_judge(by_word), labelled([("BAD", (1.0,))]), print) as theirs,
        kept_answers(a_judge(by_word, by="generation"), TEXTS, print) as written,
    ):
        assert mine is not None
        assert theirs is not None
        assert written is not None
        assert len({mine.path, theirs.path, written.path}) == 3


def test_where_nothing_can_be_kept_the_work_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "file"))
    said: list[str] = []
    with kept_answers(a_judge(by_word), TEXTS, said.append) as journal:
        assert journal is None
    (line,) = said
    assert line.startswith(f"answers are not kept ({tmp_path}")
    assert line.endswith("an interruption loses them")


@pytest.mark.slow
def test_a_checkpoint_computes_after_an_interruption_what_is_missing(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load(str(tiny_model), device="cpu")
    judge = RubricJudge(
        engine, SCALE, JudgeAsking("generation"), "off"
    )  # its context holds no prompt whole: it writes on
    write, rows, stopping = Journal.write, [], [True]

    def counted(journal: Journal, answers: Any) -> None:
        batch = list(answers)
        write(journal, batch)
        rows.append(len(batch))
        if stopping[0]:
            raise KeyboardInterrupt

    def measured() -> Any:
        with kept_answers(judge, TEXTS, print) as journal, engine.at_work(Silent(), journal):
            return measurement(judge, TEXTS)

    monkeypatch.setattr(Journal, "write", counted)
    with pytest.raises(KeyboardInterrupt):
        measured()
    first = sum(rows)
    stopping[0] = False
    found = measured()
    again = sum(rows) - first
    rows.clear()
    assert measured() == found  # nothing was kept: everything is computed
    assert first > 0
    assert sum(rows) == first + again
