"""A form that explains a sample, or a prompt that somebody types, while the reader waits.

One explanation is made at a time, because two would share the cores.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.app import access, attribution, live_explanation, stored
from audit.app.live_explanation import LONGEST_PROMPT, LONGEST_TARGET, METHODS, Asked
from audit.app.untrusted import is_masked, plain
from audit.core.errors import AuditError, UsageError
from audit.core.progress import Silent
from audit.core.sensitive import not_explainable, thought
from audit.reports.explain_command import explain_command

if TYPE_CHECKING:
    from audit.core.records import Attribution, RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.explain.run.selected import Selected

MADE_KEY, FAULT_KEY = "explained_now", "explain_fault"
LIVE = "Computed now and not part of the run: no report shows it, and no digest covers it."
MESSAGE, EXACT = "A user's message, in the run's chat template", "The exact text that the checkpoint sees"
TRACED = (
    "This answer follows a reasoning trace and is explained by the steps of the trace. With another prompt or answer "
    "there would be another trace: leave both as they are, and change the method only."
)
UNTYPABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Characters that a box of a browser changes, or that cannot be sent to it."""
ASKED_LOCK = Lock()


class _Bar(Silent):
    """Progress as a bar of the page."""

    def __init__(self, bar: Any) -> None:  # noqa: ANN401 - Streamlit's element
        self._bar, self._wanted, self._done = bar, 0, 0

    def start(self, requests: int) -> None:
        """More requests are to be answered."""
        self._wanted += requests

    def advance(self, requests: int, tokens: int) -> None:  # noqa: ARG002 - part of the protocol
        """Some were."""
        self._done += requests
        self._bar.progress(min(1.0, self._done / max(1, self._wanted)), f"{self._done:,} forward passes")


def show(run: RunFolder, sample: Sample | None) -> None:
    """The form, and what was explained last.

    Args:
        run: The run.
        sample: The sample that is looked at, whose prompt and answer are in the form; None for any prompt.
    """
    if sample is not None and (is_masked(sample) or not_explainable(sample)):
        return
    st.header("Explain now" if sample is not None else "Explain a prompt", anchor=False)
    manifest = stored.manifest(run)
    command = explain_command(str(run.path), sample) if sample is not None else None
    why, selected = live_explanation.refusal(manifest), None
    if why is None and sample is not None:
        try:
            selected = live_explanation.selected_of(sample, stored.metrics(run))
        except UsageError as error:
            why = str(error)
    if why is not None:
        st.info(plain(why))
        _show_command(command)
        return
    name = sample.sample_id if sample is not None else "own"
    asked = _form(manifest, selected, name)
    if asked is not None and sample is not None and thought(sample) and _is_changed(asked, selected):
        st.session_state[FAULT_KEY] = TRACED
    elif asked is not None:
        access.log("opened", page="explain now", run=run.path.name, sample=name)
        _explain(manifest, asked, None if _is_changed(asked, selected) else selected, name)
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error(plain(fault), icon=":material/error:")
        _show_command(command)
    made: tuple[tuple[str, str], Attribution, list[str]] | None = st.session_state.get(MADE_KEY)
    if made is not None and made[0] == (manifest.run_id, name):
        st.warning(LIVE, icon=":material/bolt:")
        for remark in made[2]:
            st.caption(plain(remark))
        attribution.show([made[1]])


def _show_command(command: str | None) -> None:
    if command is not None:
        st.code(command, language="bash", wrap_lines=True)


def _form(manifest: RunManifest, selected: Selected | None, name: str) -> Asked | None:
    """The form; what was asked where it was just sent."""
    prompt, target, against = _filled(selected)
    with st.form(f"explain_{name}", border=True):
        written = EXACT
        if selected is None and manifest.config.get("chat_template") != "off":
            kinds = [MESSAGE, EXACT] if live_explanation.has_chat(manifest) else [EXACT, MESSAGE]
            written = st.radio("The prompt is", kinds, horizontal=True, key=f"explain_written_{name}")
        label = "Prompt" if selected is None else "Prompt, exactly as the checkpoint saw it"
        prompt = st.text_area(
            label, prompt, max_chars=LONGEST_PROMPT, height=180, key=f"explain_prompt_{name}",
        )  # fmt: skip
        left, middle, right = st.columns(3)
        target = left.text_area(
            "Target: the continuation that is explained", target, max_chars=LONGEST_TARGET, height=68,
            key=f"explain_target_{name}", help="With its leading space. Empty: the checkpoint's own answer.",
        )  # fmt: skip
        against = middle.text_area(
            "Rather than", against, max_chars=LONGEST_TARGET, height=68, key=f"explain_against_{name}",
            help="Explains the difference of two log-probabilities; empty explains the target alone.",
        )  # fmt: skip
        method = right.selectbox("Method", METHODS, format_func=_cost, key=f"explain_method_{name}")
        sent = st.form_submit_button("Explain", icon=":material/lightbulb:", type="primary")
    st.caption(plain(_settings(manifest)))
    return Asked(prompt, target, against, method, is_message=written == MESSAGE) if sent else None


def _filled(selected: Selected | None) -> tuple[str, str, str]:
    """Prompt, target and contrast as the boxes show them."""
    if selected is None:
        return "", "", ""
    texts = selected.prompt, selected.target, live_explanation.contrast_of(selected)
    prompt, target, against = (UNTYPABLE.sub("\ufffd", text.replace("\r\n", "\n")) for text in texts)
    return prompt, target, against


def _is_changed(asked: Asked, selected: Selected | None) -> bool:
    """Whether anything but the method differs from the stored answer."""
    return selected is None or (asked.prompt, asked.target, asked.against) != _filled(selected)


def _settings(manifest: RunManifest) -> str:
    """What is taken from the run, for the reader."""
    config, model = manifest.config, manifest.model
    template = config.get("chat_template", "auto")
    return (
        f"With the run's settings: {model.name}, digest {model.digest[:12]}, {model.dtype} on {model.device}, context "
        f"of {model.max_length:,} tokens, chat template {template}, seed {config.get('seed', '—')}."
    )


def _cost(name: str) -> str:
    from audit.explain.methods.registry import methods  # noqa: PLC0415 - only where something is explained

    return f"{name} ({methods()[name].cost} passes)"


def _explain(manifest: RunManifest, asked: Asked, selected: Selected | None, name: str) -> None:
    """Explain, and keep the result in the session; a fault is kept as one line."""
    if not asked.prompt.strip():
        st.session_state[FAULT_KEY] = "The prompt is empty."
        return
    if not ASKED_LOCK.acquire(blocking=False):
        st.session_state[FAULT_KEY] = "Busy: another explanation is being made. Try again in a moment."
        return
    try:
        _make(manifest, asked, selected, name)
    finally:
        ASKED_LOCK.release()


def _make(manifest: RunManifest, asked: Asked, selected: Selected | None, name: str) -> None:
    """As :func:`_explain`, where nobody else's is being made.

    Streamlit ends a page that nobody looks at any more by an exception at each call.
    """
    bar = st.progress(0.0, "Loading the checkpoint …")
    try:
        config = live_explanation.config_of(manifest)
        engine = live_explanation.loaded(manifest, config)
        made = live_explanation.explained(engine, config, asked, selected, _Bar(bar))
        remarks = [] if selected is not None or name == "own" else ["The prompt or answer differs from the sample's."]
        other = live_explanation.remark_on(manifest, engine)
        st.session_state[MADE_KEY] = ((manifest.run_id, name), made, [*remarks, *([other] if other else [])])
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
    bar.empty()
