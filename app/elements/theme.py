"""Colours of the app: those of the report card, light and dark as the browser prefers."""

from __future__ import annotations

THEME = {
    "theme.baseRadius": "0.5rem",
    "theme.buttonRadius": "0.5rem",
    "theme.showWidgetBorder": "true",
    "theme.headingFontSizes": "1.9rem,1.35rem,1.15rem,1rem,0.9rem,0.85rem",
    "theme.light.primaryColor": "#0a5fb4",
    "theme.light.linkColor": "#0a5fb4",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5f7",
    "theme.light.textColor": "#1c2128",
    "theme.light.borderColor": "#d0d7de",
    "theme.dark.primaryColor": "#7db8f5",
    "theme.dark.linkColor": "#7db8f5",
    "theme.dark.backgroundColor": "#0f1317",
    "theme.dark.secondaryBackgroundColor": "#1a2027",
    "theme.dark.textColor": "#e6e9ec",
    "theme.dark.borderColor": "#39424c",
}
"""Streamlit's options for ``audit app``; none says which of the two themes, so that the browser does."""
LIGHT = {"on-primary": "#ffffff", "good": "#11682f", "bad": "#b3151f", "warn": "#8a4b00", "muted": "#59636e"}
DARK = {"on-primary": "#0f1317", "good": "#7fdc9a", "bad": "#ff9a96", "warn": "#f2b26b", "muted": "#a3adb8"}
"""Meanings; every colour has a contrast of at least 4.5:1 against the page and its panels, ``on-primary`` against the
accent."""
STYLE = """
.stMainBlockContainer { padding: 3rem 3rem 5rem; max-width: 96rem }
.audit-heading { font-size: 1.9rem; font-weight: 700; line-height: 1.25;
   margin: 0; padding: 0.4rem 0 0; overflow-wrap: anywhere }
/* A label may be wider than its box. */
input[role=combobox], [role=option] * { overflow: hidden; text-overflow: ellipsis }
/* Streamlit's own captions and labels of keys are too pale. */
[data-testid=stCaptionContainer], [data-testid=stCaptionContainer] *, [data-testid=stWidgetLabel] small,
.stApp kbd, .stApp input::placeholder { color: var(--audit-muted) !important; opacity: 1 !important }
/* Colours of commands have too little contrast, and white does not stand out from the light blue of the dark theme. */
.stCode .token { color: inherit !important }
.stApp [data-testid^=stBaseButton-primary] * { color: var(--audit-on-primary) !important }
@media (max-width: 40rem) { .stMainBlockContainer { padding: 4.5rem 1rem 4rem }
  .audit-heading { font-size: 1.4rem } }
"""


def style() -> str:
    """The style sheet of every page, as an element; a colour follows the theme even while the page is shown."""
    variables = " ".join(f"--audit-{name}: light-dark({LIGHT[name]}, {DARK[name]});" for name in LIGHT)
    return f"<style>:root {{ {variables} }} {STYLE}</style>"
