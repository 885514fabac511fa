"""Sentence pairs: gettext catalogues and NTREX."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import polib

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_lines, read_text

MINIMUM_WORDS = 5
_MARKUP = re.compile(r"[%{}\n]|<[^>]*>|&#?\w+;")
"""Placeholders (``%s``, ``%(x)s``, ``{x}``), HTML tags and entities, line breaks."""


def gettext(files: Files) -> Rows:
    """Human-translated interface sentences out of ``.po`` catalogues.

    Kept are entries of five or more English words without placeholders, markup or line breaks that are
    translated, not fuzzy and not obsolete; the first catalogue (by name) that holds a sentence wins.
    """
    pairs: dict[str, Row] = {}
    for name, file in files.items():
        try:
            entries = polib.pofile(read_text(file))
        except (OSError, ValueError) as error:
            broken(file, None, f"not a gettext catalogue ({error})")
        for entry in entries:
            source, target = entry.msgid.strip(), entry.msgstr.strip()
            if _usable(entry, source, target):
                pairs.setdefault(source, {"source": source, "target": target, "catalogue": _catalogue(name)})
    return Rows(list(pairs.values()))


def _usable(entry: polib.POEntry, source: str, target: str) -> bool:
    if entry.obsolete or entry.fuzzy or entry.msgid_plural or not target or target == source:
        return False
    return len(source.split()) >= MINIMUM_WORDS and not _MARKUP.search(source) and not _MARKUP.search(target)


def _catalogue(name: str) -> str:
    """``wagtail/admin/locale/de/LC_MESSAGES/django.po`` to ``wagtail/admin``."""
    return name.partition("/locale/")[0] if "/locale/" in name else PurePosixPath(name).stem


def ntrex(files: Files) -> Rows:
    """The publisher's form: two files of lines, ``…-src.eng.txt`` and ``…-ref.LANGUAGE.txt``, line by line."""
    source_file = next(file for name, file in files.items() if "-src." in name)
    target_file = next(file for name, file in files.items() if "-ref." in name)
    sources, targets = read_lines(source_file), read_lines(target_file)
    if len(sources) != len(targets):
        broken(target_file, len(targets), f"{len(targets)} lines, but {source_file.name} has {len(sources)}")
    return Rows([{"source": source, "target": target} for source, target in zip(sources, targets, strict=True)])
