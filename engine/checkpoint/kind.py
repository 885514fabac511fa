"""The kind of model in a folder, from its configuration: what cannot be audited is refused before loading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import __version__
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from audit.core.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CAUSAL = modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
ENCODERS = modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
WRAPPERS = {
    *modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    *modeling_auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES,
}
LANGUAGE_MODELS = ("text_config", "language_config", "llm_config", "thinker_config")
"""Keys under which wrappers keep the configuration of their language model."""
LABELS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice")
"""Suffixes of architecture names whose head gives labels, not tokens."""


def check_kind(folder: Path, config: Mapping[str, Any], *, trust_remote_code: bool = False) -> None:
    """Refuse everything that is not a causal language model.

    Wrappers whose language model transformers loads by itself (Gemma 3's, Llama 4's) are none of those; nor is what
    brings its own code, which only a trial can judge.

    Args:
        folder: The checkpoint's, for the message.
        config: Its ``config.json``.
        trust_remote_code: Whether code that it brings will run.

    Raises:
        CheckpointError: An encoder, an encoder-decoder, a classifier, a multimodal wrapper, or no language model.
    """
    kind = config.get("model_type")
    if kind not in CONFIG_MAPPING or ("auto_map" in config and (trust_remote_code or kind not in CAUSAL)):
        return  # transformers says what it does not know
    name = next(iter(config.get("architectures") or ()), kind)
    fault = _fault(str(kind), str(name), config)
    if fault:
        msg = f"{folder}: {name} is {fault}"
        raise CheckpointError(msg)


def _fault(kind: str, name: str, config: Mapping[str, Any]) -> str | None:
    """Why a model cannot be audited, and what can be; None for a causal language model."""
    if _says(kind, config, "is_encoder_decoder") and not name.endswith("ForCausalLM"):
        return "an encoder-decoder and cannot be audited: audit a decoder-only checkpoint (…ForCausalLM)"
    if name.endswith(LABELS):
        return (
            "a classifier, which gives labels instead of text, and cannot be audited: "
            "audit the language model that it was trained from"
        )
    if kind in ENCODERS and (kind not in CAUSAL or _says(kind, config, "is_decoder") is False):
        return (
            "an encoder: each position sees later ones, so it is not a causal language model and cannot be audited: "
            "audit a checkpoint that was trained to predict the next token"
        )
    if kind in CAUSAL:
        return None
    if kind in WRAPPERS:
        inner: dict[str, Any] = next((config[key] for key in LANGUAGE_MODELS if isinstance(config.get(key), dict)), {})
        of_type = f" (of type {inner['model_type']})" if inner.get("model_type") in CAUSAL else ""
        return (
            "a multimodal wrapper and cannot be audited: "
            f"audit its language model{of_type}, saved as a checkpoint folder"
        )
    return (
        f"of type {kind}, for which transformers {__version__} has no causal language model, and cannot be audited: "
        "if it generates text, serve it and audit the server (--model openai:URL#NAME)"
    )


def _says(kind: str, config: Mapping[str, Any], name: str) -> bool | None:
    """A field of a configuration, with its type's default; None where the type does not know the field."""
    value = config.get(name, getattr(CONFIG_MAPPING[kind], name, None))
    return value if isinstance(value, bool) else None
