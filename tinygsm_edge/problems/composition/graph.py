"""Draws graphs of quantities: the structure of a composed problem, without a word of language.

In the spirit of iGSM (arXiv 2407.20311): every quantity is given outright or depends on one or two earlier ones through
a relation, so depth and shape have no bound that a template sets. Numbers are drawn such that every quantity is a
whole number within the bounds of its theme.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

Numbers = tuple[int, int]  # what a relation's sentence names (0: nothing), and the value that follows
# Quantities that follow from others may be this many times as large as the largest that is given.
GROWTH = 3


@dataclass(frozen=True, slots=True)
class Relation:
    """How a quantity follows from ``parents`` earlier ones.

    ``formula`` has ``a`` and ``b`` for the parents and ``n`` for the number; ``steps`` counts its operations. ``draw``
    takes the parents' values and the bounds and returns the number and the value, or None where none fits.
    """

    name: str
    parents: int
    formula: str
    steps: int
    weight: float
    draw: Callable[[Sequence[int], int, int, random.Random], Numbers | None]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A node of the graph; ``parents`` are places of earlier nodes, ``number`` is 0 where its sentence has none."""

    relation: Relation
    parents: tuple[int, ...]
    number: int
    value: int


def _within(low: int, high: int, rng: random.Random) -> int:
    """A whole number from ``low`` to ``high``; 0 where there is none."""
    return low + int(rng.random() * (high - low + 1)) if low <= high else 0


def _more(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
    number = _within(2, min(high - sum(parents), max(parents)), rng)
    return (number, sum(parents) + number) if number else None


def _less(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
    number = _within(max(2, sum(parents) - high), sum(parents) - low, rng)
    return (number, sum(parents) - number) if number else None


def _times(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
    number = _within(2, min(6, high // parents[0]), rng)
    return (number, parents[0] * number) if number else None


def _part(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
    fits = [n for n in (2, 2, 3, 4, 5) if parents[0] % n == 0 and parents[0] // n >= low]
    number = fits[int(rng.random() * len(fits))] if fits else 0
    return (number, parents[0] // number) if number else None


def _percent(sign: int) -> Callable[[Sequence[int], int, int, random.Random], Numbers | None]:
    def draw(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
        whole = parents[0]
        fits = [p for p in range(10, 85, 5) if whole * p % 100 == 0 and low <= whole + sign * whole * p // 100 <= high]
        number = fits[int(rng.random() * len(fits))] if fits else 0
        return (number, whole + sign * whole * number // 100) if number else None

    return draw


def _sum(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
    return (0, sum(parents)) if sum(parents) <= high else None


def _beside_times(sign: int, factor: int) -> Callable[[Sequence[int], int, int, random.Random], Numbers | None]:
    def draw(parents: Sequence[int], low: int, high: int, rng: random.Random) -> Numbers | None:
        product = parents[0] * factor
        if sign > 0:
            number = _within(2, min(high - product, product), rng)
        else:
            number = _within(max(2, product - high), product - low, rng)
        return (number, product + sign * number) if number else None

    return draw


GIVEN = Relation("given", 0, "n", 0, 1.0, lambda parents, low, high, rng: None)
# "twice ... and 5 more" has its factor in the name, since its sentence names two numbers.
RELATIONS: tuple[Relation, ...] = (
    Relation("more", 1, "a + n", 1, 3.0, _more),
    Relation("less", 1, "a - n", 1, 3.0, _less),
    Relation("times", 1, "a * n", 1, 3.0, _times),
    Relation("part", 1, "a / n", 1, 2.0, _part),
    Relation("sum", 2, "a + b", 1, 1.2, _sum),
    Relation("more_than_sum", 2, "a + b + n", 2, 0.8, _more),
    Relation("less_than_sum", 2, "a + b - n", 2, 0.8, _less),
    Relation("percent_more", 1, "a + a * n / 100", 2, 0.8, _percent(1)),
    Relation("percent_less", 1, "a - a * n / 100", 2, 0.6, _percent(-1)),
    *(Relation(f"more_than_{k}_times", 1, f"a * {k} + n", 2, 0.8, _beside_times(1, k)) for k in (2, 3)),
    *(Relation(f"less_than_{k}_times", 1, f"a * {k} - n", 2, 0.8, _beside_times(-1, k)) for k in (2, 3)),
)


def draw_graph(
    rng: random.Random, steps: int, most: int, bounds: tuple[int, int], relations: Sequence[Relation]
) -> list[Quantity]:
    """A graph whose relations make about ``steps`` operations, of at most ``most`` quantities.

    Given quantities lie within ``bounds``, others between the lower one and :data:`GROWTH` times the upper one; a
    relation that finds no fitting number gives way to another, in the end to a quantity that is given.
    """
    graph = [_start(bounds, rng)]
    weights = list(accumulate(relation.weight for relation in relations))
    done = 0
    while done < steps and len(graph) < most:
        graph.append(_grown(graph, rng, bounds, relations, weights))
        done += graph[-1].relation.steps
    return graph


def _start(bounds: tuple[int, int], rng: random.Random) -> Quantity:
    number = _within(*bounds, rng)
    return Quantity(GIVEN, (), number, number)


def _grown(
    graph: Sequence[Quantity],
    rng: random.Random,
    bounds: tuple[int, int],
    relations: Sequence[Relation],
    weights: Sequence[float],
) -> Quantity:
    """One more quantity; recent ones are the likelier parents, which makes chains as well as trees."""
    for relation in rng.choices(relations, cum_weights=weights, k=4):
        if relation.parents > len(graph):
            continue
        last = len(graph) - 1
        first = last if rng.random() < 0.6 else int(rng.random() * len(graph))
        parents: tuple[int, ...] = (first,)
        if relation.parents == 2:
            other = int(rng.random() * last)
            parents = (first, other if other < first else other + 1)
        drawn = relation.draw([graph[place].value for place in parents], bounds[0], bounds[1] * GROWTH, rng)
        if drawn is not None:
            return Quantity(relation, parents, *drawn)
    return _start(bounds, rng)


def needed(graph: Sequence[Quantity], asked: Sequence[int]) -> set[int]:
    """The places of the asked quantities and of everything they depend on."""
    found: set[int] = set()
    waiting = list(asked)
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += graph[place].parents
    return found
