"""What the app under test is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


def test_settings_travel_by_the_environment(settings: AppSettings) -> None:
    assert type(settings).from_environment() == settings
    assert os.environ["AUDIT_APP_DATABASE"] == settings.database_url
