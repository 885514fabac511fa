"""YAML files: what cannot be read, what is ambiguous, and suggestions inside any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from audit.core.config.yaml_file import merge, read_plain_yaml, read_yaml, validate
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


MAPPINGS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers(0, 3), max_size=3),
    max_leaves=6,
)
"""Nested mappings with few keys, so that two of them meet at every depth."""


class Leaf(BaseModel):
    """A rule of some policy."""

    model_config = ConfigDict(extra="forbid", strict=True)
    metric: str
    minimum: float | None = None


class Tree(BaseModel):
    """A file with rules in every kind of nest."""

    model_config = ConfigDict(extra="forbid", strict=True)
    listed: list[Leaf] | None = None
    named: dict[str, list[Leaf]] = {}
    single: Leaf | None = None
    either: Leaf | int | None = None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: [1,", "line 1, column 7: not valid YAML: while parsing a flow node, expected the node content"),
        (b"a: 1\n b: 2", "line 2, column 3: not valid YAML: mapping values are not allowed here"),
        (b"a: b: c", "mapping values are not allowed here"),
        (b"a: *b", "found undefined alias 'b'"),
        (b"? [a]\n: 1", "found unhashable key"),
        (b"a: !!python/object/apply:os.system [x]", "could not determine a constructor"),
        (b"a: 2020-99-99", "month must be in 1..12"),
        (b"a: \x07", "unacceptable character"),
        (b"a: 1\n---\nb: 2", "expected a single document"),
        (b"\xff\xfe\xff", "not UTF-8 text (byte 1, line 1): save it as UTF-8"),
        (b"- a", "expected keys and values, found a list"),
        (b"words", "expected keys and values, found 'words'"),
        (b"[\n" * 1200, "too deeply nested"),
    ],
)
def test_what_is_no_yaml_mapping_is_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_yaml(file)
    assert str(caught.value).startswith(f"{file}:")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["min: 1\nmin: 2", "a: {b: 1, b: 2}", "a: [{b: 1, 'b': 2}]"])
def test_a_key_given_twice_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(ConfigError, match="duplicate key"):
        read_yaml(tmp_path / "policy.yaml")


def test_merge_keys_may_be_overridden(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 2}\nmore: &more {<<: *base, b: 3}\n<<: *more\nb: 4\n"
    (tmp_path / "policy.yaml").write_text(text)
    assert read_yaml(tmp_path / "policy.yaml") == {
        "base": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}, "a": 1, "b": 4,
    }  # fmt: skip


def test_a_missing_file_a_folder_and_a_file_without_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file: check the path"):
        read_yaml(tmp_path / "missing.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)
    (tmp_path / "defaults.yaml").write_text("{}  # said, not forgotten\n")
    assert read_yaml(tmp_path / "defaults.yaml") == {}
    empty, no_values = "is empty", "holds no values"
    for nothing, what in (("", empty), (" \n\n", empty), ("# limit: 9\n", no_values), ("---\nnull\n", no_values)):
        (tmp_path / "empty.yaml").write_text(nothing)
        with pytest.raises(ConfigError, match=rf"the file {what}: write settings into it, or leave it out$"):
            read_yaml(tmp_path / "empty.yaml")
        with pytest.raises(ConfigError, match=rf"{what}: copy it again$"):
            read_yaml(tmp_path / "empty.yaml", "copy it again")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"listed": [{"metric": "m", "minimun": 1.0}]}, "listed.0.minimun'. Did you mean 'minimum'?"),
        ({"named": {"strict": [{"metrics": "m"}]}}, "named.strict.0.metrics'. Did you mean 'metric'?"),
        ({"single": {"metric": "m", "minimun": 1.0}}, "single.minimun'. Did you mean 'minimum'?"),
        ({"lister": []}, "unknown key 'lister'. Did you mean 'listed'?"),
    ],
)
def test_suggestions_reach_into_lists_mappings_and_optional_models(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(Tree, values, "policy.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("policy.yaml: unknown key ")


def test_a_fault_in_one_of_several_types_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"policy.yaml: .*Did you mean 'minimum'"):
        validate(Tree, {"either": {"metric": "m", "minimun": 1}}, "policy.yaml")


def test_the_model_decides_how_strict_it_is() -> None:
    with pytest.raises(ConfigError, match="minimum: must be a number"):
        validate(Leaf, {"metric": "m", "minimum": "0.5"}, "policy.yaml")
    assert validate(Leaf, {"metric": "m", "minimum": 1}, "policy.yaml").minimum == 1


def test_merging_leaves_both_sides_as_they_were() -> None:
    under, over = {"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2]}, "e": {"f": 1}}
    assert merge(under, over) == {"a": {"b": 1, "c": [2]}, "d": 1, "e": {"f": 1}}
    assert under == {"a": {"b": 1, "c": [1]}, "d": 1}
    assert over == {"a": {"c": [2]}, "e": {"f": 1}}


def leaves(values: dict[str, Any], *above: str) -> dict[tuple[str, ...], Any]:
    """Everything that is no mapping, by its path."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in values.items():
        found |= leaves(value, *above, key) if isinstance(value, dict) else {(*above, key): value}
    return found


def decides(values: Any, path: tuple[str, ...]) -> bool:
    """Whether a mapping has anything at a path, or a value that is no mapping on the way to it."""
    for key in path:
        if not isinstance(values, dict):
            return True
        if key not in values:
            return False
        values = values[key]
    return True


@pytest.mark.slow
@given(under=MAPPINGS, over=MAPPINGS)
def test_each_value_comes_from_above_or_where_nothing_is_above_from_below(
    under: dict[str, Any], over: dict[str, Any]
) -> None:
    below = {path: value for path, value in leaves(under).items() if not decides(over, path)}
    assert leaves(merge(under, over)) == below | leaves(over)


def test_the_same_fault_is_found_each_time(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("a: {<<: 3, b: 2}\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match="expected a mapping or list of mappings for merging"):
            read_yaml(tmp_path / "one.yaml")


def test_the_same_text_gives_values_of_its_own_each_time(tmp_path: Path) -> None:
    for name in ("one.yaml", "other.yaml"):
        (tmp_path / name).write_text("base: &x {a: [1]}\nmerged: {<<: {b: 2}, c: 3}\n")
    for name in ("one.yaml", "one.yaml", "other.yaml"):
        found = read_yaml(tmp_path / name)
        assert found == {"base": {"a": [1]}, "merged": {"b": 2, "c": 3}}
        found["base"]["a"].append(2)
    with pytest.raises(ConfigError, match=r"other\.yaml: line 1, column 7: .*anchors and aliases"):
        read_plain_yaml(tmp_path / "other.yaml")


@pytest.mark.slow
@given(under=MAPPINGS, over=MAPPINGS)
def test_merging_twice_is_merging_once(under: dict[str, Any], over: dict[str, Any]) -> None:
    once = merge(under, over)
    assert merge(once, over) == once
    assert merge(once, {}) == once == merge({}, once)
    assert merge(under, under) == under
