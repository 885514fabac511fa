"""One item of two runs side by side: the prompt once, both answers with the words that differ, and both scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from markupsafe import Markup

from audit.app.elements.options import show_options
from audit.app.elements.prompt import show_prompt
from audit.app.untrusted import is_masked, plain, readable, show_mask, show_text, show_thinking, wrapped_table
from audit.core.formatting import number, percent, signed
from audit.reports.comparison.word_diff import marked

if TYPE_CHECKING:
    from audit.app.elements.rows import Tone
    from audit.core.records import Sample
    from audit.reports.browsing.pair_index import PairFacts

SIDES = ("Baseline", "This run")
CHANGES: dict[str, tuple[str, str, Tone]] = {
    "broken": ("▼", "Broken", "bad"),
    "worse": ("▼", "Worse", "bad"),
    "moved": ("◆", "Changed", "warn"),
    "fixed": ("▲", "Fixed", "good"),
    "better": ("▲", "Better", "good"),
    "other prompt": ("?", "Other prompt", "muted"),
    "other answer": ("≠", "Wrong in another way", "warn"),
    "one scored": ("!", "Scored in one run alone", "warn"),
    "same": ("=", "Same result", "muted"),
}
"""Sign, word and colour of each change of :data:`audit.reports.browsing.pair_index.CHANGES`."""
MEANINGS = {
    "broken": "right in the baseline, wrong in this run",
    "worse": "a worse score than in the baseline",
    "moved": "another score than in the baseline; neither end is good",
    "fixed": "wrong in the baseline, right in this run",
    "better": "a better score than in the baseline",
    "other prompt": "the runs asked different things, so that neither is better or worse",
    "other answer": "wrong in both runs, with different answers",
    "one scored": "the other run has no score for it",
    "same": "both runs have the same result",
}
STYLE = Markup(
    "<style>.audit-diff { border: 1px solid rgba(128, 128, 128, .35); border-radius: .5rem; padding: .7rem .9rem;"
    " font: .875rem/1.55 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere;"
    " max-height: 26rem; overflow-y: auto }"
    ".audit-diff del { color: var(--audit-bad); text-decoration: line-through 2px; font-weight: 650 }"
    ".audit-diff ins { color: var(--audit-good); text-decoration: underline 2px; font-weight: 650 }"
    ".audit-diff .control { opacity: .8; border: 1px solid currentColor; border-radius: .2rem; font-size: .75em }"
    "</style>"
)


def heading(facts: PairFacts) -> Markup:
    """What became of the item, as a heading."""
    sign, word, _ = CHANGES[facts.change]
    title = f"{sign} {word}: {MEANINGS[facts.change]}"
    return Markup('<h1 class="audit-heading">{}</h1>').format(title)


def show_pair(earlier: Sample, later: Sample, runs: tuple[str, str]) -> None:
    """Prompt, answers and scores of both runs; texts that may offend are hidden until asked for.

    Args:
        earlier: The sample of the baseline.
        later: The sample of this run.
        runs: Names of both runs.
    """
    if is_masked(earlier, runs[0]) or is_masked(later, runs[1]):
        show_mask(later, "show_pair", runs=runs)
        _scores(earlier, later)
        return
    if earlier.prompt == later.prompt:
        show_prompt(later)
    else:
        st.warning("The prompts differ: the answers are to different questions.", icon=":material/difference:")
        for side, column, sample in zip(SIDES, st.columns(2, gap="medium"), (earlier, later), strict=True):
            with column:
                st.caption(side)
                show_prompt(sample)
    _outputs(earlier, later)
    if later.reference is not None:
        st.markdown("**Reference**")
        show_text(later.reference, absent="none", height=160)
    _scores(earlier, later)


def _outputs(earlier: Sample, later: Sample) -> None:
    """Both outputs next to each other, with what was removed and what was added."""
    before, after, whole = marked(earlier.output or "", later.output or "")
    differ = earlier.output != later.output
    for side, column, sample, text in zip(
        ("the baseline", "this run"), st.columns(2, gap="medium"), (earlier, later), (before, after), strict=True
    ):
        with column:
            st.markdown(f"**Output of {side}**")
            if sample.error:
                st.error("It could not be scored:", icon=":material/error:")
                st.text(readable(sample.error, 1000))
            if sample.output is None or not sample.output:
                show_text(sample.output, absent="Nothing came back, or it was not kept.")
            else:
                st.html(STYLE + Markup('<div class="audit-diff" tabindex="0" dir="auto">{}</div>').format(text))
            if sample.choice is not None and sample.choice.options:
                show_options(sample.choice)
            show_thinking(sample)
    if differ:
        said = "Struck through: only in the baseline. Underlined: only in this run."
        st.caption(said if whole else f"{said} Only the first differing words are marked, because the texts are long.")
    else:
        st.caption("Both outputs are the same.")


def _scores(earlier: Sample, later: Sample) -> None:
    """Scores by name, of both runs, with their difference."""
    rows = [_row("Score of the item", earlier.score, later.score)]
    if earlier.confidence is not None or later.confidence is not None:
        sides = (earlier.confidence, later.confidence)
        shown = ["—" if one is None else percent(one) for one in sides]
        rows.append({"Score": "Confidence", SIDES[0]: shown[0], SIDES[1]: shown[1], "Change": "—"})
    rows += [
        _row(name.replace("_", " "), earlier.scores.get(name), later.scores.get(name))
        for name in dict.fromkeys([*earlier.scores, *later.scores])
    ]
    st.markdown("**Scores**")
    wrapped_table(rows)
    flags = [", ".join(sorted(flag.value.replace("_", " ") for flag in one.flags)) for one in (earlier, later)]
    if any(flags):
        st.caption(plain("; ".join(f"{side}: {text or 'no flags'}" for side, text in zip(SIDES, flags, strict=True))))


def _row(name: str, before: float | None, after: float | None) -> dict[str, object]:
    change = "—" if before is None or after is None else signed(after - before, "any")
    return {"Score": name, SIDES[0]: number(before, "any"), SIDES[1]: number(after, "any"), "Change": change}
