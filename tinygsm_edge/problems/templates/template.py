"""Authored word problems: a template is several wordings, slots to fill and a program; a draw of it is a problem.

One YAML file of ``library/`` holds the templates of one situation (:mod:`.loader` reads it):

    situation: shopping_and_change
    templates:
    - id: shop_change
      slots:
        buyer: person                       # a first name with pronouns; `she`, `he`, or `adult` (Mrs. Okafor)
        item: stationery                    # a thing of a category of library/lexicon/things.yaml
        day: weekday                        # a text of a category of library/lexicon/texts.yaml
        shop: ["corner shop", "school fair"]  # one of a list of texts, numbers, or nouns written one/many
        price: 2..9                         # a whole number, both ends included; `0.5..4 step 0.25` for decimals
        count: 3..12
        bill: [20, 50, 100]
      let:                                  # optional: computed from the slots, in order
        spent: price * count
      where:                                # optional: each must hold
      - spent < bill
      wordings:                             # at least three
      - "At the {shop}, {item} cost ${price} each. {buyer} [[takes|buys]] {count|item} and hands over ${bill}. How
        many dollars does {buyer.they} get back?"
      - ...
      program: |                            # `return result` is added
        {item.var}_price = {price}
        {item.vars}_bought = {count}
        bill = {bill}
        result = bill - {item.var}_price * {item.vars}_bought
      answer: whole                         # whole (default), money (two decimals) or decimal (four)

In a wording ``{slot}`` shows a slot and ``{slot.form}`` a form of it (:data:`.wording.FORMS`; ``{buyer.They}`` for a
capital), ``{count|item}`` agrees in number, ``{part/parts}`` is 3/4 and ``{part.word/parts}`` three quarters,
``[[a|b]]`` draws an alternative. In the program ``{number}``, and ``{thing.var}``, ``{thing.vars}``, ``{person.var}``
as parts of names; comments may stand in it. No two slots of a draw hold the same person or thing; a draw with a
negative intermediate value or an answer of the wrong kind is never handed out.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.templates.expression import tidy
from tinygsm_edge.problems.templates.wording import Text

ANSWER_DECIMALS = {"whole": 0, "money": 2, "decimal": 4}
# `where` has to let one draw in ten pass (a rule of lint), so this many misses do not happen by bad luck.
TRIES = 1000
_DUST = 1e-7

# Of a kernel: the values of `let`, and the value of every program line in order. None: a `where` does not hold.
Outcome = tuple[tuple[Any, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Slot:
    """What a slot may hold: texts, numbers, :class:`.lexicon.Person` or :class:`.lexicon.Thing`."""

    name: str
    kind: str
    choices: tuple[Any, ...]
    line: int


@dataclass(frozen=True)
class Template:
    """A compiled template. ``numbers`` and ``others`` are its slots; drawn values stand in the order numbers, lets,
    others. ``let_reads`` says which numbers each let is made from, ``place`` is ``file:line``."""

    id: str
    situation: str
    place: str
    answer: str
    numbers: tuple[Slot, ...]
    lets: tuple[str, ...]
    let_reads: dict[str, frozenset[str]]
    others: tuple[Slot, ...]
    kernel: Callable[..., Outcome | None]
    wordings: tuple[Text, ...]
    wording_lines: tuple[int, ...]
    program: Text

    @cached_property
    def idle(self) -> tuple[tuple[int, ...], ...]:
        """For each wording the places, among the drawn values, of numbers that it shows and the program does not need:
        its distractors."""
        names = [slot.name for slot in self.numbers] + list(self.lets)
        needed = set(self.program.used)
        for let in reversed(self.lets):  # a let may be made from those before it
            if let in needed:
                needed |= self.let_reads[let]
        # A number that is shown by way of a let belongs to the let's story: "4 boxes of 6, 24 in all".
        kin = {name for let in self.lets if self.let_reads[let] & needed for name in (let, *self.let_reads[let])}
        return tuple(
            tuple(place for place, name in enumerate(names) if name in text.used - needed - kin)
            for text in self.wordings
        )

    def draw(self, rng: random.Random) -> Problem:
        """A problem of this template; its id ends on the key with which :meth:`at` gives it again."""
        return self.at(rng.getrandbits(48))

    def at(self, key: int) -> Problem:
        """The problem that belongs to a key.

        Raises:
            UserError: no draw keeps the template's rules.
        """
        rng = random.Random(key)
        for _ in range(TRIES):
            numbers = self.pick_numbers(rng)
            outcome = self.run(numbers)
            if outcome is not None and acceptable(outcome[1], self.answer):
                break
        else:
            raise UserError(f"{self.place}: {self.id}: none of {TRIES} draws keeps its rules (`where`, sign, answer)")
        values = [*numbers, *outcome[0], *pick_distinct(self.others, rng)]
        wording = int(rng.random() * len(self.wordings))
        return self.render(values, wording, tidy(outcome[1][-1]), key, rng)

    def render(self, values: Sequence[Any], wording: int, answer: int | float, key: int, rng: random.Random) -> Problem:
        """The problem with these values in the wording of this number."""
        solution = self.program.render(values, rng) + "\nreturn result"
        question = self.wordings[wording].render(values, rng)
        idle = tuple([values[place] for place in self.idle[wording]])
        return Problem(question, answer, solution, "template", f"{self.id}-{key:012x}", self.situation, idle)

    def pick_numbers(self, rng: random.Random) -> list[int | float]:
        """One value for each number slot, whether or not `where` holds."""
        uniform = rng.random
        return [slot.choices[int(uniform() * len(slot.choices))] for slot in self.numbers]

    def run(self, numbers: Sequence[int | float]) -> Outcome | None:
        """Lets and program lines for these numbers, or None where `where` does not hold.

        Raises:
            UserError: a division by zero, or a number out of bounds.
        """
        try:
            return self.kernel(*numbers)
        except (ArithmeticError, TypeError, ValueError) as error:
            given = ", ".join(f"{slot.name}={value}" for slot, value in zip(self.numbers, numbers, strict=True))
            raise UserError(f"{self.place}: {self.id}: the arithmetic fails for {given}: {error}") from error


def pick_distinct(slots: Sequence[Slot], rng: random.Random) -> list[Any]:
    """One value for each slot; people and things are all different, texts too."""
    picked: list[Any] = []
    taken: set[Any] = set()
    for slot in slots:
        while True:
            value = slot.choices[int(rng.random() * len(slot.choices))]
            mark = (slot.kind, getattr(value, "name", None) or getattr(value, "one", value))
            if mark not in taken:
                break
        taken.add(mark)
        picked.append(value)
    return picked


def acceptable(trace: Sequence[int | float], answer: str) -> bool:
    """Whether no program line is negative and the last has no more decimals than its kind of answer allows."""
    scaled = trace[-1] * 10 ** ANSWER_DECIMALS[answer]
    return min(trace) >= 0 and abs(scaled - round(scaled)) <= _DUST * max(1.0, abs(scaled))
