"""What to do about a rule that the run leaves open."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from audit.core.errors import RunFolderError
from audit.core.run_folder import RunFolder
from audit.gate.advice import MORE, Advisor, rounded_up
from audit.gate.decide import decide
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.settling import items_for_ratio, items_needed
from audit.stats.definitions import Mean, Paired
from audit.stats.intervals import clustered_interval
from tests.gate.conftest import RULE
from tests.gate.test_settling import in_clusters, wilson_of
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import GateCheck, Metric, Sample
    from audit.gate.policy import PolicyFile
    from audit.stats.definitions import Definition

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture
def advised(make_run: Callable[..., RunFolder], records: Records) -> Callable[..., str]:
    """What is advised on a metric, with other settings of the run."""

    def advise(metric: dict[str, Any] | None = None, **config: Any) -> str:
        found = records["metric"](**(metric or {}))
        run = make_run([found, records["unscored"]()])
        manifest = run.read_manifest()
        manifest = manifest.model_copy(update={"config": {**manifest.config, **config}})
        return Advisor(run, manifest, Measured([found, records["unscored"]()])).on_interval(RULE, found)

    return advise


def test_an_interval_of_unknown_make_gives_no_number_of_items(advised: Callable[..., str]) -> None:
    assert advised({"ci_method": "bayes"}) == MORE


@pytest.mark.parametrize(
    "config",
    [
        {"evals": {"tasks": [{"name": "boolq", "limit": 9}], "samples": {"boolq": [1, 2]}}},
        {"evals": {"tasks": [{"name": "a_group", "limit": 9}]}},
    ],
)
def test_where_the_limit_is_not_known_no_command_is_named(config: dict[str, Any], advised: Callable[..., str]) -> None:
    told = advised({"value": 0.65}, **config)
    assert told.endswith("the run has 100")
    assert "--extend" not in told


def test_an_imported_run_can_have_no_more_than_its_log(advised: Callable[..., str]) -> None:
    config = {"import": {"tool": "lm_eval"}, "evals": {"tasks": [{"name": "boolq"}]}}
    told = advised({"value": 0.65}, **config)
    assert told.endswith("the run has 100, and its log has no more, so that only a longer log can decide it")


@pytest.fixture
def check_of(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> Callable[[dict[str, Any]], GateCheck]:
    """Judges one rule on a run of one metric of 16 items, of which 50 % are right."""

    def check(
        rule: dict[str, Any],
        limit: Any = 16,
        available: dict[str, int] | None = None,
        samples: Sequence[Sample] = (),
        **metric: Any,
    ) -> GateCheck:
        low, high = wilson_of(0.5, 16)
        found: Metric = records["metric"](**{"value": 0.5, "n": 16, "ci_low": low, "ci_high": high, **metric})
        count = records["unscored"]().model_copy(update={"n": 16})
        config = {"evals": {"tasks": [{"name": "boolq", "limit": limit}]}}
        run = make_run([found, count], config=config, items_available=available or {})
        if samples:
            run.write_samples("evals", "boolq", samples)
            sealed(run)
        checked = decide(run, make_policy({"metric": "boolq/accuracy", **rule})).checks[1]
        assert checked.verdict == "INCONCLUSIVE"
        return checked

    return check


def test_the_reason_names_items_data_and_command(check_of: Callable[..., GateCheck]) -> None:
    reason = check_of({"min": 0.4}, available={"boolq": 3270}).reason
    found = re.search(
        r"about (\d+) items would decide this if the value stays; the run has 16, its data set 3,270", reason
    )
    assert found, reason
    count = int(found[1])
    assert wilson_of(0.5, count)[0] >= 0.4
    assert wilson_of(0.5, 0.95 * count)[0] < 0.4
    assert re.search(rf": audit run --extend \S+/20260131T120000Z-tiny-chat-0a1b2c --limit {count}$", reason)


def test_the_limit_of_a_share_of_the_data_grows_as_a_share(check_of: Callable[..., GateCheck]) -> None:
    reason = check_of({"min": 0.4}, limit=0.1).reason
    count = int(re.findall(r"about (\d+) items", reason)[0])
    assert reason.endswith(f"--limit {0.1 * count / 16:.3g}")


@pytest.mark.parametrize(
    ("limit", "available", "words"),
    [
        (16, {"boolq": 60}, "its data set not enough (60 in all)"),
        ("all", {"boolq": 16}, "its data set no more (16 in all)"),
        (None, {}, "its data set no more"),
        (200, {}, "its data set no more"),  # 200 were asked for and 16 came
        (0.5, {}, "its data set not enough"),
    ],
)
def test_no_command_where_the_data_has_no_more(
    limit: Any, available: dict[str, int], words: str, check_of: Callable[..., GateCheck]
) -> None:
    reason = check_of({"min": 0.4}, limit=limit, available=available).reason
    assert words in reason
    assert "--extend" not in reason


def test_a_value_on_the_limit_gets_no_number(check_of: Callable[..., GateCheck]) -> None:
    reason = check_of({"min": 0.5}).reason
    assert reason.endswith("the value lies on the limit: no number of items would decide it")


# What a sample of clusters shows of their spread is larger than that of its copies, by up to G / (G - 1).
@pytest.mark.parametrize(
    "pattern",
    [
        [[1.0, 1.0, 1.0, 1.0], [0.0] * 4, [1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]],
        [[1.0] * 3 + [0.0] * 2 + [1.0] * 5, [0.0] * 2, [1.0, 0.0], [0.0, 0.0]],
    ],
    ids=["one size", "one large cluster"],
)
def test_clusters_are_counted_in_the_samples(
    pattern: list[list[float]], check_of: Callable[..., GateCheck], records: Records
) -> None:
    values, clusters = in_clusters(pattern, 1)
    now = clustered_interval(values, clusters)
    assert now is not None
    samples = [
        records["sample"]("boolq", index, score=value, cluster=f"passage {cluster}")
        for index, (value, cluster) in enumerate(zip(values, clusters, strict=True))
    ]
    metric = {"ci_low": now.low, "ci_high": now.high, "ci_method": now.method}
    reason = check_of({"min": 0.3}, samples=samples, **metric).reason
    count = int(re.findall(r"about (\d+) items", reason)[0])
    more = clustered_interval(*in_clusters(pattern, math.ceil(count / 16)))
    assert more is not None
    assert more.low >= 0.3
    # Four clusters have a quantile of 3.18 instead of 1.96: without them the number would be more than twice as large.
    fewer = clustered_interval(*in_clusters(pattern, int(0.95 * 3 / 4 * count / 16)))
    assert fewer is not None
    assert fewer.low < 0.3


@pytest.mark.parametrize(
    ("definition", "where", "clusters"),
    [
        (Mean(cluster="carrier"), {"template": "ignore"}, 6),
        (Mean(), {"template": "ignore"}, 2),
        (Mean(cluster="carrier", where={"half": "a"}), {"template": "ignore"}, 3),
        (Mean(cluster="carrier", columns=("template",)), {"template": "score"}, 9),
        (Paired(by="half", first="a", second="b", cluster="carrier"), None, 4),
        (None, {"template": "ignore"}, 2),
    ],
)
def test_clusters_are_those_of_the_definition(
    definition: Definition | None,
    where: dict[str, str] | None,
    clusters: int,
    make_run: Callable[..., RunFolder],
    records: Records,
) -> None:
    """Nine carriers of four items, six of them in the slice; two clusters by the samples' own field.

    Each carrier with an odd number is the second half of the pairs of the one before.
    """
    samples = [
        records["sample"](
            "boolq",
            4 * carrier + place,
            cluster=f"own {place % 2}",
            pair=f"{carrier // 2}/{place}",
            score=float(place % 2),
            slices={
                "template": "ignore" if carrier < 6 else "other",
                "carrier": f"c{carrier}",
                "half": "ab"[carrier % 2],
            },
        )
        for carrier in range(9)
        for place in range(4)
    ]
    written = definition.written() if definition else None
    metric = records["metric"](ci_method="clustered_t", value=0.63, slice=where, definition=written)
    run = make_run([metric, records["unscored"]()])
    run.write_samples("evals", "boolq", samples)
    advisor = Advisor(run, run.read_manifest(), Measured([metric, records["unscored"]()]))
    needed = items_needed(metric, RULE.min, RULE.max, [1] * clusters)
    assert needed is not None
    assert f"about {rounded_up(needed):,} items" in advisor.on_interval(RULE, metric)
    grown = items_for_ratio(metric, 3.0, [1] * clusters)
    assert f"about {rounded_up(grown):,} items" in advisor.on_ratio(metric, 3.0)


@pytest.fixture
def on_ratio(make_run: Callable[..., RunFolder], records: Records) -> Callable[..., str]:
    """What is advised on a share of 30 items, 32 of which were drawn, whose interval has to shrink by a ratio."""

    def advise(ratio: float, available: int | None = None, config: dict[str, Any] | None = None, **metric: Any) -> str:
        found = records["metric"](**{"n": 30, **metric})
        measured = Measured([found, records["unscored"]().model_copy(update={"n": 32})])
        config = config or {"evals": {"tasks": [{"name": "boolq", "limit": 32}]}}
        known = {} if available is None else {"boolq": available}
        run = make_run(measured.all, config=config, items_available=known)
        return Advisor(run, run.read_manifest(), measured).on_ratio(found, ratio)

    return advise


def test_a_ratio_of_squared_widths_is_one_of_items(on_ratio: Callable[..., str]) -> None:
    assert on_ratio(2.05).startswith("about 62 items would decide this if the value stays; the run has 30. Add items: ")


def test_a_ratio_of_an_interval_of_unknown_make_gives_no_number(on_ratio: Callable[..., str]) -> None:
    assert on_ratio(2.0, ci_method="bayes") == MORE


@pytest.mark.parametrize(("available", "enough"), [(66, False), (67, True)])
def test_the_limit_grows_with_the_items_that_have_a_score(
    available: int, enough: bool, on_ratio: Callable[..., str]
) -> None:
    # 62 of 30 items: 32 * 62 / 30 = 66.1.
    assert on_ratio(2.05, available).endswith("--limit 67" if enough else "its data set not enough (66 in all)")


@pytest.mark.parametrize("evals", [None, {}])
def test_limits_of_probes_are_known_too(evals: Any, on_ratio: Callable[..., str]) -> None:
    config = {"evals": evals, "safety": {"tasks": [{"name": "boolq", "limit": 32}]}}
    assert on_ratio(2.0, config=config).endswith("--limit 64")


def test_an_upper_limit_is_settled_too(make_run: Callable[..., RunFolder], records: Records) -> None:
    metric = records["metric"](value=0.6, n=100)
    run = make_run([metric, records["unscored"]()])
    advisor = Advisor(run, run.read_manifest(), Measured([metric]))
    assert "items would decide this" in advisor.on_interval(Rule(metric="boolq/accuracy", max=0.65), metric)


@pytest.mark.parametrize(
    ("count", "rounded"),
    [(1, 1), (998.2, 999), (1_000, 1_000), (1_000 + 1e-10, 1_000), (1_001, 1_010), (9_999, 10_000), (12_345, 12_400)],
)
def test_numbers_of_items_are_rounded_up_to_three_digits(count: float, rounded: int) -> None:
    assert rounded_up(count) == rounded


@pytest.mark.parametrize(
    ("limit", "drawn", "available", "words"),
    [
        (1, None, None, ". Add items: audit run --extend /runs/a --limit 3"),
        (1, 1, 3, ", its data set 3. Add items: audit run --extend /runs/a --limit 3"),
        (1, 1, 2, " and its data set not enough (2 in all)"),
        (40, None, 100, ", its data set 100. Add items: audit run --extend /runs/a --limit 100"),
        (40, 39, 100, " and its data set no more (100 in all), so that only another limit or other data can decide it"),
        (0.25, 39, 100, ", its data set 100. Add items: audit run --extend /runs/a --limit 0.625"),
        (0.4, None, None, ". Add items: audit run --extend /runs/a --limit all"),
        (0.3999, None, None, ". Add items: audit run --extend /runs/a --limit all"),
        (0.41, None, None, " and its data set not enough"),
        (None, None, 9, " and its data set no more (9 in all), so that only another limit or other data can decide it"),
    ],
)
def test_the_limit_two_and_a_half_times_as_large(
    limit: float | None, drawn: int | None, available: int | None, words: str, records: Records
) -> None:
    count = records["unscored"]().model_copy(update={"n": drawn})
    manifest = records["manifest"](
        config={"evals": {"tasks": [{"name": "boolq", "limit": limit}]}},
        items_available={} if available is None else {"boolq": available},
    )
    advisor = Advisor(RunFolder(Path("/runs/a")), manifest, Measured([] if drawn is None else [count]))
    assert advisor.more("boolq", 2.5) == words
    assert advisor.command("boolq", 2.5) == words.partition("Add items: ")[2]


def test_clusters_that_are_not_at_hand_are_left_out(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the squared width are twice the items; with clusters their quantile would count, too."""
    advisor = Advisor(RunFolder(Path("/runs/a")), records["manifest"](config={}), Measured([]))
    metric = records["metric"](ci_method="clustered_t", n=100, definition={"name": "no_such_definition"})
    said = "about 200 items would decide this if the value stays; the run has 100"
    assert advisor.on_ratio(metric, 2.0) == said
    monkeypatch.setattr(advisor, "_records", Mock(of=Mock(side_effect=RunFolderError("broken", Path("/runs/a")))))
    assert advisor.on_ratio(metric.model_copy(update={"definition": {"name": "mean"}}), 2.0) == said


def test_samples_that_are_no_items_do_not_say_that_the_data_has_no_more(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    """Forty items are four shards of the order test, twenty pairs of problem and twin are forty samples."""
    run = make_run([records["metric"]()])
    names = [("boolq.order", 40), ("asdiv.twins", 20), ("gsm8k.twins", 30), ("boolq.min-k", 90)]
    evals = {"tasks": [{"name": name, "limit": limit} for name, limit in names]}
    manifest = run.read_manifest().model_copy(
        update={"config": {"evals": evals}, "items_available": {"boolq": 100, "boolq.min-k": 80}}
    )
    counts = {"boolq.order": 4, "asdiv.twins": 40, "gsm8k.twins": 58, "boolq.min-k": 80}
    unscored = [
        records["unscored"]().model_copy(update={"name": f"{task}/unscored", "task": task, "n": n})
        for task, n in counts.items()
    ]
    advisor = Advisor(run, manifest, Measured(unscored))
    assert advisor.command("boolq.order", 2.0).endswith("--limit 80")
    assert advisor.more("boolq.order", 3.0) == " and its data set not enough (100 in all)"
    assert advisor.command("asdiv.twins", 2.0).endswith("--limit 40")
    assert advisor.more("gsm8k.twins", 2.0).startswith(" and its data set no more")
    assert advisor.more("boolq.min-k", 2.0).startswith(" and its data set no more (80 in all)")


def test_perturbed_items_come_with_those_of_their_benchmark(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    """Two perturbations of twenty items are forty samples; where fewer are perturbed than asked, no limit helps."""
    run = make_run([records["metric"]()])
    unscored = records["unscored"]().model_copy(
        update={"name": "boolq_perturbed/unscored", "task": "boolq_perturbed", "n": 40}
    )
    evals = {"tasks": [{"name": "boolq", "limit": 20}], "robustness": {"perturbations": ["typos", "case"]}}
    update = {"config": {"evals": evals}, "items_available": {"boolq": 100}}
    advisor = Advisor(run, run.read_manifest().model_copy(update=update), Measured([unscored]))
    assert advisor.command("boolq_perturbed", 2.0).endswith("--limit 40")
    assert advisor.more("boolq_perturbed", 6.0) == " and its data set not enough (100 items in all)"
    metric = records["metric"](task="boolq_perturbed", value=0.5, n=40, ci_low=0.4, ci_high=0.6, ci_method="student_t")
    said = advisor.on_ratio(metric, 2.0)
    assert re.fullmatch(
        r"about \d+ perturbed samples would decide this if the value stays; the run has 40, its data set 100 items\. "
        rf"Add items: audit run --extend {run.path} --limit \d+",
        said,
    )
    evals = evals | {"robustness": {"perturbations": ["typos", "case"], "limit": 5}}
    fewer = run.read_manifest().model_copy(update={"config": {"evals": evals}, "items_available": {"boolq": 100}})
    assert not Advisor(run, fewer, Measured([unscored])).command("boolq_perturbed", 2.0)


def test_forced_answers_come_with_the_items_of_their_benchmark(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    run = make_run([records["metric"]()])
    evals = {"tasks": [{"name": "gsm8k", "limit": 20}], "thinking_budgets": [64, 256]}
    update = {"config": {"evals": evals}, "items_available": {"gsm8k": 100}}
    advisor = Advisor(run, run.read_manifest().model_copy(update=update), Measured([]))
    assert advisor.command("gsm8k_forced", 2.0).endswith("--limit 40")
    assert advisor.more("gsm8k_forced", 6.0) == " and its data set not enough (100 items in all)"
