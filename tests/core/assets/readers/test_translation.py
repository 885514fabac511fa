"""Translations: message catalogues and parallel lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.assets.readers import translation
from tests.core.assets.readers.test_files import _write

if TYPE_CHECKING:
    from pathlib import Path


CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "This one has five words"
msgstr "Dies hier hat fünf Wörter"

msgid "This has only four"
msgstr "Dies hat nur vier"

#, fuzzy
msgid "This one is fuzzy and must go"
msgstr "Dies ist unsicher und muss weg"

msgid "This one greets %s and must go"
msgstr "Dies grüßt %s und muss weg"

msgid "This one greets %(name)s and must go"
msgstr "Dies grüßt %(name)s und muss weg"

msgid "This one greets {name} and must go"
msgstr "Dies grüßt {name} und muss weg"

msgid "This one has <b>markup</b> and goes"
msgstr "Dies hat <b>Auszeichnung</b> und geht"

msgid "This one is not translated yet"
msgstr ""

msgid "This one is the very same"
msgstr "This one is the very same"

msgid "This one\\nhas a line break in it"
msgstr "Dies\\nhat einen Zeilenumbruch"

msgid "This one has a plural form"
msgid_plural "These ones have a plural form"
msgstr[0] "Dies hat eine Mehrzahl"
msgstr[1] "Diese haben eine Mehrzahl"

#~ msgid "This one is obsolete by now"
#~ msgstr "Dies ist inzwischen veraltet"
"""


def test_gettext_keeps_plain_translated_sentences_once(tmp_path: Path) -> None:
    later = CATALOGUE.replace("Dies hier hat fünf Wörter", "Hier sind fünf Wörter")
    made = _write(
        tmp_path,
        {"a/locale/de/LC_MESSAGES/django.po": CATALOGUE, "b/locale/de/LC_MESSAGES/django.po": later},
    )
    assert translation.gettext(made).rows == [
        {"source": "This one has five words", "target": "Dies hier hat fünf Wörter", "catalogue": "a"}
    ]


def test_ntrex_pairs_line_by_line(tmp_path: Path) -> None:
    made = _write(tmp_path, {"n-ref.deu.txt": "Eins\nZwei\n", "n-src.eng.txt": "One\nTwo\n"})
    assert translation.ntrex(made).rows == [{"source": "One", "target": "Eins"}, {"source": "Two", "target": "Zwei"}]
