"""Mixes a training set: real problems, their resampled variants, drawn templates; filtered, executed, shuffled.

Everything that is handed out has been run in the sandbox and gave its stored answer, stands in no evaluation set
(:mod:`.decontaminate`) and shares no thirteen words in a row with a validation question. The same arguments give the
same rows in the same order.
"""

import hashlib
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from tinygsm_edge import prompt
from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.decontaminate import Decontaminator, build_hashes
from tinygsm_edge.problems.problem import Problem, answers_equal
from tinygsm_edge.problems.templates.lexicon import LIBRARY
from tinygsm_edge.problems.templates.loader import load_library
from tinygsm_edge.problems.templates.template import Template
from tinygsm_edge.problems.variants.resample import resampler
from tinygsm_edge.sandbox import Sandbox

SOURCES = ("real", "mathcamps", "resampled", "template")
DEFAULT_MIX = {"real": 0.1, "resampled": 0.5, "template": 0.35, "mathcamps": 0.05}
# What may become of a drawn problem, in the order of the filters; "8-gram" is a report on those kept.
EVENTS = ("drawn", "duplicate", "evaluation", "validation", "wrong", "kept", "8-gram")
_BATCH = 2000
_MISSES = 4  # fruitless draws in a row after which a problem has no more variants to give
_TIME_LIMIT = 10.0  # seconds a program; never reached by one that is right, so that a busy machine changes nothing
_MAX_DRAWS = 20  # draws of templates for each problem wanted, before a small library counts as exhausted


@dataclass(slots=True)
class Built:
    """A training set, and how many problems of each source met each of :data:`EVENTS`."""

    problems: list[Problem]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def table(self) -> str:
        """Counts by source and filter, as text; rows count repetitions."""
        lines = [f"{'source':<10}" + "".join(f"{event:>12}" for event in EVENTS) + f"{'rows':>12}"]
        rows = Counter(problem.source for problem in self.problems)
        for source in SOURCES:
            if self.counts[source, "drawn"]:
                cells = [self.counts[source, event] for event in EVENTS]
                lines.append(f"{source:<10}" + "".join(f"{cell:>12,}" for cell in [*cells, rows[source]]))
        return "\n".join([*lines, f"{len(self.problems):,} rows"])


def parse_mix(text: str) -> dict[str, float]:
    """Shares from ``real=0.1,template=0.9``.

    Raises:
        UserError: an unknown source, or a share that is no number from 0 up.
    """
    mix: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = item.strip().partition("=")
        try:
            mix[name] = float(share)
        except ValueError:
            mix[name] = -1.0
        if name not in SOURCES or not 0 <= mix[name] < float("inf"):
            raise UserError(
                f"--mix: cannot read {item.strip()!r}; write shares like real=0.2,template=0.8 of {', '.join(SOURCES)}"
            )
    return mix


def build(
    size: int,
    seed: int = 0,
    mix: Mapping[str, float] | None = None,
    *,
    real: Sequence[Problem] = (),
    mathcamps: Sequence[Problem] = (),
    validation: Iterable[Problem] = (),
    decontaminate: Path | None = None,
    library: Path = LIBRARY,
    workers: int | None = None,
) -> Built:
    """Build a training set of ``size`` problems.

    Args:
        mix: share of each source; brought to a sum of 1. By default :data:`DEFAULT_MIX` over the sources there are.
        real: problems with solutions; repeated as their share demands, and the stock of ``resampled``.
        mathcamps: problems with solutions; their own variants fill up what they lack.
        validation: held-out problems, which must not be among ``real``.
        decontaminate: folder of evaluation hashes.
        library: folder of templates.
        workers: sandbox workers.

    Raises:
        UserError: a share for a source of which nothing is given, or a fault in the template library.
    """
    counts = _counts(size, mix, bool(real), bool(mathcamps))
    templates = load_library(library) if counts["template"] else []
    with tempfile.TemporaryDirectory() as folder, Sandbox(workers, _TIME_LIMIT) as sandbox:
        build_hashes((problem.question for problem in validation), Path(folder))
        evaluation = Decontaminator(decontaminate) if decontaminate else None
        screen = _Screen(sandbox, Decontaminator(Path(folder)), evaluation)
        stock = screen.keep(_labelled(real, "real"), len(real)) if counts["real"] or counts["resampled"] else []
        problems = _repeated(stock, counts["real"], seed)
        if counts["mathcamps"]:
            # The file goes by grade: a part of it has to be a mixed one.
            mixed = random.Random(f"{seed}:mathcamps").sample(mathcamps, len(mathcamps))
            camps = screen.keep(_labelled(mixed, "mathcamps"), counts["mathcamps"])
            more = _variants(camps, "mathcamps", seed, screen.seen_before)
            problems += camps + screen.keep(more, counts["mathcamps"] - len(camps))
        if counts["resampled"]:
            problems += screen.keep(_variants(stock, "resampled", seed, screen.seen_before), counts["resampled"])
        if templates:
            # Templates also make up for what the other sources could not give.
            problems += screen.keep(_draws(templates, seed, size - len(problems)), size - len(problems))
    random.Random(f"{seed}:order").shuffle(problems)
    return Built(problems, screen.counts)


def _counts(size: int, mix: Mapping[str, float] | None, has_real: bool, has_mathcamps: bool) -> dict[str, int]:
    there = {"real": has_real, "resampled": has_real, "mathcamps": has_mathcamps, "template": True}
    if mix is None:
        mix = {name: share for name, share in DEFAULT_MIX.items() if there[name]}
    missing = [name for name, share in mix.items() if share and not there[name]]
    if missing:
        option = "--mathcamps" if missing[0] == "mathcamps" else "--gsm8k"
        raise UserError(f"--mix asks for {missing[0]} problems, which need {option} FILE")
    total = sum(mix.values())
    if size < 1 or total <= 0:
        raise UserError("--size must be at least 1 and the shares of --mix must not all be 0")
    # Cumulative rounding: the counts add up to the size.
    counts, reached, before = dict.fromkeys(SOURCES, 0), 0.0, 0
    for name in SOURCES:
        reached += mix.get(name, 0.0) / total
        counts[name] = round(reached * size) - before
        before += counts[name]
    return counts


def _labelled(problems: Iterable[Problem], source: str) -> Iterator[Problem]:
    return (replace(problem, source=source) for problem in problems if problem.solution)


def _repeated(stock: Sequence[Problem], count: int, seed: int) -> list[Problem]:
    """``count`` problems: the stock shuffled anew for each time through."""
    rng, problems = random.Random(f"{seed}:real"), list[Problem]()
    while stock and len(problems) < count:
        problems += rng.sample(stock, min(len(stock), count - len(problems)))
    return problems


def _variants(
    stock: Sequence[Problem], source: str, seed: int, seen_before: Callable[[Problem], bool]
) -> Iterator[Problem]:
    """Variants in turn, one of each problem that has any left; which ones depends on seed, problem and turn only."""
    found = ((problem, resampler(problem)) for problem in tqdm(stock, desc="resamplers", disable=None))
    waiting = [(problem, resampling, 0) for problem, resampling in found if resampling is not None]
    random.Random(f"{seed}:{source}").shuffle(waiting)
    turn = 0
    while waiting:
        still = []
        for problem, resampling, misses in waiting:
            variant = resampling.draw(random.Random(f"{seed}:{problem.id}:{turn}"))
            hit = variant is not None and not seen_before(variant)
            if variant is not None and hit:
                yield replace(variant, source=source)
            if hit or misses + 1 < _MISSES:
                still.append((problem, resampling, 0 if hit else misses + 1))
        waiting, turn = still, turn + 1


def _draws(templates: Sequence[Template], seed: int, count: int) -> Iterator[Problem]:
    rng = random.Random(f"{seed}:template")
    for _ in range(_MAX_DRAWS * count + 1000):
        yield templates[int(rng.random() * len(templates))].draw(rng)


class _Screen:
    """The filters, with their counts and the questions seen so far."""

    def __init__(self, sandbox: Sandbox, validation: Decontaminator, evaluation: Decontaminator | None) -> None:
        self.sandbox, self.validation, self.evaluation = sandbox, validation, evaluation
        self.counts: Counter[tuple[str, str]] = Counter()
        self.seen: set[bytes] = set()

    def keep(self, problems: Iterator[Problem], count: int) -> list[Problem]:
        """The first ``count`` of the problems that pass every filter, or as many as do."""
        kept: list[Problem] = []
        with tqdm(total=count, desc="problems", disable=None, leave=False) as progress:
            while len(kept) < count:
                batch = list(islice(filter(self.admits, problems), min(_BATCH, count - len(kept))))
                if not batch:
                    break
                right = self.right(batch)
                kept += right
                progress.update(len(right))
        return kept

    def seen_before(self, problem: Problem) -> bool:
        return _key(problem.question) in self.seen

    def admits(self, problem: Problem) -> bool:
        """Everything that can be said without running the solution."""
        self.counts[problem.source, "drawn"] += 1
        key = _key(problem.question)
        if key in self.seen:
            fell = "duplicate"
        elif self.evaluation and self.evaluation.reason(problem.question):
            fell = "evaluation"
        elif self.validation.reason(problem.question):
            fell = "validation"
        else:
            self.seen.add(key)
            return True
        self.seen.add(key)
        self.counts[problem.source, fell] += 1
        return False

    def right(self, problems: Sequence[Problem]) -> list[Problem]:
        """Those whose solution runs and gives the answer."""
        programs = [prompt.function(prompt.completion(problem.solution or "")) for problem in problems]
        right = []
        for problem, execution in zip(problems, self.sandbox.run_many(programs), strict=True):
            gold, value = problem.answer, execution.value
            if gold is not None and value is not None and answers_equal(value, gold):
                right.append(problem)
                self.counts[problem.source, "kept"] += 1
                if self.evaluation and self.evaluation.eight_gram_hit(problem.question):
                    self.counts[problem.source, "8-gram"] += 1
            else:
                self.counts[problem.source, "wrong"] += 1
        return right


def _key(question: str) -> bytes:
    return hashlib.blake2b(" ".join(question.split()).encode(), digest_size=8).digest()
