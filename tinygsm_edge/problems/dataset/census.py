"""Counts over problems: what a set holds, for its data card and for ``stats``."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tinygsm_edge import prompt
from tinygsm_edge.problems.dataset.near_duplicates import count_near_duplicates
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.shape import steps, structure

# N-grams, tokens and near-duplicates are counted on a sample of about this size, which says what the set is like.
SAMPLE = 50_000
_TOKEN_BIN = 20


@dataclass(slots=True)
class Census:
    """Counts over the problems added so far."""

    sources: Counter[str] = field(default_factory=Counter)
    situations: Counter[str] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    structures: set[str] = field(default_factory=set)
    distracted: int = 0
    words: int = 0
    sample: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem, sampled: bool = True) -> None:
        """Count a problem; of those ``sampled``, the first :data:`SAMPLE` are looked at more closely."""
        self.sources[problem.source] += 1
        self.situations[problem.situation or "other"] += 1
        solution = problem.solution or ""
        self.steps[steps(solution)] += 1
        self.structures.add(structure(solution))
        self.answers[answer_kind(problem.answer)] += 1
        self.distracted += bool(problem.distractors)
        self.words += problem.question.count(" ") + 1
        if sampled and len(self.sample) < SAMPLE:
            self.sample.append(problem)

    def add_all(self, problems: Iterable[Problem]) -> "Census":
        for problem in problems:
            self.add(problem)
        return self

    @property
    def total(self) -> int:
        return self.sources.total()

    def to_json(self) -> dict[str, Any]:
        """All counts; those over the sample say how large it was."""
        questions = [problem.question for problem in self.sample]
        return {
            "problems": self.total,
            "sources": dict(self.sources.most_common()),
            "situations": dict(self.situations.most_common()),
            "steps": {str(count): self.steps[count] for count in sorted(self.steps)},
            "answers": dict(self.answers.most_common()),
            "structures": len(self.structures),
            "with_distractors": self.distracted,
            "words_per_question": round(self.words / max(1, self.total), 2),
            "sample": {
                "problems": len(self.sample),
                "near_duplicates": count_near_duplicates(questions),
                "distinct_ngrams": distinct_ngrams(questions),
            },
        }


def answer_kind(answer: float | int | None) -> str:
    """whole, cents (two decimals at most), decimal or none."""
    if answer is None:
        return "none"
    if float(answer).is_integer():
        return "whole"
    return "cents" if abs(answer * 100 - round(answer * 100)) < 1e-6 else "decimal"


def distinct_ngrams(texts: Iterable[str]) -> dict[str, dict[str, int]]:
    """For word n-grams of 1 to 4 words: how many there are, and how many different ones."""
    counted = dict.fromkeys((1, 2, 3, 4), 0)
    different: dict[int, set[int]] = {n: set() for n in counted}
    for text in texts:
        words = text.lower().split()
        for n in counted:
            counted[n] += max(0, len(words) - n + 1)
            different[n].update(hash(tuple(words[at : at + n])) for at in range(len(words) - n + 1))
    return {str(n): {"all": counted[n], "distinct": len(different[n])} for n in counted}


def token_lengths(problems: Iterable[Problem], tokenizer: Any, most: int = 20_000) -> dict[str, Any]:
    """Tokens of question and solution as the generator reads them: mean, and problems per bin of 20 tokens.

    Args:
        tokenizer: of the library ``tokenizers``.
    """
    texts = [prompt.prompt(p.question) + prompt.completion(p.solution or "") for p in islice(problems, most)]
    lengths = [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
    bins = Counter(length // _TOKEN_BIN * _TOKEN_BIN for length in lengths)
    return {
        "problems": len(lengths),
        "mean": round(sum(lengths) / max(1, len(lengths)), 1),
        "longest": max(lengths, default=0),
        "histogram": {str(start): bins[start] for start in sorted(bins)},
    }
