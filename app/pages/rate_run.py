"""Page: outputs of a run, without a project, to be rated 1 to 5: in random order, without scores and names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, links, messages, stored
from audit.app.elements.rating import keys
from audit.app.untrusted import is_masked, plain, show_mask, show_text, show_thinking
from audit.core.errors import AuditError
from audit.core.records import split_address
from audit.ratings import (
    NewRating,
    RatingQueue,
    add,
    drawn,
    every_text,
    output_digest,
    rating_queue,
    read_latest,
    withdraw,
)
from audit.ratings.projects.blinding import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.ratings import Rating

SCALE = {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Very good"}
"""Words of the scale; Streamlit writes the key, which is the number, next to them."""
SKIPPED_KEY, AGAIN_KEY, HISTORY_KEY = "rate_skipped", "rate_again", "rate_history"
SHOWN_KEY, SAVED_KEY, FAULT_KEY, WARNING_KEY = "rate_shown", "rate_saved", "rate_fault", "rate_warning"
EVERY_KEY, EVERY_BOX_KEY = "rate_every_text", "rate_every_text_box"
DRAW_KEY, DRAW_BOX_KEY = "rate_drawn", "rate_drawn_box"
MOST_DRAWN = 1_000_000
"""Outputs of each task that a random sample may have; more than any task has."""
ADD_ITEMS_FIRST = (
    "the run stopped before all items were measured. A gate corrects scores by a sample of all items, which is another "
    "one: add the items before you rate; audit gate names the command."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One output on the page, from when it appears until it is rated."""

    sample_id: str
    """The sample."""
    masked: bool
    """Whether its text is hidden."""
    since: float
    """When it appeared, by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The rating that was saved last."""

    rating_id: int
    """Its number in the database."""
    sample_id: str
    """The sample."""
    task: str
    """Its task."""
    points: int
    """1 to 5."""
    comment: str
    """What was written with it."""


def page(run: RunFolder, settings: AppSettings) -> None:
    """Who rates, what is left, the next output, five buttons."""
    links.leave_out("task", "sample")
    st.html(keys.NO_REPEAT, unsafe_allow_javascript=True)
    st.title("Rate a run without a project", anchor=False)
    tasks = {f"{suite}/{task}": (suite, task) for suite, task in stored.tasks(run)}
    if not tasks:
        st.info("This run has no samples yet.")
        return
    rater = access.user()
    if not rater:
        access.ask_name()
        return
    names = _rater_and_tasks(rater, list(tasks))
    manifest = stored.manifest(run)
    run_id = manifest.run_id
    of_tasks = [stored.samples(run, *tasks[name]) for name in names]
    stopped = _stopped_early(manifest, [tasks[name][1] for name in names])
    samples = _texts_to_rate(_sampled(of_tasks, run_id, stopped))
    ratings = read_latest(settings.database_url, run_id, rater)
    queue = rating_queue(samples, run_id, rater, ratings)
    _progress(queue)
    _confirm(settings.database_url)
    sample = _next(queue)
    if sample is None:
        _say_done(queue)
        return
    earlier = _earlier(sample, ratings)
    hidden = (manifest.model.name,)
    _ask(sample, queue, settings.database_url, rater, run_id, earlier if sample in queue.rated else None, hidden)


def _earlier(sample: Sample, ratings: Sequence[Rating]) -> Rating | None:
    """The latest rating of this text of the sample, at whatever address."""
    about = split_address(sample.sample_id)[0], output_digest(sample.output or "")
    same = (one for one in reversed(ratings) if (split_address(one.sample_id)[0], one.output_sha256) == about)
    return next(same, None)


def _rater_and_tasks(rater: str, tasks: list[str]) -> list[str]:
    """Show who rates; the tasks to rate, kept while other pages are looked at."""
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Rating as **{plain(rater)}**")
        if access.is_machine():
            st.button("Change name", key="change_name", on_click=_forget_rater)
    kept = [task for task in st.session_state.get("rate_tasks", []) if task in tasks]
    st.session_state["rate_tasks_box"] = kept
    right.multiselect("Tasks", tasks, key="rate_tasks_box", placeholder="all", on_change=_keep, args=("rate_tasks",))
    return kept or tasks


def _stopped_early(manifest: RunManifest, tasks: list[str]) -> list[str]:
    """Those of some tasks that were looked at while they ran and lack items: a gate draws from all of them."""
    looked_at = manifest.looks.tasks if manifest.looks else {}
    return [task for task in tasks if task in looked_at and looked_at[task].limit != looked_at[task].most]


def _sampled(of_tasks: list[list[Sample]], run_id: str, stopped: list[str]) -> list[Sample]:
    """The samples; where the reader wants so, only those that are drawn at random from each task."""
    st.session_state[DRAW_BOX_KEY] = st.session_state.get(DRAW_KEY, 0)
    help_text = "Rate only this many outputs of each task, drawn at random; a gate can correct scores by them. 0: all."
    count = st.number_input(
        "Random sample per task",
        min_value=0,
        max_value=MOST_DRAWN - 1,
        step=50,
        key=DRAW_BOX_KEY,
        help=help_text,
        on_change=_keep_draw,
        width=220,
    )
    if not count:
        return [sample for samples in of_tasks for sample in samples]
    if stopped:
        st.warning(plain(f"{', '.join(stopped)}: {ADD_ITEMS_FIRST}"), icon=":material/rule:")
    return [sample for samples in of_tasks for sample in drawn(samples, run_id, int(count))]


def _keep_draw() -> None:
    drawn_each = messages.received(DRAW_BOX_KEY, "value", lambda sent: messages.whole_number(sent, MOST_DRAWN))
    if drawn_each is not None:
        st.session_state[DRAW_KEY] = drawn_each


def _texts_to_rate(samples: list[Sample]) -> list[Sample]:
    """The samples; where the reader wants to rate every sampled text, each text as a sample with its own address."""
    several = sum(bool(sample.completions) for sample in samples)
    if not several:
        return samples
    st.session_state[EVERY_BOX_KEY] = st.session_state.get(EVERY_KEY, False)
    help_text = f"{several:,} of these prompts have several sampled texts. Otherwise only the scored output is rated."
    wanted = st.toggle("Rate every sampled text", key=EVERY_BOX_KEY, help=help_text, on_change=_keep_every)
    return every_text(samples) if wanted else samples


def _keep_every() -> None:
    st.session_state[EVERY_KEY] = st.session_state[EVERY_BOX_KEY]


def _forget_rater() -> None:
    """Another person sits down: nothing of the one before stays."""
    for key in (access.RATER_KEY, SKIPPED_KEY, AGAIN_KEY, SAVED_KEY, HISTORY_KEY):
        st.session_state.pop(key, None)


def _keep(name: str) -> None:
    st.session_state[name] = st.session_state[f"{name}_box"]


def _progress(queue: RatingQueue) -> None:
    done, total = len(queue.rated), queue.total
    left_out = f" · {queue.unrateable:,} left out: no output" if queue.unrateable else ""
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


def _confirm(database_url: str) -> None:
    """What was saved last, with a way to take it back."""
    fault, warning = st.session_state.pop(FAULT_KEY, None), st.session_state.pop(WARNING_KEY, None)
    if fault:
        st.error(plain(f"Not saved: {fault}"), icon=":material/error:")
    if warning:
        st.warning(warning, icon=":material/touch_app:")
    saved: Saved | None = st.session_state.get(SAVED_KEY)
    if saved:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(f"Saved for the previous output: {saved.points} · {SCALE[saved.points]} ({saved.task})"))
            st.button("Undo", key="rate_undo", shortcut="U", on_click=_undo, args=(database_url, saved))


def _undo(database_url: str, saved: Saved) -> None:
    """Withdraw the rating and show its output again."""
    if st.session_state.get(SAVED_KEY) != saved:
        return
    st.session_state[SAVED_KEY] = None
    try:
        access.require("rater", "adjudicator")
        withdraw(database_url, saved.rating_id)
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    st.session_state[AGAIN_KEY] = saved.sample_id
    st.session_state[_comment_key(saved.sample_id)] = saved.comment
    history: list[str] = st.session_state.get(HISTORY_KEY, [])
    if saved.sample_id in history:
        history.remove(saved.sample_id)


def _ask(
    sample: Sample,
    queue: RatingQueue,
    database_url: str,
    rater: str,
    run_id: str,
    earlier: Rating | None,
    names: tuple[str, ...],
) -> None:
    before = f" · rated before: {earlier.rating} · {SCALE[earlier.rating]}; a new rating will count" if earlier else ""
    index = split_address(sample.sample_id)[1]
    which = "" if index is None else f" · sampled text #{index}"
    st.caption(plain(f"{sample.task}{which}{before}"))
    hidden = is_masked(sample)
    if hidden:
        show_mask(sample, "show_rated")
        st.caption("Show it (key O) before you rate it: the keys 1 to 5 are off until then.")
    else:
        _show(sample, names)
    comment_key = _comment_key(sample.sample_id)
    if earlier:
        st.session_state.setdefault(comment_key, earlier.comment)
    st.text_area("Comment", key=comment_key, height=80, max_chars=5000, placeholder="optional; written with the rating")
    about = {"rater": rater, "run_id": run_id, "suite": sample.suite, "task": sample.task}
    about |= {"sample_id": sample.sample_id, "output_sha256": output_digest(sample.output or "")}
    _rating_buttons(about, database_url, comment_key, _now_shown(sample, masked=hidden))
    with st.container(horizontal=True, vertical_alignment="center"):
        _skip_button(sample, queue)
        _back_button()
        st.caption(
            "Keys outside the comment: 1 to 5 rate, U undoes, S skips, B goes back, O shows hidden text."
            " No scores on this page."
        )


def _rating_buttons(about: dict[str, str], database_url: str, comment_key: str, shown: Shown) -> None:
    """A button per point of the scale; off while the text is hidden."""
    for place, (points, label) in zip(st.columns(len(SCALE)), SCALE.items(), strict=True):
        place.button(
            label,
            # With the sample in its key a second click that was meant for this sample cannot rate the next one.
            key=f"rate_{shown.sample_id}_{points}",
            shortcut=str(points),
            width="stretch",
            disabled=shown.masked,
            on_click=_save,
            args=(database_url, about, points, comment_key, shown),
        )


def _comment_key(sample_id: str) -> str:
    return f"comment_{sample_id}"


def _now_shown(sample: Sample, *, masked: bool) -> Shown:
    """The showing that is drawn now: one goes on while the same sample stays, a rating ends it."""
    shown: Shown | None = st.session_state.get(SHOWN_KEY)
    if shown is None or (shown.sample_id, shown.masked) != (sample.sample_id, masked):
        shown = Shown(sample.sample_id, masked, time.monotonic())
        st.session_state[SHOWN_KEY] = shown
    return shown


def _show(sample: Sample, names: tuple[str, ...]) -> None:
    """Both texts, with names of the checkpoint masked."""
    prompt, output = st.columns(2, gap="large")
    with prompt:
        st.markdown("**Prompt**")
        show_text(masked(sample.prompt, names), absent="none", height=380)
    with output:
        st.markdown("**Output**")
        show_text(None if sample.output is None else masked(sample.output, names), absent="none", height=380)
        show_thinking(sample.model_copy(update={"thinking": sample.thinking and masked(sample.thinking, names)}))


def _save(database_url: str, about: dict[str, str], points: int, comment_key: str, shown: Shown) -> None:
    """Write the rating; on an error the sample stays where it is and the page says why.

    One rating per showing: what comes after it was meant for the same output, and what comes at once cannot be about
    an output that was read.
    """
    if st.session_state.get(SHOWN_KEY) is not shown or shown.masked:
        return
    if time.monotonic() - shown.since < keys.LEAST_SECONDS:
        st.session_state[WARNING_KEY] = "Not saved: this output had only just appeared. Rate it again."
        return
    comment = st.session_state.get(comment_key) or ""
    try:
        access.require("rater", "adjudicator")
        rating = add(database_url, NewRating.model_validate({**about, "rating": points, "comment": comment.strip()}))
    except AuditError as error:
        st.session_state[FAULT_KEY] = str(error)
        return
    st.session_state[SHOWN_KEY] = st.session_state[AGAIN_KEY] = None
    st.session_state[SAVED_KEY] = Saved(rating.id, rating.sample_id, rating.task, points, comment)
    st.session_state.setdefault(HISTORY_KEY, []).append(rating.sample_id)


def _skip_button(sample: Sample, queue: RatingQueue) -> None:
    rated = sample in queue.rated
    only = not rated and len(queue.pending) < 2
    key = f"skip_{sample.sample_id}"
    st.button("Skip", key=key, shortcut="S", disabled=only, on_click=_skip, args=(sample.sample_id, rated))


def _skip(sample_id: str, rated: bool) -> None:
    """Leave a rated sample as it is; put another one last."""
    if st.session_state.get(AGAIN_KEY) == sample_id:
        st.session_state[AGAIN_KEY] = None
    if not rated:
        skipped = [other for other in st.session_state.get(SKIPPED_KEY, []) if other != sample_id]
        st.session_state[SKIPPED_KEY] = [*skipped, sample_id]


def _back_button() -> None:
    history = st.session_state.get(HISTORY_KEY, [])
    st.button("Back", key="rate_back", shortcut="B", disabled=not history, on_click=_go_back)


def _go_back() -> None:
    """To the sample rated last in this session; pressed again, to the one before it."""
    st.session_state[SAVED_KEY] = None
    st.session_state[AGAIN_KEY] = st.session_state[HISTORY_KEY].pop()
