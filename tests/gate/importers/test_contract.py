"""The two ways in which a log can be at fault, and values that it lacks."""

from __future__ import annotations

from audit.gate.importers.building import samples_of
from audit.gate.importers.contract import ImportedItem, ImportOptions, Stated, Task, bad, contradicts, not_compared
from audit.stats.definitions import Mean

MEAN = Mean(of="scores.s")


def test_faults_name_their_place_and_have_their_exit_codes() -> None:
    assert (str(bad("f: line 3", "what")), bad("f", "what").exit_code) == ("f: line 3: what", 2)
    said = "f: evidence invalid: what: take the log as the tool wrote it, or find out what changed it"
    assert (str(contradicts("f", "what")), contradicts("f", "what").exit_code) == (said, 12)


def a_task(*values: float | None, definition: Mean | None = MEAN, incomplete: str | None = None) -> Task:
    stated = [Stated(metric=f"m{n}", definition=definition, value=value) for n, value in enumerate(values)]
    return Task(name="t", data="d", stated=stated, incomplete=incomplete)


def test_metrics_that_the_log_should_state_and_does_not_are_named() -> None:
    """Not those of an incomplete task, which are null anyway, nor those that nothing is compared with."""
    tasks = [a_task(None, 0.0, None), a_task(None, definition=None), a_task(None, incomplete="1 of 2")]
    assert not_compared(tasks) == [f"t/{name}: not compared: the log has no value" for name in ("m0", "m2")]


def test_what_a_reader_leaves_out_is_unknown_and_claims_nothing() -> None:
    """Without a word a metric is not primary, and its value must be that of its definition."""
    [sample] = samples_of(Task(name="t", data="d", items=[ImportedItem(place="f", digest="d")]), ImportOptions())
    assert (sample.tokens_in, sample.tokens_out, sample.completions, sample.slices) == (0, 0, [], {})
    stated = Stated(metric="s", definition=MEAN)
    assert (stated.primary, stated.certain, stated.higher_is_better, stated.unit) == (False, True, None, "score")
    assert (ImportOptions().seed, ImportOptions().lower_is_better) == (0, False)
