"""Makes a unit: draws its problems, filters them, runs their solutions."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from tinygsm_edge import prompt
from tinygsm_edge.problems.composition.compose import IRRELEVANT_SHARE, Composer
from tinygsm_edge.problems.dataset.filters import answer_fault, length_fault, unused_numbers
from tinygsm_edge.problems.dataset.near_duplicates import NearDuplicates
from tinygsm_edge.problems.dataset.units import MOST_VARIANTS, Part, Unit
from tinygsm_edge.problems.decontaminate import Decontaminator
from tinygsm_edge.problems.problem import Problem, answers_equal, plain_number
from tinygsm_edge.problems.templates.loader import load_library
from tinygsm_edge.problems.templates.template import Template
from tinygsm_edge.problems.variants.resample import Resampling, resampler
from tinygsm_edge.sandbox import Sandbox

_BATCH = 256
_MISSES = 4  # fruitless draws in a row after which a problem has no more variants to give
_MORE_DRAWS = 4  # draws of a template for each problem wanted, before its supply counts as used up
_TIME_LIMIT = 10.0  # seconds a program; never reached by one that is right, so that a busy machine changes nothing
# Problems of these sources are the project's own words: their numbers are all accounted for, no answer is negative,
# and one wording is not used twice. The others are taken as they are, their idle numbers marked as distractors.
AUTHORED = frozenset({"template", "composed", "teacher"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a worker needs to know beside its units; ``keep_alike``: near-duplicates may stay."""

    seed: int
    library: Path
    validation: Decontaminator
    evaluation: Decontaminator | None = None
    keep_alike: bool = False


class Workbench:
    """Makes units, one after another; holds a sandbox until it is closed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sandbox = Sandbox(1, _TIME_LIMIT)

    def close(self) -> None:
        self.sandbox.close()

    @cached_property
    def templates(self) -> dict[str, Template]:
        return {template.id: template for template in load_library(self.settings.library)}

    @cached_property
    def composer(self) -> Composer:
        return Composer()

    def make(self, unit: Unit) -> Part:
        """The unit's first ``wanted`` problems that pass every filter, or as many as do."""
        part = Part([])
        within = unit.source == "template" and not self.settings.keep_alike
        screen = _Screen(self.settings, part.fates, within)
        draws = filter(screen.admits, self._draws(unit))
        while len(part.problems) < unit.wanted:
            batch = list(islice(draws, min(_BATCH, unit.wanted - len(part.problems))))
            if not batch:
                break
            part.problems += self._right(batch, part.fates)
        return part

    def _draws(self, unit: Unit) -> Iterator[Problem]:
        rng = random.Random(f"{self.settings.seed}:{unit.source}:{unit.name or unit.index}")
        if unit.source == "template":
            template = self.templates[unit.name]
            for _ in range(_MORE_DRAWS * unit.wanted):
                problem = template.draw(rng)
                fact = not problem.distractors and rng.random() < IRRELEVANT_SHARE / 2
                yield self.composer.facts.added(problem, random.Random(problem.id)) if fact else problem
        elif unit.source == "composed":
            while True:
                yield self.composer.draw(rng)
        elif unit.source == "resampled":
            yield from variants(unit.rows, "resampled", rng)
        else:
            yield from (replace(problem, source=unit.source) for problem in unit.rows)
            if unit.source == "mathcamps":
                yield from variants(unit.rows, "mathcamps", rng)

    def _right(self, problems: Sequence[Problem], fates: Counter[str]) -> list[Problem]:
        """Those whose solution runs and gives the answer, which it also supplies where none is known."""
        bodies = [prompt.completion(problem.solution or "") for problem in problems]
        right = []
        for problem, execution in zip(problems, self.sandbox.run_straight(bodies), strict=True):
            answer = execution.value if problem.answer is None else problem.answer
            if execution.value is None or answer is None:
                fates["refused" if execution.outcome == "forbidden" else "failed"] += 1
            elif not answers_equal(execution.value, answer):
                fates["wrong"] += 1
            elif answer_fault(answer, problem.source in AUTHORED):
                fates["bounds"] += 1
            else:
                fates["kept"] += 1
                if self.settings.evaluation and self.settings.evaluation.eight_gram_hit(problem.question):
                    fates["8-gram"] += 1
                right.append(_completed(problem, answer))
        return right


def _completed(problem: Problem, answer: int | float) -> Problem:
    """With its answer, and with the numbers that it does not need marked, for problems that others wrote."""
    idle = () if problem.source in AUTHORED else tuple(map(plain_number, unused_numbers(problem)))
    return replace(problem, answer=answer, distractors=(*problem.distractors, *idle))


class _Screen:
    """The filters that need no sandbox, for one unit. ``within``: near-duplicates within the unit fall too."""

    def __init__(self, settings: Settings, fates: Counter[str], within: bool) -> None:
        self.settings, self.fates = settings, fates
        self.near = NearDuplicates() if within else None
        self.seen: set[str] = set()

    def admits(self, problem: Problem) -> bool:
        self.fates["drawn"] += 1
        fate = self._fate(problem)
        if fate:
            self.fates[fate] += 1
        return not fate

    def _fate(self, problem: Problem) -> str:
        question = problem.question
        if not problem.solution:
            return "unsolved"
        if question in self.seen:
            return "duplicate"
        self.seen.add(question)
        if length_fault(question):
            return "length"
        if problem.source in AUTHORED and unused_numbers(problem):
            return "numbers"
        if self.near and not self.near.admits(question):
            return "near-duplicate"
        if self.settings.evaluation and self.settings.evaluation.reason(question):
            return "evaluation"
        return "validation" if self.settings.validation.reason(question) else ""


def variants(stock: Sequence[Problem], source: str, rng: random.Random) -> Iterator[Problem]:
    """Distinct variants in turn, one of each problem that has any left, at most :data:`.units.MOST_VARIANTS` each."""
    found = [resampler(problem) for problem in stock]
    waiting: list[tuple[Resampling, set[str], int]] = [(item, set(), 0) for item in found if item is not None]
    while waiting:
        still = []
        for resampling, seen, misses in waiting:
            variant = resampling.draw(rng)
            hit = variant is not None and variant.question not in seen
            if variant is not None and hit:
                seen.add(variant.question)
                yield replace(variant, source=source)
            misses = 0 if hit else misses + 1
            if misses < _MISSES and len(seen) < MOST_VARIANTS:
                still.append((resampling, seen, misses))
        waiting = still
