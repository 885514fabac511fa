"""Results for ``.eval_results/``, read back by the Hub's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from audit.core.errors import ConfigError
from audit.reports.exports import eval_results
from audit.reports.exports.publication import Publication, benchmarks
from tests.reports.conftest import a_metric, all_scored
from tests.reports.exports.conftest import VILE, a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

    Contents = Callable[..., RunContents]

SAID = Publication(benchmarks=benchmarks(["boolq/accuracy=google/boolq:default_task"]))
WHOLE: dict[str, Any] = {"items_available": {"boolq": 100}}


def test_the_client_of_the_hub_reads_it(make_contents: Contents) -> None:
    text = eval_results.render(make_contents(signature=VILE, **WHOLE), SAID)
    (entry,) = parse_eval_result_entries(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("google/boolq", "default_task", 0.6)
    assert entry.date == "2026-01-31"
    assert entry.notes is not None
    assert entry.notes.startswith("accuracy in share, 95% interval 0.500 to 0.700, a<b>")
    assert entry.notes.isprintable()
    assert entry.verify_token is None


@pytest.mark.parametrize(("available", "said"), [({}, "an unknown number of"), ({"boolq": 3270}, "3,270")])
def test_a_part_of_a_data_set_is_no_result_of_it(available: dict[str, int], said: str, make_contents: Contents) -> None:
    with pytest.raises(ConfigError, match=f"measured on 100 of {said} items: a leaderboard needs all"):
        eval_results.render(make_contents(items_available=available), SAID)


def test_which_benchmark_it_is_must_be_said(make_contents: Contents) -> None:
    with pytest.raises(ConfigError, match=r"needs --benchmark METRIC=.* for each result: this run has boolq/accuracy"):
        eval_results.render(make_contents(**WHOLE))


def test_unknown_and_open_metrics_are_refused(make_contents: Contents) -> None:
    typo = Publication(benchmarks=benchmarks(["boolq/acuracy=google/boolq"]))
    with pytest.raises(ConfigError, match="Did you mean 'boolq/accuracy'"):
        eval_results.render(make_contents(**WHOLE), typo)
    opened = make_contents(decision=a_decision(a_check(verdict="INCONCLUSIVE")), **WHOLE)
    with pytest.raises(ConfigError, match="it is not published: a rule on it is INCONCLUSIVE"):
        eval_results.render(opened, SAID)
    null = a_metric(value=None, ci_low=None, ci_high=None, error="lost")
    with pytest.raises(ConfigError, match="it is not published: not computed: lost"):
        eval_results.render(make_contents(null, all_scored(), **WHOLE), SAID)
