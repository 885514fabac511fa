"""What decided the numbers of a task, as fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.settings import Setting, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_what_all_metrics_share_names_none_of_them(records: Records) -> None:
    first = records["metric"]("toxicity/mean", settings={"scorer": "detoxify", "samples_per_prompt": 5})
    second = records["metric"]("toxicity/rate", settings={"scorer": "detoxify", "limit": 0.5})
    bare = records["metric"]("toxicity/unscored")
    assert settings_of([first, bare, second]) == [
        Setting("scorer", "detoxify", ()),
        Setting("samples per prompt", "5", ("mean",)),
        Setting("limit", "0.5", ("rate",)),
    ]
    assert settings_of([bare]) == []


def test_two_values_of_one_setting_stay_apart(records: Records) -> None:
    made = [records["metric"](f"t/{name}", settings={"shots": shots}) for name, shots in (("a", 0), ("b", 5))]
    assert settings_of(made) == [Setting("shots", "0", ("a",)), Setting("shots", "5", ("b",))]


def test_values_are_written_as_people_write_them(records: Records) -> None:
    made = records["metric"](settings={"until": ["ä", "b"], "chat_template": "off", "greedy": True})
    shown = [(one.name, one.value) for one in settings_of([made])]
    assert shown == [("until", '["ä", "b"]'), ("chat template", "off"), ("greedy", "true")]
