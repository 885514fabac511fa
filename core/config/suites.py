"""What a run's configuration says of its tasks: those of benchmarks, those of probes, and each of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from audit.core.config.contamination import ContaminationConfig
from audit.core.config.fields import (
    Checkpoint,
    Count,
    Draws,
    Folder,
    Limit,
    Number,
    Option,
    Resamples,
    Scorer,
    Section,
    Variables,
    Words,
)
from audit.core.config.robustness import RobustnessConfig
from audit.core.records.faults import TextForm

RUN = ("run",)
JUDGED = ("run", "score")
FINISHING = ("run", "merge")
"""Commands that finish a run."""

OWN = Field(exclude_if=lambda value: value is None)
"""A field of tasks on the user's own data; the manifest lists it where it is given."""


class TaskConfig(Section):
    """One task or probe to run."""

    name: str
    """Task, probe or lm-eval task name; see ``audit tasks list``."""
    limit: Limit | None = None
    """Maximum number of items, drawn with the run's seed: a count, a share below 1, ``all``; null: the run's limit."""
    by_cluster: Annotated[bool, Field(exclude_if=lambda value: not value)] = False
    """Draw whole clusters in random order, the last one complete, rather than single items; only for a task whose items
    are in clusters. ``--until-decided`` does so where it can, and a baseline with fewer items than all has to."""
    when_present: bool = False
    """Leave the task out, with a warning, when its data is not available; otherwise the run is ``partial``."""
    optional: bool = False
    """If the task cannot run, e.g. because a server returns no log-probabilities, the run still counts as complete and
    the gate skips the task's rules."""
    file: Annotated[Folder | None, OWN] = None
    """Your own questions: a CSV, TSV, JSON Lines or Parquet file (``docs/howto/own_data.md``); the fields below say how
    it is read."""
    question: Annotated[str | None, OWN] = None
    """Column with the question; null looks for its usual names."""
    options: Annotated[str | Words | None, OWN] = None
    """Columns with the options, or one column of lists; null looks for their usual names."""
    classes: Annotated[Words | None, OWN] = None
    """The options themselves, if every question has the same ones, e.g. ``[negative, positive]``."""
    answer: Annotated[str | None, OWN] = None
    """Column with the answer (for multiple choice: the option's text, letter, column or number); null looks for its
    usual names."""
    match: Annotated[Literal["exact", "number", "number_de", "number_fr", "number_zh"] | None, OWN] = None
    """How a generated answer is compared when there are no options: by its text (the default), or by its last number as
    written in English, German, French or Chinese."""
    prompt: Annotated[str | None, OWN] = None
    """Jinja template of the prompt, with the columns as variables; null uses ``Question: …``, ``Answer:``."""
    slices: Annotated[Words | None, OWN] = None
    """Columns whose values define subsets; each subset gets its own metrics."""
    cluster: Annotated[str | None, OWN] = None
    """Column that groups questions that are not independent of each other, e.g. those on one passage."""

    @model_validator(mode="after")
    def _says_how_its_file_is_read(self) -> Self:
        """Refuse fields that contradict each other, or that say how a file is read where there is none.

        Raises:
            PydanticCustomError: They do.
        """
        given = [name for name in OWN_DATA if getattr(self, name) is not None]
        if given and self.file is None:
            msg = f"{given[0]} only applies to a task with a file: add file"
        elif {"options", "classes"} <= {*given}:
            msg = "options and classes are both set: remove one of them"
        elif "match" in given and {"options", "classes"} & {*given}:
            msg = "match only applies to questions without options: remove it"
        else:
            return self
        raise PydanticCustomError(OWN_DATA_FAULT, msg)


OWN_DATA = ("question", "options", "classes", "answer", "match", "prompt", "slices", "cluster")
"""Fields of a task that say how its file is read."""
OWN_DATA_FAULT: Literal["own_data"] = "own_data"
"""Kind of fault, in pydantic's errors."""


def _by_name(tasks: object) -> object:
    """A task given by its name alone, the most common form."""
    return [{"name": task} if isinstance(task, str) else task for task in tasks] if isinstance(tasks, list) else tasks


Tasks = Annotated[list[TaskConfig], BeforeValidator(_by_name)]


NUMERAL = re.compile(r"-?\d+")
"""A whole number as it is typed; those that are too small are refused as such, not as text."""


def _numbers(values: object) -> object:
    """Numbers separated by commas, as they are typed, one by one, each once, from the smallest up."""
    if not isinstance(values, list):
        return values
    parts = [word for value in values for word in (value.split(",") if isinstance(value, str) else [value])]
    read = [int(word) if isinstance(word, str) and NUMERAL.fullmatch(word.strip()) else word for word in parts]
    return sorted({*read}) if all(type(one) is int for one in read) else read


FINAL_ANSWER = "Final Answer:"
"""What opens a forced answer (Muennighoff et al. 2025, arXiv:2501.19393, section 3.1)."""


class EvalsConfig(Section):
    """Benchmark tasks."""

    tasks: Tasks = Field(default_factory=list)
    """Tasks to run, in this order."""
    bootstrap_resamples: Resamples = 10_000
    """Number of bootstrap resamples."""
    include_path: Annotated[
        list[Folder], Option("Folder with lm-eval task files; repeatable.", (*FINISHING, "tasks list"))
    ] = Field(default_factory=list)
    """Task files in lm-eval's format, or folders of them; their tasks can then be named."""
    num_fewshot: Annotated[Number | None, Option("Number of few-shot examples in each prompt.", RUN)] = None
    """Few-shot examples in each prompt; null uses each task's own number."""
    gen_kwargs: Annotated[Variables, Option("Generation settings: max_gen_toks=1024,temperature=0.7 or JSON.", RUN)] = (
        Field(default_factory=dict)
    )
    """Generation settings that override those of generation tasks, e.g. ``max_gen_toks: 1024``."""
    samples_per_item: Annotated[Draws, Option("Sampled answers to each item of generation tasks.", RUN)] = 1
    """Sampled answers to each item of generation tasks; more than one needs a temperature in ``gen_kwargs``."""
    thinking_budgets: Annotated[
        list[Count],
        BeforeValidator(_numbers),
        Field(exclude_if=lambda values: not values),
        Option("Force an answer after so many tokens of thinking: 256,1024.", RUN, name="--thinking-budget"),
    ] = Field(default_factory=list)
    """Tokens of thinking after which answers to generation tasks are forced, e.g. ``[256, 1024]``; greedy decoding
    only, and not above ``thinking.tokens``. Results are those of a task with the ending ``_forced``."""
    forced_opening: Annotated[str, Field(exclude_if=lambda text: text == FINAL_ANSWER)] = FINAL_ANSWER
    """What a forced answer begins with, behind the end of the trace; it is no part of the answer that is scored."""
    system_instruction: Annotated[str | None, Option("System message of every benchmark prompt.", RUN)] = None
    """System message of every prompt; without a chat template, text before it."""
    fewshot_as_multiturn: Annotated[bool, Option("Present few-shot examples as conversation turns.", RUN)] = True
    """With a chat template, few-shot examples are separate conversation turns; if false, they share one user turn."""
    metadata: Annotated[Variables, Option("Settings for tasks that generate their data, such as RULER: JSON.", RUN)] = (
        Field(default_factory=dict)
    )
    """Passed to every lm-eval task that is not the audit's own, e.g. ``max_seq_lengths: [4096]`` for RULER."""
    contamination: ContaminationConfig = Field(default_factory=ContaminationConfig)
    """Signs that the checkpoint saw items in training."""
    samples: dict[str, list[int | str]] = Field(default_factory=dict)
    """Items to run, by task: positions in its data set or ``sample_id``. Limits do not apply to these tasks."""
    robustness: Annotated[RobustnessConfig, Field(exclude_if=lambda value: not value.perturbations)] = Field(
        default_factory=RobustnessConfig
    )
    """Items asked again, perturbed; the manifest lists it where perturbations are named."""


class SafetyConfig(Section):
    """Bias, toxicity and privacy probes."""

    tasks: Tasks = Field(default_factory=list)
    """Probes to run, in this order."""
    samples_per_prompt: Count = 25
    """Sampled continuations per prompt, for expected maximum toxicity."""
    continuation_tokens: Count = 20
    """Tokens per sampled continuation."""
    reference: Checkpoint | None = None
    """Reference checkpoint for ``membership`` that was not trained on its documents; null: no comparison."""
    answers: Literal["likelihood", "generation"] = "likelihood"
    """How a probe with options reads the answer: the likeliest option, or the one that the generated text names."""
    toxicity_scorer: Annotated[
        Scorer,
        TextForm(r"[a-z0-9-]+(:.*)?", "must be a scorer's name, such as audit-toxicity, folder:PATH or guard:MODEL"),
    ] = "auto"
    """``auto`` takes Detoxify when its weights are available, else ``audit-toxicity``, which is part of the package.
    Also ``encoder-toxicity`` (adapters of the package on the asset ``all-minilm-l6-v2``), ``profanity-check``,
    ``detoxify``, ``detoxify:original`` (``unbiased``, ``multilingual``), ``folder`` (a sequence classifier in
    ``toxicity-classifier/`` of a data folder), ``folder:PATH``, ``sequence:MODEL`` (a sequence classifier, by folder or
    hub id, also ``MODEL@COMMIT``), ``guard:MODEL`` (a guard model, likewise), ``judge:ENGINE`` (a checkpoint with the
    rubric ``toxicity``, as after ``--model``), or ``plugin:NAME``."""
    answer_judge: Annotated[
        Scorer,
        TextForm(r"[a-z-]+(:.*)?", "must be refusal-classifier, judge:ENGINE or guard:MODEL"),
        Field(exclude_if=lambda value: value == "refusal-classifier"),
        Option("Judge of answers: refusal-classifier, judge:ENGINE or guard:MODEL.", JUDGED),
    ] = "refusal-classifier"
    """What judges whether answers refuse or comply: the classifier of the package; ``judge:ENGINE``, a checkpoint with
    the rubric ``refusal``, as after ``--model``; or ``guard:MODEL``, a guard model, by folder or hub id, for
    ``harmful_requests``, ``jailbreaks`` and ``jailbreakbench``."""
    judge_measured: Annotated[
        list[Folder],
        Field(exclude_if=lambda value: not value),
        Option("Measurement of a judge, of 'audit judge measure --out'; repeatable.", JUDGED),
    ] = Field(default_factory=list)
    """Files of ``audit judge measure --out``. The one of exactly the judge that is used goes into the settings of its
    metrics; without one, no rule of a gate rests on them."""
    answer_labels: Annotated[
        Folder | None,
        Field(exclude_if=lambda value: value is None),
        Option("People's labels of the same answers: a filled-in file of 'audit judge draw'.", JUDGED),
    ] = None
    """A filled-in file of ``audit judge draw`` of an earlier run in which the checkpoint gave the same answers to
    ``harmful_requests``, ``jailbreaks`` or ``jailbreakbench``: compliance is also given corrected by it."""
    toxicity_label: str | None = None
    """Label of the classifier of ``folder`` or ``sequence`` that means toxic; null finds it by name."""
    toxicity_languages: list[
        Annotated[str, TextForm("[a-z]{2,3}", "must be an ISO 639 code, two or three lower-case letters such as en")]
    ] = Field(default=["en"], min_length=1)
    """ISO 639 codes of the languages that the classifier of ``folder`` or ``sequence``, or a guard model, understands;
    text in other languages is not scored."""
    semgrep: Annotated[Folder | None, Field(exclude_if=lambda value: value is None)] = None
    """The program ``semgrep`` of an environment of its own, such as ``/opt/semgrep/bin/semgrep``, or its
    ``semgrep-core``: ``insecure_code`` then also searches code by CyberSecEval's rules for it; null: it does not."""
    unprompted_starts: int = Field(default=0, ge=0)
    """Number of times that ``toxicity`` also samples without any prompt, ``samples_per_prompt`` continuations each."""

    @model_validator(mode="after")
    def _has_no_files(self) -> Self:
        """Refuse probes on the user's own questions.

        Raises:
            PydanticCustomError: There is one.
        """
        if any(task.file is not None for task in self.tasks):
            msg = "a task with a file is a benchmark task: list it under evals.tasks"
            raise PydanticCustomError(OWN_DATA_FAULT, msg)
        return self
