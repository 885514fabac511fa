"""The list of files and its chain, computed by hand as the module's description says."""

from __future__ import annotations

import hashlib
import json
import os
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import EvidenceInvalid
from audit.gate.signing.parts import chained, folder_faults, list_faults, parts_of

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

NAMES = [
    "manifest.json", "metrics.json", "decision.json", "decision.policy.yaml", "drivers.json", "raw.jsonl",
    "attributions/f00d.json", "logged/boolq.json.gz", "samples/evals/boolq.parquet", "samples/safety/pairs.parquet",
]  # fmt: skip
FILES = [(name, index, hashlib.sha256(name.encode()).hexdigest()) for index, name in enumerate(NAMES)]


def by_hand(name: str, size: int, sha256: str, previous: str) -> str:
    """The link of a part: of ASCII names, sorted keys without spaces are RFC 8785."""
    record = {"name": name, "previous": previous, "sha256": sha256, "size": size}
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_every_file_is_listed_in_the_fixed_order_with_its_digest_and_link(whole: RunFolder) -> None:
    parts = parts_of(whole)
    assert [part.name for part in parts] == NAMES
    previous = "0" * 64
    for part in parts:
        content = (whole.path / part.name).read_bytes()
        assert (part.size, part.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        previous = by_hand(part.name, part.size, part.sha256, previous)
        assert part.link == previous


def test_the_order_in_which_files_are_found_does_not_matter() -> None:
    shuffled = random.Random(3).sample(FILES, len(FILES))  # noqa: S311 - any order
    assert chained(shuffled) == chained(FILES)


def test_a_list_as_it_was_written_has_no_fault() -> None:
    assert list(list_faults(chained(FILES))) == []
    assert list(list_faults([])) == []


@pytest.mark.parametrize("place", range(len(FILES) - 1))
def test_a_part_that_was_taken_out_breaks_the_chain_at_the_next(place: int) -> None:
    parts = chained(FILES)
    faults = list(list_faults(parts[:place] + parts[place + 1 :]))
    assert faults == [f"{NAMES[place + 1]}: the chain breaks here: the list of files was changed at or before it"]


@given(st.permutations(range(len(FILES))))
def test_every_other_order_is_named(order: list[int]) -> None:
    parts = chained(FILES)
    faults = list(list_faults([parts[index] for index in order]))
    assert bool(faults) == (order != sorted(order))
    if faults:
        assert any("was reordered" in fault for fault in faults)


def test_the_file_that_was_moved_is_named_with_the_one_before_it() -> None:
    parts = chained(FILES)
    moved = [parts[0], parts[1], parts[3], parts[2]]
    assert f"{NAMES[2]}: it is listed after {NAMES[3]}: the list of files was reordered" in list(list_faults(moved))


def test_a_name_that_is_listed_twice_is_named() -> None:
    parts = chained(FILES)
    assert any("reordered" in fault for fault in list_faults([*parts, parts[-1]]))


@pytest.mark.parametrize(
    "change", [{"size": 7_000}, {"sha256": "f" * 64}, {"link": "f" * 64}, {"name": "metrics.json "}]
)
def test_a_field_that_was_edited_breaks_the_chain_there(change: dict[str, object]) -> None:
    parts = chained(FILES)
    parts[1] = parts[1].model_copy(update=change)
    assert next(list_faults(parts)).startswith(f"{parts[1].name}: the chain breaks here")


def test_each_way_in_which_a_file_differs_is_named(run: RunFolder) -> None:
    parts = parts_of(run)
    pairs = run.samples_path("safety", "pairs")
    run.samples_path("evals", "boolq").write_bytes(pairs.read_bytes())
    pairs.write_bytes(pairs.read_bytes()[:100])
    run.metrics_path.write_text(run.metrics_path.read_text() + " ")
    run.drivers_path.unlink()
    run.raw_path.unlink()
    run.decision_path.unlink()
    logged = run.path / NAMES[7]
    logged.write_bytes(logged.read_bytes()[:-1] + b"x")
    (run.path / "attributions" / "beef.json").write_text("{}")
    size = next(part.size for part in parts if part.name == NAMES[-1])
    assert list(folder_faults(run, parts)) == [
        "metrics.json: it was changed, or belongs to another run",
        "decision.json: it is missing",
        "drivers.json: it is missing",
        "attributions/beef.json: it was added: the signed list does not have it",
        "logged/boolq.json.gz: it was changed, or belongs to another run",
        f"{NAMES[-2]}: it was swapped: it holds what {NAMES[-1]} held",
        f"{NAMES[-1]}: it was cut short or replaced: 100 of {size:,} bytes",
    ]


def test_a_link_out_of_the_folder_and_a_folder_in_place_of_a_file_are_named(run: RunFolder) -> None:
    parts = parts_of(run)
    elsewhere = run.path.parent / "elsewhere.json"
    run.metrics_path.rename(elsewhere)
    run.metrics_path.symlink_to(elsewhere)
    run.drivers_path.unlink()
    run.drivers_path.mkdir()
    assert list(folder_faults(run, parts)) == [
        "metrics.json: it is a link out of the run folder",
        "drivers.json: it is not a file",
    ]


def test_a_link_inside_the_folder_is_read(run: RunFolder) -> None:
    parts = parts_of(run)
    run.metrics_path.rename(run.path / ".metrics")
    run.metrics_path.symlink_to(".metrics")
    assert list(folder_faults(run, parts)) == []


def test_a_file_whose_name_is_no_text_is_not_listed(run: RunFolder) -> None:
    (run.path / "samples" / os.fsdecode(b"\xff.parquet")).write_bytes(b"")
    with pytest.raises(EvidenceInvalid, match="its name is no Unicode text") as caught:
        parts_of(run)
    said = f"{run.path}: evidence invalid: 'samples/\\udcff.parquet' is no file of a run: its name is no Unicode text: "
    assert str(caught.value).startswith(said)
    str(caught.value).encode()
