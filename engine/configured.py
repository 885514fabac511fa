"""The checkpoint that a configuration names, or that a run recorded, loaded as it says.

An answer is explained by the checkpoint that gave it: same files, number type, tokenizer and chat template. What
decides nothing, such as where the files lie now, may be another than in the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from audit.core.config import RunConfig, validate
from audit.core.errors import CheckpointError
from audit.core.text import printable
from audit.engine.chat import named
from audit.engine.load import files_of, load

if TYPE_CHECKING:
    from audit.core.records import ModelRecord, RunManifest
    from audit.engine.engine import Engine

KINDS = {"weights": "weights", "tokenizer": "tokenizer", "chat_template": "chat template", "config": "configuration"}
"""Words for :attr:`audit.core.records.FileDigest.kind`."""
SETTINGS = {"dtype": "number type", "quantization": "quantisation", "max_length": "context length"}
"""Words for what decides answers and is not in the files."""


def engine_of(config: RunConfig) -> Engine:
    """The checkpoint as a configuration says it is loaded.

    Raises:
        CheckpointError: Nothing there, damaged, not whole, or refused.
        ConfigError: A template, length or number type that it cannot have.
    """
    return load(
        config.model,
        base=config.base,
        device=config.device,
        device_map=config.device_map,
        dtype=config.dtype,
        revision=config.revision,
        quantization=config.quantization,
        trust_remote_code=config.trust_remote_code,
        allow_pickle=config.allow_pickle,
        offline=config.offline,
        max_length=config.max_length,
        batch_tokens=config.batch_tokens,
        server=config.server,
        inference=config.inference,
        seed=config.seed,
        tokenizer=config.tokenizer,
        chat_template=named(config.chat_template),
        chat_template_args=config.chat_template_args,
        think_end=config.thinking.end,
        thinking_tokens=config.thinking.tokens,
    )


def digest_of_files(config: RunConfig) -> str:
    """The digest that the checkpoint of a configuration will have in its manifest, without loading it.

    Args:
        config: Of a checkpoint that is not behind a server.

    Raises:
        CheckpointError: Nothing there, damaged, not whole or refused.
    """
    return files_of(config).digest


def recorded_config(manifest: RunManifest, where: str) -> RunConfig:
    """The configuration of a run, with the number type and the kind of device that ``auto`` chose there.

    Args:
        manifest: Of the run.
        where: The file that holds it, for the error.

    Raises:
        ConfigError: It is broken.
    """
    config = validate(RunConfig, manifest.config, where)
    then, update = manifest.model, {}
    if then.dtype in get_args(RunConfig.model_fields["dtype"].annotation):
        update["dtype"] = then.dtype
    if config.device == "auto" and config.device_map is None and then.device == "cpu":
        update["device"] = "cpu"
    return config.model_copy(update=update)


def load_recorded(config: RunConfig, manifest: RunManifest, advice: str = "") -> Engine:
    """The checkpoint, where it is still the one that the run measured.

    Args:
        config: From :func:`recorded_config`, perhaps with another place of the checkpoint.
        manifest: Of the run.
        advice: Ends the message about another checkpoint: what to do.

    Raises:
        CheckpointError: Nothing is there, it is damaged, it is another one, or it is loaded another way; the message
            names the files or settings that differ.
        ConfigError: A template, length or number type that it cannot have.
    """
    engine = engine_of(config)
    what = difference(manifest.model, engine.record)
    if what is not None:
        msg = f"{config.model}: not the checkpoint of {manifest.run_id} ({what}){advice}"
        if manifest.model.digest == engine.record.digest:
            msg = f"{config.model}: the checkpoint of {manifest.run_id}, but loaded another way here: {what}"
        raise CheckpointError(msg)
    engine.check_sound()
    return engine


def difference(then: ModelRecord, now: ModelRecord) -> str | None:
    """What makes a checkpoint, or how it is loaded, another than recorded, in words; None where it is the same."""
    if then.digest == now.digest:
        changed = [name for name in SETTINGS if getattr(then, name) != getattr(now, name)]
        texts = [f"{SETTINGS[name]} {getattr(now, name)}, the run's is {getattr(then, name)}" for name in changed]
        return printable("; ".join(texts), 200) or None
    digests = f"digest {now.digest[:12]}, the run's is {then.digest[:12]}"
    before, after = ({file.path: (file.kind, file.sha256) for file in one.files} for one in (then, now))
    other = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    kinds = dict.fromkeys(KINDS[(after.get(path) or before[path])[0]] for path in sorted(other))
    return f"{digests}; different: {printable(', '.join(kinds), 200)}" if kinds and before else digests


def other_device(then: ModelRecord, now: ModelRecord) -> str | None:
    """A remark where the run computed on another kind of device; None where values can be the same."""
    if then.device.partition(":")[0] == now.device.partition(":")[0]:
        return None
    return f"the run computed on {then.device}, this explanation on {now.device}: values differ by rounding"


def computed_otherwise(then: ModelRecord, now: ModelRecord) -> str | None:
    """A remark where values cannot be exactly those of the run: another kind of device, other ways; None where not."""
    return "; ".join(filter(None, (other_device(then, now), other_ways(then, now)))) or None


def other_ways(then: ModelRecord, now: ModelRecord) -> str | None:
    """What makes log-probabilities others in their last digits than those recorded; None where nothing does."""
    if then.ways == now.ways:
        return None
    ways = ", ".join(now.ways) or "none"
    return f"ways of computing log-probabilities: {ways}, the run's: {then.recorded_ways}"
