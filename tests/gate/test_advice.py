"""What to do about a rule that the run leaves open."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.advice import MORE, Advisor, rounded_up
from audit.gate.decide import decide
from audit.gate.measured import Measured
from audit.gate.settling import items_needed
from audit.stats.definitions import Mean, Paired
from audit.stats.intervals import clustered_interval
from tests.gate.conftest import RULE
from tests.gate.test_settling import in_clusters, wilson_of
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import GateCheck, Metric, Sample
    from audit.core.run_folder import RunFolder
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


def test_clusters_are_counted_in_the_samples(check_of: Callable[..., GateCheck], records: Records) -> None:
    pattern = [[1.0, 1.0, 1.0, 1.0], [0.0] * 4, [1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
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
    needed = items_needed(metric, RULE.min, RULE.max, clusters)
    assert needed is not None
    assert f"about {rounded_up(needed):,} items" in advisor.on_interval(RULE, metric)
