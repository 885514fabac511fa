"""How byte-level vocabularies split a text into words before merging, by the name in a GGUF file.

``tokenizer.ggml.pre`` names the pre-tokenizer; a wrong one gives different tokens for the same text. The names are
those of llama.cpp (``src/llama-vocab.cpp``), the patterns those of the tokenizers that they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Regex
from tokenizers.pre_tokenizers import ByteLevel, Digits, PreTokenizer, Sequence, Split

from audit.engine import shared_encoding as known

MISSING = "gpt-2"
"""How text is split if the file names no pre-tokenizer, as in files from before April 2024."""

_CASED_LETTERS = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377"
    "\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556"
    "\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a"
    "\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4"
    "\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc"
    "\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f"
    "\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b"
    "\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943"
)
"""Letters with case as DeepSeek's first tokenizer lists them; Unicode has more by now."""
_EAST_ASIAN = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
_DEEPSEEK_LLM = (
    "[\r\n]",
    rf"\s?[{_CASED_LETTERS}]+",
    r"\s?[!-/:-~" + "\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
    r"\s+$",
    _EAST_ASIAN,
    r"\p{N}+",
)
_BLOOM = r" ?[^(\s|.,!?" + "\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"


_DIGIT = "digit"
"""In place of a pattern: every digit is a word."""

_PATTERNS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "a.x-4.0", "mellum"): (
        known.GPT2,
    ),
    ("mpt", "olmo", "jais", "trillion", "granite-docling", "modern-bert", "exaone4"): (known.GPT2,),
    ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"): (
        _DIGIT,
        known.GPT2,
    ),
    ("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"): (
        known.cl100k("{1,3}"),
    ),
    ("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"): (known.cl100k("{1,3}"),),
    ("qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2"): (
        known.QWEN2,
    ),
    ("qwen35",): (known.QWEN35,),
    ("minicpm5",): (r"\p{N}{1,3}", known.cl100k("+")),
    ("tekken",): (known.cased("", ""),),
    ("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"): (known.cased("{1,3}", f"{known.SHORT}?"),),
    ("seed-coder",): (known.SEED,),
    ("bailingmoe", "bailingmoe2", "llada-moe"): (known.BAILING,),
    ("deepseek-v3", "hunyuan-dense", "joyai-llm"): (r"\p{N}{1,3}", known.EAST_ASIAN, known.DEEPSEEK_V3),
    ("deepseek-llm",): _DEEPSEEK_LLM,
    ("deepseek-coder",): ("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _EAST_ASIAN, r"\p{N}"),
    ("falcon",): (r"[\p{P}$+<=>^~|`]+", known.GPT2, "[0-9][0-9][0-9]"),
    ("bloom", "poro-chat", "gpt3-finnish"): (_BLOOM,),
    ("viking",): (_BLOOM, r"\p{N}"),
    ("default",): (r"[\p{P}$+<=>^~|]+", known.GPT2, r"\p{N}+", "[0-9][0-9][0-9]"),
}
_WHOLE_WORDS = {
    *("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"),
    *("tekken", "minicpm5"),
}
_BEGINS = _WHOLE_WORDS - {"minicpm5"}
_NFC = {"qwen2", "qwen35", "deepseek-r1-qwen", "command-r"}


@dataclass(frozen=True)
class PreTokenizing:
    """What the name of a pre-tokenizer determines."""

    patterns: tuple[str, ...]
    """Applied one after the other, each to the parts from the one before."""
    whole_words: bool
    """A word in the vocabulary is one token, whatever the merges give."""
    begins: bool
    """The beginning-of-sequence token precedes a text unless the file says otherwise."""
    composes: bool
    """Text is first normalised to Unicode's NFC, as by transformers' tokenizer of that family."""

    def build(self) -> PreTokenizer:
        """The pre-tokenizer, its parts spelled in the byte-level alphabet."""
        steps = [
            Digits(individual_digits=True) if pattern == _DIGIT else Split(Regex(pattern), "isolated")
            for pattern in self.patterns
        ]
        return Sequence([*steps, ByteLevel(add_prefix_space=False, use_regex=False)])


def pre_tokenizing(name: str) -> PreTokenizing | None:
    """The pre-tokenizer for a name of ``tokenizer.ggml.pre``; None for an unsupported one."""
    patterns = next((patterns for names, patterns in _PATTERNS.items() if name in names), None)
    if patterns is None:
        return None
    return PreTokenizing(patterns, name in _WHOLE_WORDS, name in _BEGINS, name in _NFC)
