"""Cases of one function are one test, and nothing that fails in one of them is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.packaging.test_guards import run_pytest

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

CODE = """
import logging, sys, warnings
import pytest

MARK = pytest.mark
once, ended, folders, kept, made = [], [], [], [], []

@pytest.fixture(scope="module")
def shared():
    once.append(1)
    yield len(once)
    once.append("ended")

@pytest.fixture
def own(request):
    made.append(request.param if hasattr(request, "param") else request.node.name)
    yield made
    ended.append(request.node.name)

@pytest.fixture
def breaks_first(number):
    if number == 1:
        raise LookupError("no set-up")

@pytest.fixture
def breaks_last(number):
    yield
    if number == 1:
        raise LookupError("no end")

@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_passes(number, shared, own, tmp_path):
    assert shared == 1 and once == [1]
    assert made == [f"test_passes[{earlier}]" for earlier in range(number + 1)]
    assert ended == made[:-1]
    folders.append(tmp_path)
    assert len(set(folders)) == number + 1 and list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()

def test_all_of_them_ran():
    assert len(ended) == len(folders) == 4

@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("other", "ab")
def test_fails(number, other):
    doubled = 2 * number
    assert doubled < 4, f"{other} is wrong"

@pytest.mark.parametrize("number", range(30))
def test_fails_often(number):
    assert number == 7, f"it is {number}"

@pytest.mark.parametrize("number", [0, 1, 2])
def test_set_up(number, breaks_first): pass

@pytest.mark.parametrize("number", [0, 1, 2])
def test_end(number, breaks_last):
    assert number < 1

@pytest.mark.parametrize("number", [0, 1, 2])
def test_exits(number):
    if number == 2:
        sys.exit("left")

@pytest.mark.parametrize("number", [0, 1, 2])
def test_is_let_off(number):
    if number:
        pytest.skip(f"no {number}")

@pytest.mark.parametrize("number", [0, 1, 2])
def test_is_let_off_and_fails(number):
    if number == 1:
        pytest.skip("no data")
    assert number == 0

@pytest.mark.parametrize("number", [0, 1])
def test_knows_nothing_of_the_case_before(number, capsys, monkeypatch):
    assert capsys.readouterr().out == ""
    print("said")
    assert not hasattr(pytest, "left")
    monkeypatch.setattr(pytest, "left", 1, raising=False)
    assert logging.root.level == logging.WARNING and logging.root.handlers == []
    logging.root.setLevel(logging.DEBUG)
    logging.root.addHandler(logging.NullHandler())
    logging.disable(logging.ERROR)
    assert "ignore left" not in [str(one[1].pattern) for one in warnings.filters if one[1]]
    warnings.filterwarnings("ignore", message="ignore left")

@pytest.mark.parametrize("own", [5, 6], indirect=True)
def test_indirect(own):
    assert own[-1] in (5, 6)

@pytest.mark.parametrize("number", [0, 1])
def test_warns(number):
    warnings.warn("a fault") if number else None

@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.slow
def test_slow(number): pass

@pytest.mark.parametrize("number", [0, pytest.param(1, marks=MARK.xfail), pytest.param(2, marks=MARK.skip)])
def test_marked(number):
    assert number == 0

class TestClass:
    @pytest.mark.parametrize("number", [0, 1])
    def test_method(self, number): pass
"""


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> str:
    return printed(run_pytest(tmp_path_factory.mktemp("together"), CODE, *OPTIONS))


OPTIONS = ("-rA", "-p", "no:logging", "--strict-markers", "-o", "markers=network\n slow", "-W", "error")


def printed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    return done.stdout


def outcomes(text: str) -> dict[str, str]:
    """By the name of a test: what became of it, of the short summary."""
    return {name: word for word, name in re.findall(r"^(\w+) test_some.py::(\S+)", text, re.MULTILINE)}


pytestmark = pytest.mark.slow


def test_cases_are_one_test_that_passes_if_all_do(together: str) -> None:
    found = outcomes(together)
    passed = {name for name, word in found.items() if word == "PASSED"}
    assert passed == {
        *("test_passes", "test_all_of_them_ran", "test_knows_nothing_of_the_case_before", "test_indirect"),
        *("test_slow[0]", "test_slow[1]", "TestClass::test_method[0]", "TestClass::test_method[1]", "test_marked[0]"),
    }
    assert found["test_marked[1]"] == "XFAIL"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("test_fails", "4 of 8 cases failed: test_fails[a-2], test_fails[a-3], test_fails[b-2], test_fails[b-3]"),
        ("test_set_up", "1 of 3 cases failed: test_set_up[1]"),
        ("test_end", "2 of 3 cases failed: test_end[1], test_end[2]"),
        ("test_exits", "1 of 3 cases failed: test_exits[2]"),
        ("test_is_let_off_and_fails", "1 of 3 cases failed: test_is_let_off_and_fails[2]"),
        ("test_warns", "1 of 2 cases failed: test_warns[1]"),
    ],
)
def test_every_case_that_fails_is_named(together: str, name: str, said: str) -> None:
    assert outcomes(together)[name] == "FAILED"
    assert f"\n{said}\n" in together


@pytest.mark.parametrize(
    "text",
    [
        *("____ test_fails[b-3] ____", "AssertionError: b is wrong", "assert 6 < 4", "doubled = 2 * number"),
        *("LookupError: no set-up", "LookupError: no end", "SystemExit: left", "UserWarning: a fault"),
        *("29 of 30 cases failed: test_fails_often[0], test_fails_often[1]", "AssertionError: it is 10\n"),
    ],
)
def test_a_failure_is_shown_as_pytest_shows_it(together: str, text: str) -> None:
    assert text in together


def test_ten_failures_are_shown_whole(together: str) -> None:
    shown, _, _ = together.partition("short test summary")  # which names all reasons again where CI is set
    assert shown.count("AssertionError: it is ") == 10
    assert "test_fails_often[29]" in together


def test_a_case_that_is_skipped_makes_the_test_skipped(together: str) -> None:
    assert "2 of 3 cases: no 1, no 2" in together
    assert "test_is_let_off" not in outcomes(together)  # pytest names the file and the line of what was skipped


def test_a_case_that_is_skipped_fails_where_nothing_may_be(tmp_path: Path) -> None:
    text = printed(run_pytest(tmp_path, CODE, *OPTIONS, "--no-skips", "-k", "let_off and not fails"))
    assert outcomes(text) == {"test_is_let_off": "FAILED"}
    assert "2 of 3 cases: no 1, no 2 (--no-skips)" in text


def test_apart_they_fail_one_by_one(tmp_path: Path) -> None:
    found = outcomes(printed(run_pytest(tmp_path, CODE, *OPTIONS, "--apart", "-k", "fails")))
    failed = {f"test_fails[{other}-{number}]" for other in "ab" for number in (2, 3)}
    failed |= {f"test_fails_often[{number}]" for number in range(30) if number != 7} | {"test_is_let_off_and_fails[2]"}
    assert {name for name, word in found.items() if word == "FAILED"} == failed


def test_a_chosen_case_runs_alone(tmp_path: Path) -> None:
    text = printed(run_pytest(tmp_path, CODE, *OPTIONS, "test_some.py::test_fails[a-3]", "test_some.py::test_exits[2]"))
    assert outcomes(text) == {"test_fails[a-3]": "FAILED", "test_exits[2]": "FAILED"}


FAILS = """
import pytest

def test_alone(): assert False

def test_good(): pass

@pytest.mark.parametrize("number", [0, 1, 2])
def test_cases(number): assert number != 1
"""


def test_all_that_failed_last_runs_again(tmp_path: Path) -> None:
    """Also the cases of a function, next to a test that failed: pytest knows neither by the name of the other."""
    kept = ("-rA", "-p", "cacheprovider")
    failed = {"test_alone": "FAILED", "test_cases": "FAILED"}
    assert outcomes(printed(run_pytest(tmp_path, FAILS, *kept))) == {**failed, "test_good": "PASSED"}
    for _ in range(2):
        assert outcomes(printed(run_pytest(tmp_path, FAILS, *kept, "--lf"))) == failed
    one = outcomes(printed(run_pytest(tmp_path, FAILS, *kept, "--lf", "-k", "alone or 1")))
    assert one == {"test_alone": "FAILED", "test_cases[1]": "FAILED"}
    apart = {"test_alone": "FAILED", "test_cases[0]": "PASSED", "test_cases[1]": "FAILED", "test_cases[2]": "PASSED"}
    assert outcomes(printed(run_pytest(tmp_path, FAILS, *kept, "--lf", "--apart"))) == apart
