"""The verdict within a report card that exists: its parts are replaced, and nothing else of the card is rendered.

A card takes seconds to render, most of it for charts that no verdict changes. In the file the parts are between
comments of the same name as their templates; text of models and checkpoints is escaped and cannot hold a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.core.filesystem import write_text
from audit.gate import decisions
from audit.reports.drawing.page import environment
from audit.reports.render.parts import page_links, part_variables

if TYPE_CHECKING:
    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

PARTS = (
    "verdict_title",
    "verdict_box",
    "headline",
    "verdict_link",
    "not_assessed_link",
    "glance",
    "verdict",
    "not_assessed",
    "waivers",
)
"""Templates of the parts, in the order of the card."""
STALE = "<!--stale-->"
"""In a card that says that its verdict is out of date."""
BASELINE = "<!--baseline-->"
"""In a card that shows a baseline next to its own numbers, or says why it does not."""
PLUG_INS = "<!--plug-ins-->"
"""In a card with sections of plug-ins, which may show anything of a run, the verdict too."""
WHOLE = (STALE, BASELINE, PLUG_INS)
"""In cards that are not changed part by part."""
_TASK = re.compile(r'<div class="inside" id="([^"]+)">')
_PART = re.compile(rf"(<!--({'|'.join(PARTS)})-->).*?(<!--/\2-->)", re.DOTALL)


def show_verdict(run: RunFolder, decision: Decision) -> bool:
    """Put a verdict into the card of a run.

    Returns:
        False where the card has to be rendered as a whole: it shows other metrics than were judged, says that its
        verdict is out of date, was written by another version, or has sections that other packages bring; or card
        or verdict has a baseline.

    Raises:
        WriteError: The card cannot be written.
    """
    if not run.report_path.is_file():  # a pipe would never end
        return False
    card = run.report_path.read_text("utf-8", errors="replace")
    names = tuple(match[2] for match in _PART.finditer(card))
    whole = names != PARTS or decision.baseline is not None or any(mark in card for mark in WHOLE)
    if whole or decision.metrics_sha256 not in card:
        return False
    templates = environment()
    shown = {
        **part_variables(
            run.read_manifest(), run.read_metrics(), decision, unchecked=decisions.unchecked(run, decision)
        ),
        "href": page_links(_TASK.findall(card)),
        "show": templates.get_template("macros.j2").module,
    }
    parts = {name: templates.get_template(f"{name}.j2").render(shown) for name in PARTS}
    updated = _PART.sub(lambda match: f"{match[1]}{parts[match[2]]}{match[3]}", card)
    write_text(run.report_file(run.report_path.name), updated)
    return True
