"""Which variable an operand of a worked answer's equation stands for.

An equation knows only numbers: in "12 + 18 + 6" the 6 may be the yards of yarn of the question or the scarves of an
earlier step. Every quantity of equal value is weighed: has it been used yet, do the words around it recur around the
operand, does it have the unit that a sum needs, would money be multiplied by money? A literal is weighed too, where a
word such as "twice" or "week" accounts for it.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from tinygsm_edge.problems.variants.mentions import PARTS, Mention, explained_by_words, find_mentions
from tinygsm_edge.problems.worked.steps import HUNDRED, Step, numbers_in
from tinygsm_edge.problems.worked.words import (
    ADVERBS,
    AUXILIARIES,
    CONJUNCTIONS,
    DETERMINERS,
    PREPOSITIONS,
    PRONOUNS,
    UNITS,
    word_set,
)

_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_TWICE = re.compile(r"\b(?:twice|doubl\w*|half|halv\w*|halfway|two times|both|pairs?)\b", re.I)
_CALENDAR = frozenset(map(Fraction, (7, 12, 24, 52, 60, 365)))
_CLOSED = (
    word_set("double half twice triple times")
    | ADVERBS
    | AUXILIARIES
    | CONJUNCTIONS
    | DETERMINERS
    | PREPOSITIONS
    | PRONOUNS
)
# Known to everyone without a word in the text: 1, percents, dozens of months, minutes, days, weeks.
_EVERYDAY = frozenset(map(Fraction, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 24, 30, 31, 52, 60, 100, 365, 1000, 3600)))


@dataclass(slots=True)
class Quantity:
    """Something a step may refer to: a number of the question (``mention``) or an earlier step (``tree``).

    ``near`` are the stems of the words around it, ``head`` those that say what it is, ``wishes`` its possible
    names, ``uses`` what its tree refers to by names ``q<order>``. ``enumerates``: the number only says again how many
    were told of ("these three days").
    """

    value: Fraction
    wishes: list[str]
    near: frozenset[str]
    head: frozenset[str]
    order: int
    money: bool
    mention: Mention | None = None
    tree: ast.expr | None = None
    uses: list["Quantity"] = field(default_factory=list)
    used: int = 0
    enumerates: bool = False


def stems(text: str) -> frozenset[str]:
    """The telling words of a text, cut so that singular and plural agree."""
    return frozenset(
        word.removesuffix("s")[:7]
        for word in re.findall(r"[a-z]{2,}", text.lower().replace("_", " "))
        if word not in _CLOSED
    )


_MEASURES = stems(" ".join(UNITS)) | stems("hours minutes seconds days weeks months years inches feet dollars")
_GEOMETRY = re.compile(r"\b(?:areas?|squares?|sq|cubic|wide|width|rectang\w+|volume|perimeter|by \d+)\b", re.I)


@lru_cache(maxsize=64)
def _told(line: str) -> frozenset[Fraction]:
    return explained_by_words(line)


class Resolver(ast.NodeTransformer):
    """Puts quantities in the place of the literals of one step: names ``q<order>``, and ``used`` lists them.

    ``strange`` lists literals that neither a quantity nor a word of ``question`` accounts for.
    """

    def __init__(self, step: Step, pool: Sequence[Quantity], question: str, constants: frozenset[Fraction]) -> None:
        self.step, self.pool, self.question, self.constants = step, pool, question, constants
        self.used: list[Quantity] = []
        self.strange: list[Fraction] = []
        self.told = _told(step.line)
        self.line = stems(step.line[max(0, step.start - 150) : step.value_end + 50])
        self.unit = stems(" ".join(re.findall(r"[A-Za-z]+", step.line[step.value_end : step.value_end + 40])[:3]))
        self.money = "$" in step.line[max(0, step.value_start - 2) : step.value_start] or bool(
            re.search(rf"\$\s?{re.escape(f'{float(step.value):,.10g}')}(?![\d.]*\d)", step.line)
        )
        shared = Counter(stem for quantity in pool for stem in quantity.near)
        self.weight = {stem: 2.0 / shared[stem] for stem in self.line if stem in shared}
        self.hundredths = bool({100, 0.01} & {node.value for node in numbers_in(step.tree)})
        self.parts = {
            size for word, size in PARTS.items() if re.search(rf"\b{word}s?\b", self.step.line + question, re.I)
        }
        self.geometry = bool(_GEOMETRY.search(question))
        self.quotient = any(isinstance(node, ast.Div) for node in ast.walk(step.tree))
        self.found: dict[int, ast.expr] = {}

    def resolve(self) -> ast.expr:
        """The step's formula over quantities. Operands without a choice are settled first, for what they are (money, a
        unit) tells about the others."""
        tree = ast.parse(ast.unparse(self.step.tree), mode="eval").body
        texts = _operand_texts(self.step, tree)
        places = list(_operands(tree, "+", self.question))
        choices = {
            node.col_offset: [quantity for quantity in self.pool if quantity.value == Fraction(str(node.value))]
            for node, _ in places
        }
        for node, role in sorted(places, key=lambda place: _freedom(choices[place[0].col_offset])):
            near = texts.get(node.col_offset, frozenset())
            self.found[node.col_offset] = self._settle(node, role, choices[node.col_offset], near)
        resolved: ast.expr = self.visit(tree)
        order = [node.id for node in sorted(_names(resolved), key=lambda node: node.col_offset)]
        self.used.sort(key=lambda quantity: order.index(f"q{quantity.order}"))
        return resolved

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self.found.get(node.col_offset, node)

    def _settle(self, node: ast.Constant, role: str, choices: Sequence[Quantity], near: frozenset[str]) -> ast.expr:
        """One operand: a quantity, something made of quantities, or the literal as it stands."""
        value = Fraction(str(node.value))
        if not choices:
            return self._share(value, node, near) or self._unsaid(value, node) or node
        fit, _, best = max(
            ((self._fit(quantity, role, near), abs(quantity.order - 999), quantity) for quantity in choices),
            key=lambda choice: choice[:2],
        )
        return node if self._plain(value, role) > fit else self._use(best, node)

    def _plain(self, value: Fraction, role: str) -> float:
        """How well an operand does as a literal: the 2 of "twice", the 60 of an hour, the 100 of percents."""
        fit = 1.5 if value in self.constants | self.told else 0.0 if value == 1 else -100.0
        if value in _CALENDAR and value in self.told:
            fit = 2.0
        if value == 2 and _TWICE.search(self.step.line):
            fit = 3.0
        if role == "/ bottom" and value in self.parts:
            fit = 4.5
        if value == HUNDRED:
            fit = 3.0 if role == "/ bottom" or self.quotient else -100.0
        if role in "+-" and value > 1:
            fit -= 3.0
        return max(fit, -0.5) if value <= 12 and role in ("*", "/ bottom") else fit

    def _use(self, quantity: Quantity, place: ast.Constant) -> ast.expr:
        quantity.used += 1
        self.used.append(quantity)
        return ast.Name(f"q{quantity.order}", ast.Load(), lineno=1, col_offset=place.col_offset)

    def _fit(self, quantity: Quantity, role: str, near: frozenset[str]) -> float:
        """How well a quantity suits an operand that it equals."""
        again = any(quantity is used for used in self.used)
        fit = 2.0 * (quantity.used == 0) + 0.5 * (quantity.mention is None) - 5.0 * again
        fit += (
            2.5 * min(2, len(near & quantity.head))
            + 1.0 * min(2, len(near & quantity.near))
            + min(4.0, sum(self.weight[stem] for stem in self.line & quantity.near))
        )
        if quantity.mention is not None and quantity.mention.kind == "percent":
            another = any(used.mention is not None and used.mention.kind == "percent" for used in self.used)
            fit += 3.0 if self.hundredths and not another else -3.0
        own = stems(" ".join(wish.partition("_per_")[0] for wish in quantity.wishes[:2]))
        fit += (1.5 if role in "+-" else 1.0 if role != "/ bottom" else 0.0) * bool(self.unit & own)
        if role in "+-":
            fit -= 2.0 * (self.money != quantity.money)
        if quantity.mention is not None:
            fit += 1.5 * (role == "*" and quantity.mention.kind == "times") - 2.0 * quantity.enumerates
        if role == "*" and quantity.money:
            fit += -4.0 if any(used.money for used in self.used) else 1.5 * self.money
        if role == "*" and not self.geometry and any(own & _MEASURES & used.head for used in self.used):
            fit -= 3.0  # kilometers by kilometers
        if role in ("/ top", "/ bottom") and quantity.money and self.money:
            fit += 1.5 if role == "/ top" else -1.5
        return fit

    def _share(self, value: Fraction, place: ast.Constant, near: frozenset[str]) -> ast.expr | None:
        """0.2, 0.8, 1.2 or 80, 120 where the question says 20 %; 0.75 where it says 75 cents."""
        if value in self.constants - {50, Fraction(1, 2)}:
            return None
        for whole, scale, offset in ((HUNDRED, 1, 0), (HUNDRED, -1, 1), (HUNDRED, 1, 1), (1, -1, 100), (1, 1, 100)):
            choices = [
                quantity
                for quantity in self.pool
                if quantity.mention is not None
                and value == scale * quantity.value / whole + offset
                and _in_hundredths(quantity.mention, not offset)
            ]
            if choices:
                best = max(choices, key=lambda quantity: (self._fit(quantity, "%", near), -quantity.order))
                part = self._use(best, place)
                part = ast.BinOp(part, ast.Div(), ast.Constant(100)) if whole == HUNDRED else part
                return (
                    part if not offset else ast.BinOp(ast.Constant(offset), ast.Add() if scale > 0 else ast.Sub(), part)
                )
        return None

    def _unsaid(self, value: Fraction, place: ast.Constant) -> ast.expr | None:
        """A value worked out in someone's head: put together from the only two unused quantities that make it."""
        if value in self.constants or value in _EVERYDAY:
            return None
        found: list[tuple[Quantity, ast.operator, Quantity]] = []
        for first, second in combinations([quantity for quantity in self.pool if not quantity.used], 2):
            a, b = first.value, second.value
            found += [(first, ast.Add(), second)] * (a + b == value and first.money == second.money)
            found += [(first, ast.Mult(), second)] * (
                a * b == value and not (first.money and second.money) and 1 not in (a, b)
            )
            for top, bottom in ((first, second), (second, first)):
                found += [(top, ast.Sub(), bottom)] * (top.value - bottom.value == value and top.money == bottom.money)
                found += [(top, ast.Div(), bottom)] * (bottom.value > 1 and top.value == value * bottom.value)
        if len(found) == 1:
            left, sign, right = found[0]
            return ast.BinOp(self._use(left, place), sign, self._use(right, place))
        self.strange.append(value)
        return None


def _freedom(choices: Sequence[Quantity]) -> tuple[bool, int]:
    """Sort key of an operand's choices: those that must be a percentage come first, then the fewest."""
    return any(quantity.mention is None or quantity.mention.kind != "percent" for quantity in choices), len(choices)


def _in_hundredths(mention: Mention, cents: bool) -> bool:
    """Whether a number counts hundredths: a percentage, or (where that makes sense) cents."""
    return mention.kind == "percent" or (cents and mention.noun.startswith("cent"))


def _operands(tree: ast.expr, role: str, question: str) -> Iterator[tuple[ast.Constant, str]]:
    """The literals that may be quantities, each with its role ("+", "-", "*", "/ top", "/ bottom" ...): not the parts
    of fractions such as 1/2, or 3/8 where the question writes it."""
    if isinstance(tree, ast.Constant):
        yield tree, role
    elif isinstance(tree, ast.BinOp):
        if _is_fraction(tree.left, tree, question):
            return
        product = tree.left
        if (
            isinstance(product, ast.BinOp)
            and isinstance(product.op, ast.Mult)
            and _is_fraction(product.right, tree, question)
        ):
            yield from _operands(product.left, "*", question)
            return
        sign = _SIGNS.get(type(tree.op), "?")
        yield from _operands(tree.left, "/ top" if sign == "/" else sign, question)
        yield from _operands(tree.right, "/ bottom" if sign == "/" else sign, question)


def _names(tree: ast.expr) -> list[ast.Name]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _is_fraction(top: ast.expr, node: ast.BinOp, question: str) -> bool:
    bottom = node.right
    if not (isinstance(node.op, ast.Div) and isinstance(top, ast.Constant) and isinstance(bottom, ast.Constant)):
        return False
    written = rf"(?<!\d){ast.unparse(top)}\s?/\s?{ast.unparse(bottom)}(?!\d)"
    return top.value == 1 or bool(re.search(written, question))


def _operand_texts(step: Step, tree: ast.expr) -> dict[int, frozenset[str]]:
    """For each operand (by its column in the formula) the words that follow it there, or elsewhere in the sentence."""
    texts: dict[int, frozenset[str]] = {}
    place = step.start
    said = find_mentions(step.line[max(0, step.start - 150) : step.start])
    offset = max(0, step.start - 150)
    for node in numbers_in(tree):
        number = Fraction(str(node.value))
        forms = rf"{float(number):,.10g}|{float(number):.10g}".replace(".", r"\.") + "0?" * (number.denominator > 1)
        forms = forms.replace(r"0\.", r"0?\.") if number < 1 else forms
        match = re.compile(rf"(?<![\d.])(?:{forms})(?![\d.]*\d)").search(step.line, place, step.value_start)
        found: frozenset[str] = frozenset()
        if match:
            place = match.end()
            unit = re.match(r"[^\d+*=–−]{0,24}", step.line[place:])
            found = stems(unit.group() if unit else "")
        if not found:
            for mention in said:
                if mention.value == number:
                    found |= stems(" ".join(step.line[offset + mention.end : offset + mention.end + 40].split()[:4]))
        texts[node.col_offset] = found
    return texts
