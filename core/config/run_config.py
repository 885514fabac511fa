"""The configuration of a run: one YAML file, one model, unknown keys are errors.

Values merge in this order, later ones win: the profile's YAML file, the user's ``--config`` file,
command-line flags. Lists replace lists; mappings merge key by key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from audit.core.config.budget import BudgetConfig
from audit.core.config.certificate import CertificateConfig
from audit.core.config.explain import ExplainConfig
from audit.core.config.fields import (
    Checkpoint,
    Count,
    Device,
    Folder,
    Limit,
    Option,
    Section,
    Switch,
    Variables,
    option_at,
)
from audit.core.config.requests import LOADING, InferenceConfig, ServerConfig, ThinkingConfig
from audit.core.config.suites import FINISHING, RUN, EvalsConfig, SafetyConfig
from audit.core.config.yaml_file import merge, read_profile, read_yaml, validate
from audit.core.errors import ConfigError, did_you_mean

Profile = Literal["quick", "standard", "full", "safety", "reasoning", "chinese", "chinese-full"]
PROFILES: tuple[Profile, ...] = ("quick", "standard", "full", "safety", "reasoning", "chinese", "chinese-full")
DEFAULT_MODEL = "smollm2-135m-instruct"
DEFAULT_OUT = Path("runs")
"""Folder of run folders, unless another is named."""
SEEDED = ("run", "explain", "score")
DATA = (*LOADING, "score", "tasks list", "assets list", "assets pull", "assets path")
"""Commands that look for data sets."""


class RunConfig(Section):
    """Everything that determines what ``audit run`` does."""

    model: Annotated[
        Checkpoint,
        Option("Folder, hub id, .gguf file, asset, vllm:MODEL, sglang:MODEL or openai:URL#NAME.", LOADING, short="-m"),
    ] = DEFAULT_MODEL
    """Folder, hub id, .gguf file, asset name, or ``openai:URL#NAME`` for a model behind a server. ``vllm:`` or
    ``sglang:`` before a local one has vLLM or SGLang compute it in this process."""
    base: Annotated[Checkpoint | None, Option("Checkpoint that a PEFT adapter was trained on.", LOADING)] = None
    """Base checkpoint of a PEFT adapter; null uses the one that the adapter names."""
    revision: Annotated[str | None, Option("Branch, tag or commit of a hub id.", LOADING)] = None
    """Branch, tag or commit of a hub id."""
    tokenizer: Annotated[
        Checkpoint | None,
        Option("Tokenizer to use instead of the checkpoint's: folder, asset name or hub id.", LOADING),
    ] = None
    """Folder, asset name or hub id with the checkpoint's tokenizer; null uses the checkpoint's own, or for a server the
    one found under the model's name."""
    intended_use: Annotated[
        str | None,
        Field(max_length=2000),
        Option("What the checkpoint is meant for, in words; reports show it.", RUN),
    ] = None
    """What the checkpoint is meant for, in words. Reports show it; no number depends on it."""
    profile: Annotated[Profile, Option("{choices}.", RUN)] = "quick"
    """Built-in profile; all other values override it."""
    device: Annotated[Device, Option("auto, cpu, cuda or cuda:N.", LOADING)] = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N``."""
    device_map: Annotated[
        Literal["auto", "balanced", "sequential"] | None,
        Option("{choices}: spread the layers over all GPUs; use instead of --device.", LOADING),
    ] = None
    """How accelerate spreads the checkpoint's layers over all GPUs; use instead of ``device``."""
    dtype: Annotated[Literal["auto", "float32", "bfloat16", "float16"], Option("{choices}.", LOADING)] = "auto"
    """``auto`` is float32 on CPU and bfloat16 on GPU."""
    quantization: Annotated[
        Literal["int8", "nf4"] | None, Option("{choices}: quantise while loading; CUDA only.", LOADING)
    ] = None
    """bitsandbytes quantization of the weights while loading; GPU only."""
    trust_remote_code: Annotated[bool, Option("Run Python code from the checkpoint's folder.", (*LOADING, "merge"))] = (
        False
    )
    """Run Python code that comes with the checkpoint."""
    allow_pickle: Annotated[bool, Option("Load pickled weights, which can run code.", (*LOADING, "merge"))] = False
    """Load pickled weights (.bin, .pt), which can run code."""
    threads: Count | None = None
    """CPU threads; null takes one per core, or fewer if ``OMP_NUM_THREADS`` says so."""
    workers: Annotated[
        Count | None,
        Option("Processes that compute, each with GPUs of its own or a share of the cores; same scores.", RUN),
    ] = None
    """Number of worker processes; null computes in the process of the command. Each worker has GPUs of its own, or on a
    CPU a share of the cores. No score depends on it, and a run may go on with another number."""
    gpus_per_worker: Annotated[
        Count | None, Option("GPUs of each of the --workers; several share the checkpoint's layers.", RUN)
    ] = None
    """GPUs of each worker; null is one. The checkpoint's layers are spread over several, as ``device_map`` says."""
    ray: Annotated[
        str | None,
        Option("Ray cluster whose nodes the --workers run on: its address, auto, or local.", RUN),
    ] = None
    """Address of the Ray cluster that the workers run on; ``auto`` is that of this node, ``local`` starts one on this
    machine. Null starts processes here."""
    batch_tokens: Count | None = None
    """Tokens per batch; null chooses by device."""
    max_length: Annotated[Count | None, Option("Maximum context length to use, in tokens.", LOADING)] = None
    """Maximum context length to use, in tokens."""
    limit: Limit | None = None
    """Maximum number of items for each task and probe without its own limit; null runs all."""
    chat_template: Annotated[Switch, Option("auto, on, off or the name of a template.", LOADING)] = "auto"
    """``auto``: generation tasks use the checkpoint's chat template if it has one, likelihood tasks never. ``on``,
    ``off``, or the name of one of several templates, which is then used for all tasks."""
    chat_template_args: Annotated[
        Variables, Option("Variables of the chat template: enable_thinking=false or JSON.", LOADING)
    ] = Field(default_factory=dict)
    """Variables of the chat template, e.g. ``enable_thinking: false``."""
    thinking: ThinkingConfig = Field(default_factory=ThinkingConfig)
    """Reasoning traces."""
    seed: Annotated[
        int,
        Field(ge=0, lt=2**32),
        Option("Random seed for item selection, sampling, random orders and the bootstrap.", SEEDED),
    ] = 1234
    """Random seed for item selection, sampling and the bootstrap."""
    offline: Annotated[bool, Option("Never use the network.", (*LOADING, "assets pull"))] = False
    """Never use the network, only local folders and the cache."""
    data_dirs: Annotated[
        list[Folder],
        Option("Folder with data sets in their publishers' formats; repeatable.", DATA, name="--data-dir"),
    ] = Field(default_factory=list)
    """Folders with data sets in their publishers' formats, searched before everything else."""
    plugins: Annotated[
        list[Folder],
        Option(
            "Python file with probes, methods, scorers or tasks; repeatable.",
            (*SEEDED, "merge", "tasks list"),
            "--plugin",
        ),
    ] = Field(default_factory=list)
    """Python files with probes, methods, scorers or tasks; plug-ins in installed packages are found without it."""
    out: Annotated[Folder, Option("Folder to create the run folder in.", FINISHING)] = DEFAULT_OUT
    """Folder in which run folders are created."""
    keep_raw: Annotated[bool, Option("Also store unredacted outputs, in raw.jsonl (mode 0600).", RUN)] = False
    """Also store outputs with personal data unredacted, in ``raw.jsonl`` (mode 0600); otherwise only kind, position and
    keyed digest of personal data are stored."""
    embed: Annotated[bool, Option("Also search errors in clusters of the checkpoint's own embeddings.", RUN)] = False
    """Also store embeddings of the questions, made of the checkpoint's own hidden states: the error analysis then
    searches clusters of them, too."""
    budget: BudgetConfig = Field(default_factory=BudgetConfig)
    """When to stop. What was measured is kept and the run is partial; ``audit run --resume`` finishes it, without a
    budget unless one is given again."""
    server: ServerConfig = Field(default_factory=ServerConfig)
    """Requests to a model behind a server."""
    inference: InferenceConfig = Field(InferenceConfig(), exclude_if=lambda value: value == InferenceConfig())
    """How an inference engine of others is started in this process; the manifest lists it where it is set."""
    certificate: Annotated[CertificateConfig, Field(exclude_if=lambda value: value == CertificateConfig())] = Field(
        default_factory=CertificateConfig
    )
    """How the answers of a server or another foreign engine are certified; the manifest lists it where it is set."""
    evals: EvalsConfig = Field(default_factory=EvalsConfig)
    """Benchmark tasks."""
    safety: SafetyConfig = Field(default_factory=SafetyConfig)
    """Probes."""
    explain: ExplainConfig = Field(default_factory=ExplainConfig)
    """Attributions."""

    @field_validator("gpus_per_worker", "ray")
    @classmethod
    def _with_workers(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - of either field
        """Refuse GPUs or a cluster of workers where there are none.

        Raises:
            PydanticCustomError: There are none.
        """
        if value is not None and info.data.get("workers") is None:
            msg = "without_workers", "only applies with workers: set workers as well"
            raise PydanticCustomError(*msg)
        return value

    @field_validator("device_map")
    @classmethod
    def _without_device(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Refuse a device map where a device is named.

        Raises:
            PydanticCustomError: Both are given.
        """
        device = info.data.get("device", "auto")
        if value is not None and device != "auto":
            msg = "device_map", "is used instead of device, which is {device}: remove one of them"
            raise PydanticCustomError(*msg, {"device": device})
        return value

    @model_validator(mode="after")
    def _give_limits(self) -> Self:
        """Write the run's limit into the tasks that have none, so that the configuration says what holds for each."""
        for task in (*self.evals.tasks, *self.safety.tasks):
            if task.limit is None:
                task.limit = self.limit
        return self


def load_config(file: Path | None = None, flags: dict[str, Any] | None = None) -> RunConfig:
    """Resolve profile, file and flags into one configuration.

    Args:
        file: The user's YAML file.
        flags: Values given on the command line, as a nested mapping; None values were not given.

    Raises:
        ConfigError: The file cannot be read, or a key or value is wrong.
    """
    said = _given(flags or {})
    given = read_yaml(file) if file else {}
    where = "command line" if "profile" in said or file is None else str(file)
    profile = said.get("profile", given.get("profile", "quick"))
    if profile not in PROFILES:
        msg = f"{where}: unknown profile {profile!r}: use {', '.join(PROFILES)}.{did_you_mean(str(profile), PROFILES)}"
        raise ConfigError(msg)
    # The flags on their own first, so that a fault of theirs is not blamed on the file.
    validate_options(said)
    merged = merge(merge(read_profile(profile), given), {**said, "profile": profile})
    return validate(RunConfig, merged, str(file or "command line"))


def validate_options(values: dict[str, Any]) -> RunConfig:
    """Validate what was given on the command line; a fault names the option.

    Raises:
        ConfigError: A value is wrong.
    """
    return validate(RunConfig, values, "command line", place=lambda fault: option_at(RunConfig, fault["loc"]))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags without those that were not given, at any depth."""
    nested = {key: _given(value) if isinstance(value, dict) else value for key, value in flags.items()}
    return {key: value for key, value in nested.items() if value is not None and value != {}}
