"""Page: outputs one by one, in random order and without scores, to be rated 1 to 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app import links, stored
from audit.app.untrusted import is_masked, plain, show_mask, show_text, show_thinking
from audit.core.errors import AuditError
from audit.ratings import NewRating, RatingQueue, add, output_digest, rating_queue, read_latest

if TYPE_CHECKING:
    from audit.app.settings import Settings
    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

SCALE = {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Very good"}
"""Words of the scale; Streamlit writes the key, which is the number, beside them."""
SKIPPED_KEY, AGAIN_KEY, FAULT_KEY = "rate_skipped", "rate_again", "rate_fault"


def page(run: RunFolder, settings: Settings) -> None:
    """Who rates, what is left, the next output, five buttons."""
    links.leave_out("task", "sample")
    st.title("Rate outputs", anchor=False)
    tasks = {f"{suite}/{task}": (suite, task) for suite, task in stored.tasks(run)}
    if not tasks:
        st.info("This run has no samples yet.")
        return
    rater, names = _who_and_what(list(tasks))
    if not rater:
        st.info("Enter your name. Ratings are kept under it, and it decides in which order you see the outputs.")
        return
    run_id = stored.manifest(run).run_id
    samples = [sample for name in names for sample in stored.samples(run, *tasks[name])]
    queue = rating_queue(samples, run_id, rater, read_latest(settings.database_url, run_id, rater))
    _progress(queue)
    sample = _next(queue)
    if sample is None:
        _say_done(queue)
    else:
        _ask(sample, queue, settings.database_url, rater, run_id)


def _who_and_what(tasks: list[str]) -> tuple[str, list[str]]:
    """The rater's name and the tasks to rate, kept while other pages are looked at."""
    left, right = st.columns([1, 2])
    st.session_state["rater_box"] = st.session_state.get("rater", "")
    left.text_input("Your name", key="rater_box", max_chars=100, on_change=_keep, args=("rater",))
    kept = [task for task in st.session_state.get("rate_tasks", []) if task in tasks]
    st.session_state["rate_tasks_box"] = kept
    right.multiselect("Tasks", tasks, key="rate_tasks_box", placeholder="all", on_change=_keep, args=("rate_tasks",))
    return st.session_state.get("rater", "").strip(), kept or tasks


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[f"{name}_box"]


def _progress(queue: RatingQueue) -> None:
    done, total = len(queue.rated), queue.total
    left_out = f" · {queue.unrateable:,} left out, having no output" if queue.unrateable else ""
    st.progress(done / total if total else 1.0, text=f"{done:,} of {total:,} rated{left_out}")


def _next(queue: RatingQueue) -> Sample | None:
    """The sample to show: the one to rate again, else the next one; skipped ones come last."""
    again = st.session_state.get(AGAIN_KEY)
    for sample in queue.rated:
        if sample.sample_id == again:
            return sample
    skipped: list[str] = st.session_state.get(SKIPPED_KEY, [])
    last = {sample_id: position for position, sample_id in enumerate(skipped)}
    return min(queue.pending, key=lambda sample: last.get(sample.sample_id, -1), default=None)


def _say_done(queue: RatingQueue) -> None:
    if queue.total == 0:
        st.info("None of these samples has an output to rate.")
        return
    st.success("All of these outputs are rated. Thank you.", icon=":material/check_circle:")
    _back_button()


def _ask(sample: Sample, queue: RatingQueue, database_url: str, rater: str, run_id: str) -> None:
    fault = st.session_state.pop(FAULT_KEY, None)
    if fault:
        st.error(plain(f"Not saved: {fault}"), icon=":material/error:")
    again = sample.sample_id == st.session_state.get(AGAIN_KEY)
    st.caption(plain(f"{sample.task} · rated before, the new rating will count" if again else sample.task))
    masked = is_masked(sample)
    if masked:
        show_mask(sample, "show_rated")
    else:
        _show(sample)
    comment_key = f"comment_{sample.sample_id}"
    st.text_area("Comment", key=comment_key, height=80, max_chars=5000, placeholder="optional; written with the rating")
    about = {"rater": rater, "run_id": run_id, "suite": sample.suite, "task": sample.task}
    about |= {"sample_id": sample.sample_id, "output_sha256": output_digest(sample.output or "")}
    for place, (points, label) in zip(st.columns(len(SCALE)), SCALE.items(), strict=True):
        place.button(
            label,
            # With the sample in its key a second click that was meant for this sample cannot rate the next one.
            key=f"rate_{sample.sample_id}_{points}",
            shortcut=str(points),
            width="stretch",
            disabled=masked,
            on_click=_save,
            args=(database_url, about, points, comment_key),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        _skip_button(sample, queue)
        _back_button()
        st.caption(
            "Keys outside the comment: 1 to 5 rate, S skips, B goes back, O shows hidden text. No scores on this page."
        )


def _show(sample: Sample) -> None:
    prompt, output = st.columns(2, gap="large")
    with prompt:
        st.markdown("**Prompt**")
        show_text(sample.prompt, absent="none", height=380)
    with output:
        st.markdown("**Output**")
        show_text(sample.output, absent="none", height=380)
        show_thinking(sample)


def _save(database_url: str, about: dict[str, str], points: int, comment_key: str) -> None:
    """Write the rating; on an error the sample stays where it is and the page says why."""
    comment = st.session_state.get(comment_key) or ""
    try:
        add(database_url, NewRating.model_validate({**about, "rating": points, "comment": comment.strip()}))
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    st.session_state[AGAIN_KEY] = None
    st.session_state.setdefault("rate_history", []).append(about["sample_id"])


def _skip_button(sample: Sample, queue: RatingQueue) -> None:
    only = len(queue.pending) < 2
    st.button(
        "Skip", key=f"skip_{sample.sample_id}", shortcut="S", disabled=only, on_click=_skip, args=(sample.sample_id,)
    )


def _skip(sample_id: str) -> None:
    if st.session_state.get(AGAIN_KEY) == sample_id:
        st.session_state[AGAIN_KEY] = None
        return
    skipped = [other for other in st.session_state.get(SKIPPED_KEY, []) if other != sample_id]
    st.session_state[SKIPPED_KEY] = [*skipped, sample_id]


def _back_button() -> None:
    history = st.session_state.get("rate_history", [])
    st.button("Back", key="rate_back", shortcut="B", disabled=not history, on_click=_go_back)


def _go_back() -> None:
    """To the sample rated last in this session; pressed again, to the one before it."""
    st.session_state[AGAIN_KEY] = st.session_state["rate_history"].pop()
