"""Builds a training set: units are made side by side, their problems join in a fixed order, shards are written.

Everything that is handed out has been run in the sandbox and gave its stored answer, stands in no evaluation set
(:mod:`..decontaminate`) and shares no thirteen words in a row with a validation question. The same plan gives the same
bytes, however many workers make it and however often it was interrupted: finished units wait in ``OUT/.building``.
"""

import hashlib
import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path
from tinygsm_edge.problems.dataset.card import CARD, write_card
from tinygsm_edge.problems.dataset.census import SAMPLE, Census
from tinygsm_edge.problems.dataset.near_duplicates import NearDuplicates
from tinygsm_edge.problems.dataset.plan import Plan
from tinygsm_edge.problems.dataset.runners import Runner, local_runner
from tinygsm_edge.problems.dataset.shards import Spill
from tinygsm_edge.problems.dataset.units import (
    FATES,
    SOURCES,
    Part,
    Unit,
    composed_units,
    row_units,
    template_units,
    variant_units,
)
from tinygsm_edge.problems.dataset.worker import Settings
from tinygsm_edge.problems.decontaminate import Decontaminator, build_hashes
from tinygsm_edge.problems.problem import Problem, from_row, stream_problems, to_row
from tinygsm_edge.problems.templates.loader import load_library

BUILDING = ".building"
# Units of these sources look for near-duplicates among their own problems only; others are compared across units.
_APART = frozenset({"real", "mathcamps", "resampled", "template"})


@dataclass(slots=True)
class Built:
    """How a build went: problems of each source that met each of :data:`.units.FATES`, and rows written."""

    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    wanted: int = 0

    def table(self) -> str:
        """Fates by source, as text; rows count repetitions."""
        shown = [fate for fate in FATES if any(self.fates[source, fate] for source in SOURCES)]
        lines = [f"{'source':<10}" + "".join(f"{fate:>15}" for fate in [*shown, "rows"])]
        for source in SOURCES:
            if self.fates[source, "drawn"]:
                cells = [*(self.fates[source, fate] for fate in shown), self.rows[source]]
                lines.append(f"{source:<10}" + "".join(f"{cell:>15,}" for cell in cells))
        lines.append(f"{self.rows.total():,} rows")
        if self.rows.total() < self.wanted:
            lines[-1] += f" of {self.wanted:,} wanted: the sources have no more (a share of `composed` fills any gap)"
        return "\n".join(lines)


def build(plan: Plan, out: Path, runner: Runner | None = None, force: bool = False) -> Built:
    """Build the training set of a plan into a folder; continues an interrupted build of the same plan.

    Raises:
        UserError: the plan cannot be followed, there is a finished set in the folder (and not ``force``), or another
            plan's unfinished one.
    """
    templates = load_library(plan.library) if plan.counts()["template"] else []
    streams = _streams(plan)
    with tempfile.TemporaryDirectory() as folder:
        build_hashes((problem.question for problem in plan.validation), Path(folder))
        evaluation = _evaluation(plan.decontaminate, Path(folder) / "evaluation") if plan.decontaminate else None
        # From here on there is something to write: what is wrong with the plan has shown by now.
        work = _opened(Path(out), plan.fingerprint(), force)
        settings = Settings(plan.seed, plan.library, Decontaminator(Path(folder)), evaluation, plan.keep_alike)
    with _alone(work), closing(Spill(work / "shards", plan.shards, plan.seed)) as spill:
        joined = _Joined(plan, spill)
        maker = _Maker(work / "units", settings, runner or local_runner())
        for source, units in _sources(plan, [template.id for template in templates], streams, joined):
            joined.take(source, maker.parts(units))
        shards = list(spill.write(work))
        write_card(work, joined.census, joined.built, plan, shards)
        _finish(Path(out), work, force)
    shutil.rmtree(work)
    return joined.built


def _evaluation(path: Path, folder: Path) -> Decontaminator:
    """Hashes of the questions to keep out: a folder of them, or made from a file of problems."""
    if path.is_file():
        build_hashes((problem.question for problem in stream_problems(path)), folder)
    return Decontaminator(folder if path.is_file() else path)


def _opened(out: Path, fingerprint: str, force: bool) -> Path:
    """The folder in which the build goes on, or starts."""
    if (out / CARD).exists() and not force:
        raise UserError(f"{out} holds a finished training set: name another folder, or replace it with --force")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: --out names a folder")
    work = out / BUILDING
    mark = work / "plan.txt"
    if mark.exists() and mark.read_text() != fingerprint:
        if not force:
            raise UserError(f"{out} holds an unfinished build of another plan: drop it with --force")
        shutil.rmtree(work)
    with atomic_path(mark) as temporary:
        temporary.write_text(fingerprint)
    return work


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the folder's lock; it falls with the process."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(work / "lock", timeout=0):
            yield
    except Timeout as error:
        raise UserError(f"{work.parent}: another build is writing there") from error


def _finish(out: Path, work: Path, force: bool) -> None:
    """Move shards and card into place, the card last: with it the set is finished."""
    if force:
        for old in [*out.glob("problems-*.jsonl.zst"), *(out / name for name in (CARD, "README.md"))]:
            old.unlink(missing_ok=True)
    for path in sorted(work.glob("problems-*.jsonl.zst")):
        path.replace(out / path.name)
    for name in ("README.md", CARD):
        (work / name).replace(out / name)


class _Maker:
    """Makes units, or finds those that an earlier run has made."""

    def __init__(self, folder: Path, settings: Settings, runner: Runner) -> None:
        self.folder, self.settings, self.runner = folder, settings, runner
        folder.mkdir(parents=True, exist_ok=True)

    def parts(self, units: Iterable[Unit]) -> Iterator[Part]:
        """The parts of the units in their order."""
        stream = iter(units)
        for unit in stream:
            if not self._path(unit).exists():
                yield from self._made(chain([unit], stream))
                return
            yield self._read(unit)

    def _made(self, units: Iterable[Unit]) -> Iterator[Part]:
        under_way: list[Unit] = []

        def noted() -> Iterator[Unit]:
            for unit in units:
                under_way.append(unit)
                yield unit

        with closing(self.runner(noted(), self.settings)) as parts:  # type: ignore[type-var]
            for part in parts:
                with atomic_path(self._path(under_way.pop(0))) as temporary:
                    rows = [to_row(problem) for problem in part.problems]
                    temporary.write_text(json.dumps({"fates": part.fates, "rows": rows}), encoding="utf-8")
                yield part

    def _read(self, unit: Unit) -> Part:
        path = self._path(unit)
        saved = json.loads(path.read_text(encoding="utf-8"))
        return Part([from_row(row, str(path)) for row in saved["rows"]], Counter(saved["fates"]))

    def _path(self, unit: Unit) -> Path:
        return self.folder / f"{unit.key}.json"


class _Joined:
    """The problems that have been taken so far, in order; knows every question again."""

    def __init__(self, plan: Plan, spill: Spill) -> None:
        self.plan, self.spill = plan, spill
        self.counts = plan.counts()
        self.built = Built(wanted=plan.size)
        self.census = Census()
        self.stock: list[Problem] = []
        self._seen: set[bytes] = set()
        self._near = None if plan.keep_alike else NearDuplicates()

    def missing(self) -> int:
        return self.plan.size - self.spill.rows

    def take(self, source: str, parts: Iterator[Part]) -> None:
        """Take the wanted number of problems from the parts of a source."""
        wanted = self.missing() if source == "composed" else self.counts[source]
        taken = 0
        drawn = self.built.fates
        with tqdm(total=wanted, desc=source, disable=None, leave=False) as progress, closing(parts):  # type: ignore[type-var]
            for part in parts if wanted or source == "real" else ():
                for fate, count in part.fates.items():
                    self.built.fates[source, fate] += count
                for problem in filter(self._is_new, part.problems):
                    if source == "real":
                        self.stock.append(problem)
                    if taken < wanted:
                        self._write(problem)
                        taken += 1
                        progress.update()
                if taken >= wanted and source != "real":
                    break
        if source in ("tinygsm", "teacher") and not taken:
            fell = ", ".join(f"{drawn[source, fate]:,} {fate}" for fate in FATES if drawn[source, fate])
            raise UserError(f"--{source}: not one row can be used ({fell})")
        if source == "real":
            for problem in _again(self.stock, wanted - taken, self.plan.seed):
                self._write(problem)

    def _is_new(self, problem: Problem) -> bool:
        key = hashlib.blake2b(" ".join(problem.question.split()).encode(), digest_size=8).digest()
        fell = "duplicate" if key in self._seen else ""
        if not fell and self._near and problem.source not in _APART and not self._near.admits(problem.question):
            fell = "near-duplicate"
        self._seen.add(key)
        if fell:
            self.built.fates[problem.source, fell] += 1
            self.built.fates[problem.source, "kept"] -= 1
        return not fell

    def _write(self, problem: Problem) -> None:
        place = self.spill.add(to_row(problem))
        self.built.rows[problem.source] += 1
        # Places are random numbers, so these are a fair sample of the whole set, whatever the order of the sources.
        self.census.add(problem, sampled=place < SAMPLE / self.plan.size)


def _streams(plan: Plan) -> dict[str, Iterator[Problem]]:
    """What is read once, opened and found not to be empty.

    Raises:
        UserError: a stream that cannot be read, or has no rows.
    """
    streams: dict[str, Iterator[Problem]] = {}
    for source, rows in (("tinygsm", plan.tinygsm), ("teacher", plan.teacher)):
        if plan.counts()[source] and rows is not None:
            stream = iter(rows)
            first = next(stream, None)
            if first is None:
                raise UserError(f"--{source}: there are no problems in it")
            streams[source] = chain([first], stream)
    return streams


def _shuffle(plan: Plan, source: str) -> random.Random:
    return random.Random(f"{plan.seed}:{source}:shares")


def _sources(
    plan: Plan, templates: Sequence[str], streams: dict[str, Iterator[Problem]], joined: _Joined
) -> Iterator[tuple[str, Iterator[Unit]]]:
    """Each source with its units; later ones see what earlier ones gave."""
    counts = joined.counts
    if counts["real"] or counts["resampled"]:
        yield "real", row_units("real", plan.real)
    if counts["mathcamps"]:
        # The file goes by grade: a part of it has to be a mixed one.
        mixed = random.Random(f"{plan.seed}:mathcamps").sample(plan.mathcamps, len(plan.mathcamps))
        solved = [problem for problem in mixed if problem.solution]
        yield "mathcamps", variant_units("mathcamps", solved, counts["mathcamps"], _shuffle(plan, "mathcamps"))
    if counts["resampled"]:
        shares = _shuffle(plan, "resampled")
        yield "resampled", variant_units("resampled", joined.stock, counts["resampled"], shares)
    for source, rows in streams.items():
        yield source, row_units(source, rows)
    if counts["template"]:
        yield "template", template_units(templates, counts["template"], _shuffle(plan, "template"))
    if counts["composed"]:
        yield "composed", composed_units(joined.missing())


def _again(stock: Sequence[Problem], count: int, seed: int) -> Iterator[Problem]:
    """``count`` problems more: the stock shuffled anew for each time through."""
    rng = random.Random(f"{seed}:real")
    while stock and count > 0:
        yield from rng.sample(stock, min(len(stock), count))
        count -= len(stock)


def card_of(folder: Path) -> dict[str, Any]:
    """The numbers of a finished training set.

    Raises:
        UserError: there is none.
    """
    try:
        return dict(json.loads((Path(folder) / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: no finished training set there ({CARD} is missing or damaged)") from error
