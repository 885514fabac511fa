"""The policy that a run is made for: registered before anything is measured, and measured until it is decided."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audit.cli.console import err
from audit.core import assets
from audit.core.config import DEFAULT_OUT
from audit.core.errors import ConfigError
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.gate.binding import registered
from audit.gate.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from audit.cli.options import Given
    from audit.core.config import RunConfig
    from audit.core.records import RegisteredPolicy
    from audit.pipeline.until_decided import UntilDecided


def registered_policy(policy: Path | None, until: Path | None, config: RunConfig | None) -> RegisteredPolicy | None:
    """The policy that is registered before anything is measured; rules that the run will leave open are said.

    Args:
        policy: Of ``--policy``.
        until: Of ``--until-decided``.
        config: Of a new run; None for one that goes on.

    Raises:
        ConfigError: There are two, it is none, or the gate would refuse a rule.
    """
    if policy and until:
        msg = "--until-decided registers its policy: leave out --policy"
        raise ConfigError(msg)
    given = policy or until
    if given is None:
        return None
    file = load_policy(given)
    if config is not None:
        from audit.pipeline.foreseen import unmeasured_rules  # noqa: PLC0415 - torch takes seconds to import

        assets.configure(data_dirs=config.data_dirs, offline=config.offline)
        for line in unmeasured_rules(file, config):
            err.print(printable(line), markup=False, style="yellow", soft_wrap=True)
    return registered.register(file, datetime.now(UTC))


def with_bounds(config: RunConfig, policy: Path | None) -> RunConfig:
    """A configuration with the policy's bounds of the certificate, where the policy sets some.

    Args:
        config: Of a new run.
        policy: The policy that is registered; None where none is.

    Raises:
        ConfigError: It is no policy.
    """
    bounds = load_policy(policy).policy.certificate if policy else None
    if bounds is None:
        return config
    certificate = config.certificate.model_copy(update={"bounds": bounds})
    return config.model_copy(update={"certificate": certificate})


def until_decided(
    given: Given, policy: Path | None, baseline: str | None, items: Mapping[str, str | None]
) -> UntilDecided | None:
    """The policy that says how many items are measured, with its baseline; None without one.

    Args:
        given: Options of the configuration that were typed.
        policy: Of ``--until-decided``.
        baseline: The run that its rules compare with.
        items: Options that name or add items, which must not be given.

    Raises:
        ConfigError: A baseline is given without a policy, or items are named or added by hand.
    """
    if policy is None:
        if baseline is not None:
            msg = "--baseline is the run that the rules of --until-decided compare with: give the policy, too"
            raise ConfigError(msg)
        return None
    for option, value in items.items():
        if value is not None:
            msg = f"--until-decided says how many items are measured: leave out {option}"
            raise ConfigError(msg)
    other = RunFolder.resolve(baseline, given.values.get("out", DEFAULT_OUT)) if baseline is not None else None
    file = load_policy(policy)
    from audit.pipeline.until_decided import UntilDecided  # noqa: PLC0415 - torch takes seconds to import

    return UntilDecided(file, other)
