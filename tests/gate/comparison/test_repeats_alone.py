"""Parts of a comparison of repeated runs: whose repeats they are, and what is named once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.errors import ConfigError
from audit.core.records import Metric, Mismatch
from audit.gate.comparison import repeats
from audit.gate.comparison.repeats import ends
from audit.stats.definitions import Mean
from audit.stats.pairing.repeated import compared_repeats
from tests.gate.comparison.runs import scored

METRIC = Metric(
    name="boolq/accuracy", suite="evals", task="boolq", metric="accuracy", value=0.5, n=9, primary=True,
    higher_is_better=True, definition=Mean().written(),
)  # fmt: skip


def a_run(*, digest: str = "a", dtype: str = "float32", quantization: str | None = None, **fields: Any) -> Any:
    """A run of a checkpoint, as far as repeats look at it."""
    model = SimpleNamespace(name="m", digest=digest, dtype=dtype, quantization=quantization)
    return SimpleNamespace(manifest=SimpleNamespace(model=model), **fields)


OTHERS: list[dict[str, Any]] = [{"digest": "b"}, {"dtype": "bfloat16"}, {"quantization": "int8"}]


@pytest.mark.parametrize("other", OTHERS)
def test_a_side_is_a_checkpoint_in_one_number_type(other: dict[str, Any]) -> None:
    first, second, third, fourth, fifth = a_run(), a_run(**other), a_run(**other), a_run(), a_run()
    assert repeats._sides([first, second, third, fourth, fifth]) == ([first, fourth, fifth], [second, third])
    said = r"\(found 2 runs of m \(float32\), 1 run of m \(.*\)\)"
    with pytest.raises(ConfigError, match=said):
        repeats._sides([first, second, fourth])
    with pytest.raises(ConfigError, match=r"\(found 2 runs of .*, 2 runs of .*, 2 runs of m \(float16\)\)"):
        repeats._sides([first, second, third, fourth, a_run(dtype="float16"), a_run(dtype="float16")])


@pytest.mark.parametrize("other", OTHERS)
def test_the_ends_are_the_first_runs_of_both_checkpoints(other: dict[str, Any]) -> None:
    runs = [a_run(), a_run(), a_run(**other), a_run(**other)]
    folders: Any = [SimpleNamespace(read_manifest=lambda run=run: run.manifest) for run in runs]
    model = runs[2].manifest.model
    candidate = SimpleNamespace(model_digest=model.digest, dtype=model.dtype, quantization=model.quantization)
    found: Any = SimpleNamespace(candidate=candidate)
    assert ends(folders, found) == (folders[0], folders[2])


def test_a_mismatch_is_named_once_as_the_first_pair_has_it() -> None:
    about: dict[str, Any] = {"task": "boolq", "metric": "f1", "what": "scorer"}
    one = Mismatch(kind="scorer", baseline="a", candidate="b", **about)
    later = one.model_copy(update={"candidate": "c"})
    others = [one.model_copy(update={name: "version"}) for name in ("kind", "task", "metric", "what")]
    works: Any = [SimpleNamespace(mismatches=given) for given in ([one], [later, *others], others)]
    assert repeats._named_once(works) == [one, *others]


def test_metrics_that_any_run_of_the_other_side_lacks() -> None:
    other = METRIC.model_copy(update={"name": "boolq/f1"})
    side = METRIC.model_copy(update={"name": "boolq/side", "primary": False})
    runs = [a_run(by_key={one.name: one for one in mine}) for mine in ([METRIC, side], [METRIC, other], [METRIC])]

    def lacking(*tasks: str, everything: bool = False) -> list[str]:
        return repeats._lacking(runs[:2], [runs[2], runs[1]], tasks, everything=everything)

    assert lacking() == ["boolq/f1"]
    assert lacking("boolq", everything=True) == ["boolq/side", "boolq/f1"]
    assert lacking("asdiv", everything=True) == []


def test_a_metric_is_compared_on_all_runs_as_each_has_it() -> None:
    rows = [[float(item % 5 > place) for item in range(40)] for place in (2, 0, 1, 0)]
    key = repeats.key_of(METRIC)
    runs = [
        SimpleNamespace(by_key={key: place}, records=SimpleNamespace(of=lambda one: scored(rows[one])))
        for place in range(4)
    ]
    work: Any = SimpleNamespace(margin_of=lambda _: 0.2, filled=lambda bare, found: (bare, found))

    def found(*reasons: str | None) -> Any:
        pairs: Any = [
            (later, SimpleNamespace(hindrance=lambda place, why=why: why and f"{why} {place}"))
            for later, why in zip(runs, reasons, strict=False)
        ]
        sides: Any = (runs[:2], runs[2:])
        return repeats._difference(METRIC, sides, work, pairs, 0.9)

    bare, one = found(None, None)
    assert one == compared_repeats(
        Mean(), [scored(row) for row in rows[:2]], [scored(row) for row in rows[2:]],
        unit="share", higher_is_better=True, confidence=0.9, margin=0.2,
    )  # fmt: skip
    assert one.value == pytest.approx((3 / 5 + 4 / 5) / 2 - (2 / 5 + 4 / 5) / 2)
    assert (bare.name, bare.confidence) == ("boolq/accuracy", 0.9)
    failed = found("no", None, "no", "no")
    assert (failed.difference, failed.error) == (None, "no 0; no 2; no 3")


def test_other_clusters_keep_runs_from_being_compared() -> None:
    rows = [scored([1.0, 0.0], cluster=name) for name in "aaab"]
    key = repeats.key_of(METRIC)
    runs: Any = [
        SimpleNamespace(by_key={key: place}, records=SimpleNamespace(of=rows.__getitem__)) for place in range(4)
    ]
    work: Any = SimpleNamespace(margin_of=lambda _: 0.2)
    found = repeats._difference(METRIC, (runs[:2], runs[2:]), work, [], 0.9)
    assert found.difference is None
    assert "is in cluster 'a' of" in (found.error or "")
