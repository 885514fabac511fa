"""Lines of lm-eval's ``samples_*.jsonl`` as items: one line per item and filter.

lm-eval writes digests of the data set's row, of the prompt and of the target into each line. They are computed again,
so that a line that was edited by hand is found.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from audit.core.records import Choice, Flag
from audit.gate.importers.contract import ImportedItem, bad, contradicts
from audit.gate.importers.files import member, number, read_lines
from audit.gate.importers.lm_eval_likelihoods import is_greedy, log_likelihood
from audit.gate.importers.lm_eval_line import Line
from audit.stats.definitions import Corpus
from audit.stats.harness_names import LENGTH, LOG_LIKELIHOOD, NO_MATCH, RENAMED, suffix

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

CORPUS: dict[str, Corpus] = {"bleu": Corpus(metric="bleu"), "chrf": Corpus(metric="chrf")}
"""lm-eval's corpus metrics whose items are pairs of reference and answer, by name."""
MOST_DIGITS = 9
"""Of an option's position."""
ANSWERED_BY: dict[str, Literal["likelihood", "generation"]] = {
    "multiple_choice": "likelihood",
    "loglikelihood": "likelihood",
    "generate_until": "generation",
}
"""How tasks of each kind are answered."""


def read(file: Path) -> list[Line]:
    """The lines of a file, in its order.

    Raises:
        UsageError: A line cannot be read, or an item occurs twice under one filter.
        EvidenceInvalid: A line was edited.
    """
    lines: list[Line] = []
    seen: dict[tuple[int, str], str] = {}
    for place_number, row in read_lines(file):
        place = f"{file}: line {place_number}"
        doc_id, name = member(row, "doc_id", int, place), str(row.get("filter", "none"))
        if (doc_id, name) in seen:
            raise bad(
                place, f"item {doc_id} is also on {seen[doc_id, name]}: the log is duplicated, or two were joined"
            )
        seen[doc_id, name] = f"line {place_number}"
        line = Line(place, doc_id, name, row)
        _check_digests(line)
        lines.append(line)
    return lines


def _check_digests(line: Line) -> None:
    """Compute lm-eval's digests again.

    Raises:
        EvidenceInvalid: One differs.
    """
    row, arguments = line.row, _arguments(line)
    prompt = arguments[0][0] if arguments and arguments[0] else None
    texts = {
        "doc": json.dumps(member(row, "doc", (dict, list, str), line.place), indent=2, ensure_ascii=False),
        "prompt": prompt if isinstance(prompt, str) else None,
        "target": str(row.get("target")),
    }
    for name, text in texts.items():
        stored = row.get(f"{name}_hash")
        if stored is not None and text is not None and stored != _sha256(text):
            raise contradicts(line.place, f"{name} and {name}_hash do not belong together: it was edited")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _arguments(line: Line) -> list[list[Any]]:
    """Arguments of each request, in order."""
    found = member(line.row, "arguments", (dict, list), line.place)
    if isinstance(found, dict):
        found = list(found.values())
    return [list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else [one] for one in found]


def items(lines: Sequence[Line], output_type: str | None) -> list[ImportedItem]:
    """The items of a task, by their position in the data set.

    Args:
        lines: All of the task.
        output_type: lm-eval's kind of task.

    Raises:
        UsageError: A line lacks what it needs.
    """
    by_item: dict[int, list[Line]] = {}
    for line in lines:
        by_item.setdefault(line.doc_id, []).append(line)
    filters = list(dict.fromkeys(line.filter for line in lines))
    found = [_item(by_item[doc_id], output_type, several=len(filters) > 1) for doc_id in sorted(by_item)]
    primary = _primary(dict.fromkeys(name for item in found for name in item.scores))
    return [replace(item, score=item.scores.get(primary) if primary else None) for item in found]


def _item(lines: Sequence[Line], output_type: str | None, *, several: bool) -> ImportedItem:
    """One item from its lines, one per filter."""
    first = lines[0]
    arguments = _arguments(first)
    values = {
        RENAMED.get(name, name) + suffix(line.filter, several=several): line.row.get(name)
        for line in lines
        for name in line.metrics
    }
    scores = _scores(values)
    broken = [name for name, value in scores.items() if value is None]
    doc = first.row["doc"]
    bare = ImportedItem(
        place=first.place,
        digest=str(first.row.get("doc_hash") or _sha256(json.dumps(doc, indent=2, ensure_ascii=False))),
        fields=doc if isinstance(doc, dict) else {"doc": doc},
        answered_by=ANSWERED_BY.get(str(output_type)),
        scores=scores,
        flags=(Flag.UNPARSED_ANSWER,)
        if all(_first(line.row.get("filtered_resps")) == NO_MATCH for line in lines)
        else (),
        error=f"{broken[0]} is not a finite number" if broken and len(broken) == len(scores) else None,
    )
    if output_type == "multiple_choice":
        return _choice(bare, first, arguments)
    return _text(bare, first, arguments, output_type, values)


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _scores(values: Mapping[str, Any]) -> dict[str, float | None]:
    """Numbers of an item by metric; None for one that is NaN or infinite.

    Of a pair that a corpus metric aggregates: the corpus metric over the one item, or what it is made of.
    """
    scores: dict[str, float | None] = {}
    for name, value in values.items():
        if isinstance(value, bool | int | float):
            scores[name] = number(value)
        elif is_pair_of_texts(value) and name in CORPUS:
            corpus = CORPUS[name]
            scores[name] = corpus.of_rows(corpus.counts([(value[0], value[1].strip())]))
        elif is_pair_of_numbers(value) and isinstance(value[0], float):
            scores[LOG_LIKELIHOOD], scores[f"{name}{LENGTH}"] = number(value[0]), number(value[1])
        elif is_pair_of_numbers(value):
            scores[name] = float(value[0] == value[1])
    return scores


def is_pair_of_texts(value: object) -> bool:
    """Whether a metric's value of an item is reference and answer."""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(text, str) for text in value)


def is_pair_of_numbers(value: object) -> bool:
    """Whether a metric's value of an item is a log-likelihood and a length, or two classes."""
    return isinstance(value, list) and len(value) == 2 and all(number(one) is not None for one in value)


def _primary(names: Collection[str]) -> str | None:
    """The primary score of a task's items, as in runs of lm-eval's tasks."""
    preferred = [name for name in ("accuracy", "exact_match") if name in names]
    return next(iter([*preferred, *(name for name in names if not name.endswith(LENGTH))]), None)


def _choice(bare: ImportedItem, line: Line, arguments: Sequence[Sequence[Any]]) -> ImportedItem:
    """An item with options: the likeliest is the answer."""
    options = [one for one in arguments if len(one) > 1 and isinstance(one[0], str) and isinstance(one[1], str)]
    answers = member(line.row, "resps", list, line.place)
    totals = [log_likelihood(answer) for answer in answers]
    if "acc_mutual_info" in bare.scores and len(options) % 2 == 0:  # the second half is without its prompts
        options, totals = options[: len(options) // 2], totals[: len(totals) // 2]
    if len(options) != len(totals) or not options:
        raise bad(line.place, f"{len(totals)} answers to {len(options)} options")
    right = _right(line.row.get("target"), [one[1] for one in options])
    prompts = tuple(dict.fromkeys(one[0] for one in options))
    known = [total for total in totals if total is not None]
    chosen = max(range(len(totals)), key=lambda place: known[place]) if len(known) == len(totals) else None
    shown = chosen or 0
    choice = None
    if len(prompts) == 1 and chosen is not None:
        rest = [place for place in range(len(known)) if place != chosen]
        choice = Choice(
            options=[one[1] for one in options],
            log_likelihoods=known if all(map(math.isfinite, known)) else None,
            chosen=chosen,
            right=right,
            contrast=max(rest, key=lambda place: known[place], default=None),
        )
    likelihoods = {f"log_likelihood_{place}": number(total) for place, total in enumerate(totals)}
    return replace(
        bare,
        prompt=options[shown][0],
        prompts=prompts,
        reference=None if right is None else options[right][1],
        output=None if chosen is None else options[chosen][1],
        choice=choice,
        scores={**bare.scores, **likelihoods},
        error=bare.error or ("an option has no log-likelihood" if chosen is None else None),
    )


def _right(target: object, options: Sequence[str]) -> int | None:
    """Position of the right option, where the target is its position or its text; lm-eval writes it as text."""
    text = str(target)
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) < len(options):
        return int(text)
    matching = [place for place, option in enumerate(options) if option.strip() == text.strip()]
    return matching[0] if len(matching) == 1 else None


def _text(
    bare: ImportedItem,
    line: Line,
    arguments: Sequence[Sequence[Any]],
    output_type: str | None,
    values: Mapping[str, Any],
) -> ImportedItem:
    """An item that was answered with a text, or whose text was scored."""
    prompt = _first(list(arguments[0])) if arguments else None
    prompt = prompt if prompt is None or isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False)
    answer = _first(line.row.get("resps"))
    if output_type == "generate_until":
        pair = next((value for name, value in values.items() if name in CORPUS and is_pair_of_texts(value)), None)
        said = _first(answer)
        output = said if isinstance(said, str) else None
        reference = str(line.row.get("target"))
        return replace(
            bare, prompt=prompt, reference=pair[0] if pair else reference, output=pair[1] if pair else output
        )
    scores = {**bare.scores, LOG_LIKELIHOOD: number(log_likelihood(answer))}
    lost = all(value is None for value in scores.values())
    error = bare.error or ("the text has no finite log-likelihood" if lost else None)
    filled = replace(bare, prompt=prompt, scores=scores, error=error)
    if output_type != "loglikelihood":
        return filled
    if not arguments:
        raise bad(line.place, "'arguments' is empty")
    target = str(arguments[0][1]) if len(arguments[0]) > 1 else None
    greedy = is_greedy(answer)
    return replace(filled, reference=target, output=target if greedy else None)
