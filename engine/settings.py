"""Which generation settings of a request are supported; the others are refused by name.

What a checkpoint's ``generation_config.json`` asks for is in :mod:`audit.engine.local.processors`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.core.errors import SettingUnavailable
from audit.engine.requests import RANGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.engine.requests import GenerateRequest


NEUTRAL: dict[str, tuple[Any, ...]] = {
    "repetition_penalty": (None, 1),
    "encoder_repetition_penalty": (None, 1),
    "guidance_scale": (None, 1),
    "num_beams": (None, 1),
    "num_beam_groups": (None, 1),
    "num_return_sequences": (None, 1),
    "top_p": (None, 1),
    "typical_p": (None, 0, 1),
    "forced_bos_token_id": (None,),
    "forced_eos_token_id": (None,),
}
"""Values at which these settings have no effect. Others have none at None, False, zero and empty values."""

CALLERS = {"do_sample", "until", "max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"}
"""Settings of a request that :func:`of_request` leaves to its caller."""
IDLE = {"early_stopping", "length_penalty", "use_cache"}
"""Settings of a request without effect: beams are refused, and the cache is exact."""
WARPED = {"temperature": float, "top_k": int, "top_p": float, "min_p": float, "typical_p": float}
BENT = {"repetition_penalty": float, "no_repeat_ngram_size": int, "min_new_tokens": int}


def of_request(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a :class:`GenerateRequest` from generation settings in transformers' words, as in lm-eval's tasks.

    ``do_sample`` without ``temperature`` samples at 1, as transformers does (lm-eval's ``HFLM`` raises an error);
    a temperature of 0 is greedy decoding whatever ``do_sample`` says. Greedy decoding ignores the settings of sampling.

    Args:
        settings: Bounds, stop strings and the like may be among them and are left out.

    Raises:
        SettingUnavailable: One of them is not honoured here; the message names it.
    """
    ours = settings.keys() - CALLERS - IDLE
    asked = {name: settings[name] for name in settings if name in ours and not is_neutral(name, settings[name])}
    unknown = next((name for name in asked if name not in WARPED | BENT), None)
    if unknown is not None:
        msg = f"generation setting {unknown}: {asked[unknown]!r} is not supported: leave it out"
        raise SettingUnavailable(msg)
    temperature = _number("temperature", settings["temperature"], float) if asked.get("temperature") else None
    switch = settings.get("do_sample")
    sampled = bool(temperature) if switch is None else _switch(switch) and settings.get("temperature") != 0
    wanted = WARPED | BENT if sampled else BENT
    fields = {name: _number(name, asked[name], kind) for name, kind in wanted.items() if name in asked}
    return {"temperature": 1.0, **fields} if sampled else fields


def check_server(request: GenerateRequest) -> None:
    """Make sure that the OpenAI API has a field for every setting of a request: servers ignore unknown ones.

    Raises:
        SettingUnavailable: It does; the message names the setting.
    """
    for name in ("min_p", "typical_p", *BENT):
        if not is_neutral(name, getattr(request, name)):
            msg = f"generation setting {name}: {getattr(request, name)!r} is not supported by servers: leave it out"
            raise SettingUnavailable(msg)


def is_neutral(name: str, value: object) -> bool:
    """Whether a setting has a value without effect."""
    return value in NEUTRAL[name] if name in NEUTRAL else not value


def bound(settings: Mapping[str, Any]) -> int:
    """Maximum generated tokens, from a request's ``max_gen_toks``.

    Raises:
        SettingUnavailable: It is no number, or below 1.
    """
    return int(_number("max_gen_toks", settings["max_gen_toks"], int))


def _number(name: str, value: Any, kind: type[float | int]) -> float | int:  # noqa: ANN401 - from a task's file
    """A setting's value as a number.

    Raises:
        SettingUnavailable: It is none, or none that the setting may have.
    """
    words, is_allowed = RANGES[name]
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or not is_allowed(number):
        msg = f"generation setting {name}: {value!r} is not a number {words}"
        raise SettingUnavailable(msg)
    return number


def _switch(value: object) -> bool:
    """``do_sample`` as true or false.

    Raises:
        SettingUnavailable: It is neither.
    """
    if isinstance(value, bool):
        return value
    msg = f"generation setting do_sample: {value!r} is neither true nor false"
    raise SettingUnavailable(msg)
