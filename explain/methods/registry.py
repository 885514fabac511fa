"""The attribution methods, one line each; a new one is a file and a line here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, cast

from audit.core.errors import ConfigError, UsageError, did_you_mean
from audit.explain.methods.optional_packages import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audit.core.config import RunConfig
    from audit.explain.prompt.game import MaskedPrompt, MethodValues


class Attribute(Protocol):
    """What a method's module offers under the name ``attribute``."""

    def __call__(self, prompt: MaskedPrompt, seed: int) -> MethodValues:
        """Values of the prompt's features."""


class Design(Protocol):
    """What a method's module offers under the name ``design`` when its masks do not depend on the answers."""

    def __call__(self, count: int, seed: int, evaluations: int | None = None) -> NDArray[np.bool_]:
        """Masks, shape (masks, features), over ``count`` features.

        Args:
            count: Features.
            seed: Of what is drawn.
            evaluations: Masks to draw; None: the method's own number. Given to methods of this ``effort`` alone.
        """


@dataclass(frozen=True, slots=True)
class Method:
    """One attribution method."""

    name: str
    """What users call it."""
    module: str
    """Module of this package that holds it; imported when it is used."""
    description: str
    """What its values are, in one line."""
    cost: str
    """Forward passes for n features."""
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

    @property
    def attribute(self) -> Attribute:
        """The method itself."""
        return cast("Attribute", import_module(f"audit.explain.methods.{self.module}").attribute)

    @property
    def design(self) -> Design | None:
        """All masks that the method asks for, where they are known before it starts."""
        return cast("Design | None", getattr(import_module(f"audit.explain.methods.{self.module}"), "design", None))


_ALL = (
    Method("occlusion", "occlusion", "change of log-probability when one feature is left out", "n + 1"),
    Method(
        "shapley",
        "shapley",
        "Shapley value, sampled, with its interval",
        "16n to 1,000, 2^n up to n = 9",
        additive=True,
        effort="evaluations",
    ),
    Method(
        "shapley_exact", "shapley_exact", "Shapley value over all subsets of at most 12 features", "2^n", additive=True
    ),
    Method(
        "shap_partition",
        "shap_partition",
        "Owen value over halves of halves of the prompt",
        "n^2, at most 1,000",
        additive=True,
        effort="evaluations",
        package="shap",
    ),
    Method(
        "kernel_shap",
        "kernel_shap",
        "Shapley value by weighted least squares",
        "max(128, 16n), 2^n up to n = 8",
        additive=True,
        effort="evaluations",
        package="shap",
    ),
    Method("lime", "lime", "weight in a local linear model", "max(64, 8n)", effort="evaluations", package="lime"),
    Method(
        "surrogate",
        "surrogate",
        "weight in a sparse linear model of random ablations",
        "max(64, 4n)",
        effort="evaluations",
    ),
    Method(
        "gradient_x_input",
        "gradient_x_input",
        "gradient of log-probability times embedding",
        "1 with gradients",
        white_box=True,
    ),
    Method(
        "integrated_gradients",
        "integrated_gradients",
        "gradient of log-probability integrated from a neutral prompt",
        "41 or 83 with gradients",
        white_box=True,
        additive=True,
        effort="steps",
        package="captum",
    ),
    Method(
        "integrated_gradients_mean",
        "integrated_gradients_mean",
        "gradient of log-probability integrated from the mean embedding",
        "41 or 83 with gradients",
        white_box=True,
        additive=True,
        effort="steps",
        package="captum",
    ),
    Method(
        "layer_gradient_x_activation",
        "layer_gradient_x_activation",
        "gradient of log-probability times state at the middle layer",
        "1 with gradients",
        white_box=True,
    ),
    Method(
        "gradient_x_attention",
        "gradient_x_attention",
        "gradient of log-probability times attention, over all layers",
        "1 with gradients",
        white_box=True,
    ),
    Method(
        "attention",
        "attention",
        "share of attention, mean over heads and layers, that a feature gets",
        "1",
        unit="share",
        white_box=True,
        contrasts=False,
    ),
    Method(
        "attention_rollout",
        "attention_rollout",
        "share of attention, mixed over the layers, that reaches a feature",
        "1",
        unit="share",
        white_box=True,
        contrasts=False,
    ),
    Method(
        "attention_flow",
        "attention_flow",
        "share of the flow through attention that a feature could give",
        "1, and n maximum flows",
        unit="share",
        white_box=True,
        contrasts=False,
    ),
)
METHODS = {method.name: method for method in _ALL}


def find(name: str) -> Method:
    """A method by name, with what it needs installed.

    Raises:
        UsageError: There is no such method, or its package is not installed.
    """
    if name not in METHODS:
        msg = f"unknown attribution method {name!r}: use {', '.join(METHODS)}.{did_you_mean(name, METHODS)}"
        raise UsageError(msg)
    method = METHODS[name]
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
