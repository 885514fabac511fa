"""The tree of errors is the contract of exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.AuditError, 1),
        (errors.WhiteBoxUnavailable, 1),
        (errors.ScorerError, 1),
        (errors.EngineFault, 1),
        (errors.DeviceLost, 1),
        (errors.UsageError, 2),
        (errors.ConfigError, 2),
        (errors.CheckpointError, 2),
        (errors.CheckpointBroken, 2),
        (errors.AssetError, 2),
        (errors.AssetMissing, 2),
        (errors.RunFolderError, 2),
        (errors.WriteError, 2),
    ],
)
def test_exit_codes(error: type[errors.AuditError], code: int) -> None:
    assert issubclass(error, errors.AuditError)
    assert error("what, where, what to do").exit_code == code


def test_every_error_is_in_the_drawing() -> None:
    assert errors.__doc__ is not None
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.AuditError):
            assert name in errors.__doc__


def test_a_near_word_is_suggested_and_a_far_one_is_not() -> None:
    assert errors.did_you_mean("boolk", ["openbookqa", "boolq"]) == " Did you mean 'boolq'?"
    assert errors.did_you_mean("translation", ["boolq", "mmlu"]) == ""
    assert errors.did_you_mean("boolq", []) == ""
    assert errors.did_you_mean("XSTEST", ["xstest", "bbq"]) == " Did you mean 'xstest'?"
    assert errors.did_you_mean("toxicity_scorer", ["toxicity-scorer"]) == " Did you mean 'toxicity-scorer'?"


def test_an_interruption_says_how_to_go_on() -> None:
    assert str(errors.Interrupted(Path("runs/one"))) == "interrupted: finish it with `audit run --resume runs/one`"
    assert str(errors.Interrupted()) == "interrupted: nothing was measured yet"
    assert not isinstance(errors.Interrupted(), Exception)  # or `except Exception` would swallow Ctrl-C
