"""A run's benchmark tasks as files of lm-eval's own form: ``results_*.json`` and one ``samples_*.jsonl`` per task."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from audit.core.errors import RunFolderError
from audit.core.filesystem import make_folder, write_text
from audit.core.records.files.surrogates import json_escaped
from audit.gate import evidence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import RunManifest
    from audit.core.records.logged import LoggedAnswers, LoggedSample, LoggedTask
    from audit.core.run_folder import RunFolder

NAME = re.compile(r"[\"<>:/|\\?*\[\]]+")
"""Characters of a model's name that lm-eval replaces in names of folders."""
WITHHELD = "[withheld: personal data]"
"""Replaces answers that a run does not keep."""


def write(folder: RunFolder, target: Path) -> list[Path]:
    """Write a run's benchmark tasks as ``lm_eval --log_samples --output_path TARGET`` does (0.4.13).

    Answers with personal data are replaced by a note, like in the run folder. Probes are not exported: lm-eval has no
    form for them.

    Args:
        folder: The run.
        target: Folder; the files go into a folder in it that is named for the model.

    Returns:
        The files, the results first.

    Raises:
        EvidenceInvalid: The files of the folder contradict each other.
        RunFolderError: The run holds no benchmark task.
        WriteError: A file cannot be written.
    """
    evidence.check(folder)
    manifest, logged = folder.read_manifest(), folder.read_logged()
    if not logged:
        msg = f"{folder.path}: no benchmark task ran in this run, so there is nothing to export in lm-eval's format"
        raise RunFolderError(msg)
    place = make_folder(target / NAME.sub("__", manifest.model.name))
    moment = manifest.started.replace(tzinfo=None).isoformat().replace(":", "-")
    files = [place / f"results_{moment}.json"]
    write_text(files[0], _json(results(manifest, logged), indent=2) + "\n")
    for task in logged:
        if task.members is None:
            lines = [_json(line) for line in _lines(task)]
            files.append(place / f"samples_{_file_name(task.task)}_{moment}.jsonl")
            write_text(files[-1], "".join(f"{line}\n" for line in lines))
    return files


def results(manifest: RunManifest, logged: Sequence[LoggedTask]) -> dict[str, Any]:
    """The results file as one mapping."""
    tasks, groups = [one for one in logged if one.members is None], [one for one in logged if one.members is not None]
    scored = {group.task: group.results for group in groups if any("," in key for key in group.results)}
    shots = {task.task: task.shots for task in tasks}
    directions = {task.task: task.higher_is_better for task in tasks}
    for group in groups:
        inner = {shots[name] for name in group.members or [] if name in shots}
        shots |= {group.task: inner.pop()} if len(inner) == 1 else {}
        merged = _directions([directions[name] for name in group.members or [] if name in directions])
        directions |= {group.task: merged} if merged else {}
    return {
        "results": {one.task: one.results for one in logged},
        **({"groups": scored} if scored else {}),
        "group_subtasks": {group.task: group.members for group in groups},
        "configs": {task.task: task.config for task in sorted(tasks, key=lambda one: one.task)},
        "versions": {one.task: one.version for one in sorted(logged, key=lambda one: one.task)},
        "n-shot": dict(sorted(shots.items())),
        "higher_is_better": dict(sorted(directions.items())),
        "n-samples": {
            task.task: {"original": task.original, "effective": task.results.get("sample_len", 0)} for task in tasks
        },
        **_about(manifest, tasks),
    }


def _about(manifest: RunManifest, tasks: Sequence[LoggedTask]) -> dict[str, Any]:
    """What lm-eval says of model, machine and prompts."""
    environment = next((task.environment for task in tasks if task.environment.get("chat_template")), None)
    environment = environment or (tasks[0].environment if tasks else {})
    seconds = (manifest.finished - manifest.started).total_seconds() if manifest.finished else 0.0
    return {
        "config": _arguments(manifest),
        "git_hash": manifest.git.commit,
        "date": manifest.started.timestamp(),
        "pretty_env_info": manifest.signature,
        "transformers_version": manifest.packages.get("transformers"),
        "lm_eval_version": manifest.packages.get("lm_eval"),
        "upper_git_hash": None,
        **{key: environment[key] for key in environment if key.startswith("tokenizer_")},
        "eot_token_id": environment.get("eot_token_id"),
        "max_length": environment.get("max_length"),
        "task_hashes": {task.task: _task_hash(task) for task in tasks},
        "model_source": "audit",
        "model_name": manifest.model.name,
        "model_name_sanitized": NAME.sub("__", manifest.model.name),
        **_prompts(environment),
        "total_evaluation_time_seconds": str(seconds),
    }


def _arguments(manifest: RunManifest) -> dict[str, Any]:
    """The arguments of the run, as lm-eval calls them."""
    model, config, seed = manifest.model, manifest.config, manifest.seeds["run"]
    return {
        "model": "audit",
        "model_args": {"pretrained": model.source},
        "model_num_parameters": model.parameter_count,
        "model_dtype": f"torch.{model.dtype}",
        "model_revision": model.revision or "main",
        "model_sha": model.digest,
        "batch_size": None,
        "batch_sizes": [],
        "device": model.device,
        "use_cache": None,
        "limit": None if config.get("limit") == "all" else config.get("limit"),
        "bootstrap_iters": 0,
        "gen_kwargs": config["evals"].get("gen_kwargs") or None,
        **dict.fromkeys(("random_seed", "numpy_seed", "torch_seed", "fewshot_seed"), seed),
    }


def _prompts(environment: dict[str, Any]) -> dict[str, Any]:
    """What every prompt is wrapped in."""
    template, system = environment.get("chat_template"), environment.get("system_instruction")
    return {
        "system_instruction": system,
        "system_instruction_sha": _sha256(system) if system else None,
        "fewshot_as_multiturn": environment.get("fewshot_as_multiturn"),
        "chat_template": template,
        "chat_template_sha": _sha256(template) if isinstance(template, str) else None,
    }


def _lines(task: LoggedTask) -> list[dict[str, Any]]:
    """The lines of a task: all items for its first filter, then for the next."""
    filters = range(len(task.samples[0].filters) if task.samples else 0)
    return [_line(sample, sample.filters[place]) for place in filters for sample in task.samples]


def _line(sample: LoggedSample, answers: LoggedAnswers) -> dict[str, Any]:
    """One item and filter."""
    arguments = {
        f"gen_args_{number}": {f"arg_{place}": value for place, value in enumerate(values)}
        for number, values in enumerate(sample.arguments)
    }
    missing = [WITHHELD] * len(sample.arguments)
    return {
        "doc_id": sample.doc_id,
        "doc": sample.doc,
        "target": sample.target,
        "arguments": arguments,
        "resps": _shown(sample.resps) if sample.resps is not None else [[text] for text in missing],
        "filtered_resps": _shown(answers.filtered_resps) if answers.filtered_resps is not None else missing,
        "filter": answers.filter,
        "metrics": list(answers.metrics),
        "doc_hash": sample.doc_hash,
        "prompt_hash": sample.prompt_hash,
        "target_hash": sample.target_hash,
        **answers.metrics,
    }


def _shown(value: Any) -> Any:  # noqa: ANN401 - nested lists of texts
    """Answers with words in place of those that were taken out."""
    return [_shown(inner) for inner in value] if isinstance(value, list) else WITHHELD if value is None else value


def _directions(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Directions of a group's metrics; null where its tasks differ."""
    merged: dict[str, Any] = {}
    for part in parts:
        for name, better in part.items():
            merged[name] = better if merged.get(name, better) == better else None
    return merged


def _file_name(task: str) -> str:
    """A task's name as a part of a file name."""
    return re.sub(r"[^\w.-]", "_", task)


def _task_hash(task: LoggedTask) -> str:
    """lm-eval's digest of a task: over the digests of its items, once per filter."""
    once = "".join(sample.doc_hash + sample.prompt_hash + sample.target_hash for sample in task.samples)
    return _sha256(once * (len(task.samples[0].filters) if task.samples else 0))


def _sha256(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _json(values: object, indent: int | None = None) -> str:
    """JSON with characters as they are but for lone surrogates, which UTF-8 cannot hold."""
    return json_escaped(json.dumps(values, indent=indent, ensure_ascii=False))
