from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from audit.cli.console import Messages, print_json

if TYPE_CHECKING:
    import pytest


def test_json_steers_no_terminal_and_reads_back_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    text = '\x1b[2J\x9b2J \u202eevil\u2066 \ud800 \u2028 naïve 猫 😀 \U000e0041 \n\t"quoted"\\'
    print_json({"text": [text]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"text": [text]}
    assert "naïve 猫 😀" in printed
    assert not set(printed) & set("\x1b\x9b\u202e\u2066\ud800\u2028\U000e0041")


class Closed(io.StringIO):
    """A pipe that nobody reads."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_messages_that_nobody_reads_end_nothing() -> None:
    messages = Messages(file=Closed())
    messages.print("a warning")
    messages.print("another one")
