"""Packages that may be missing."""

from __future__ import annotations

import sys

import pytest

from audit.core.errors import ConfigError
from audit.reports.monitoring.packages import import_package


def test_a_module_that_is_there_is_imported() -> None:
    assert import_package("json.decoder", "--x", "json") is sys.modules["json.decoder"]


def test_a_missing_package_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigError) as caught:
        import_package("prometheus_client", "--prometheus", "prometheus-client")
    assert str(caught.value) == (
        "--prometheus: it needs the package prometheus-client: pip install 'checkpoint-audit[monitoring]'"
    )
