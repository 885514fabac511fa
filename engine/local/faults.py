"""Failures of the model's code, a kernel or the device in the middle of a call."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from audit.core.errors import RAISED_BY_OTHERS, AuditError, DeviceLost, EngineFault
from audit.core.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


class Guard:
    """Turns anything a model raises into an error that costs one task, and remembers a lost device.

    After a failed assertion or an illegal access CUDA refuses every later call of the process. So the device is asked,
    not the message: it has many wordings, and some of them name a kernel that could not run while the next one can.

    Args:
        device: Device of the model.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._lost: str | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Guard a call of the model.

        Raises:
            EngineFault: The model or a kernel failed.
            DeviceLost: The device answers no more, now or since an earlier call.
        """
        if self._lost is not None:
            raise DeviceLost(self._lost)
        try:
            yield
        except AuditError:
            raise
        except RAISED_BY_OTHERS as error:
            logger.debug("the model failed", exc_info=True)
            reason = first_line(error)  # CUDA's messages continue with advice to programmers
            if answers(self.device):
                msg = f"the model failed on a request ({reason}): `audit run --resume` tries it again"
                raise EngineFault(msg) from error
            self._lost = f"{self.device} no longer responds ({reason}): finish the run with `audit run --resume`"
            raise DeviceLost(self._lost) from error


def answers(device: torch.device) -> bool:
    """Whether a device still computes."""
    try:
        return float(torch.ones(1, device=device).add(1).cpu()) == 2
    except Exception:  # noqa: BLE001 - drivers and builds of torch differ in what they raise
        return False
