"""The options of a choice as a table: how likely each one is, which one was chosen, which one is right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from audit.app.untrusted import wrapped_table
from audit.core.formatting import ABSENT, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Choice

COMPARED = {
    "none": "Log-likelihood",
    "characters": "Log-likelihood per character",
    "tokens": "Log-likelihood per token",
}


def show_options(choice: Choice) -> None:
    """The table; probabilities are among the options, and only where options are compared by their whole likelihood."""
    values = choice.log_likelihoods
    rows = [_row(choice, place, values) for place in range(len(choice.options))]
    wrapped_table(rows)
    if choice.chosen is None:
        st.caption("It chose none of them, or two are equally likely.")
    if values is None:
        st.caption("The options have no likelihoods: the answer was generated, or one of them is not finite.")
    else:
        among = " Probabilities are among these options." if choice.normalised == "none" else ""
        st.caption(f"Log-likelihoods are in nats.{among}")


def probabilities(log_likelihoods: Sequence[float]) -> list[float]:
    """Probability of each option, given that it is one of them."""
    top = max(log_likelihoods)
    weights = [math.exp(value - top) for value in log_likelihoods]
    return [weight / math.fsum(weights) for weight in weights]


def _row(choice: Choice, place: int, values: Sequence[float] | None) -> dict[str, object]:
    marks = [
        mark for mark, is_it in (("● chosen", choice.chosen == place), ("✓ right", choice.right == place)) if is_it
    ]
    row: dict[str, object] = {"Mark": " ".join(marks) or ABSENT, "Option": choice.options[place]}
    if values is not None:
        row[COMPARED[choice.normalised]] = number(values[place], "nats")
        if choice.normalised == "none":
            row["Probability"] = percent(probabilities(values)[place])
    return row
