"""What is known of a scorer: counts by kind of text, and what cannot be read."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.errors import AssetError
from audit.core.records import AssetRecord
from audit.safety.scorers.validity import (
    FILE,
    Counts,
    Validity,
    identities_note,
    identities_setting,
    shipped_validity,
    validity_in,
    validity_note,
    validity_settings,
)
from audit.stats.prevalence import Agreement

KIND = Counts(data="d", positives=10, true_positives=9, negatives=30, true_negatives=27)
VALIDITY = Validity(
    data="own texts",
    positives=50,
    true_positives=40,
    negatives=80,
    true_negatives=72,
    threshold=0.5,
    auroc=0.9125,
    calibration_error=0.0417,
    kinds={"of_a_kind": KIND},
)


def record(digest: str) -> AssetRecord:
    return AssetRecord(name="s", kind="scorer", source="t", version="1", sha256=digest, licence="MIT")


def test_a_share_is_corrected_with_the_counts_of_its_kind_at_the_threshold_alone() -> None:
    assert VALIDITY.on("of_a_kind", 0.5) == Agreement(9, 10, 27, 30)
    assert VALIDITY.on("of_a_kind", 0.6) is None
    assert VALIDITY.on("of_another", 0.5) is None


def test_precision_is_that_of_the_texts_called_toxic() -> None:
    assert VALIDITY.precision == pytest.approx(40 / 48)
    assert VALIDITY.model_copy(update={"true_positives": 0, "true_negatives": 80}).precision is None


def test_the_note_says_what_was_measured() -> None:
    words = "sensitivity of the scorer 0.80, specificity 0.90 at 0.5 on labelled texts (see settings)"
    assert validity_note(VALIDITY) == str(VALIDITY) == words
    assert "was not measured" in validity_note(None)


def test_the_settings_have_the_measurement_as_fields() -> None:
    fields = {
        "scorer_auroc": 0.9125,
        "scorer_precision": 0.8333,
        "scorer_sensitivity": 0.8,
        "scorer_specificity": 0.9,
        "scorer_calibration_error": 0.0417,
        "scorer_measured_at": 0.5,
        "scorer_measured_on": "own texts",
    }
    assert validity_settings(VALIDITY) == fields
    more = VALIDITY.model_copy(update={"elsewhere": "less"})
    assert validity_settings(more) == {**fields, "scorer_elsewhere": "less"}
    silent = VALIDITY.model_copy(update={"true_positives": 0, "true_negatives": 80})
    assert validity_settings(silent)["scorer_precision"] is None
    assert validity_settings(None) == {"scorer_measured_on": "not measured"}


def test_how_harmless_mentions_are_scored() -> None:
    measured = VALIDITY.model_copy(update={"identities": "8 of 12"})
    assert identities_setting(measured) == {"scorer_on_groups": "8 of 12"}
    assert "may come from the scorer" in identities_note(measured)
    for unknown in (VALIDITY, None):
        assert identities_setting(unknown) == {"scorer_on_groups": "not measured"}
    assert "was not measured" in identities_note(VALIDITY)
    assert "was not measured" in identities_note(None)


def test_what_the_package_knows_belongs_to_exact_weights() -> None:
    shipped = json.loads(resources.files("audit.safety").joinpath("models", FILE).read_text("utf-8"))
    for digest, fields in shipped.items():
        assert shipped_validity(record(digest)) == Validity.model_validate(fields)
    assert shipped_validity(record("f" * 64)) is None


def write(folder: Path, **changes: Any) -> None:
    fields = VALIDITY.model_dump() | changes
    (folder / FILE).write_text(json.dumps({"a" * 64: fields}), "utf-8")


def test_a_users_measurement_is_read_by_the_digest(tmp_path: Path) -> None:
    assert validity_in(tmp_path, record("a" * 64)) is None
    write(tmp_path)
    assert validity_in(tmp_path, record("a" * 64)) == VALIDITY
    assert validity_in(tmp_path, record("b" * 64)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"positives": 0},
        {"negatives": 0},
        {"true_positives": -1},
        {"true_negatives": -1},
        {"true_positives": 51},
        {"true_negatives": 81},
        {"threshold": 1.1},
        {"threshold": -0.1},
        {"auroc": 1.1},
        {"auroc": -0.1},
        {"calibration_error": 2},
        {"calibration_error": -0.1},
        {"unknown": 1},
        {"kinds": {"x": KIND.model_dump() | {"true_positives": 11}}},
        {"kinds": {"x": KIND.model_dump() | {"true_negatives": 31}}},
    ],
    ids=str,
)
def test_counts_that_cannot_be_are_refused_in_one_line(changes: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, **changes)
    with pytest.raises(AssetError, match=r"validity\.json: not a validity \(.*see docs/reference/probes") as raised:
        validity_in(tmp_path, record("a" * 64))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "changes", [{"threshold": 0}, {"threshold": 1}, {"auroc": 0}, {"auroc": 1}, {"calibration_error": 0}]
)
def test_ends_of_ranges_are_values(changes: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, **changes)
    assert validity_in(tmp_path, record("a" * 64)) == VALIDITY.model_copy(update=changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"positives": 1, "true_positives": 0},
        {"positives": 1, "true_positives": 1},
        {"negatives": 1, "true_negatives": 0},
        {"negatives": 1, "true_negatives": 1},
    ],
)
def test_one_text_and_no_right_answer_are_counts(changes: dict[str, int], tmp_path: Path) -> None:
    write(tmp_path, **changes)
    assert validity_in(tmp_path, record("a" * 64)) == VALIDITY.model_copy(update=changes)


@pytest.mark.parametrize(
    ("field", "number"), [("positives", 0), ("negatives", 0), ("true_positives", -1), ("true_negatives", -1)]
)
def test_counts_are_refused_by_themselves(field: str, number: int) -> None:
    with pytest.raises(ValidationError, match=rf"{field}\n +Input should be greater than or equal to {number + 1} "):
        Counts.model_validate(KIND.model_dump() | {field: number})


def test_what_need_not_be_measured_may_be_left_out(tmp_path: Path) -> None:
    fields = VALIDITY.model_dump(exclude={"kinds", "identities", "elsewhere"})
    (tmp_path / FILE).write_text(json.dumps({"a" * 64: fields}), "utf-8")
    found = validity_in(tmp_path, record("a" * 64))
    assert found is not None
    assert (found.kinds, found.identities, found.elsewhere) == ({}, "", "")


def test_the_reason_is_the_parsers_without_its_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, unknown=1)
    with pytest.raises(AssetError, match=r"a{64}\.unknown +Extra inputs are not permitted") as raised:
        validity_in(tmp_path, record("a" * 64))
    assert "For further information" not in str(raised.value)

    def refuse(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(AssetError, match=r"not a validity \(\[Errno 13\] Permission denied\)"):
        validity_in(tmp_path, record("a" * 64))


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", "utf-8")
    with pytest.raises(AssetError, match="not a validity"):
        validity_in(tmp_path, record("a" * 64))
