"""Says a graph of quantities in English, asks for one of them, and writes the program that finds it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

from tinygsm_edge.problems.composition.bank import FIELDS, Bank, Final, Theme, load_bank
from tinygsm_edge.problems.composition.graph import Quantity, draw_graph, needed
from tinygsm_edge.problems.composition.irrelevant import Facts
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.templates.lexicon import Person, snake_case
from tinygsm_edge.problems.templates.wording import fraction, times

# Operations of a problem, in about GSM8K's proportions.
_STEPS, _STEP_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8), tuple(accumulate((4, 24, 28, 20, 11, 7, 4, 2)))
_MOST = 8
# The paper's data has irrelevant facts (GSM-IC, arXiv 2302.00093) in about a third; half of ours are further
# quantities of the same graph, which tempt more.
IRRELEVANT_SHARE = 0.34
_S, _T, _U, _N, _P, _K = (FIELDS.index(name) for name in ("S", "T", "U", "n", "p", "k"))
_ASKS = ("ask", "ask_total", "ask_more", "ask_average")
_TRIES = 50
# Sentences that begin with one of these go on in lower case behind a comma.
_LOWERED = ("The ", "On ", "There ", "In ", "Compared ", "Someone ", "It is ")


class Composer:
    """Draws composed problems; the same random stream gives the same problems."""

    def __init__(self, bank: Bank | None = None) -> None:
        self.bank = bank or load_bank()
        self.facts = Facts(self.bank)

    @cached_property
    def themes(self) -> dict[str, Theme]:
        return {theme.id: theme for theme in self.bank.themes}

    def draw(self, rng: random.Random) -> Problem:
        """A problem of any theme; its id ends on the key with which :meth:`at` gives it again."""
        return self.at(self.bank.themes[int(rng.random() * len(self.bank.themes))], rng.getrandbits(48))

    def at(self, theme: Theme, key: int) -> Problem:
        """The problem that belongs to a theme and a key."""
        rng = random.Random(key)
        for _ in range(_TRIES):
            plot = _plotted(theme, rng)
            if plot is not None:
                return self._told(plot, f"{theme.id}-{key:012x}", rng)
        raise AssertionError(f"{theme.id}: no graph in {_TRIES} tries")

    def _told(self, plot: "_Plot", name: str, rng: random.Random) -> Problem:
        statements, question, distractors = plot.sentences(rng)
        problem = Problem(
            " ".join([*statements, question]), plot.answer, plot.program(), "composed", name,
            f"composed_{plot.theme.id}", distractors,
        )  # fmt: skip
        if not distractors and rng.random() < IRRELEVANT_SHARE / 2:
            return self.facts.added(problem, rng)
        return problem


@dataclass(slots=True)
class _Plot:
    """A graph with its cast, what is asked of it and what happens last."""

    theme: Theme
    graph: list[Quantity]
    used: set[int]
    ask: str
    asked: tuple[int, ...]
    final: Final | None
    final_number: int
    answer: int
    cast: list[Any] = field(default_factory=list)
    common: dict[str, Any] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    shared: list[Any] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)

    def sentences(self, rng: random.Random) -> tuple[list[str], str, tuple[int, ...]]:
        """The statements in their order, the question, and the numbers that do not matter."""
        statements = _joined([self.statement(place, rng) for place in self.order], rng)
        idle = [self.graph[place].number for place in self.order if place not in self.used]
        values = self.values(self.asked[0], self.asked[1:], self.final_number)
        if self.final is None:
            options = self.theme.phrases[self.ask]
            question = options[int(rng.random() * len(options))].render(values, rng)
        else:
            tell, ask = self.final.says[int(rng.random() * len(self.final.says))]
            if tell is not None:
                statements.append(tell.render(values, rng))
            question = ask.render(values, rng)
        return statements, question, tuple(number for number in idle if number)

    def statement(self, place: int, rng: random.Random) -> str:
        quantity = self.graph[place]
        phrase, factor = _phrase(quantity)
        options = self.theme.phrases[phrase]
        values = self.values(place, quantity.parents, quantity.number, factor)
        return options[int(rng.random() * len(options))].render(values, rng)

    def values(self, subject: int, others: Sequence[int], number: int, factor: str = "") -> list[Any]:
        """What the slots of a sentence hold, in the order of :data:`.bank.FIELDS`."""
        values = self.shared.copy()
        values[_S] = self.cast[subject]
        for slot, place in zip((_T, _U), others, strict=False):
            values[slot] = self.cast[place]
        values[_N] = values[_P] = number
        values[_K] = factor
        return values

    def whose(self) -> str:
        """The asked amount as things: "the apples that Maya picked"."""
        items, verb = self.common["item"].many if self.theme.items else "", self.theme.words["verb"]
        names = _listed([_name(self.cast[place]) for place in self.asked])
        if self.theme.frame == "owners":
            verb = self.theme.words["base_all"] if len(self.asked) > 1 else verb
            return f"the {items} that {names} {verb}"
        if self.theme.frame == "days":
            return f"the {items} that {_name(self.common['actor'])} {verb} on {names}"
        return f"the {items} in {names}"

    def program(self) -> str:
        """The numbers in the order of the story, then a line for each quantity that is needed, then the result."""
        given: list[str] = []
        steps: list[str] = []
        for place in self.order:
            if place in self.used:
                quantity = self.graph[place]
                if not quantity.parents:
                    given.append(f"{self.variable(place)} = {quantity.number}")
                elif quantity.number and quantity.relation.name != "part":
                    given.append(f"{self.number_name(place)} = {quantity.number}")
        if self.final is not None and self.final.variable:
            given.append(f"{self.final.variable} = {self.final_number}")
        for place in sorted(self.used):
            quantity = self.graph[place]
            if quantity.parents and not (self.final is None and self.ask == "ask" and place == self.asked[0]):
                steps.append(f"{self.variable(place)} = {self.formula(place)}")
        return "\n".join([*given, *steps, *self.closing(), "return result"])

    def closing(self) -> list[str]:
        asked = [self.variable(place) for place in self.asked]
        if self.ask == "ask":
            amount = asked[0]
        elif self.ask == "ask_more":
            amount = " - ".join(asked)
        else:
            amount = " + ".join(asked)
        if self.final is None:
            if self.ask == "ask":
                return [f"result = {self.formula(self.asked[0])}"]
            return [f"result = ({amount}) / {len(asked)}" if self.ask == "ask_average" else f"result = {amount}"]
        lines = []
        if len(asked) > 1:
            lines, amount = [f"total_{self.noun()} = {amount}"], f"total_{self.noun()}"
        number = self.final.variable or str(self.final_number)
        words = [{"x": amount, "n": number}.get(word, word) for word in self.final.formula.split()]
        return [*lines, f"result = {' '.join(words)}"]

    def formula(self, place: int) -> str:
        quantity = self.graph[place]
        parents = [self.variable(parent) for parent in quantity.parents]
        number = str(quantity.number) if quantity.relation.name == "part" else self.number_name(place)
        known = {**dict(zip("ab", parents, strict=False)), "n": number}
        return " ".join(known.get(word, word) for word in quantity.relation.formula.split())

    def noun(self) -> str:
        return self.common["item"].vars if self.theme.items else self.theme.name

    def variable(self, place: int) -> str:
        return f"{self.variables[place]}_{self.noun()}"

    def number_name(self, place: int) -> str:
        name = self.graph[place].relation.name
        kind = name.split("_")[0] if name.startswith(("percent", "times")) else "more" if "more" in name else "fewer"
        return f"{self.variables[place]}_{kind}"


def _plotted(theme: Theme, rng: random.Random) -> _Plot | None:
    """A graph with a question, or None where the draw leads nowhere."""
    steps = rng.choices(_STEPS, cum_weights=_STEP_WEIGHTS)[0]
    most = min(_MOST, len(theme.subjects))
    asks = [ask for ask in _ASKS if ask in theme.phrases]
    ask = rng.choices(asks, [{"ask": 5, "ask_total": 5, "ask_more": 2, "ask_average": 1}[name] for name in asks])[0]
    finals = _finals(theme) if ask in ("ask", "ask_total") and steps > 1 else ()
    if rng.random() < (0.5 if len(finals) > 1 else 0.7):
        finals = ()
    final = finals[int(rng.random() * len(finals))] if finals else None
    extra = 1 if rng.random() < IRRELEVANT_SHARE / 2 and theme.frame != "days" else 0
    own = steps - (final is not None) - (ask != "ask")
    graph = draw_graph(rng, max(own, 1 if ask != "ask" else own), most - extra, theme.bounds, theme.relations)
    asked = _asked(graph, ask, rng)
    if asked is None:
        return None
    used = needed(graph, asked)
    if theme.frame == "days" and ask in ("ask_total", "ask_average"):
        asked = tuple(range(len(graph)))
        used = set(asked)
    kept = _kept(graph, used, extra, theme, rng)
    amounts = [graph[place].value for place in asked]
    amount: float = amounts[0] - amounts[1] if ask == "ask_more" else sum(amounts)
    number = 0
    if ask == "ask_average":
        amount /= len(amounts)
    if final is not None:
        numbers = {"price": theme.price, "wage": theme.wage}.get(final.needs) or final.numbers or range(0, 1)
        number = numbers[int(rng.random() * len(numbers))]
        if final.needs == "things":
            # A goal is a round number somewhat above what there is.
            number = 5 * int(amount / 5 + 1 + rng.random() * (amount / 5 + 3))
        amount = final.apply(int(amount), number)
    if amount <= 0 or amount != int(amount) or (final is None and ask == "ask" and not graph[asked[0]].parents):
        return None
    plot = _Plot(theme, graph, used, ask, asked, final, number, int(amount))
    plot.order = sorted(kept) if rng.random() < 0.55 else rng.sample(sorted(kept), len(kept))
    _set_cast(plot, rng)
    return plot


def _finals(theme: Theme) -> tuple[Final, ...]:
    """The finals that make sense for a theme: a goal only where something is done that one may aim at."""
    verb = theme.words["verb"]
    done = theme.frame == "days" or (theme.words["base_all"] == verb and verb not in ("", "used", "got", "spotted"))
    return theme.finals if done else tuple(final for final in theme.finals if final.needs != "things")


def _kept(graph: list[Quantity], used: set[int], extra: int, theme: Theme, rng: random.Random) -> set[int]:
    """The places that are told: the needed ones, and with ``extra`` one that tempts."""
    idle = [place for place in range(len(graph)) if place not in used and set(graph[place].parents) <= used]
    if not extra:
        return set(used)
    if not idle:
        size = len(graph)
        graph += draw_graph(rng, 0, 1, theme.bounds, theme.relations)
        idle = [size]
    return used | {idle[int(rng.random() * len(idle))]}


def _asked(graph: Sequence[Quantity], ask: str, rng: random.Random) -> tuple[int, ...] | None:
    last = len(graph) - 1
    if ask == "ask":
        return (last,)
    if last < 1:
        return None
    if ask == "ask_more":
        other = int(rng.random() * last)
        higher, lower = (last, other) if graph[last].value > graph[other].value else (other, last)
        # Where the sentence of one says the difference, there is nothing to find.
        name, parents = graph[last].relation.name, graph[last].parents
        direct = other in parents and name in ("more", "less", "sum")
        return None if graph[higher].value == graph[lower].value or direct else (higher, lower)
    count = len(graph) if rng.random() < 0.6 else 2 + int(rng.random() * (len(graph) - 1))
    return tuple(sorted([*rng.sample(range(last), min(count, len(graph)) - 1), last]))


def _set_cast(plot: _Plot, rng: random.Random) -> None:
    theme = plot.theme
    if theme.frame == "days":
        start = int(rng.random() * len(theme.subjects))
        plot.cast = [theme.subjects[(start + place) % len(theme.subjects)] for place in range(len(plot.graph))]
    else:
        plot.cast = rng.sample(theme.subjects, len(plot.graph))
    plot.common = {
        "actor": theme.actors[int(rng.random() * len(theme.actors))],
        "item": theme.items[int(rng.random() * len(theme.items))] if theme.items else "",
        "place": theme.places[int(rng.random() * len(theme.places))],
        **theme.words,
        "count": len(plot.asked),
    }
    plot.variables = [_variable(subject) for subject in plot.cast]
    plot.common |= {"they_all": _listed([_name(plot.cast[place]) for place in plot.asked]), "whose": plot.whose()}
    plot.shared = [plot.common.get(name, "") for name in FIELDS]


def _phrase(quantity: Quantity) -> tuple[str, str]:
    """The phrase that says a relation, and its multiple or part in words."""
    name = quantity.relation.name
    if name == "times":
        return "as", times(quantity.number)
    if name == "part":
        return "as", fraction(quantity.number)
    if name.endswith("_times"):
        kind, _, factor = name.removesuffix("_times").rpartition("_")
        return f"{kind}_as", times(int(factor))
    return name, ""


def _joined(statements: Sequence[str], rng: random.Random) -> list[str]:
    """The statements, now and then two of them in one sentence."""
    joined: list[str] = []
    open_end = False
    for statement in statements:
        if open_end and rng.random() < 0.25:
            lowered = statement[0].lower() + statement[1:] if statement.startswith(_LOWERED) else statement
            word = "while" if rng.random() < 0.3 and not statement.startswith(("Compared ", "Someone ")) else "and"
            joined[-1] = f"{joined[-1][:-1]}, {word} {lowered}"
            open_end = False
        else:
            joined.append(statement)
            open_end = statement.endswith(".")
    return joined


def _name(subject: Person | str) -> str:
    return subject.name if isinstance(subject, Person) else subject


def _variable(subject: Person | str) -> str:
    return subject.var if isinstance(subject, Person) else snake_case(subject.removeprefix("the "))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
