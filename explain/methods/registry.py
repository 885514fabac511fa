"""The attribution methods: one table, by name. A new one is a file in a folder of its kind and an entry here.

The table names modules of this package, which are imported when a method is used: ``audit --help`` lists the methods
without loading torch or packages of the extra. A method from elsewhere is a :class:`Method` too, with its function.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

from audit.core.errors import ConfigError, UsageError, did_you_mean
from audit.explain.methods.optional_packages import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from audit.core.config import RunConfig
    from audit.explain.prompt.game import MaskedPrompt, MethodValues

LEAST_EFFORT = {"steps": 2, "evaluations": 16}
"""The least that a user may ask for."""


class Attribute(Protocol):
    """A method's function."""

    def __call__(self, prompt: MaskedPrompt, seed: int, /) -> MethodValues:
        """Values of the prompt's features."""


class Design(Protocol):
    """A method's masks, where they do not depend on the answers."""

    def __call__(self, count: int, seed: int, evaluations: int | None = None, /) -> NDArray[np.bool_]:
        """Masks, shape (masks, features), over ``count`` features.

        Args:
            count: Features.
            seed: Of what is drawn.
            evaluations: Masks to draw; None: the method's own number. Given to methods of this ``effort`` alone.
        """


@dataclass(frozen=True, slots=True)
class Imported:
    """A function of a module in this package, which is imported when it is called."""

    module: str
    """Name of the module, below this package."""
    name: str = "attribute"
    """Name of the function."""

    def __call__(self, *given: Any) -> Any:  # noqa: ANN401 - whatever the function takes and returns
        """Import the module and call the function."""
        return getattr(import_module(f"audit.explain.methods.{self.module}"), self.name)(*given)


@dataclass(frozen=True, slots=True)
class Method:
    """One attribution method."""

    name: str
    """What users call it."""
    description: str
    """What its values are, in one line."""
    cost: str
    """Forward passes for n features."""
    attribute: Attribute
    """The method itself."""
    design: Design | None = None
    """All masks that the method asks for, where they are known before it starts."""
    unit: Literal["nats", "share"] = "nats"
    """Of its values."""
    white_box: bool = False
    """Whether it needs the weights."""
    contrasts: bool = True
    """Whether it can explain log P(target) − log P(against)."""
    additive: bool = False
    """Whether its values should sum to the difference of prompt and baseline."""
    effort: Literal["steps", "evaluations"] | None = None
    """What a user may choose of its cost; see :class:`~audit.explain.prompt.game.Effort`."""
    package: str | None = None
    """Package of the optional extra that it needs."""


_ALL = (
    Method(
        "occlusion",
        "change of log-probability when one feature is left out",
        "n + 1",
        Imported("perturbation.occlusion"),
        Imported("perturbation.occlusion", "design"),
    ),
    Method(
        "shapley",
        "Shapley value, sampled, with its interval",
        "16n to 1,000, 2^n up to n = 9",
        Imported("perturbation.shapley"),
        Imported("perturbation.shapley", "design"),
        additive=True,
        effort="evaluations",
    ),
    Method(
        "shapley_exact",
        "Shapley value over all subsets of at most 12 features",
        "2^n",
        Imported("perturbation.shapley_exact"),
        Imported("perturbation.shapley_exact", "design"),
        additive=True,
    ),
    Method(
        "shap_partition",
        "Owen value over halves of halves of the prompt",
        "n^2, at most 1,000",
        Imported("perturbation.shap_partition"),
        additive=True,
        effort="evaluations",
        package="shap",
    ),
    Method(
        "kernel_shap",
        "Shapley value by weighted least squares",
        "max(128, 16n), 2^n up to n = 8",
        Imported("perturbation.kernel_shap"),
        additive=True,
        effort="evaluations",
        package="shap",
    ),
    Method(
        "lime",
        "weight in a local linear model",
        "max(64, 8n)",
        Imported("perturbation.lime"),
        Imported("perturbation.lime", "design"),
        effort="evaluations",
        package="lime",
    ),
    Method(
        "surrogate",
        "weight in a sparse linear model of random ablations",
        "max(64, 4n)",
        Imported("perturbation.surrogate"),
        Imported("perturbation.surrogate", "design"),
        effort="evaluations",
    ),
    Method(
        "gradient_x_input",
        "gradient of log-probability times embedding",
        "1 with gradients",
        Imported("gradients.gradient_x_input"),
        white_box=True,
    ),
    Method(
        "integrated_gradients",
        "gradient of log-probability integrated from a neutral prompt",
        "41 or 83 with gradients",
        Imported("gradients.integrated_gradients"),
        white_box=True,
        additive=True,
        effort="steps",
        package="captum",
    ),
    Method(
        "integrated_gradients_mean",
        "gradient of log-probability integrated from the mean embedding",
        "41 or 83 with gradients",
        Imported("gradients.integrated_gradients_mean"),
        white_box=True,
        additive=True,
        effort="steps",
        package="captum",
    ),
    Method(
        "layer_gradient_x_activation",
        "gradient of log-probability times state at the middle layer",
        "1 with gradients",
        Imported("gradients.layer_gradient_x_activation"),
        white_box=True,
    ),
    Method(
        "gradient_x_attention",
        "gradient of log-probability times attention, over all layers",
        "1 with gradients",
        Imported("gradients.gradient_x_attention"),
        white_box=True,
    ),
    Method(
        "attention",
        "share of attention that a feature gets, mean over heads and layers",
        "1",
        Imported("attention.attention"),
        unit="share",
        white_box=True,
        contrasts=False,
    ),
    Method(
        "attention_rollout",
        "share of attention that reaches a feature through all layers",
        "1",
        Imported("attention.attention_rollout"),
        unit="share",
        white_box=True,
        contrasts=False,
    ),
    Method(
        "attention_flow",
        "share of the maximum flow through attention that a feature can supply",
        "1, and n maximum flows",
        Imported("attention.attention_flow"),
        unit="share",
        white_box=True,
        contrasts=False,
    ),
)
METHODS = {method.name: method for method in _ALL}
"""The methods of this package, by name."""


JOINED: dict[str, Method] = {}
"""The methods of plug-ins, by name; filled as plug-ins are loaded."""


def methods() -> Mapping[str, Method]:
    """All methods by name: where methods from other packages join those of this one."""
    return {**METHODS, **JOINED}


def check_effort(chosen: Sequence[Method], steps: int | None, evaluations: int | None, prefix: str = "") -> None:
    """Refuse an effort that is too small, or has no effect on any of the methods.

    Args:
        chosen: The methods.
        steps: Of integrated gradients.
        evaluations: Masked prompts.
        prefix: What comes before the name of an option.

    Raises:
        UsageError: One is.
    """
    for name, given in (("steps", steps), ("evaluations", evaluations)):
        if given is None:
            continue
        if not isinstance(given, int) or isinstance(given, bool) or given < LEAST_EFFORT[name]:
            msg = f"{prefix}{name}: {given!r} is not a whole number from {LEAST_EFFORT[name]}"
            raise UsageError(msg)
        if not any(method.effort == name for method in chosen):
            named = ", ".join(method.name for method in chosen)
            able = ", ".join(method.name for method in methods().values() if method.effort == name)
            msg = f"{prefix}{name} has no effect on {named}: name one of {able}"
            raise UsageError(msg)


def find(name: str) -> Method:
    """A method by name, with what it needs installed.

    Raises:
        UsageError: There is no such method, or its package is not installed.
    """
    known = methods()
    if name not in known:
        msg = f"unknown attribution method {name!r}: use {', '.join(known)}.{did_you_mean(name, known)}"
        raise UsageError(msg)
    method = known[name]
    if method.package:
        require(method.package, name)
    return method


def check(config: RunConfig) -> None:
    """Make sure before anything runs that every configured method can be used.

    Raises:
        ConfigError: explain.methods names an unknown method, one whose package is missing, or one twice.
    """
    names = config.explain.methods
    for name in names:
        try:
            find(name)
        except UsageError as error:
            msg = f"explain.methods: {error}"
            raise ConfigError(msg) from error
    if len(set(names)) < len(names):
        msg = f"explain.methods: {', '.join(names)}: name each method once"
        raise ConfigError(msg)
