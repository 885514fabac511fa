"""The scale of attributions: zero in the middle, sides that colour-blind readers tell apart, readable ink."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reports.drawing.charts import INK
from audit.reports.drawing.colours import AGAINST, DARK, FOR, LIGHT, STEPS, declarations, largest, shade

MACHADO = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira and Fernandes 2009, table of matrices at severity 1.0, for linear RGB."""


def linear(colour: str) -> np.ndarray:
    """Linear RGB of ``#rrggbb`` (IEC 61966-2-1)."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear RGB under D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.array(to_xyz) @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = [t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", MACHADO)
@pytest.mark.parametrize("shades", [LIGHT, DARK], ids=["light", "dark"])
def test_the_two_sides_are_told_apart_by_colour_blind_readers(kind: str, shades: dict[str, str]) -> None:
    """CIE76 difference of the two sides as such a reader sees them; 2.3 is just noticeable (Mahy et al. 1994)."""
    seen = {name: lab(np.array(MACHADO[kind]) @ linear(colour)) for name, colour in shades.items()}
    for step in range(1, STEPS + 1):
        assert np.linalg.norm(seen[f"p{step}"] - seen[f"n{step}"]) > (7 if step == 1 else 14), step


@pytest.mark.parametrize(("shades", "ink"), [(LIGHT, INK), (DARK, "#e7ebf0")], ids=["light", "dark"])
def test_ink_is_readable_on_every_shade(shades: dict[str, str], ink: str) -> None:
    """Contrast of WCAG 2.2, level AA."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    for colour in shades.values():
        dark, light = sorted(float(weights @ linear(c)) for c in (colour, ink))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("shades", [LIGHT, DARK], ids=["light", "dark"])
def test_each_step_is_fuller_than_the_one_before(shades: dict[str, str]) -> None:
    """Distance from the first shade of a side grows."""
    for side in "pn":
        seen = [lab(linear(shades[f"{side}{step}"])) for step in range(1, STEPS + 1)]
        distances = [float(np.linalg.norm(one - seen[0])) for one in seen]
        assert all(later > earlier for earlier, later in itertools.pairwise(distances))


@pytest.mark.slow
@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e6))
def test_the_scale_is_symmetric_around_zero(value: float, strongest: float) -> None:
    one, other = shade(value, strongest), shade(-value, strongest)
    assert (one[1:], {one[:1], other[:1]}) == (other[1:], {"p", "n"} if one else {""})
    assert one in {"", *LIGHT}


def test_zero_has_no_colour_and_the_ends_the_fullest() -> None:
    shown = [shade(value, 1.0) for value in (-1.0, -0.5, -0.05, 0.0, 0.05, 0.5, 1.0)]
    assert shown == ["n5", "n2", "", "", "", "p2", "p5"]
    assert shade(0.0, 0.0) == ""
    assert (LIGHT["p5"], LIGHT["n5"]) == (FOR, AGAINST)
    assert (largest([1.0, -3.0, 2.0]), largest([])) == (3.0, 0.0)


def test_every_shade_has_a_colour_in_both_themes() -> None:
    named = {shade(value / 100, 1.0) for value in range(-100, 101)} - {""}
    assert named == set(LIGHT) == set(DARK)
    assert all(f"--{name}: {LIGHT[name]};" in declarations(LIGHT) for name in named)
