"""The draw of outputs to rate: the same for everybody, and random."""

from __future__ import annotations

from collections import Counter

from audit.core.records import Sample
from audit.ratings import drawn

SAMPLES = [Sample(sample_id=f"{place:04x}", suite="evals", task="asdiv", prompt="?", output="4") for place in range(60)]


def names(count: int, run_id: str = "run-1") -> list[str]:
    """Ids of the drawn outputs."""
    return [sample.sample_id for sample in drawn(SAMPLES, run_id, count)]


def test_the_draw_depends_on_run_and_samples_alone() -> None:
    assert names(20) == [sample.sample_id for sample in drawn(reversed(SAMPLES), "run-1", 20)]
    assert names(20) == names(40)[:20]
    assert names(20) != names(20, "run-2")
    assert sorted(names(100)) == [sample.sample_id for sample in SAMPLES]
    other = [sample.model_copy(update={"task": "gsm8k"}) for sample in SAMPLES]
    assert names(20) != [sample.sample_id for sample in drawn(other, "run-1", 20)]


def test_only_scored_outputs_are_drawn() -> None:
    broken = [SAMPLES[0].model_copy(update={"output": None}), SAMPLES[1].model_copy(update={"error": "no answer"})]
    assert drawn([*broken, SAMPLES[2]], "run-1", 10) == [SAMPLES[2]]


def test_every_output_is_drawn_as_often() -> None:
    """Over 600 runs, 20 of 60: 200 times each, with a standard deviation of 11.5."""
    counts = Counter(name for run in range(600) for name in names(20, f"run-{run}"))
    assert len(counts) == 60
    assert all(abs(count - 200) < 5 * 11.5 for count in counts.values())
