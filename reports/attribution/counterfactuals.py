"""What would change an answer, in sentences: for terminal, page, card and app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.text import printable

if TYPE_CHECKING:
    from audit.core.records import Attribution, Counterfactual

SHOWN = 60
"""Characters of a text that are shown."""
LISTED = 8
"""Features that are named; of more the rest is counted."""
PROOFS = {
    "smallest": "no smaller set does",
    "irreducible": "each of these features is needed",
    "sufficient": "some of these features may be enough",
}


def sentences(attribution: Attribution) -> list[str]:
    """What was found, one harmless line each; none where nobody asked.

    Args:
        attribution: Of any method; its record says what was searched.
    """
    search = attribution.counterfactual
    if search is None:
        return []
    if search.answer is None:
        return ["The checkpoint would not write the target: there is no answer to change."]
    found = [_sentence(attribution, search.answer, one) for one in search.found]
    if not any(one.change == "removal" for one in search.found):
        found.insert(0, _none(search.complete, len(attribution.features), search.evaluations - search.swaps))
    if search.swaps and not any(one.change == "swap" for one in search.found):
        found.append(f"No swap of two named features changes the answer ({search.swaps} run).")
    if search.answer != attribution.target:
        found.insert(0, f"By log-probability {_quoted(search.answer)} is ahead of the target.")
    return found


def _sentence(attribution: Attribution, answer: str, found: Counterfactual) -> str:
    """One change, and what the answer then is."""
    names = [_quoted(attribution.features[index].text) for index in found.features]
    named = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more features" if len(names) > LISTED else "")
    if found.change == "swap":
        done = f"With {named} in each other's place"
    elif len(names) == len(attribution.features):
        done = "Without the whole prompt"
    else:
        done = f"Without {named}"
    if found.after is None:
        then = f"the answer would no longer be {_quoted(answer)}"
    else:
        then = f"it would choose {_quoted(found.after)} instead of {_quoted(answer)}"
    return f"{done} {then}{f' ({PROOFS[found.proof]})' if found.proof else ''}."


def _none(complete: int, features: int, evaluations: int) -> str:
    """That no removal was found, and how far the search went."""
    ran = f"{evaluations:,} changed prompts run"
    if complete >= features:
        return f"No removal changes the answer, not even of the whole prompt ({ran})."
    if complete == 0:
        return f"No removal that was run changes the answer ({ran})."
    sets = (
        f"None of the {features} features alone"
        if complete == 1
        else f"No set of up to {complete} of {features} features"
    )
    return f"{sets} changes the answer, nor does any larger set that was run ({ran})."


def _quoted(text: str) -> str:
    return f"“{printable(text.strip(), SHOWN)}”"
