"""Fresh numbers for a problem, put consistently into question and program: one worked problem becomes thousands.

People (:mod:`.first_names`), things (:mod:`.items`) and words for parts (:mod:`.part_words`) change too.

A number of the question may move when it can be traced to its literals in the program and nothing else explains those
literals. Every other literal must be explained by a number that stays or by a word ("dozen": 12); a problem with an
unexplained literal is refused, since somebody's mental arithmetic hides there. Where equal numbers leave open which
one a step used, everything behind them is pinned. A draw is kept only when every value on the way keeps its sign, its
integrality, its side of 1 and its side of the numbers that the program never uses. (Templates with conditions in the
manner of GSM-Symbolic, arXiv 2410.05229, but found by the machine.)
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.templates.lexicon import article
from tinygsm_edge.problems.variants import first_names, items
from tinygsm_edge.problems.variants.mentions import Mention, find_mentions, number_words
from tinygsm_edge.problems.variants.part_words import CHOICES, part_mention, written
from tinygsm_edge.problems.variants.straight_line import Program, parse
from tinygsm_edge.problems.variants.tracing import Group, Trace, pinned_groups, trace_literals

TRIES = 400
NAME_SWAP = 0.7  # share of draws in which the people get other names
ITEM_SWAP = 0.6  # share of draws in which the story is about other things
_SLACK = 1e-7
_LARGEST = 1e12
_ASKS_PERCENT = re.compile(r"\b(?:what|which|how many) (?:is the )?percent", re.I)
_COMPARES = re.compile(
    r"\b(?:(?:high|low|larg|bigg|small|short|long|tall|old|young|fast|slow|cheap|great|heavi|light|few|b|near|far|clos|"
    r"strong|warm|cold|hott|earli|lat)est|most|least|worst|maximum|minimum|max|min|enough|limit\w*|cheaper|better|"
    r"who|which (?:of|one|is|\w+ (?:is|has))|win|wins|winner|exceed\w*|up to|if (?:it|there|the \w+) (?:is|are)|"
    r"both|neither|includ(?:ing|es)|out of|\w*\d of (?:the|his|her)|of (?:them|these|those|which|whom)|free|"
    r"overtime|after the first|as (?:many|much) \w+ as (?:he|she|it|they|possible))\b", re.I)


@dataclass(frozen=True, slots=True)
class Slot:
    """One number that moves: its mentions, and its literals by index. A literal is the number times ``scale[k]`` plus
    ``offset[k]`` (a percentage may stand in the program as 20, 0.2, 0.8 or 1.2)."""

    mentions: tuple[Mention, ...]
    literals: tuple[int, ...]
    scales: tuple[Fraction, ...]
    offsets: tuple[Fraction, ...]
    choices: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """What one node's value must keep: between ``low`` and ``high``, and a multiple of 1 / ``grain`` if set."""

    low: float
    high: float
    grain: int | None


@dataclass(frozen=True, slots=True)
class Resampling:
    """A problem that can be resampled; :meth:`draw` makes variants."""

    problem: Problem
    program: Program
    slots: tuple[Slot, ...]
    checks: tuple[Check | None, ...]
    ranks: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    item: items.Swap | None = None

    def draw(self, rng: random.Random) -> Problem | None:
        """A variant (source "resampled", id of the original plus a tag), or None when no fitting numbers came up."""
        start = [float(literal.value) for literal in self.program.literals]
        original = tuple(slot.mentions[0].value for slot in self.slots)
        for _ in range(TRIES):
            drawn = tuple(rng.choice(slot.choices) for slot in self.slots)
            if drawn == original or not _percentages_fit(self.slots, drawn):
                continue
            literals = start.copy()
            for slot, value in zip(self.slots, drawn, strict=True):
                for index, scale, offset in zip(slot.literals, slot.scales, slot.offsets, strict=True):
                    literals[index] = float(value * scale + offset)
            if self._holds(literals):
                return self._variant(drawn, rng)
        return None

    def _holds(self, literals: Sequence[float]) -> bool:
        values: list[float] = []
        given = iter(literals)
        try:
            for node, check in zip(self.program.nodes, self.checks, strict=True):
                value = next(given) if node.apply is None else node.apply(values[node.left], values[node.right])
                if check is not None:
                    if not check.low < value < check.high:
                        return False
                    if check.grain is not None and abs(value * check.grain - round(value * check.grain)) > _SLACK:
                        return False
                values.append(value)
        except (ZeroDivisionError, OverflowError):
            return False
        return all(values[low] < values[high] for low, high in self.ranks)

    def _variant(self, drawn: tuple[Fraction, ...], rng: random.Random) -> Problem | None:
        texts = [literal.text for literal in self.program.literals]
        edits: list[tuple[Mention, str]] = []
        for slot, value in zip(self.slots, drawn, strict=True):
            edits += [(mention, _written(value, mention)) for mention in slot.mentions]
            for index, scale, offset in zip(slot.literals, slot.scales, slot.offsets, strict=True):
                texts[index] = _literal(value * scale + offset, texts[index])
        question, solution = _edit(self.problem.question, edits), self.program.rewrite(texts)
        fresh = parse(solution)
        values = fresh.values() if fresh else None
        if fresh is None or values is None:
            return None
        if self.names and rng.random() < NAME_SWAP:
            chosen = first_names.fresh_names(self.names, question, rng)
            question, solution = first_names.swap(question, solution, chosen)
        if self.item and rng.random() < ITEM_SWAP:
            question, solution = items.swap_item(question, solution, self.item, rng)
        answer = values[fresh.result]
        return replace(self.problem, question=question, solution=solution, source="resampled",
                       answer=int(answer) if answer.denominator == 1 else round(float(answer), 10),
                       id=f"{self.problem.id}~{rng.getrandbits(32):08x}")


def resampler(problem: Problem) -> Resampling | None:
    """What of a problem can be drawn afresh, or None when nothing can without doubt. Build it once per problem."""
    program = parse(problem.solution) if problem.solution else None
    values = program.values() if program else None
    if program is None or values is None:
        return None
    mentions = find_mentions(problem.question)
    traces = trace_literals(problem.question, program, mentions)
    if traces is None:
        return None
    pinned = pinned_groups(problem.question, program, values, mentions, traces)
    slots = tuple(slot for slot in (_slot(group, program, traces[group]) for group in traces if group not in pinned)
                  if len(slot.choices) > 2)
    word = part_mention(problem.question, program, mentions)
    if word is not None:
        mention, place = word
        choices = tuple(Fraction(n) for n in CHOICES[mention.kind])
        slots += (Slot((mention,), (place,), (Fraction(1),), (Fraction(0),), choices),)
    moving = frozenset(program.literals[index].node for slot in slots for index in slot.literals)
    used = {mention for group in traces for mention in group}
    idle = [mention.value for mention in mentions if mention not in used and mention.value > 1]
    if not slots:
        return None
    checks = [_check(value, idle) if behind & moving else None
              for value, behind in zip(values, program.ancestors(), strict=True)]
    if _ASKS_PERCENT.search(problem.question) and checks[program.result]:
        checks[program.result] = _check(values[program.result], [*idle, Fraction(100)])
    return Resampling(problem, program, slots, tuple(checks), _ranks(problem.question, program, values),
                      first_names.exchangeable(problem.question, problem.solution or ""),
                      items.exchangeable_item(problem.question, problem.solution or ""))


def _slot(group: Group, program: Program, trace: Trace) -> Slot:
    indices, scales, offsets = zip(*trace, strict=True)
    return Slot(group, indices, scales, offsets, _choices(group))


def _choices(group: Group) -> tuple[Fraction, ...]:
    """The values a number may take: of its magnitude, as round as it was, as many decimals, on its side of 1."""
    mention = group[0]
    unit = Fraction(1, 10 ** max(m.decimals for m in group))
    mantissa = int(mention.value / unit)
    step = _roundness(mantissa, unit)
    narrow = mention.kind == "age"
    low = mantissa * 2 // 3 if narrow else mantissa // 3 if mantissa > 10 else 2
    high = mantissa * 3 // 2 if narrow else mantissa * 3 if mantissa > 5 else mantissa * 2 + 5
    if mention.kind == "times":
        high = min(high, mantissa + 4)
    if mention.kind == "percent":
        high = min(high, 99) if mention.value < 100 and unit == 1 else high
        low = max(low, 101) if mention.value > 100 else low
    if mention.ceiling is not None:
        high = min(high, int(mention.ceiling / unit))
    low = max(low, step if unit < 1 else 2)
    values = (Fraction(n) * unit for n in range(-(-low // step) * step, high + 1, step))
    # "$18.00" stays whole, "1.5" does not become "3.0", "$2.50" may become "$3.00".
    whole = {True} if mention.value.denominator == 1 else {False} if unit == Fraction(1, 10) else {True, False}
    return tuple(value for value in values if (value > 1) == (mention.value > 1) and (value.denominator == 1) in whole
                 and all(_can_write(value, m) for m in group))


def _roundness(mantissa: int, unit: Fraction) -> int:
    """The step in which numbers like this one come: 1200 in hundreds, 45 in fives, 7 in ones."""
    if mantissa <= 10:
        return 1
    steps = (100000, 10000, 1000, 100, 50, 25, 10, 5) if unit < 1 else (100000, 10000, 1000, 100, 10, 5)
    finest = 5 if mantissa % 5 == 0 else 1
    return next((step for step in steps if mantissa % step == 0 and mantissa >= 4 * step), finest)


def _can_write(value: Fraction, mention: Mention) -> bool:
    return not mention.is_word or (value.denominator == 1 and number_words(int(value)) is not None)


def _check(value: Fraction, idle: Iterable[Fraction]) -> Check:
    """Keep sign, side of 1 and of every unused number, and be whole (or as fine as it was) where the original was."""
    borders = sorted({Fraction(0), Fraction(1), *idle})
    if value in borders:
        return Check(float(value) - _SLACK, float(value) + _SLACK, _grain(value))
    low = max((float(border) + _SLACK for border in borders if border < value), default=-_LARGEST)
    high = min((float(border) - _SLACK for border in borders if border > value), default=_LARGEST)
    return Check(low, high, _grain(value))


def _ranks(question: str, program: Program, values: Sequence[Fraction]) -> tuple[tuple[int, int], ...]:
    """Pairs of nodes whose order must stay, for questions whose program followed one branch of a comparison."""
    if not _COMPARES.search(question):
        return ()
    ordered = sorted(set(program.names.values()), key=lambda node: values[node])
    return tuple(pair for pair in pairwise(ordered) if values[pair[0]] < values[pair[1]])


def _grain(value: Fraction) -> int | None:
    """1 for a whole number, 100 or more for a decimal one; None for one like 1/3 that has no end."""
    if value.denominator == 1:
        return 1
    return next((10**places for places in (2, 3, 4, 5, 6) if 10**places % value.denominator == 0), None)


def _percentages_fit(slots: Sequence[Slot], drawn: Sequence[Fraction]) -> bool:
    """Shares that made up at most the whole together still do."""
    shares = [(slot.mentions[0].value, value) for slot, value in zip(slots, drawn, strict=True)
              if slot.mentions[0].kind == "percent"]
    return sum(old for old, _ in shares) > 100 or sum(new for _, new in shares) <= 100


def _written(value: Fraction, mention: Mention) -> str:
    """The value in the manner of the mention: words, thousands separators, decimals, a capital."""
    if mention.kind in CHOICES:
        words = written(int(value), mention.kind)
        return words.capitalize() if mention.text[0].isupper() else words
    if mention.is_word:
        words = number_words(int(value)) or ""
        return words.capitalize() if mention.text[0].isupper() else words
    comma = "," if "," in mention.text else ""
    return f"{float(value):{comma}.{mention.decimals}f}" if mention.decimals else f"{int(value):{comma}}"


def _literal(value: Fraction, old: str) -> str:
    places = next(places for places in range(13) if 10**places % value.denominator == 0)
    places = max(places, len(old.partition(".")[2]) if old.endswith("0") and "." in old else 0)
    return f"{float(value):.{places}f}"


def _edit(question: str, edits: Iterable[tuple[Mention, str]]) -> str:
    """The question with mentions rewritten, and "a" or "an" before them agreeing."""
    for mention, text in sorted(edits, key=lambda edit: -edit[0].start):
        before = question[:mention.start]
        found = re.search(r"\b([Aa])n?( \$?)$", before)
        if found:
            before = f"{before[:found.start()]}{found[1]}{article(text)[1:]}{found[2]}"
        question = before + text + question[mention.end:]
    return question
