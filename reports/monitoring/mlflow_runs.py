"""Runs in MLflow: one MLflow run per audit run, found again by a tag, so that exporting twice doubles nothing.

Numbers that MLflow holds are never mixed with others: a run whose ``metrics.json`` has changed since takes the place of
the earlier one, which is deleted as ``mlflow`` deletes runs (it can be restored). With the same numbers, tags and
artefacts are brought up to date.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from audit.core.errors import ConfigError
from audit.core.text import printable
from audit.reports.exports.formats import Format
from audit.reports.exports.publication import Publication
from audit.reports.monitoring.packages import import_package
from audit.reports.monitoring.readings import slice_label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from audit.core.records import Metric, RunManifest
    from audit.core.run_folder import RunFolder
    from audit.reports.contents import RunContents

OPTION = "--mlflow"
URI_VARIABLE = "MLFLOW_TRACKING_URI"
LONGEST_NAME, LONGEST_VALUE = 250, 500
"""Characters of names and of parameters that every version of MLflow takes."""
PER_CALL = {"metrics": 1000, "params": 100}
"""Entries that MLflow takes in one call."""
NUMBERS, KEY = "audit.metrics_sha256", "audit.run_key"
REFUSED = re.compile(r"[^A-Za-z0-9_\-. :/]")
State = Literal["made", "updated", "replaced"]


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """Where an audit run is in MLflow."""

    run_id: str
    """MLflow's id of it."""
    state: State
    """``made`` where there was none, ``updated`` where it had the same numbers, else ``replaced``."""


class Store:
    """An experiment of a tracking store.

    Args:
        uri: Of the store: an address of a server, ``sqlite:///FILE``, …; None takes that of the environment.
        experiment: Name of the experiment, which is made if there is none.

    Raises:
        ConfigError: MLflow is not installed, no store is named, or the store or the experiment cannot be used.
    """

    def __init__(self, uri: str | None, experiment: str) -> None:
        self._uri = uri or os.environ.get(URI_VARIABLE) or ""
        if not self._uri:
            msg = f"{OPTION}: no tracking store: give --mlflow-uri, e.g. http://127.0.0.1:5000, or set {URI_VARIABLE}"
            raise ConfigError(msg)
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report how it is used
        self._mlflow = import_package("mlflow", OPTION, "mlflow-skinny")
        self._entities = import_package("mlflow.entities", OPTION, "mlflow-skinny")
        with self._calls():
            self._client = self._mlflow.MlflowClient(tracking_uri=self._uri)
            self._experiment = self._named(experiment)

    def log(self, contents: RunContents, folder: RunFolder) -> LoggedRun:
        """Store a run: parameters, metrics with the ends of their intervals, tags, report card and ``metrics.json``.

        Args:
            contents: The run.
            folder: Its folder.

        Raises:
            ConfigError: The store does not take it.
        """
        card = Format.HTML.render(contents, Publication())
        with self._calls():
            return self._log(contents, folder, card)

    def _named(self, name: str) -> str:
        """Id of the experiment."""
        found = self._client.get_experiment_by_name(name)
        if found is None:
            made: str = self._client.create_experiment(name)
            return made
        if found.lifecycle_stage != "active":
            msg = f"--mlflow-experiment {printable(name, 80)}: it is deleted: restore it in MLflow or name another one"
            raise ConfigError(msg)
        return str(found.experiment_id)

    def _log(self, contents: RunContents, folder: RunFolder, card: str) -> LoggedRun:
        manifest = contents.manifest
        key = hashlib.sha256(manifest.run_id.encode()).hexdigest()
        earlier = self._client.search_runs([self._experiment], f"tags.`{KEY}` = '{key}'")
        same = [one for one in earlier if one.data.tags.get(NUMBERS) == contents.metrics_sha256]
        others = [one for one in earlier if one not in same[:1]]
        tags = _tags(contents) | {KEY: key}
        run_id = same[0].info.run_id if same else self._make(contents, tags)
        for name, text in tags.items():
            self._client.set_tag(run_id, name, text)
        self._client.log_text(run_id, card, "report/index.html")
        if folder.metrics_path.exists():
            self._client.log_artifact(run_id, str(folder.metrics_path))
        if contents.decision is not None:
            self._client.log_artifact(run_id, str(folder.decision_path))
        self._client.set_tag(run_id, NUMBERS, contents.metrics_sha256)  # the last: without it, all is made again
        self._client.set_terminated(run_id, _status(manifest), _milliseconds(manifest))
        for one in others:
            self._client.delete_run(one.info.run_id)
        return LoggedRun(run_id, "updated" if same else "replaced" if earlier else "made")

    def _make(self, contents: RunContents, tags: dict[str, str]) -> str:
        """A run with parameters and metrics; its id."""
        manifest = contents.manifest
        moment = int(manifest.started.timestamp() * 1000)
        name = tags["audit.run_id"]
        made = self._client.create_run(self._experiment, start_time=moment, tags=tags, run_name=name)
        run_id: str = made.info.run_id
        end = _milliseconds(manifest) or moment
        params = [self._entities.Param(name, text) for name, text in _params(manifest).items()]
        metrics = [self._entities.Metric(name, value, end, 0) for name, value in _numbers(contents.metrics).items()]
        for kind, entries in (("params", params), ("metrics", metrics)):
            for first in range(0, len(entries), PER_CALL[kind]):
                self._client.log_batch(run_id, **{kind: entries[first : first + PER_CALL[kind]]})
        return run_id

    def _calls(self) -> _Calls:
        return _Calls(self._uri)


class _Calls:
    """Calls of MLflow: its warnings are dropped, and its errors become one line without what the address may hide."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._quiet = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._quiet.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._quiet.__exit__(kind, error, trace)
        if not isinstance(error, Exception) or isinstance(error, ConfigError):
            return
        text = " ".join(str(error).split()) or type(error).__name__
        for secret in _secrets(self._uri):
            text = text.replace(secret, "…")
        msg = f"{OPTION}: the tracking store cannot be used: {printable(text, 500)}"
        raise ConfigError(msg) from None


def _secrets(uri: str) -> list[str]:
    """The parts of an address that no message may have."""
    before, _, parameters = uri.partition("?")
    user, at, _ = before.rpartition("@")
    password = user.rpartition(":")[2] if at else ""
    texts = (uri, before, parameters, password, unquote(password))
    return [text for text in texts if text] if at or parameters else []


def _params(manifest: RunManifest) -> dict[str, str]:
    """What decided the numbers."""
    model = manifest.model
    params: dict[str, object] = {
        "model": model.name,
        "digest": model.digest,
        "dtype": model.dtype,
        "quantization": model.quantization,
        "profile": manifest.config.get("profile"),
        **{f"seed.{name}": seed for name, seed in manifest.seeds.items()},
    }
    return {_name(name): printable(str(value), LONGEST_VALUE) for name, value in params.items() if value is not None}


def _tags(contents: RunContents) -> dict[str, str]:
    """What a reader looks for; ``none`` says that there is no verdict on these numbers."""
    manifest, decision = contents.manifest, contents.decision
    tags = {
        "audit.run_id": manifest.run_id,
        "audit.model": manifest.model.name,
        "audit.digest": manifest.model.digest,
        "audit.status": manifest.status,
        "audit.signature": manifest.signature,
        "audit.verdict": decision.verdict if decision else "none",
        "audit.policy": decision.policy if decision else "none",
    }
    return {name: printable(text, LONGEST_VALUE) for name, text in tags.items()}


def _numbers(metrics: list[Metric]) -> dict[str, float]:
    """Value, ends of the interval and counts by MLflow's names; what has no value is absent."""
    return {name: float(value) for metric in metrics for name, value in _of_metric(metric) if value is not None}


def _of_metric(metric: Metric) -> Iterator[tuple[str, float | None]]:
    if metric.value is None:
        return
    part = _part(metric)
    name = f"{metric.name}.{part}" if part else metric.name
    yield _name(name), metric.value
    for end, value in (("ci_low", metric.ci_low), ("ci_high", metric.ci_high)):
        yield _name(name, end), value
    yield _name(name, "n"), metric.n
    yield _name(name, "missing"), metric.missing


def _part(metric: Metric) -> str:
    """``bias_type:gender``; with ``=`` and no slash, so that the name gets a digest, where that could be misread."""
    words = [word for pair in (metric.slice or {}).items() for word in pair]
    if any(set(word) & set(" :/.") for word in words):
        return slice_label(metric).replace("/", "_")
    return " ".join(f"{key}:{value}" for key, value in sorted((metric.slice or {}).items()))


def _name(text: str, end: str = "") -> str:
    """A name that MLflow takes; one that had to be changed gets the start of a digest, so that none meet."""
    end = f".{end}" if end else ""
    plain = REFUSED.sub("_", text)
    if plain != text or len(text) + len(end) > LONGEST_NAME:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        plain = f"{plain[: LONGEST_NAME - len(end) - 9]}-{digest}"
    return f"{plain}{end}"


def _status(manifest: RunManifest) -> str:
    """MLflow's word for how the run ended."""
    if manifest.interrupted or manifest.status == "running":
        return "KILLED"
    return "FAILED" if manifest.status == "failed" else "FINISHED"


def _milliseconds(manifest: RunManifest) -> int | None:
    """End of the run, Unix time."""
    return int(manifest.finished.timestamp() * 1000) if manifest.finished else None
