"""The list of formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.reports.exports.formats import Format
from audit.reports.exports.publication import Publication
from tests.reports.exports.conftest import a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents


def test_names_and_files_are_different() -> None:
    assert len({form.file for form in Format}) == len(list(Format))
    assert Format("model-card") is Format.MODEL_CARD
    assert str(Format.LM_EVAL) == "lm-eval"


@pytest.mark.parametrize(
    ("form", "beginning"),
    [("junit", "<?xml"), ("comment", "<!-- checkpoint-audit"), ("md", "# Audit of"), ("json", "{"), ("eee", "{")],
)
def test_each_renders_by_its_module(form: str, beginning: str, make_contents: Callable[..., RunContents]) -> None:
    contents = make_contents(decision=a_decision(a_check()))
    assert Format(form).render(contents, Publication()).startswith(beginning)


def test_what_the_publisher_says_reaches_the_formats_that_need_it(make_contents: Callable[..., RunContents]) -> None:
    assert '"An Institute"' in Format.EEE.render(make_contents(), Publication(organisation="An Institute"))
    with pytest.raises(ConfigError, match="--benchmark"):
        Format.EVAL_RESULTS.render(make_contents(), Publication())
