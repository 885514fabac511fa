"""Every format of ``audit report``: a format is one module and one line here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from audit.reports.contents import RunContents
    from audit.reports.exports.publication import Publication


class Format(StrEnum):
    """What a report can be: its name on the command line, its module, its file, whether it is for publishing."""

    module: str
    """Below ``audit.reports``; imported when it is used, since some take seconds."""
    file: str
    """Name of the file in the run's report folder; for lm-eval of a folder."""
    published: bool
    """Whether ``render`` takes what the publisher says."""

    def __new__(cls, name: str, module: str, file: str, published: bool = False) -> Self:
        """A member, whose value is its name on the command line."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.module, member.file, member.published = module, file, published
        return member

    HTML = "html", "render.card", "index.html"
    MARKDOWN = "md", "render.markdown", "summary.md"
    JSON = "json", "render.json_report", "report.json"
    JUNIT = "junit", "exports.junit", "junit.xml"
    COMMENT = "comment", "exports.comment", "comment.md"
    MODEL_CARD = "model-card", "exports.model_card", "model_card.md", True
    EVAL_RESULTS = "eval-results", "exports.eval_results", "eval_results.yaml", True
    EEE = "eee", "exports.eee", "eee.json", True
    DOCUMENTATION = "documentation", "exports.documentation", "documentation.md"
    LM_EVAL = "lm-eval", "lm_eval_files", "lm-eval"

    def render(self, contents: RunContents, publication: Publication) -> str:
        """A run as one text; lm-eval's format is several files, and has none.

        Args:
            contents: The run.
            publication: What its publisher says.
        """
        made = import_module(f"audit.reports.{self.module}").render
        text: str = made(contents, publication) if self.published else made(contents)
        return text
