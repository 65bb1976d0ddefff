"""Facts that do not matter, slipped into a problem in front of its question (GSM-IC, arXiv 2302.00093)."""

import random
import re
from dataclasses import replace

from tinygsm_edge.problems.composition.bank import Bank
from tinygsm_edge.problems.problem import Problem

# The last sentence, where it is a question of its own and the one before it has come to an end.
_QUESTION = re.compile(
    r"(?<![A-Z][a-z]\.)(?<![ap]\.m\.)(?<!Mrs\.)(?<=[.!?]) (?=(?:How|What|If|Find|Calculate)\b[^.!?]*[.?]$)"
)
_PRONOUN = re.compile(r"\b(?:he|she|him|her|his|hers|they|them|their|it|its|that|this|these|those)\b")
_TRIES = 8


class Facts:
    """The facts of a phrase bank."""

    def __init__(self, bank: Bank) -> None:
        self.facts, self.people = bank.irrelevant, bank.people

    def added(self, problem: Problem, rng: random.Random) -> Problem:
        """The problem with one irrelevant fact more, or as it was where none can stand."""
        found = _QUESTION.search(problem.question)
        if found is None:
            return problem
        lowered = problem.question.lower()
        before, question = problem.question[: found.start()], problem.question[found.end() :]
        # Someone new must not come between a pronoun and whom it stands for.
        refers = _PRONOUN.search(question.lower()) is not None
        for _ in range(_TRIES):
            fact = self.facts[int(rng.random() * len(self.facts))]
            person = self.people[int(rng.random() * len(self.people))]
            number = fact.numbers[int(rng.random() * len(fact.numbers))]
            if (fact.person and refers) or any(topic in lowered for topic in fact.topics):
                continue
            if fact.person and person.name.lower() in lowered:
                continue
            told = fact.text.render([person, number], rng)
            text, idle = f"{before} {told} {question}", (*problem.distractors, number)
            return replace(problem, question=text, distractors=idle, id=f"{problem.id}+fact")
        return problem
