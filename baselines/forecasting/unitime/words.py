"""The sentence that tells the network what a series is of, and its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmark import TaskProblem

# words of an instruction that are read without GPT-2's tokenizer
MOST_WORDS = 16
MINUTES_A_DAY = 24 * 60
SPOKEN = {5: "five", 10: "ten", 15: "fifteen", 20: "twenty", 30: "thirty", 60: "sixty"}


def instruction(problem: TaskProblem) -> str:
    """What a task is, how it is counted and how often: ``taxi pick trips with thirty minute sample rate``.

    DEVIATION: without the name of the city, which a problem does not say.
    """
    name = problem.task.replace("_", " ").replace(".", " ")
    unit = problem.unit.partition(" per ")[0]  # of "trips per 30 min": the interval is said next, and a scenario may change it
    minutes = MINUTES_A_DAY / problem.steps_per_day
    spoken = SPOKEN.get(round(minutes)) if minutes == round(minutes) else None
    return f"{name} {unit} with {spoken or f'{minutes:g}'} minute sample rate".lower()


def word_tokens(texts: Mapping[str, str]) -> dict[str, list[int]]:
    """Of each text its words as numbers from 0, by the order of the alphabet over all texts: a kept problem forgets the suite's.

    DEVIATION: words instead of GPT-2's pieces of words, which need its tokenizer; no word is unknown, for there are no other texts.
    """
    words = {task: text.split()[:MOST_WORDS] for task, text in texts.items()}
    numbers = {word: number for number, word in enumerate(vocabulary(words.values()))}
    return {task: [numbers[word] for word in some] for task, some in words.items()}


def vocabulary(texts: Iterable[Iterable[str]]) -> list[str]:
    """All words of some texts, sorted."""
    return sorted({word for text in texts for word in text})
