"""Code blocks of an answer in Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCED = re.compile(
    r"(?<!`)(`{3,})[^`\n]+\1(?!`)"
    r"|(?<![`~])(`{3,}|~{3,})([^\n`]{0,200})\n(.*?)(?:^[ \t>]{0,24}\2[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
"""Code within a line, which is no block, or a block. One may begin behind other words: the fence at its end would else
begin another, of what follows the code."""
_TAG = re.compile(r"[\w+#-]+")
NAMES = {
    "c": ("c", "h"),
    "cpp": ("cpp", "c++", "cc", "cxx", "hpp"),
    "csharp": ("csharp", "c#", "cs", "aspx", "xml"),
    "java": ("java",),
    "javascript": ("javascript", "js", "jsx", "node", "nodejs", "typescript", "ts", "tsx", "html"),
    "objective_c": ("objective-c", "objectivec", "objc", "obj-c", "m"),
    "php": ("php", "html"),
    "python": ("python", "py", "python3"),
    "ruby": ("ruby", "rb"),
    "rust": ("rust", "rs"),
    "swift": ("swift",),
    "xml": ("xml", "html"),
}
"""Tags of code blocks by language, also of those that hold it inside: web pages, a server's configuration."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block."""

    tag: str
    """In small letters; empty without one."""
    code: str


def code_blocks(answer: str) -> list[CodeBlock]:
    """The fenced blocks of an answer that are not empty; the last may be cut."""
    found = []
    for match in _FENCED.finditer(answer):
        if match[1] or not match[4].strip():
            continue
        tag = _TAG.match(match[3].strip().lower())
        found.append(CodeBlock(tag[0] if tag else "", match[4]))
    return found


def code_in(answer: str, language: str) -> str | None:
    """The code of an answer in a language: blocks with one of its tags, or without a tag; None where there are none.

    Blocks without a tag are not taken for it where all tagged ones are in other languages: they may be what it prints.
    """
    blocks = code_blocks(answer)
    own = [block.tag in NAMES[language] for block in blocks if block.tag]
    parts = [block.code for block in blocks if not block.tag or block.tag in NAMES[language]]
    return "\n".join(parts) if parts and (any(own) or not own) else None
