"""Places of runs: as given, by step, date, or a number of the manifest."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from audit.core.errors import ConfigError
from audit.gate.comparison.axis import axis
from tests.reports.conftest import STARTED, a_manifest


def of_models(*models: dict[str, Any]) -> list[Any]:
    bare = a_manifest()
    return [bare.model_copy(update={"model": bare.model.model_copy(update=model)}) for model in models]


def test_the_order_given_is_the_default() -> None:
    found = axis(of_models({}, {}, {}))
    assert (found.name, found.places, found.texts, found.order) == ("order", (1, 2, 3), ("1", "2", "3"), [0, 1, 2])


def test_places_by_hand_order_the_runs() -> None:
    found = axis(of_models({}, {}, {}), at=[16, 4, 8])
    assert (found.name, found.places, found.texts, found.order) == ("at", (16, 4, 8), ("16", "4", "8"), [1, 2, 0])
    assert axis(of_models({}, {}, {}), at=[2, 1, 1]).order == [1, 2, 0]


@pytest.mark.parametrize(
    ("model", "step"),
    [
        ({"source": "out/checkpoint-1500"}, 1500),
        ({"source": "out/checkpoint-1500/"}, 1500),
        ({"source": "pythia", "revision": "step3000"}, 3000),
        ({"source": "out/checkpoint-10/merged"}, 10),
        ({"source": "out/global_step0250"}, 250),
        ({"source": "C:\\out\\iter_0001000"}, 1000),
        ({"source": "openai:http://x#y", "name": "run-ckpt7"}, 7),
    ],
)
def test_the_step_is_in_the_checkpoints_name(model: dict[str, Any], step: int) -> None:
    found = axis(of_models(model, {"source": "out/checkpoint-999999"}), "step")
    assert (found.places, found.order) == ((step, 999_999), [0, 1])
    assert found.texts[1] == "999,999"


@pytest.mark.parametrize("source", ["smollm2-135m", "out/step10k", "step1-step2", "epoch-3", "v1.5"])
def test_no_step_is_guessed(source: str) -> None:
    with pytest.raises(ConfigError, match=r"no training step in the name of the checkpoint .*: give the steps with"):
        axis(of_models({"source": "checkpoint-1"}, {"source": source}), "step")


def test_dates_are_days_and_have_a_time_where_days_are_the_same() -> None:
    starts = [STARTED + timedelta(days=days) for days in (2, 0, 1.5)]
    found = axis([a_manifest(started=start) for start in starts], "date")
    assert [place - found.places[1] for place in found.places] == pytest.approx([2, 0, 1.5])
    assert found.texts == ("2026-02-02 12:00", "2026-01-31 12:00", "2026-02-02 00:00")
    days = axis([a_manifest(started=start) for start in starts[:2]], "date")
    assert (days.texts, days.order) == (("2026-02-02", "2026-01-31"), [1, 0])


def test_a_number_of_the_manifest() -> None:
    found = axis(of_models({"parameter_count": 7}, {"parameter_count": 3}), "model.parameter_count")
    assert (found.places, found.order) == ((7, 3), [1, 0])


@pytest.mark.parametrize(
    ("by", "at", "message"),
    [
        ("steps", None, r"no field steps in the manifest: choose order, step, date or .*Did you mean 'step'\?"),
        ("model.parameter", None, r"no field model\.parameter .*Did you mean 'model\.parameter_count'\?"),
        ("model.dtype", None, r"model\.dtype is no number \(float32\): give the places with --at"),
        ("model.dtype.x", None, r"no field model\.dtype\.x in the manifest"),
        ("git.dirty", None, r"git\.dirty is no number"),
        ("model.max_length", None, r"all runs have the same place on the axis model\.max_length \(2,048\)"),
        ("order", [1.0], r"--at has 1 places for 2 runs"),
        ("order", [1.0, math.nan], r"--at nan: give finite numbers"),
        ("order", [1.0, 1.0], r"all runs have the same place on the axis at \(1\)"),
        ("date", [1.0, 2.0], r"--by date and --at: give one of them"),
    ],
)
def test_what_cannot_be_placed_is_refused(by: str, at: list[float] | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        axis(of_models({}, {}), by, at)
