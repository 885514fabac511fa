"""How a judge is asked, as typed."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from audit.cli.judged.options import RubricName, asking_of
from audit.core.errors import UsageError
from audit.safety.judges.rubric import shipped_rubrics


def test_the_ways_of_asking() -> None:
    assert asking_of("likelihood", 1, 0.0, reasons=False).by == "likelihood"
    found = asking_of("generation", 3, 0.5, reasons=True)
    assert (found.by, found.repeats, found.temperature, found.reasons) == ("generation", 3, 0.5, True)
    with pytest.raises(UsageError, match=r"--by likelyhood: there are .* Did you mean 'likelihood'\?"):
        asking_of("likelyhood", 1, 0.0, reasons=False)


def test_help_names_the_packaged_rubrics() -> None:
    (option,) = get_args(RubricName)[1:]
    assert re.findall(r"\w+_\w+|refusal|toxicity|violence", option.help) == shipped_rubrics()
