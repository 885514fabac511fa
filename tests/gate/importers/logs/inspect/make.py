"""Writes the logs of this folder with Inspect itself: ``pip install inspect-ai==0.3.285``, then ``python make.py``.

The model is Inspect's mock model, whose answers are a function of the question; no other package or network is used.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLW0603 - written as Inspect's own examples are

from __future__ import annotations

from pathlib import Path

from inspect_ai import Task, eval  # noqa: A004
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, accuracy, choice, match, mean, scorer, stderr
from inspect_ai.solver import generate, multiple_choice, solver, system_message

ANSWERS = ["2", "4", "ANSWER: A", "ANSWER: B", "6", "10 11 12"]


@scorer(metrics=[mean(), stderr()])
def length():
    async def score(state, target):
        return Score(value=len(state.output.completion) / 10)

    return score


@scorer(metrics={"letters": [mean()], "digit": [accuracy(), stderr()]})
def parts():
    async def score(state, target):
        text = state.output.completion
        return Score(value={"letters": len(text), "digit": "C" if "1" in text else "P" if "2" in text else "I"})

    return score


@solver
def breaks_on(number):
    async def solve(state, generate):
        if state.sample_id == number:
            raise ValueError("the tool is broken")
        return state

    return solve


calls = 0


def answer(messages, tools, tool_choice, config):
    global calls
    calls += 1
    text = messages[-1].text
    place = (sum(map(ord, text)) + calls) % len(ANSWERS)
    content, stop = ANSWERS[place], "max_tokens" if place == len(ANSWERS) - 1 else "stop"
    if calls % 3 and text.startswith("What is "):
        content, stop = str(2 * int(text.split()[2])), "stop"
    asked, said = len(text.split()), len(content.split())
    return ModelOutput(
        model="mockllm/model",
        choices=[ChatCompletionChoice(message=ChatMessageAssistant(content=content), stop_reason=stop)],
        usage=ModelUsage(input_tokens=asked, output_tokens=said, total_tokens=asked + said),
    )


def sums(name, epochs=None, broken=None):
    questions = MemoryDataset(
        [
            Sample(
                id=n + 1,
                input=f"What is {n} + {n}?",
                target=str(2 * n),
                metadata={"kind": "even" if n % 2 == 0 else "odd"},
            )
            for n in range(1, 6)
        ],
        name="sums",
    )
    steps = [system_message("Be brief."), *([breaks_on(broken)] if broken else []), generate()]
    return Task(
        dataset=questions,
        solver=steps,
        scorer=[match(), length(), parts()],
        name=name,
        epochs=epochs,
        fail_on_error=broken is None,
    )


def letters():
    questions = [
        Sample(id=f"c{n}", input=f"Which is {n}?", choices=["one", "two", "six"], target="ABC"[n % 3]) for n in range(4)
    ]
    return Task(
        dataset=MemoryDataset(questions, name="letters"), solver=[multiple_choice()], scorer=choice(), name="letters"
    )


model = get_model("mockllm/model", custom_outputs=answer)
for task, form in [
    (sums("sums"), "json"),
    (sums("sums"), "eval"),
    (sums("epochs", 3), "eval"),
    (letters(), "eval"),
    (sums("broken", None, 3), "eval"),
]:
    calls = 0
    [log] = eval(task, model=model, log_format=form, log_dir="new", display="none", log_realtime=False)
    Path(log.location.removeprefix("file://")).rename(f"{task.name}.{form}")
