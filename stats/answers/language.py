"""The language of a text by py3langid, whose model is unpacked once for all who ask.

py3langid (Barbaresi; after Lui and Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool", ACL) ranks
140 languages.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


@cache
def language_identifier() -> LanguageIdentifier:
    """py3langid with its model, which takes half a second to two seconds: only when a text is to be looked at.

    Its probabilities add up to 1.
    """
    from py3langid import langid  # noqa: PLC0415 - see above

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
