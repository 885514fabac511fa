"""Colours: enough contrast in both themes, by the formula of WCAG 2.2."""

from __future__ import annotations

from audit.app.elements.theme import DARK, LIGHT, THEME, style


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_every_text_colour_stands_out_from_page_and_panels() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    for theme, colours in (("light", LIGHT), ("dark", DARK)):
        grounds = [THEME[f"theme.{theme}.{name}"] for name in ("backgroundColor", "secondaryBackgroundColor")]
        accent = THEME[f"theme.{theme}.primaryColor"]
        assert contrast(colours["on-primary"], accent) >= 4.5
        meanings = [colour for name, colour in colours.items() if name != "on-primary"]
        texts = [*meanings, *(THEME[f"theme.{theme}.{name}"] for name in ("textColor", "linkColor"))]
        assert min(contrast(text, ground) for text in texts for ground in grounds) >= 4.5


def test_the_browser_says_which_theme() -> None:
    assert "theme.base" not in THEME
    assert LIGHT.keys() == DARK.keys()
    assert f"--audit-bad: light-dark({LIGHT['bad']}, {DARK['bad']});" in style()
    assert "http" not in style()
