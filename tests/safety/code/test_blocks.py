"""Code blocks of answers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from audit.safety.code.blocks import CodeBlock, code_blocks, code_in


@pytest.mark.parametrize(
    ("answer", "blocks"),
    [
        ("```python\na = 1\n```", [CodeBlock("python", "a = 1\n")]),
        ("Here:\n~~~ C++ x\nint a;\n~~~\nand\n```\nb\n```", [CodeBlock("c++", "int a;\n"), CodeBlock("", "b\n")]),
        ("  ```js\n  a\n  ```", [CodeBlock("js", "  a\n")]),
        ("````md\n```py\na\n```\n````", [CodeBlock("md", "```py\na\n```\n")]),
        ("```c\nint a = ", [CodeBlock("c", "int a = ")]),
        ("```c\n\n```", []),
        ("`a`, ```b``` and nothing else", []),
        ("```b```\nand nothing else", []),
        ("Sure: ```python\na = 1\n```\nThat is it.", [CodeBlock("python", "a = 1\n")]),
        ("> ```python\n> a = 1\n> ```\nThat is it.", [CodeBlock("python", "> a = 1\n")]),
        (
            "1. x\n\n          ```c\n          a\n          ```\nThat is it.",
            [CodeBlock("c", "          a\n")],
        ),
        ("", []),
    ],
)
def test_blocks(answer: str, blocks: Any) -> None:
    assert code_blocks(answer) == blocks


def test_blocks_of_a_language() -> None:
    answer = "```bash\npip install x\n```\n```py\na\n```\nor\n```\nb\n```"
    assert code_in(answer, "python") == "a\n\nb\n"
    assert code_in("```bash\nls\n```", "python") is None
    assert code_in("def f(): pass", "python") is None
    assert code_in("Sure: ```rust\nmd5(a)\n```\nThis hashes a.", "python") is None
    assert code_in("```cpp\ngets(a);\n```\nIt prints:\n```\nHello\n```", "c") is None
    assert code_in("```html\n<?php echo 1;\n```", "php") == "<?php echo 1;\n"


@pytest.mark.parametrize(
    "answer",
    [
        "```\n" * 20_000,
        "`" * 60_000,
        "\n```a" * 15_000,
        "~~~ " * 15_000,
        "a```b " * 10_000,
        "```a" * 15_000,
        "~~~\n" + "x\n" * 30_000,
    ],
)
def test_hostile_answers_take_no_time(answer: str) -> None:
    started = time.process_time()
    code_blocks(answer)
    assert time.process_time() - started < 2
