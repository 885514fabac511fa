"""An explanation made on the spot: of a sample, or of a prompt that somebody types.

The run's own checkpoint is loaded, once per process and without asking a hub; it must be the one that the run measured.
One explanation is made at a time, because two would share the cores.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.app import access, attribution, stored
from audit.app.untrusted import is_masked, plain
from audit.core.errors import AuditError, UsageError
from audit.core.progress import Silent
from audit.core.sensitive import not_explainable
from audit.reports.explain_command import explain_command

if TYPE_CHECKING:
    from audit.core.records import Attribution, RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.engine.engine import Engine

LONGEST_PROMPT, LONGEST_TARGET = 6_000, 400
"""Characters that are explained on the spot."""
FEATURES = 24
"""Features at most, so that an answer comes within seconds on two cores."""
PAIRS = 4
"""Pairs of random orders that faithfulness is compared with."""
METHODS = ("occlusion", "shapley", "gradient_x_input", "integrated_gradients", "attention_rollout", "lime")
MADE_KEY, FAULT_KEY = "explained_now", "explain_fault"
LIVE = "Made on the spot, not part of the run: no report shows it, and no digest covers it."
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
        sample: The sample that is looked at: its prompt and answer stand in the form.
    """
    st.header("Explain now", anchor=False)
    manifest = stored.manifest(run)
    if sample is not None and (is_masked(sample) or not_explainable(sample)):
        sample = None
    command = explain_command(str(run.path), sample) if sample is not None else None
    why = why_not(manifest) or (too_long(sample) if sample is not None else None)
    if why is not None:
        st.info(plain(why))
        if command is not None:
            st.code(command, language="bash", wrap_lines=True)
        return
    name = sample.sample_id if sample is not None else "own"
    with st.form(f"explain_{name}", border=True):
        prompt = st.text_area(
            "Prompt, exactly as the checkpoint sees it", sample.prompt if sample else "",
            max_chars=LONGEST_PROMPT, height=180, key=f"explain_prompt_{name}",
        )  # fmt: skip
        left, middle, right = st.columns(3)
        target = left.text_input(
            "Target: the continuation that is explained", _target(sample), max_chars=LONGEST_TARGET,
            key=f"explain_target_{name}", help="With its leading space. Empty: the checkpoint's own answer.",
        )  # fmt: skip
        against = middle.text_input(
            "Rather than", _other(sample), max_chars=LONGEST_TARGET, key=f"explain_against_{name}",
            help="Explains the difference of two log-probabilities; empty explains the target alone.",
        )  # fmt: skip
        method = right.selectbox("Method", METHODS, format_func=_cost, key=f"explain_method_{name}")
        sent = st.form_submit_button("Explain", icon=":material/lightbulb:", type="primary")
    if sent:
        access.log("opened", page="explain now", run=run.path.name, sample=name)
        _explain(run, prompt, target, against, method, name)
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error(plain(fault), icon=":material/error:")
        if command is not None:
            st.code(command, language="bash", wrap_lines=True)
    made: tuple[tuple[str, str], Attribution] | None = st.session_state.get(MADE_KEY)
    if made is not None and made[0] == (manifest.run_id, name):
        st.warning(LIVE, icon=":material/bolt:")
        attribution.show([made[1]])


def why_not(manifest: RunManifest) -> str | None:
    """Why the run's checkpoint is not loaded here; None where it may be tried."""
    config = manifest.config
    if not config.get("model"):
        return "The run does not say which checkpoint it measured: it was imported from another tool."
    if str(config["model"]).startswith(("openai:", "vllm:")):
        return "The checkpoint was behind a server. Explain with the command line, where the server can be named:"
    if config.get("trust_remote_code") or config.get("allow_pickle"):
        return (
            "This checkpoint brings code of its own, which the app does not run. On the command line you can allow it:"
        )
    return None


def too_long(sample: Sample) -> str | None:
    """Why a sample is not explained here; None where it is short enough. A part of it would be another prompt."""
    if len(sample.prompt) <= LONGEST_PROMPT and max(map(len, (_target(sample), _other(sample)))) <= LONGEST_TARGET:
        return None
    most = f"{LONGEST_PROMPT:,} characters of a prompt and {LONGEST_TARGET:,} of an answer"
    return f"This sample is too long to be explained here, where at most {most} are. The command line explains it:"


def _target(sample: Sample | None) -> str:
    if sample is None:
        return ""
    if sample.choice is not None and sample.choice.chosen is not None:
        return sample.choice.options[sample.choice.chosen]
    return sample.output or ""


def _other(sample: Sample | None) -> str:
    """Of a choice the right option, where another was chosen."""
    choice = sample.choice if sample is not None else None
    if choice is None or choice.right is None or choice.right == choice.chosen:
        return ""
    return choice.options[choice.right]


def _cost(name: str) -> str:
    from audit.explain.methods.registry import methods  # noqa: PLC0415 - only where something is explained

    return f"{name} ({methods()[name].cost} passes)"


def _explain(run: RunFolder, prompt: str, target: str, against: str, method: str, name: str) -> None:
    """Explain, and keep the result in the session; a fault is kept as one line."""
    if not prompt.strip():
        st.session_state[FAULT_KEY] = "The prompt is empty."
        return
    if not ASKED_LOCK.acquire(blocking=False):
        st.session_state[FAULT_KEY] = "Busy: another explanation is being made. Try again in a moment."
        return
    bar = st.progress(0.0, "Loading the checkpoint …")
    try:
        engine = loaded(stored.manifest(run))
        made = explained(engine, prompt, target, against or None, method, _Bar(bar))
        st.session_state[MADE_KEY] = ((stored.manifest(run).run_id, name), made)
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
    finally:
        bar.empty()
        ASKED_LOCK.release()


def loaded(manifest: RunManifest) -> Engine:
    """The run's checkpoint, loaded once per process.

    Raises:
        AuditError: It is not here, or another one now stands in its place.
    """
    config = manifest.config
    names = ("base", "dtype", "revision", "quantization", "max_length", "tokenizer")
    given = tuple((name, config[name]) for name in names if config.get(name) is not None)
    engine = _engine(str(config["model"]), given)
    if engine.record.digest != manifest.model.digest:
        msg = f"{config['model']}: this is not the checkpoint that the run measured: its weights have another digest"
        raise UsageError(msg)
    return engine


@st.cache_resource(max_entries=1, show_spinner=False)
def _engine(model: str, given: tuple[tuple[str, Any], ...]) -> Engine:
    from audit.engine.load import load  # noqa: PLC0415 - torch takes seconds to import

    engine = load(model, offline=True, **dict(given))
    engine.check_sound()
    return engine


def explained(
    engine: Engine, prompt: str, target: str, against: str | None, method: str, progress: Silent
) -> Attribution:
    """One attribution.

    Args:
        engine: The checkpoint.
        prompt: What it sees.
        target: What is explained; empty takes its own greedy answer.
        against: Explain the difference of the log-probabilities of both.
        method: One of :data:`METHODS`.
        progress: Listener.

    Raises:
        AuditError: The method cannot explain this, or the checkpoint gave no answer.
    """
    from audit.engine import GenerateRequest  # noqa: PLC0415 - torch takes seconds to import
    from audit.explain.attribute import How, attribute_one, prepare  # noqa: PLC0415 - as above
    from audit.explain.methods.registry import methods  # noqa: PLC0415 - as above

    with engine.at_work(progress):
        if not target:
            completion = engine.generate([GenerateRequest(prompt, max_new_tokens=16)])[0]
            target = completion.generations[0].text if completion.generations else ""
        if not target.strip():
            msg = "the checkpoint gave no answer: name a target"
            raise UsageError(msg)
        masked = prepare(engine, prompt, target, against=against, max_features=FEATURES)
        return attribute_one(masked, methods()[method], How(seed=1234, pairs=PAIRS))
