"""Which charts a card shows of a task: slices of the value that leads, the first rows of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Looks, TaskLooks
from audit.ratings import RatingSummary
from audit.reports import contents
from audit.reports.drawing.charts import NOT_DRAWN
from audit.reports.render.figures import MAX_ROWS, metric_row, rating_row, slice_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


def test_of_many_slices_the_first_are_drawn_and_the_caption_says_so(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    slices = [records["metric"](slice={"topic": f"t{number:02}"}, primary=False) for number in range(MAX_ROWS + 3)]
    (task,) = contents.read(make_run([records["metric"](), *slices])).tasks
    (plot,) = slice_figures(task)
    assert plot.caption.endswith(f"; the first {MAX_ROWS} of {MAX_ROWS + 3}.")
    assert f"t{MAX_ROWS - 1:02}" in plot.alternative
    assert f"t{MAX_ROWS:02}" not in plot.alternative


def test_slices_of_the_leading_metric_and_no_chart_of_one_value(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    def sliced(value: float, **where: str) -> Any:
        return records["metric"](value=value, slice=where, primary=False, n=10)

    metrics = [
        records["metric"](),
        sliced(0.5, topic="plants"),
        sliced(0.7, topic="animals"),
        sliced(0.6, language="en"),
    ]
    (task,) = contents.read(make_run(metrics)).tasks
    (figure,) = slice_figures(task)
    assert figure.caption.startswith("Accuracy by topic: ")
    assert "the dashed line is the value over all items" in figure.caption
    assert "plants (n = 10): 50 %" in figure.alternative
    nothing = records["metric"](value=None, ci_low=None, ci_high=None, ci_method=None, error="lost")
    (task,) = contents.read(make_run([nothing, *metrics[1:]], run_id="20260131T120001Z-tiny-chat-0a1b2c")).tasks
    assert slice_figures(task) == []


def test_no_interval_is_drawn_where_looks_decided_the_number_of_items(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    slices = [records["metric"](slice={"topic": topic}, primary=False) for topic in ("plants", "animals")]
    looks: dict[str, Any] = {"policy": "p", "policy_sha256": "0" * 64, "looks": 2, "decided": True, "baseline": None}
    run = make_run(
        [records["metric"](), *slices, records["metric"]("piqa/accuracy")],
        looks=Looks(**looks, tasks={"boolq": TaskLooks(limit=50)}),
    )
    found = contents.read(run)
    (by_topic,) = slice_figures(found.tasks[0], found.looked_at)
    assert "50 to 70 %" not in by_topic.alternative
    assert NOT_DRAWN in by_topic.caption
    (plain,) = slice_figures(found.tasks[0])
    assert plain.alternative.count("60 % (50 to 70 %)") == 2
    assert NOT_DRAWN not in plain.caption


def test_rows_say_their_numbers_and_an_interval_only_where_there_is_one(records: Records) -> None:
    row = metric_row(records["metric"](), "accuracy")
    assert (row.label, row.value, row.low, row.high, row.text) == ("accuracy", 0.6, 0.5, 0.7, "60 % (50 to 70 %)")
    bare = metric_row(records["metric"](ci_low=None, ci_high=None, ci_method=None), "accuracy")
    assert (bare.low, bare.high, bare.text) == (None, None, "60 %")
    rating = RatingSummary(
        suite="evals", task="boolq", n_ratings=4, n_samples=4, n_raters=1, mean=3.5, ci_low=2.0, ci_high=5.0,
        ci_method="t",
    )  # fmt: skip
    assert (rating_row(rating).label, rating_row(rating).value, rating_row(rating).n) == ("boolq", 3.5, 4)
