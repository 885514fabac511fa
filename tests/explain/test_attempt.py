"""Which errors one method may have without spoiling the others."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import (
    AuditError,
    ConfigError,
    DeviceLost,
    ScorerError,
    TaskUnavailable,
    UsageError,
    WhiteBoxUnavailable,
)
from audit.explain.attempt import Failed, attempt


def fail(error: BaseException) -> Any:
    raise error


def test_what_succeeds_is_what_it_gives() -> None:
    assert attempt(divmod, 7, 2) == (3, 1)


@pytest.mark.parametrize("kind", [TaskUnavailable, ScorerError, UsageError, WhiteBoxUnavailable, ConfigError])
def test_an_error_of_one_method_is_a_record(kind: type[AuditError]) -> None:
    error = kind("no answer")
    failed = attempt(fail, error)
    assert isinstance(failed, Failed)
    assert (failed.error, failed.reason) == (error, "no answer")


@pytest.mark.parametrize("error", [DeviceLost("gone"), AuditError("another run writes here"), KeyboardInterrupt()])
def test_an_error_that_concerns_all_is_raised(error: BaseException) -> None:
    with pytest.raises(type(error)):
        attempt(fail, error)


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit()])
def test_a_method_ends_no_program(error: BaseException) -> None:
    failed = attempt(fail, error)
    assert isinstance(failed, Failed)
    assert failed.reason.startswith(f"the method broke: {type(error).__name__}: ")


def test_a_crash_is_one_harmless_line() -> None:
    failed = attempt(fail, RuntimeError("CUDA\x1b[2J\n" * 99))
    assert isinstance(failed, Failed)
    assert failed.reason.startswith("the method broke: RuntimeError: CUDA")
    assert "\x1b" not in failed.reason
    assert "\n" not in failed.reason
