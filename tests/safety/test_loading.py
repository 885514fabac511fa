"""From data to items."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import AssetError
from audit.safety.loading import population


def test_an_empty_data_set_is_refused(data_set: Any) -> None:
    with pytest.raises(AssetError, match="data set empty from folder holds no items"):
        population(data_set("empty", []), dict)
