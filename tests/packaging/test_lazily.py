"""Files that are imported as they run: the same tests, chosen and reported alike, and no success that is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = """
import os
import pytest
from tests.lazily import register_where_asked

def pytest_addoption(parser):
    parser.addoption("--lazily", action="store_true")

def pytest_configure(config):
    register_where_asked(config)

def _note(what):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(what + "\\n")

@pytest.fixture(scope="session", autouse=True)
def whole():
    _note("start")
    yield
    _note("end")

@pytest.fixture(scope="package", autouse=True)
def folder(request):
    yield
    _note("folder " + request.node.name)
"""
FILES = {
    "pytest.ini": "[pytest]\nmarkers = slow\naddopts = --strict-markers --import-mode=importlib\n",
    "conftest.py": CONFTEST,
    "one/test_classes.py": """
import pytest

class TestBoth:
    @pytest.fixture(scope="class", params=["a", "b"])
    def letter(self, request):
        return request.param

    def test_first(self, letter):
        assert letter

    def test_second(self, letter):
        assert letter == "a"
""",
    "one/test_marks.py": """
import pytest

@pytest.mark.parametrize("number", [1, 2, 3])
def test_numbers(number):
    assert number < 3

@pytest.mark.slow
def test_slow():
    pass

@pytest.mark.xfail(strict=True)
def test_known():
    assert False

def test_skipped():
    pytest.skip("no")

@pytest.fixture
def broken():
    yield
    raise ValueError("left behind")

def test_teardown(broken):
    pass
""",
    "two/test_all_slow.py": "import pytest\n\n@pytest.mark.slow\ndef test_it():\n    pass\n",
    "two/test_empty.py": "",
    "two/test_last.py": "def test_last():\n    pass\n",
}
BROKEN = {"one/test_broken.py": "import no_such_module\n\ndef test_it():\n    pass\n"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def pytest_of(tree: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, str, str]], str]:
    """What is printed, each test with its outcome, and what fixtures noted."""
    notes, outcomes = tree.parent / "notes", tree.parent / "outcomes.xml"
    notes.unlink(missing_ok=True)
    plugins = [f"-p{name}" for name in ("no:cacheprovider", "xdist.plugin", "xdist.looponfail")]
    command = [sys.executable, "-m", "pytest", *plugins, "--color=no", f"--junit-xml={outcomes}", *options]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NOTES": str(notes)}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    found = sorted(
        (str(case.get("classname")), str(case.get("name")), " ".join(child.tag for child in case))
        for case in ET.parse(outcomes).iter("testcase")  # noqa: S314 - pytest wrote it
    )
    return done, found, notes.read_text("utf-8") if notes.exists() else ""


LAZILY = ("--lazily", "-n1", "--dist=loadfile", "--no-loadscope-reorder")


@pytest.mark.parametrize("chosen", [[], ["-mnot slow"], ["-mslow"], ["-kfirst or numbers"], ["one"]], ids=str)
def test_the_same_tests_have_the_same_outcomes(tree: Path, chosen: list[str]) -> None:
    plain, outcomes, notes = pytest_of(tree, *chosen)
    lazily, found, noted = pytest_of(tree, *LAZILY, *chosen)
    assert outcomes
    assert found == outcomes
    assert lazily.returncode == plain.returncode, lazily.stdout + lazily.stderr
    assert sorted(noted.splitlines()) == sorted(notes.splitlines())
    assert noted.splitlines()[-1] == "end"
    assert "(no:" not in lazily.stdout


def test_two_processes_share_the_files(tree: Path) -> None:
    _, outcomes, _ = pytest_of(tree)
    done, found, noted = pytest_of(tree, *LAZILY, "-n2")
    assert found == outcomes
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert noted.count("start") == noted.count("end") == 2
    assert "2 workers [5 items]" in done.stdout
    assert "[ 80%]" in done.stdout  # four of the five: one is empty


def test_a_file_that_cannot_be_imported_is_an_error(tree: Path) -> None:
    for name, text in BROKEN.items():
        (tree / name).write_text(text, "utf-8")
    done, found, _ = pytest_of(tree, *LAZILY, "two", "one/test_broken.py")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "No module named 'no_such_module'" in done.stdout
    assert "2 passed, 1 error" in done.stdout
    assert [kind for _, _, kind in found] == ["error", "", ""]


def test_nothing_chosen_is_no_success(tree: Path) -> None:
    done, found, _ = pytest_of(tree, *LAZILY, "-kno_such_name")
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not found


def test_the_first_failure_ends_it_where_asked(tree: Path) -> None:
    done, found, _ = pytest_of(tree, *LAZILY, "-x", "one/test_marks.py", "one/test_classes.py")
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert [kind for _, _, kind in found].count("failure") == 1


def test_a_process_that_dies_is_a_failure_that_names_its_file(tree: Path) -> None:
    (tree / "one/test_death.py").write_text("import os\n\ndef test_it():\n    os._exit(1)\n", "utf-8")
    done, _, _ = pytest_of(tree, *LAZILY, "one/test_death.py", "two/test_last.py")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "crashed while running 'one/test_death.py'" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.parametrize("options", [["two/test_last.py::test_last"], ["--collect-only", "two"]], ids=str)
def test_otherwise_all_are_collected_at_first(tree: Path, options: list[str]) -> None:
    done, _, _ = pytest_of(tree, *LAZILY, *options)
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "test_last" in done.stdout or "1 passed" in done.stdout
