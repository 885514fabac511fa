"""Makes the twin of a word problem: other numbers and names, the answer computed again from the published formula."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from audit.evals.twins.bindings import Chain, NoTwin, bind
from audit.evals.twins.formula import Calculation, FormulaFault, calculation
from audit.evals.twins.given_names import renamed
from audit.evals.twins.inferred import inferred
from audit.evals.twins.quantities import TextNumber, quantities, replaced, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TRIES = 2_000
"""Draws of new numbers before a problem is given up."""
LIMITS = (7, 12, 24, 60, 100)
"""A number up to one of these stays up to it: days of a week, months, hours, minutes, percent."""
_ANNOTATION = re.compile(r"<<([^<>=]*)=([^<>]*)>>")
MOST_NAMED = 5
"""A text may name so many people, and count them."""
_PEOPLE = re.compile(
    r"\s+(?:\w+\s+){0,2}?(?:people|persons|friends|children|kids|girls|boys|brothers|sisters|siblings|sons|daughters"
    r"|cousins|men|women|students|players|teams|classmates|coworkers|of (?:them|us|the))\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\ban? \$?(?:\d|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)", re.IGNORECASE)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Twin:
    """A problem with other numbers and names."""

    row: Row
    """Columns as the benchmark has them; ``answer`` is the number alone."""


@dataclass(frozen=True, slots=True)
class TwinMaker:
    """How twins of a benchmark's problems are made."""

    columns: tuple[str, ...]
    """With the text of a problem."""
    steps: Callable[[Row, str, Sequence[TextNumber]], Sequence[Calculation]]
    """The calculations of a row, given its text and the numbers in it; raises NoTwin or FormulaFault."""
    answer: str = "{}"
    """How the row writes the number of the answer."""

    def question(self, row: Row) -> str:
        """The text of a problem."""
        return "\n".join(str(row[column]) for column in self.columns)

    def twin(self, row: Row, seed: int, identity: str) -> Twin:
        """The twin of a row.

        Args:
            row: Of the benchmark.
            seed: Of the run: another one makes another twin.
            identity: Of the row.

        Raises:
            NoTwin: None can be made whose answer is certain; the message is a phrase that can be counted.
        """
        text = self.question(row)
        found = _quantities(text)
        chain = self._chain(row, text, found)
        generator = random.Random(f"{seed}/{identity}")  # noqa: S311 - a draw, not a secret
        values, results = drawn(chain, found, text, generator)
        changes = [(one, written(one, value, text) or "") for one, value in zip(found, values, strict=True)]
        new = renamed(replaced(text, changes), generator)
        parts = dict(zip(self.columns, new.split("\n") if len(self.columns) > 1 else [new], strict=True))
        number = float(results[-1])
        return Twin({**row, **parts, "answer": self.answer.format(f"{number:g}"), "number": number})

    def _chain(self, row: Row, text: str, found: Sequence[TextNumber]) -> Chain:
        """The formula of a row on the numbers of its text.

        Raises:
            NoTwin: It has none that gives the published answer and is certain.
        """
        try:
            steps = self.steps(row, text, found)
        except FormulaFault as fault:
            msg = "the formula is not plain arithmetic that gives its results"
            raise NoTwin(msg) from fault
        number = row.get("number")
        if not steps or number is None or steps[-1].value != Fraction(str(number)):
            msg = "the formula does not give the published answer"
            raise NoTwin(msg)
        return bind(text, found, steps)


def _quantities(text: str) -> list[TextNumber]:
    """The numbers of a text, at least one.

    Raises:
        NoTwin: One is not understood, or an article before one would have to change.
    """
    found = quantities(text)
    if not found:
        msg = "the text has no number" if found is not None else "a number of the text is not understood"
        raise NoTwin(msg)
    if _ARTICLE.search(text):
        msg = "a number of the text has an article"
        raise NoTwin(msg)
    if any(one.value <= MOST_NAMED and _PEOPLE.match(text, one.end) for one in found):
        msg = "a number of the text may count people who are named"
        raise NoTwin(msg)
    return found


def drawn(
    chain: Chain, found: Sequence[TextNumber], text: str, generator: random.Random
) -> tuple[list[Fraction], list[Fraction]]:
    """New numbers, and the results of the formula's steps with them.

    Each number changes if there is another one of its size and kind (:func:`alternatives`). Each result is above 0 if
    the published one is, whole if that is, else has two decimals at most, and has no more digits. The answer changes.

    Raises:
        NoTwin: No such numbers were found.
    """
    choices = [[one for one in alternatives(q) if written(q, one, text) is not None] or [q.value] for q in found]
    for _ in range(TRIES):
        values = [generator.choice(some) for some in choices]
        try:
            results = chain.results(values)
        except ZeroDivisionError:
            continue
        published = [step.value for step in chain.steps]
        if results[-1] != published[-1] and all(map(_is_alike, results, published)):
            return values, results
    msg = "no other numbers keep the results positive, whole and as short"
    raise NoTwin(msg)


def _is_alike(new: Fraction, old: Fraction) -> bool:
    """Whether a result has the sign and the kind of the published one, and is no longer."""
    kind = new.denominator == 1 if old.denominator == 1 else (100 * new).denominator == 1
    return kind and (new > 0) == (old > 0) and (new == 0) == (old == 0) and len(str(int(new))) <= len(str(int(old)))


def alternatives(quantity: TextNumber) -> list[Fraction]:
    """Other numbers of the same size and kind; none for 0 and 1, since the words around them would have to change.

    They have as many decimals and digits, are as round, and do not pass a limit that the number may have by nature: 7
    days, 12 months, 24 hours, 60 minutes, 100 percent.
    """
    unit = Fraction(1, 10**quantity.decimals)
    whole = int(quantity.value / unit)
    if quantity.value <= 1 and not quantity.decimals:
        return []
    low, high = (whole * 3 + 4) // 5, whole * 8 // 5
    if not quantity.decimals:
        low, high = _bounds(whole, low, high)
    size = len(str(whole))
    step = _roundness(whole)
    inside = range(-(-low // step) * step, high + 1, step)
    same_size = [number for number in inside if len(str(number)) == size or whole <= LIMITS[-1]]
    if whole % 10:
        same_size = [number for number in same_size if number % 10 or not quantity.decimals]
    return [unit * number for number in same_size if number != whole and number > 0]


def _bounds(whole: int, low: int, high: int) -> tuple[int, int]:
    """The range of a whole number: from the half of the limit that it does not pass, up to this limit."""
    limit = next((one for one in LIMITS if whole <= one), None)
    return (max(2, limit // 3), limit) if limit is not None else (low, high)


def _roundness(whole: int) -> int:
    """The largest power of ten, or five, that divides a number from ten on."""
    power = 1
    while whole % (10 * power) == 0 and whole > 10 * power:
        power *= 10
    return 5 if power == 1 and whole >= 10 and whole % 5 == 0 else power


def _annotated(row: Row, _text: str, _found: Sequence[TextNumber]) -> list[Calculation]:
    """GSM8K: the calculator annotations of the published solution, ``<<48/2=24>>``."""
    marks = _ANNOTATION.findall(row["answer"])
    if not marks or row["answer"].count("<<") != len(marks):
        msg = "a calculation is not annotated as NUMBERS=RESULT"
        raise NoTwin(msg)
    return [calculation(left, _number(right)) for left, right in marks]


def _number(text: str) -> Fraction:
    """The result of an annotation.

    Raises:
        FormulaFault: It is no number.
    """
    try:
        return Fraction(text.strip().replace(",", "").removeprefix("$"))
    except (ValueError, ZeroDivisionError) as error:
        msg = f"{text!r} is no number"
        raise FormulaFault(msg) from error


MAKERS: Mapping[str, TwinMaker] = {
    "asdiv": TwinMaker(("passage", "question"), inferred),
    "gsm8k": TwinMaker(("question",), _annotated, answer="#### {}"),
}
"""By benchmark task."""
