"""List the licences of what the package imports, from its software bill of materials, and refuse those not allowed.

usage: licences.py SBOM.cdx.json > licences.md

Allowed are permissive licences and those whose copyleft stays within the library itself (LGPL, MPL). A component whose
metadata names no licence counts as refused until somebody has read its licence file and noted it in ``READ``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

SCRIPT = "release/licences.py"
CLASSIFIER = "License :: OSI Approved :: "
PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0"),
    *("MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
    *("Apache Software License", "BSD License", "MIT License", "ISC License (ISCL)"),
    *("Python Software Foundation License", "The Unlicense (Unlicense)"),
}
"""SPDX identifiers, and classifiers of the package index without ``CLASSIFIER``."""
WITHIN_THE_LIBRARY = {
    *("LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"),
    "GNU Lesser General Public License v2 or later (LGPLv2+)",
    "Mozilla Public License 2.0 (MPL 2.0)",
}
ALLOWED = PERMISSIVE | WITHIN_THE_LIBRARY
NO_LICENCE = {"License :: DFSG approved"}
"""Classifiers that say something about a licence and name none."""
READ = {
    "lime": "BSD-2-Clause",
    "protobuf": "BSD-3-Clause",
    "pydeck": "Apache-2.0",
    "sigstore-models": "MIT",
    "transformers": "Apache-2.0",
    "vadersentiment": "MIT",
    "word2number": "MIT",
}
"""By component whose metadata names no licence that a program could read: the one in its licence file."""
SPDX = get_spdx_licensing()


def named_licences(component: dict[str, Any]) -> list[str]:
    """Licences that a component's metadata names, each an SPDX expression or a classifier; all of them apply."""
    found = []
    for one in component.get("licenses", []):
        name = one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        if name not in NO_LICENCE:
            found.append(name.removeprefix(CLASSIFIER))
    return found or [READ[name] for name in [component["name"].lower()] if name in READ]


def is_allowed(licence: str) -> bool:
    """Whether the terms of a licence are met: every part joined by AND, one of those joined by OR."""
    if licence in ALLOWED:
        return True
    try:
        parsed = SPDX.parse(licence, validate=True)
    except ExpressionError:
        return False
    return parsed is not None and _holds(parsed)


def _holds(node: Any) -> bool:  # noqa: ANN401 - the library has no types
    if isinstance(node, SPDX.AND):
        return all(_holds(part) for part in node.args)
    if isinstance(node, SPDX.OR):
        return any(_holds(part) for part in node.args)
    licence = getattr(node, "license_symbol", node)  # of X WITH EXCEPTION, which only permits more
    return licence.key in ALLOWED


def main(path: Path) -> int:
    """Print the table; 1 with one line for each component whose licence is refused or unknown, else 0."""
    components = sorted(json.loads(path.read_text("utf-8"))["components"], key=lambda one: one["name"].lower())
    rows = [(one["name"], one["version"], named_licences(one)) for one in components]
    print("| package | version | licence |\n|---|---|---|")
    for name, version, licences in rows:
        print(f"| {name} | {version} | {', '.join(licences)} |")
    refused = [
        f"{name} {version}: {', '.join(licences) or 'its metadata names no licence'}: not allowed by {SCRIPT}"
        for name, version, licences in rows
        if not licences or not all(map(is_allowed, licences))
    ]
    print("\n".join(refused), file=sys.stderr, end="\n" if refused else "")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
