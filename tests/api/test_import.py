"""``import audit`` is free: it loads none of the libraries behind the functions, and names stay what they say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "pandas", "numpy", "streamlit", "transformers", "altair", "lm_eval", "pydantic", "sklearn", "IPython")


def loaded_by(code: str) -> set[str]:
    """Which of the heavy libraries a fresh process has after some lines."""
    tail = f"\nimport sys, json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_loads_nothing_heavy() -> None:
    assert loaded_by("import audit; dir(audit); audit.__all__") == set()


@pytest.mark.parametrize("code", ["audit.read_run", "audit.Run", "audit.UsageError", "audit.Interrupted"])
def test_reading_a_run_needs_no_torch(code: str) -> None:
    assert loaded_by(f"import audit; {code}") <= {"pydantic", "numpy"}


def test_the_package_explain_and_the_function_are_one_name() -> None:
    code = """
import audit
assert callable(audit.explain)
from audit.explain.methods import registry
import audit.explain.methods.registry as same
assert same is registry and audit.explain.methods.registry is registry
assert callable(audit.explain)
try:
    audit.explain("no-such-model", "text", method="no_such_method")
except audit.UsageError as error:
    assert "unknown attribution method 'no_such_method'" in str(error), error
else:
    raise AssertionError
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == ""


def test_an_unknown_name_is_an_attribute_error() -> None:
    import audit

    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        audit.rum  # noqa: B018
    assert set(audit.__all__) <= set(dir(audit))
    assert all(getattr(audit, name) for name in audit.__all__)
