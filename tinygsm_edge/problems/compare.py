"""How like each other two sets of problems are: in words, in steps, in the structure of their solutions.

Distances are Jensen-Shannon divergences with logarithms to base 2 (Lin, 1991): 0 for equal distributions, 1 for ones
that share nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.shape import steps, structure

Key = TypeVar("Key", bound=Hashable)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d")
_LONG = 10  # steps from here on count as one kind


def profile(problems: Iterable[Problem]) -> dict[str, Counter[Any]]:
    """Distributions of words (numbers as digits), steps, structures, words per question (in tens)."""
    counts: dict[str, Counter[Any]] = {name: Counter() for name in ("unigrams", "steps", "structures", "lengths")}
    for problem in problems:
        words = _WORD.findall(problem.question.lower())
        counts["unigrams"].update(words)
        counts["lengths"][len(words) // 10 * 10] += 1
        if problem.solution:
            counts["steps"][min(steps(problem.solution), _LONG)] += 1
            counts["structures"][structure(problem.solution)] += 1
    return counts


def distances(first: Sequence[Problem], second: Sequence[Problem]) -> dict[str, float]:
    """The divergence of each distribution of :func:`profile`, and the share of the second's words and structures that
    the first has at all (weighted by their frequency)."""
    ours, theirs = profile(first), profile(second)
    found = {name: round(divergence(ours[name], theirs[name]), 4) for name in ours}
    for name in ("unigrams", "structures"):
        known = sum(count for key, count in theirs[name].items() if key in ours[name])
        found[f"{name}_covered"] = round(known / max(1, theirs[name].total()), 4)
    return found


def divergence(first: Mapping[Key, int], second: Mapping[Key, int]) -> float:
    """Jensen-Shannon divergence of two count tables, in bits."""
    total = [max(1, sum(first.values())), max(1, sum(second.values()))]
    bits = 0.0
    for key in {*first, *second}:
        p, q = first.get(key, 0) / total[0], second.get(key, 0) / total[1]
        middle = (p + q) / 2
        bits += sum(share / 2 * math.log2(share / middle) for share in (p, q) if share)
    return bits
