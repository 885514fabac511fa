"""How the run changes the way tasks are asked: few-shot examples, generation settings, selected items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.core.errors import SettingUnavailable, TaskUnavailable
from audit.core.item_draw import choose, choose_clusters
from audit.core.names import check_of
from audit.core.records import sample_id
from audit.engine.settings import bound, of_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lm_eval.api.task import Task

    from audit.core.config import EvalsConfig, Limit
    from audit.engine import Engine
    from audit.evals.catalogue import OwnTask

BOUNDS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens", "max_length")
"""Names of the limit of new tokens: one given by the run replaces the task's, whatever its name."""


def prepare(task: Task, config: EvalsConfig, own: OwnTask | None, engine: Engine, *, templated: bool = False) -> None:
    """Apply the run's settings to a task's configuration.

    Args:
        task: lm-eval's task; changed in place.
        config: Configuration of the benchmark tasks.
        own: The audit's part of its task file; None for another task.
        engine: Its listener is informed about settings that do not apply.
        templated: Whether its prompts go through the checkpoint's chat template.

    Raises:
        TaskUnavailable: The task has fewer examples than are wanted.
    """
    _set_shots(task, config.num_fewshot, own, engine)
    for name, value in (own.in_chat if own and templated else {}).items():
        task.set_config(name, value)
    if config.gen_kwargs and str(task.OUTPUT_TYPE) == "generate_until":
        theirs = dict(task.get_config("generation_kwargs") or {})
        task.set_config("generation_kwargs", generation_settings(theirs, config.gen_kwargs))


def generation_settings(theirs: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A task's generation settings, overridden by those of the run.

    A temperature above 0 asks for sampling, and sampling for a temperature other than the task's 0, as people who give
    only one of the two mean it. Of several bounds the last counts: the command line's comes after the file's. A setting
    that is null is the task's own.
    """
    given = {key: value for key, value in given.items() if value is not None}
    bounds = [key for key in given if key in BOUNDS]
    if bounds:
        theirs = {key: value for key, value in theirs.items() if key not in BOUNDS}
        given = {key: value for key, value in given.items() if key not in bounds[:-1]}
    if given.get("temperature") and "do_sample" not in given:
        given = {**given, "do_sample": True}
    if given.get("do_sample") and "temperature" not in given and not theirs.get("temperature"):
        theirs = {key: value for key, value in theirs.items() if key != "temperature"}
    return {**theirs, **given}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse unsupported generation settings, whoever gives them; null values do not count.

    Raises:
        SettingUnavailable: One cannot; the message names it.
    """
    given = {key: value for key, value in settings.items() if value is not None}
    of_request(given)
    for name in given.keys() & set(BOUNDS):
        bound({"max_gen_toks": given[name]})
    until = given.get("until", [])
    if not all(isinstance(stop, str) for stop in (until if isinstance(until, list) else [until])):
        msg = f"generation setting until: {until!r} is neither a string nor a list of strings"
        raise SettingUnavailable(msg)


def pick(
    task: Task,
    config: EvalsConfig,
    limit: Limit | None,
    seed: int,
    data: str,
    clusters: Sequence[str] | None = None,
) -> list[int]:
    """Positions of the items to run, ascending.

    Args:
        task: lm-eval's task.
        config: ``samples`` may name the items; the limit then has no effect.
        limit: Limit of the draw otherwise.
        seed: Seed of the draw.
        data: Name of the data set, part of each sample's id.
        clusters: The cluster of each item, to draw whole ones; None draws items.

    Raises:
        TaskUnavailable: The task has no items, or an item that is named is not there.
    """
    name, docs = str(task.task_name), task.eval_docs
    if not len(docs):
        msg = f"{name} has no items: its data set has no rows"
        raise TaskUnavailable(msg)
    wanted = config.samples.get(name)
    if wanted is None:
        return (
            choose(len(docs), limit, seed, name) if clusters is None else choose_clusters(clusters, limit, seed, name)
        )
    ids = {item for item in wanted if isinstance(item, str)}
    places = {item for item in wanted if isinstance(item, int)}
    if ids:
        found = {sample_id(name, data, doc_hash(doc)): place for place, doc in reversed(list(enumerate(docs)))}
        missing = sorted(ids - found.keys())
        if missing:
            msg = f"--samples: {name} has no item {missing[0]}: give a sample_id of its samples file or a position"
            raise TaskUnavailable(msg)
        places |= {found[item] for item in ids}
    beyond = sorted(place for place in places if not 0 <= place < len(docs))
    if beyond:
        msg = f"--samples: {name} has no item {beyond[0]}: its {len(docs)} items are 0 to {len(docs) - 1}"
        raise TaskUnavailable(msg)
    return sorted(places)


def doc_hash(doc: Any) -> str:  # noqa: ANN401 - any row
    """lm-eval's digest of a row, as its evaluator logs it."""
    from lm_eval.utils import handle_non_serializable, hash_string  # noqa: PLC0415 - takes seconds to import

    text = json.dumps(doc, indent=2, default=handle_non_serializable, ensure_ascii=False)
    return str(hash_string(text))


def _set_shots(task: Task, wanted: int | None, own: OwnTask | None, engine: Engine) -> None:
    """The number of examples, by lm-eval's rule: a file that says 0 keeps 0."""
    theirs = task.get_config("num_fewshot")
    if wanted is None:
        task.set_config("num_fewshot", theirs or 0)
        return
    name = str(task.task_name)
    if own is not None and wanted > (theirs or 0):
        has = f"{theirs} examples" if theirs else "no examples"
        if check_of(name) is not None:
            instead = "leave out --num-fewshot"
        else:
            more = f"lm-eval:{name} may have more"
            instead = more if own.data else "a task file can show more: docs/reference/lm_eval.md"
        msg = f"{name} has {has}, but {wanted} were requested: {instead}"
        raise TaskUnavailable(msg)
    if own is None and theirs == 0 and wanted:
        engine.progress.say(f"{name}: its task file sets num_fewshot to 0, so --num-fewshot is ignored, as in lm-eval")
        return
    task.set_config("num_fewshot", wanted)
