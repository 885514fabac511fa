"""What is printed of a compression check, and the exit code of several verdicts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from audit.cli.comparison import compressed
from tests.reports.compression.checks import a_check, a_twin

if TYPE_CHECKING:
    import pytest


def test_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.cli.console.out._width", 220)
    monkeypatch.setattr(compressed, "titles", lambda _: {})
    runs: Any = [SimpleNamespace()] * 3
    compressed.show(a_check(), runs)
    out = capsys.readouterr().out
    for text in (
        "0.12 (0.062 to 0.19)", "90.0%", "2.00%", "+0.1250 to +0.3750", "20 → 25", "FAIL: boolq/accuracy: loses",
        "worse slices: ", " and 4 more", "no divergence: distilled: the vocabularies differ",
        "left out: int4: 2 items: no answer",
    ):  # fmt: skip
        assert text in out, text
    compressed.show(a_check(twins=[], no_languages="no texts"), runs[:1])
    assert "no languages: no texts" in capsys.readouterr().out


def test_names_are_no_markup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.cli.console.out._width", 220)
    monkeypatch.setattr(compressed, "titles", lambda _: {})
    check = a_check(twins=[a_twin("[/red][b]odd", "PASS", kl=0.1)])
    original = check.original.model_copy(update={"model": "m[/i]"})
    runs: Any = [SimpleNamespace()] * 2
    compressed.show(check.model_copy(update={"original": original}), runs)
    out = capsys.readouterr().out
    assert out.count("[/red][b]odd") >= 2  # of languages, distributions
    assert "against m[/i]" in out


def test_a_fail_outweighs_what_is_open() -> None:
    passed, failed, opened = (a_twin("a", verdict, kl=0.1) for verdict in ("PASS", "FAIL", "INCONCLUSIVE"))
    for twins, code in (([passed], 0), ([passed, opened], 11), ([opened, failed, passed], 10)):
        assert compressed.exit_code(a_check(twins=twins)) == code
