"""Print what the package needs at run time, one requirement a line: what an image installs before the package itself.

usage: requirements.py [EXTRA…]
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def requirements(extras: list[str]) -> list[str]:
    """Requirements of the package and of some of its extras, sorted, each once.

    Raises:
        SystemExit: There is no such extra.
    """
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    known = project["optional-dependencies"]
    unknown = sorted(set(extras) - set(known))
    if unknown:
        sys.exit(f"{PYPROJECT.name} has no extra {', '.join(unknown)}: it has {', '.join(sorted(known))}")
    return sorted({*project["dependencies"], *(line for extra in extras for line in known[extra])})


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
