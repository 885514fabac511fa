"""Do the tests notice a wrong number? mutmut changes one expression at a time; a mutant that no test notices survives.

    python tests/mutants.py                                  # everything that decides numbers: hours
    python tests/mutants.py stats/prevalence.py              # one file, with the tests that mirror it: minutes

mutmut wants sources under their import name, so a copy of the rooms is made in ``build/mutants/audit``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "build" / "mutants"
ROOMS = (
    "core", "stats", "engine", "evals", "safety", "explain", "ratings", "gate", "reports", "pipeline", "app", "cli",
)  # fmt: skip
DECIDING = (
    "stats", "gate", "safety/metrics.py", "safety/privacy", "safety/scorers/validity.py",
    "safety/probes/toxicity/toxicity_metrics.py",
)  # fmt: skip
"""What decides numbers and verdicts, what must not be stored, and what corrects shares for a scorer's errors."""
SETTINGS = """
[tool.mutmut]
source_paths = ["audit"]
only_mutate = {mutate}
also_copy = ["audit", "tests", "docs", "examples"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-m", "not slow and not browser and not gpu", "-p", "no:cacheprovider"]

"""


def files(name: str) -> list[Path]:
    """The source files that a word of the command line names."""
    path = ROOT / name
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def tests_of(source: Path) -> list[Path]:
    """The tests that mirror a file (``test_NAME.py``, ``test_NAME_*.py`` here or in ``whole/``), or its folder's."""
    place = (ROOT / "tests" / source.relative_to(ROOT)).parent
    patterns = (f"test_{source.stem}.py", f"test_{source.stem}_*.py", f"whole/test_{source.stem}_*.py")
    mirrored = [file for pattern in patterns for file in place.glob(pattern)]
    return mirrored or [place]


def prepare(sources: list[Path]) -> None:
    """Copy rooms and tests, and write mutmut's settings."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for room in ROOMS:
        shutil.copytree(ROOT / room, COPY / "audit" / room, ignore=ignored)
    if (ROOT / "api").exists():
        shutil.copytree(ROOT / "api", COPY / "audit", ignore=ignored, dirs_exist_ok=True)
    for folder in ("tests", "docs", "examples"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=ignored)
    mutate = [f"audit/{source.relative_to(ROOT)}" for source in sources if source.name != "__init__.py"]
    tests = sorted({str(test.relative_to(ROOT)) for source in sources for test in tests_of(source)})
    own = (ROOT / "pyproject.toml").read_text("utf-8")
    pytest_settings = own[own.index("[tool.pytest.ini_options]") :].partition("\n[tool.importlinter]")[0]
    settings = SETTINGS.format(mutate=mutate, tests=tests).replace("'", '"')
    (COPY / "pyproject.toml").write_text(settings + pytest_settings + "\n", "utf-8")


def main(words: list[str]) -> int:
    """Run mutmut and list the survivors; 1 where there are any."""
    prepare([source for word in words or DECIDING for source in files(word)])
    mutmut = [sys.executable, "-m", "mutmut"]
    with (COPY / "log").open("wb") as log:  # a line for each step of its spinner
        code = subprocess.run([*mutmut, "run", "--max-children", "2"], cwd=COPY, stdout=log, check=False).returncode
    if code:
        print(f"mutmut failed: see {COPY / 'log'}")
        return code
    survivors = subprocess.run([*mutmut, "results"], cwd=COPY, capture_output=True, text=True, check=True).stdout
    print(survivors or "no mutant survives")
    return 1 if survivors.strip() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
