"""How a run becomes a page: the Jinja2 environment and the style sheet that card and attribution page share.

Model text is untrusted: Jinja2 escapes everything, and :func:`audit.core.formatting.visible` shows what would hide
or reorder.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from audit.core import formatting, words
from audit.core.sensitive import is_completion_hidden
from audit.core.text import printable
from audit.reports.browsing.prompt_parts import changed_text
from audit.reports.command_text import parts
from audit.reports.drawing.colours import DARK, LIGHT, declarations, of_both_themes
from audit.stats.cut_answers import cut_text

if TYPE_CHECKING:
    from audit.core.records import Suite

SUITE_TITLES: dict[Suite, str] = {"evals": "Capability", "safety": "Safety", "explain": "Explanation"}
LINE_LIMIT, SHORT_LIMIT = 600, 60
VERDICTS = {
    "PASS": ("is-pass", "✓"),
    "FAIL": ("is-fail", "✕"),
    "INCONCLUSIVE": ("is-unsure", "?"),
    None: ("is-none", "–"),
}
STATUSES = {"complete": "is-pass", "partial": "is-unsure", "running": "is-unsure", "failed": "is-fail"}
_CODE = Markup("<code>{}</code>")
BELIEFS = {"believable": "is-pass", "weak": "is-unsure", "do not believe": "is-fail"}


@cache
def environment() -> Environment:
    """Templates of this package with the filters and functions that they use; compiled once."""
    made = Environment(
        loader=PackageLoader("audit.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(line=line, short=short, whole=whole, commands=commands)
    made.globals.update(
        number=formatting.number,
        signed=formatting.signed,
        counted=formatting.counted,
        reading=formatting.reading,
        is_completion_hidden=is_completion_hidden,
        prompt_text=formatting.prompt_text,
        changed_text=changed_text,
        estimate=formatting.estimate,
        estimate_text=formatting.estimate_text,
        slice_text=formatting.slice_text,
        metric_label=formatting.metric_label,
        cut_text=cut_text,
        figures=words.figures,
        sentence=words.sentence,
        notes=words.notes,
        draws=words.draws,
        metric_title=words.metric_title,
        full_title=words.full_title,
        task_title=words.task_title,
        direction_text=words.direction_text,
        reference_text=words.reference_text,
        size_text=formatting.size_text,
        parameters_text=formatting.parameters_text,
        visible=formatting.visible,
        directions=formatting.DIRECTIONS,
        verdict_class=lambda verdict: VERDICTS[verdict][0],
        verdict_mark=lambda verdict: VERDICTS[verdict][1],
        status_class=STATUSES.__getitem__,
        belief_class=BELIEFS.__getitem__,
        suite_titles=SUITE_TITLES,
    )
    return made


def page_style() -> Markup:
    """The style sheet of a whole page: the package's own files, not escaped, with the shades of light and dark."""
    sheet = Markup("").join(map(style_sheet, ("style.css", "glance.css", "attribution.css", "crossed.css")))
    light, dark = declarations(LIGHT), declarations(DARK)
    return Markup(sheet.replace("/* light shades */", light).replace("/* dark shades */", dark))  # noqa: S704 - see above


def theme_variables() -> str:
    """The page's colours as CSS variables that follow the theme around them."""
    light, dark, *_ = (
        dict(re.findall(r"--([\w-]+): ([^;]+);", one))
        for one in re.findall(r":root \{([^}]*)\}", style_sheet("style.css"))
    )
    return of_both_themes(light, dark)


def style_sheet(name: str) -> Markup:
    """A style sheet of this package, not escaped.

    Args:
        name: Of its file under ``templates``.
    """
    text = resources.files("audit.reports").joinpath("templates", name).read_text("utf-8")
    return Markup(text)  # noqa: S704 - the package's own file


def line(text: object) -> str:
    """One harmless line, for labels and attributes."""
    return printable(str(text), limit=LINE_LIMIT)


def short(text: object) -> str:
    """A few words of it."""
    return printable(str(text), limit=SHORT_LIMIT)


def whole(text: object) -> str:
    """One harmless line for a reason, which ends with what to do about it: only what is no reason any more is cut."""
    return printable(str(text), limit=formatting.REASON_LIMIT)


def commands(text: object) -> Markup:
    """A reason as :func:`whole` has it, with the commands in it in the font of code."""
    return Markup("").join(_CODE.format(one) if is_command else one for one, is_command in parts(whole(text)))
