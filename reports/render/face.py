"""Parts of the card as HTML for the app: the head of a run, its metrics at a glance, a share by two slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.reports.drawing.colours import DARK, LIGHT, of_both_themes
from audit.reports.drawing.page import environment, style_sheet, theme_variables
from audit.reports.render.parts import part_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Decision, Metric, RunManifest
    from audit.reports.errors.crossed import CrossedTable

STYLE = """
color: var(--ink); font-size: .95rem; line-height: 1.5;
h3 { font-size: 1.12rem; font-weight: 650; padding: 0; }
a { color: var(--link); text-underline-offset: .15em; }
ul { margin: 0; } li { margin: 0; } p { margin: 0; }
code { background: none; color: inherit; padding: 0; font-size: .92em; }
.small { font-size: .87rem; } .muted { color: var(--muted); } .bad-text { color: var(--fail); }
h2, .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
"""
"""What the app's page lacks of the card's; nested, so that nothing else on the page changes."""
TABLE = """
h4 { font-size: 1rem; margin: 0; padding: 0; } .scroll { overflow-x: auto; } th { font-weight: 600; text-align: left; }
caption { text-align: left; color: var(--muted); font-size: .87rem; }
"""
"""What the app's page lacks of the card's tables."""
HEADING = "h2 { all: revert; font-size: 1.35rem; font-weight: 650; padding: 0; margin: 2.2rem 0 .4rem; }"
"""Between the sentences and the scale; without sentences, the page has a heading of its own."""


def face(
    manifest: RunManifest,
    metrics: Sequence[Metric],
    decision: Decision | None,
    href: Callable[[str], str],
    *,
    sentences: bool = True,
) -> str:
    """Sentences and scale as an HTML element with its own style sheet; every text of the run is escaped.

    Args:
        manifest: Of the run.
        metrics: All its metrics.
        decision: The verdict on them; None where there is none.
        href: What leads to an anchor of the card, e.g. ``evals-boolq``; empty for nothing.
        sentences: Whether the sentences are wanted, too.
    """
    made = environment()
    show = made.get_template("macros.j2").module
    shown = {**part_variables(manifest, metrics, decision), "href": href, "show": show}
    names = ("headline.j2", "glance.j2") if sentences else ("glance.j2",)
    parts = "".join(made.get_template(name).render(shown) for name in names)
    variables = theme_variables()
    style = f"{variables} {STYLE} {HEADING if sentences else ''} {style_sheet('glance.css')}"
    return f'<style>.face {{ {style} }}</style><div class="face">{parts}</div>'


def crossed_table(table: CrossedTable) -> str:
    """A share by two slices as an HTML element with its own style sheet; every text of the run is escaped."""
    shades = " ".join(f".{name} {{ background: var(--{name}); }}" for name in LIGHT)
    own = f"{theme_variables()} {of_both_themes(LIGHT, DARK)} {STYLE} {TABLE} {style_sheet('crossed.css')} {shades}"
    html = environment().get_template("crossed.j2").render(table=table)
    return f'<style>.crossed-table {{ {own} }}</style><div class="crossed-table">{html}</div>'
