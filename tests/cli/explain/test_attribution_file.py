"""Attributions as a file: the suffix decides, and what cannot be written is refused before anything is computed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.cli.explain import attribution_file
from audit.core.errors import UsageError
from audit.core.records import Attribution

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["x.txt", "x", "x.html.gz"])
def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"choose a file name that ends in \.html, \.svg, \.png, \.json"):
        attribution_file.check(tmp_path / name)


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.html").mkdir()
    with pytest.raises(UsageError, match="there is a folder of that name"):
        attribution_file.check(tmp_path / "x.html")


@pytest.mark.parametrize(
    ("name", "start"), [("x.HTML", b"<!doctype html>"), ("x.svg", b"<svg "), ("x.png", b"\x89PNG\r\n\x1a\n")]
)
def test_the_suffix_decides(an_attribution: Attribution, tmp_path: Path, name: str, start: bytes) -> None:
    attribution_file.check(tmp_path / name)
    attribution_file.write(tmp_path / name, [an_attribution])
    assert (tmp_path / name).read_bytes().lower().startswith(start.lower())


def test_json_is_the_record_and_of_several_a_list(an_attribution: Attribution, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    attribution_file.write(file, [an_attribution])
    assert Attribution.model_validate_json(file.read_text("utf-8")) == an_attribution
    attribution_file.write(file, [an_attribution] * 2)
    assert [Attribution.model_validate(one) for one in json.loads(file.read_text("utf-8"))] == [an_attribution] * 2
