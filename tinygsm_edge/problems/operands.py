"""Which variable an operand of a worked answer's equation stands for.

An equation knows only numbers: in "12 + 18 + 6" the 6 may be the yards of yarn of the question or the scarves of an
earlier step. Every quantity of equal value is weighed: has it been used yet, do the words around it recur around the
operand, does it have the unit that a sum needs, would money be multiplied by money? A literal is weighed too, where a
word such as "twice" or "week" accounts for it.
"""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from tinygsm_edge.problems.mentions import Mention, explained_by_words, find_mentions
from tinygsm_edge.problems.steps import HUNDRED, Step, numbers_in
from tinygsm_edge.problems.words import ADVERBS, AUXILIARIES, CONJUNCTIONS, DETERMINERS, PREPOSITIONS, PRONOUNS

_CLOSED = ADVERBS | AUXILIARIES | CONJUNCTIONS | DETERMINERS | PREPOSITIONS | PRONOUNS
# Known to everyone without a word in the text: 1, percents, dozens of months, minutes, days, weeks.
_EVERYDAY = frozenset(map(Fraction, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 24, 30, 31, 52, 60, 100, 365, 1000, 3600)))


@dataclass(slots=True)
class Quantity:
    """Something a step may refer to: a number of the question (``mention``) or an earlier step (``tree``).

    ``near`` are the stems of the words around it, ``wishes`` its possible names, ``uses`` what its tree refers to by
    names ``q<order>``.
    """

    value: Fraction
    wishes: list[str]
    near: frozenset[str]
    order: int
    money: bool
    mention: Mention | None = None
    tree: ast.expr | None = None
    uses: list["Quantity"] = field(default_factory=list)
    used: int = 0


def stems(text: str) -> frozenset[str]:
    """The telling words of a text, cut so that singular and plural agree."""
    return frozenset(word.removesuffix("s")[:7] for word in re.findall(r"[a-z]{2,}", text.lower().replace("_", " "))
                     if word not in _CLOSED)


class Resolver(ast.NodeTransformer):
    """Puts quantities in the place of the literals of one step: names ``q<order>``, and ``used`` lists them.

    ``strange`` lists literals that neither a quantity nor a word of ``question`` accounts for.
    """

    def __init__(self, step: Step, pool: Sequence[Quantity], question: str, constants: frozenset[Fraction]) -> None:
        self.step, self.pool, self.question, self.constants = step, pool, question, constants
        self.used: list[Quantity] = []
        self.strange: list[Fraction] = []
        self.told = explained_by_words(step.line)
        self.line = stems(step.line[max(0, step.start - 150):step.value_end + 50])
        self.unit = stems(" ".join(re.findall(r"[A-Za-z]+", step.line[step.value_end:step.value_end + 40])[:3]))
        self.money = "$" in step.line[max(0, step.value_start - 2):step.value_start] or bool(
            re.search(rf"\$\s?{re.escape(f'{float(step.value):,.10g}')}(?![\d.]*\d)", step.line))
        shared = Counter(stem for quantity in pool for stem in quantity.near)
        self.weight = {stem: 2.0 / shared[stem] for stem in self.line if stem in shared}
        self.sign: type[ast.operator] | None = None

    def resolve(self) -> ast.expr:
        """The step's formula over quantities."""
        tree = ast.parse(ast.unparse(self.step.tree), mode="eval").body
        self.texts = _operand_texts(self.step, tree)
        resolved: ast.expr = self.visit(tree)
        return resolved

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if _is_fraction(node.left, node, self.question):
            return node
        if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult) and _is_fraction(node.left.right, node, self.question):
            self.sign = ast.Mult
            node.left.left = self.visit(node.left.left)
            return node
        for side in ("left", "right"):
            self.sign = type(node.op)
            setattr(node, side, self.visit(getattr(node, side)))
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        value = Fraction(str(node.value))
        near = self.texts.get(node.col_offset, frozenset())
        options = [(self._fit(quantity, near), quantity.order, quantity) for quantity in self.pool if quantity.value == value]
        if not options:
            return self._share(value) or self._unsaid(value) or node
        fit, _, best = max(options, key=lambda option: option[:2])
        plain = 3.0 if value in self.told else 0.3 if value in self.constants else 0.0 if value == 1 else -100.0
        plain -= 3.0 * (self.sign in (ast.Add, ast.Sub) and value > 1)
        return node if plain > fit else self._use(best)

    def _use(self, quantity: Quantity) -> ast.expr:
        quantity.used += 1
        self.used.append(quantity)
        return ast.Name(f"q{quantity.order}", ast.Load())

    def _fit(self, quantity: Quantity, near: frozenset[str]) -> float:
        """How well a quantity suits an operand that it equals."""
        again = any(quantity is used for used in self.used)
        fit = 2.0 * (quantity.used == 0) + 0.5 * (quantity.mention is None) - 3.0 * again
        fit += 2.5 * min(2, len(near & quantity.near)) + sum(self.weight[stem] for stem in self.line & quantity.near)
        if self.sign in (ast.Add, ast.Sub):
            fit += 1.5 * bool(self.unit & stems(" ".join(quantity.wishes[:2]))) - 2.0 * (self.money != quantity.money)
        if self.sign is ast.Mult and quantity.money and any(used.money for used in self.used):
            fit -= 4.0
        return fit

    def _share(self, value: Fraction) -> ast.expr | None:
        """0.2, 0.8, 1.2 or 80, 120 where the question says 20 %; 0.75 where it says 75 cents."""
        for whole, scale, offset in ((HUNDRED, 1, 0), (HUNDRED, -1, 1), (HUNDRED, 1, 1), (1, -1, 100), (1, 1, 100)):
            for quantity in self.pool:
                mention = quantity.mention
                if mention is None or value != scale * mention.value / whole + offset or value in self.constants - {50}:
                    continue
                if mention.kind == "percent" or not offset and mention.kind == "money" and value < 1:
                    part = self._use(quantity)
                    part = ast.BinOp(part, ast.Div(), ast.Constant(100)) if whole == HUNDRED else part
                    return part if not offset else ast.BinOp(ast.Constant(offset), ast.Add() if scale > 0 else ast.Sub(), part)
        return None

    def _unsaid(self, value: Fraction) -> ast.expr | None:
        """A value worked out in someone's head: put together from the only two unused quantities that make it."""
        if value in self.constants or value in _EVERYDAY:
            return None
        found: list[tuple[Quantity, ast.operator, Quantity]] = []
        for first, second in combinations([quantity for quantity in self.pool if not quantity.used], 2):
            a, b = first.value, second.value
            found += [(first, ast.Add(), second)] * (a + b == value and first.money == second.money)
            found += [(first, ast.Mult(), second)] * (a * b == value and not (first.money and second.money) and 1 not in (a, b))
            for top, bottom in ((first, second), (second, first)):
                found += [(top, ast.Sub(), bottom)] * (top.value - bottom.value == value and top.money == bottom.money)
                found += [(top, ast.Div(), bottom)] * (bottom.value > 1 and top.value == value * bottom.value)
        if len(found) == 1:
            left, sign, right = found[0]
            return ast.BinOp(self._use(left), sign, self._use(right))
        self.strange.append(value)
        return None


def _is_fraction(top: ast.expr, node: ast.BinOp, question: str) -> bool:
    """Whether a quotient is a fraction such as 1/2, or one that the question writes ("3/8")."""
    bottom = node.right
    if not (isinstance(node.op, ast.Div) and isinstance(top, ast.Constant) and isinstance(bottom, ast.Constant)):
        return False
    return top.value == 1 or bool(re.search(rf"(?<!\d){top.value}\s?/\s?{bottom.value}(?!\d)", question))


def _operand_texts(step: Step, tree: ast.expr) -> dict[int, frozenset[str]]:
    """For each operand (by its column in the formula) the words that follow it there, or elsewhere in the sentence."""
    texts: dict[int, frozenset[str]] = {}
    place = step.start
    said = find_mentions(step.line[max(0, step.start - 150):step.start])
    offset = max(0, step.start - 150)
    for node in numbers_in(tree):
        forms = "|".join(re.escape(form) for form in {f"{node.value:,}", str(node.value)})
        match = re.compile(rf"(?<![\d.])(?:{forms})(?![\d.]*\d)").search(step.line, place, step.value_start)
        found: frozenset[str] = frozenset()
        if match:
            place = match.end()
            unit = re.match(r"[^\d+*=–−]{0,24}", step.line[place:])
            found = stems(unit.group() if unit else "")
        if not found:
            for mention in said:
                if mention.value == Fraction(str(node.value)):
                    found |= stems(" ".join(step.line[offset + mention.end:offset + mention.end + 40].split()[:4]))
        texts[node.col_offset] = found
    return texts
