"""From many candidates to one answer.

``verifier`` takes the best-scored candidate (Cobbe et al. 2021, arXiv 2110.14168; TinyGSM), ``majority`` the commonest
answer (self-consistency, Wang et al. 2022, arXiv 2203.11171), ``weighted`` the answer with the largest sum of verifier
scores (DiVeRSe, Li et al. 2022, arXiv 2206.02336), ``logprob`` the candidate that the generator itself finds likeliest.
Only candidates with an answer take part; ties go to the likelier, then to the earlier candidate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tinygsm_edge.errors import UserError

Method = Literal["verifier", "weighted", "majority", "logprob"]
METHODS: tuple[Method, ...] = get_args(Method)
DEFAULT_METHOD: Method = "weighted"
DEFAULT_CANDIDATES = 16
MAX_CANDIDATES = 256

SAME_ANSWER = 1e-6
"""Relative difference up to which two answers, unless both are whole, are one number reached by different sums."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sampled program and what became of it.

    Attributes:
        index: which of the candidates drawn for the question, from 0.
        program: source of a function that runs by itself.
        tokens: how many tokens the generator wrote, end token not counted.
        logprob: sum of the tokens' log-probabilities under the generator at temperature 1, end token included.
        outcome: one of :data:`tinygsm_edge.sandbox.OUTCOMES`.
        answer: the number that the program returned; None unless the outcome is ``ok``.
        score: the verifier's, in 0..1; None for a candidate that was not scored.
    """

    index: int
    program: str
    tokens: int
    logprob: float
    outcome: str
    answer: int | float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer chosen: the number, how sure (0..1), the candidate that shows it best, and how many agree with it.

    ``confidence`` is the share of all candidates drawn that stands behind the answer, each candidate counting with its
    verifier score (``verifier``, ``weighted``) or as one vote (``majority``, ``logprob``).
    """

    answer: int | float | None
    confidence: float
    winner: Candidate | None
    votes: int


def choose(candidates: Sequence[Candidate], method: str = DEFAULT_METHOD) -> Choice:
    """The answer that ``method`` picks; a choice without answer and winner when no candidate has an answer.

    Raises:
        UserError: an unknown method.
    """
    if method not in METHODS:
        raise UserError(f"unknown rerank method {method!r}: choose one of {', '.join(METHODS)}")
    groups = group_by_answer(candidates)
    if not groups:
        return Choice(None, 0.0, None, 0)
    scored = method in ("verifier", "weighted")

    def support(group: Sequence[Candidate]) -> float:
        return math.fsum(_score(c) for c in group) if scored else len(group)

    def rank(candidate: Candidate) -> tuple[float, ...]:
        score = 0.0 if method == "logprob" else _score(candidate)
        return score, candidate.logprob, -candidate.index

    if method in ("verifier", "logprob"):
        best = max(groups, key=lambda group: max(map(rank, group)))
    else:
        best = max(groups, key=lambda group: (support(group), len(group), max(map(rank, group))))
    winner = max(best, key=rank)
    confidence = min(max(support(best) / len(candidates), 0.0), 1.0)
    return Choice(winner.answer, confidence, winner, len(best))


def group_by_answer(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates with an answer, those with the same answer together, in order of first appearance."""
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        if candidate.answer is not None:
            group = next((group for group in groups if same_answer(group[0].answer, candidate.answer)), None)
            if group is None:
                groups.append([candidate])
            else:
                group.append(candidate)
    return groups


def same_answer(first: int | float | None, second: int | float | None) -> bool:
    """Whether two answers are one number: whole ones when equal, others within :data:`SAME_ANSWER`; None never is."""
    if first is None or second is None:
        return False
    if _is_whole(first) and _is_whole(second):
        return first == second
    return math.isclose(first, second, rel_tol=SAME_ANSWER, abs_tol=1e-12)


def tidy(value: int | float) -> int | float:
    """A program's number without floating-point noise: 12 significant digits, whole numbers as ``int``."""
    if isinstance(value, int):
        return value
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _is_whole(value: int | float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _score(candidate: Candidate) -> float:
    return 0.0 if candidate.score is None else candidate.score
