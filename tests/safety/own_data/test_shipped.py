"""Data sets of the package."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml

from audit.safety.own_data.shipped import shipped

DATA = resources.files("audit.safety").joinpath("data")
NAMES = sorted(file.name.removesuffix(".yaml") for file in DATA.iterdir() if file.name.endswith(".yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_made_of_the_file(name: str) -> None:
    content = yaml.safe_load(DATA.joinpath(f"{name}.yaml").read_text("utf-8"))
    data = shipped(name, lambda source: [{"whole": source}])
    assert data.rows == ({"whole": content},)
    assert (data.record.name, data.record.kind, data.record.licence) == (name, "dataset", "Apache-2.0")
    assert data.record.version == data.record.sha256[:12]
    assert len(data.record.sha256) == 64


def test_other_content_has_another_digest() -> None:
    assert len({shipped(name, lambda _source: []).record.sha256 for name in NAMES}) == len(NAMES) > 2


def test_an_unknown_name_is_no_data_set() -> None:
    with pytest.raises(FileNotFoundError):
        shipped("nothing", lambda _source: [])
