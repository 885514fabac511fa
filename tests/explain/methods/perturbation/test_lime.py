"""LIME's masks and kernel against those of the package lime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audit.explain.methods.perturbation import lime

if TYPE_CHECKING:
    import pytest


def test_lime_draws_masks_as_lime_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lime, "FEWEST_SAMPLES", 4000)
    masks = lime.design(6, seed=0)
    assert (masks[0] == 1).all()
    absent = (masks[1:] == 0).sum(axis=1)
    assert set(absent) == {1, 2, 3, 4, 5, 6}
    shares = np.bincount(absent, minlength=7)[1:] / len(absent)
    np.testing.assert_allclose(shares, 1 / 6, atol=0.03)


def test_limes_kernel_is_limes_default() -> None:
    from lime.lime_text import LimeTextExplainer

    distances = np.linspace(0, 100, 11)
    np.testing.assert_allclose(lime.kernel(distances), LimeTextExplainer().base.kernel_fn(distances))
