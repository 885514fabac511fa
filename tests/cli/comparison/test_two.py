"""What is printed of two runs: short settings, reasons once, changed items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.cli.comparison.two import show_items
from audit.core.records import MetricDifference
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
def test_the_worst_items_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = run_with(tmp_path, "a", scored([1.0, 0.0, 1.0, 1.0]))
    after = run_with(tmp_path, "b", scored([1.0, 1.0, 0.5, 0.0], output="\x1b[31mno\n"))
    one = MetricDifference(
        name="boolq/accuracy", suite="evals", task="boolq", unit="share", primary=True, higher_is_better=True
    )
    show_items(before, after, [one, one.model_copy(update={"error": "why"})], 2, ("old", "new"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2] for line in lines[::3]] == ["score 1, now 0", "score 1, now 0.5"]
    assert lines[1:3] == ["  old        yes", "  new        \\x1b[31mno"]


@pytest.mark.slow
def test_repeats_of_two_checkpoints(audit: Audit, tmp_path: Path) -> None:
    scores = ([0.0] * 15 + [1.0] * 5, [1.0] * 15 + [0.0] * 5, [0.0] * 14 + [1.0] * 6, [1.0] * 16 + [0.0] * 4)
    paths = [
        run_with(tmp_path, f"m{place}", scored(one), run_id=f"r{place}", model={"digest": "ab"[place % 2] * 64}).path
        for place, one in enumerate(scores)
    ]
    page = tmp_path / "page.html"
    code, out, err = audit("compare", *paths, "--repeats", "--html", page)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()[:4]]
    assert lines == [
        "baseline r0 (float32, gguf:Q4_1)", "and r2", "candidate r1 (float32, gguf:Q4_1)", "and r3",
    ]  # fmt: skip
    assert "better" in out
    assert "<dd>r0, r2</dd>" in page.read_text()
    assert "the candidate&#39;s first run" in page.read_text()
    for words, message in (
        (paths[:3], "repeats need two or more runs of each of two checkpoints"),
        ([*paths, "--by", "date"], "--by says nothing of repeats"),
    ):
        code, _, err = audit("compare", *words, "--repeats")
        assert (code, err.count("\n")) == (2, 1)
        assert message in err
