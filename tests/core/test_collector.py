"""The collector is off inside, and afterwards as it was before."""

from __future__ import annotations

import gc

import pytest

from audit.core import collector


def test_it_is_off_inside_and_on_again_afterwards() -> None:
    assert gc.isenabled()
    with collector.paused():
        assert not gc.isenabled()
        with collector.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(KeyError), collector.paused():
        raise KeyError
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with collector.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_decorated_function_runs_without_it_each_time() -> None:
    decorated = collector.paused()(gc.isenabled)
    assert [decorated(), gc.isenabled(), decorated(), gc.isenabled()] == [False, True, False, True]


def test_overlapping_pauses_end_with_the_last_one() -> None:
    first, second = collector.paused(), collector.paused()  # as those of two threads
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
