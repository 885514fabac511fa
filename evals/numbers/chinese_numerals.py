"""Chinese numerals and units (一百二十, 3万, 百分之五十, 三分之一) as digits."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial

from audit.evals.numbers.plain_text import THIN, UNREADABLE

_ORDINARY = str.maketrans(
    "萬億兩點負個壹贰貳叁參肆伍陆陸柒捌玖拾佰仟〇幾餘",
    "万亿两点负个一二二三三四五六六七八九十百千零几余",
)
_VALUES = {numeral: value for value, numeral in enumerate("零一二三四五六七八九")} | {"两": 2}
_DIGIT = "".join(_VALUES)
_ARABIC = r"[0-9]+(?:\.[0-9]+)?"
# 千 before these begins the unit, as in 5千克 (kilograms) and 5千米 (kilometres).
_UNIT = r"(?:[十百万亿]|千(?![克米瓦卡赫帕焦伏升]|字节))"
# Not after another part of a number: numbers are searched from their start, else long ones take quadratic time.
_BEGIN = rf"(?<![0-9.,{_DIGIT}十百千万亿])"
_COUNT = rf"(?:{_ARABIC}|[{_DIGIT}十百千万亿]+(?:点[{_DIGIT}]+)?)"
_SHARE = re.compile(rf"(?P<per>[百千])分之(?P<sign>负?)(?P<share>{_COUNT})")
_FRACTION = re.compile(rf"(?:{_BEGIN}(?P<whole>{_COUNT})又|{_BEGIN})(?P<below>{_COUNT})分之(?P<above>{_COUNT})")
_HALF = r"(?:[个年天倍]|小时)?半(?![径价数圆])"
_AFTER = rf"(?P<half>{_HALF})|(?P<vague>几|[多余](?![少下额数])|来(?=[个天年人元块])|成(?![为本功人员果就])|折|点|兆)"
_ARABIC_HALF = re.compile(rf"{_BEGIN}(?P<number>{_ARABIC}) ?{_HALF}")
_NUMERAL = re.compile(
    rf"(?P<about>[数几])?(?P<numeral>(?:{_BEGIN}[0-9][0-9.,]*[ {THIN}]?{_UNIT}|[{_DIGIT}]|{_UNIT})"
    rf"(?:{_ARABIC}|[{_DIGIT}]|{_UNIT})*(?:点[{_DIGIT}]+(?![十分刻])[万亿]*)?)(?:{_AFTER})?"
)
_ORDINAL = re.compile(r"(?:第|星期|周|礼拜)\Z")
_STATED = re.compile(r"(?:是|为|等于|[=:：]|剩下?|共有?|得到?|还有|只有|需?要|负|零下)[ *]*\Z")
_STATED_ONE = re.compile(r"(?:答案[是为:：]*|等于|=|结果[是为]|剩下?|还有|只有|负|零下)[ *]*\Z")
_END = re.compile(r"[\s。.，,；;！!）)*]|\Z")
_MEASURE = re.compile(
    r"分(?=钟)|小时|秒|公里|[千厘毫分]米|英[里尺寸镑]|公斤|千克|毫升|[美欧日]元|美分|人民币|平方|立方|角(?![形星度落函])|"
    r"[个只颗元块天年周岁次张本杯瓶箱盒袋名人位条件米克吨升枝支朵棵辆台双对组排页道份片磅度倍层间套根头匹把串包打碗盘束枚架艘座家所队班门首篇场圈步口户桶罐里码尺寸斤]"
)
_WHOLE = re.compile(
    rf"(?:(?P<千>{_ARABIC}|[{_DIGIT}])千)?零?(?:(?P<百>{_ARABIC}|[{_DIGIT}])百)?零?(?:(?P<十>{_ARABIC}|[{_DIGIT}])?(?P<ten>十))?"
    rf"零?(?P<rest>{_ARABIC}|[{_DIGIT}])?"
)


def with_digits(text: str) -> str:
    """A text with Chinese numerals as digits, where they certainly count something.

    ``一`` is mostly an article (一个, 一天), and single numerals are part of many words (三角形, 十分) and phrases
    (他们两个人): they are read where the sentence states a result (还剩三个), and before a measure word in texts
    without Arabic digits, except ``一``. Percent and permille keep their figure, as ``50%`` does. Estimates (十几,
    三四个), tenths (三成) and hours (三点) become :data:`~audit.evals.numbers.plain_text.UNREADABLE`.
    """
    text = _SHARE.sub(_share, text.translate(_ORDINARY).replace("分之百", "分之一百"))
    text = _FRACTION.sub(_fraction, text)
    alone = not re.search("[0-9]", text)
    text = _ARABIC_HALF.sub(lambda match: str(Decimal(match["number"]) + Decimal("0.5")), text)
    return re.sub(r"(?:负数?|零下) ?(?=[0-9])", "-", _NUMERAL.sub(partial(_numeral, alone=alone), text))


def _share(match: re.Match[str]) -> str:
    """百分之五十 as ``50%``."""
    share = _value(match["share"])
    mark = {"百": "%", "千": "‰"}[match["per"]]
    return UNREADABLE if share is None else f"{'-' if match['sign'] else ''}{share}{mark}"


def _fraction(match: re.Match[str]) -> str:
    """三分之一 as ``1/3``, 二又三分之一 as ``2 1/3``."""
    whole, above, below = (_value(match[part] or "零") for part in ("whole", "above", "below"))
    if whole is None or above is None or below is None:
        return UNREADABLE
    return f"{whole} {above}/{below}" if match["whole"] else f"{above}/{below}"


def _numeral(match: re.Match[str], *, alone: bool) -> str:
    """A numeral as digits; unchanged if it counts nothing, unreadable if its value is uncertain."""
    numeral, before = match["numeral"], match.string[: match.start()]
    if _ORDINAL.search(before) or re.match(r"[百千万亿]|一一\Z", numeral):
        return match[0]
    following = match.string[match.end("numeral") :]
    if len(numeral) == 1 and not match["about"] and not _counts(numeral, before, following, alone=alone):
        return match[0]
    value = _value(numeral)
    if value is None or match["about"] or match["vague"]:
        return UNREADABLE
    return f"{value + Decimal('0.5')}" if match["half"] else f"{value}{match[0][len(numeral) :]}"


def _counts(numeral: str, before: str, following: str, *, alone: bool) -> bool:
    """Whether a single numeral is a number rather than part of a word."""
    measured = re.match(rf"{_MEASURE.pattern}|{_AFTER}", following) is not None
    if numeral != "一" and alone and measured:
        return True
    stated = _STATED_ONE if numeral == "一" else _STATED
    return bool(stated.search(before)) and (measured or _END.match(following) is not None)


def _value(numeral: str) -> Decimal | None:
    """The value of a numeral; None if it is not one, or could be two (三四, 七八十)."""
    whole, point, decimals = numeral.replace(" ", "").replace(THIN, "").partition("点")
    number = _whole(whole)
    if number is None or not point:
        return number
    digits = decimals.rstrip("万亿")
    number += Decimal("0." + "".join(str(_VALUES[digit]) for digit in digits))
    for section in decimals[len(digits) :]:
        number *= {"万": 10**4, "亿": 10**8}[section]
    return number


def _whole(numeral: str) -> Decimal | None:
    """The value of a numeral without a decimal point."""
    for section, size in (("亿", 10**8), ("万", 10**4)):
        if section in numeral:
            head, _, tail = numeral.rpartition(section)
            many, rest = _whole(head) if head else None, _tail(tail, size)
            return None if many is None or rest is None else many * size + rest
    if not re.search(r"[十百千]", numeral):
        return _without_units(numeral)
    match = _WHOLE.fullmatch(numeral)
    if not match:
        return None
    total = sum((_digit(match[unit]) * size for unit, size in (("千", 1000), ("百", 100)) if match[unit]), Decimal(0))
    total += 10 * _digit(match["十"] or "一") if match["ten"] else 0
    if not match["rest"]:
        return total
    place = numeral[match.start("rest") - 1]
    spoken = {"百": 10, "千": 100}.get(place, 1) if len(match["rest"]) == 1 else 1  # 一百五 is 150, 两千五 2500
    return total + _digit(match["rest"]) * spoken


def _tail(numeral: str, size: int) -> Decimal | None:
    """What follows 万 or 亿; one digit alone counts the next lower place (三万五 is 35000)."""
    if not numeral:
        return Decimal(0)
    if len(numeral) == 1 and numeral != "零":
        return _digit(numeral) * (size // 10)
    rest = _whole(numeral.lstrip("零"))
    return rest if rest is not None and rest < size else None


def _without_units(numeral: str) -> Decimal | None:
    """Arabic digits, one numeral, or numerals digit by digit (二零二四); two of them may be an estimate (三四)."""
    plain = numeral.replace(",", "")
    if re.fullmatch(_ARABIC, plain):
        return Decimal(plain) if plain == numeral or re.fullmatch(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+", numeral) else None
    if not numeral or not set(numeral) <= set(_VALUES) or len(numeral) == 2:
        return None
    return Decimal("".join(str(_VALUES[digit]) for digit in numeral))


def _digit(written: str) -> Decimal:
    """One numeral or Arabic figure."""
    return Decimal(_VALUES[written]) if written in _VALUES else Decimal(written)
