"""Units of work: what a training set is made of, cut into pieces that any process can make on its own.

A unit says which source it draws from and how many problems are wanted of it. What comes of a unit depends on the unit
and the seed alone, so the same training set comes out however many workers there are and wherever they run.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TypeVar

from tinygsm_edge.problems.problem import Problem

SOURCES = ("real", "mathcamps", "resampled", "tinygsm", "teacher", "template", "composed")
# What may become of a drawn problem, in the order of the filters ("unsolved": it came without a readable solution).
# "kept" passed all of them, though not all need be written; "8-gram" is a report on these: eight words in a row stand
# in an evaluation question too.
FATES = (
    "drawn", "unsolved", "length", "numbers", "duplicate", "near-duplicate", "evaluation", "validation", "refused",
    "failed", "wrong", "bounds", "kept", "8-gram",
)  # fmt: skip
_ROWS = 500  # rows of a file in one unit
_STOCK = 40  # real problems that are resampled in one unit
_COMPOSED = 1000
MOST_VARIANTS = 200  # of one real problem
Piece = TypeVar("Piece")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work. ``name`` is a template's id for templates; ``rows`` the problems that a unit starts from."""

    source: str
    index: int
    wanted: int
    name: str = ""
    rows: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.source}-{self.index:06}"


@dataclass(slots=True)
class Part:
    """What came of a unit: the problems that passed, and how many met each of :data:`FATES`."""

    problems: list[Problem]
    fates: Counter[str] = field(default_factory=Counter)


def row_units(source: str, rows: Iterable[Problem]) -> Iterator[Unit]:
    """Rows of a file as they are, in order; all of each unit's are wanted."""
    stream = iter(rows)
    for index in count():
        chunk = tuple(islice(stream, _ROWS))
        if not chunk:
            return
        yield Unit(source, index, len(chunk), rows=chunk)


def variant_units(source: str, stock: Sequence[Problem], wanted: int, rng: random.Random) -> Iterator[Unit]:
    """Variants of real problems: each unit makes its share from some of them."""
    chunks = [stock[at : at + _STOCK] for at in range(0, len(stock), _STOCK)]
    for index, chunk, share in _shares(chunks, wanted, rng):
        yield Unit(source, index, min(share, MOST_VARIANTS * len(chunk)), rows=tuple(chunk))


def template_units(names: Sequence[str], wanted: int, rng: random.Random) -> Iterator[Unit]:
    """Draws of templates, one unit each, in equal shares."""
    for index, name, share in _shares(names, wanted, rng):
        yield Unit("template", index, share, name=name)


def composed_units(wanted: int) -> Iterator[Unit]:
    """Composed problems, of which there is no end: enough for ``wanted`` and what is lost to duplicates."""
    return (Unit("composed", index, _COMPOSED) for index in range(wanted * 51 // (50 * _COMPOSED) + 2))


def _shares(pieces: Sequence[Piece], wanted: int, rng: random.Random) -> Iterator[tuple[int, Piece, int]]:
    """The pieces that have a share of ``wanted``, in random order, with shares that differ by one at most."""
    share, more = divmod(wanted, max(1, len(pieces)))
    for index, piece in enumerate(rng.sample(pieces, len(pieces))):
        if share or index < more:
            yield index, piece, share + (index < more)
