"""GSM8K's worked answers as programs: the given numbers under telling names, then one assignment for each step.

    Natural text with annotations:                          Program:
      "... 24 in the afternoon: 48/2 = <<48/2=24>>24        morning_rolls = 48
       rolls. Together 48+24 = <<48+24=72>>72 rolls.        afternoon_rolls = morning_rolls / 2
       #### 72"                                             result = morning_rolls + afternoon_rolls
                                                            return result

An operand that equals an earlier step or a number of the question becomes that variable; among several the one that
nobody has used yet and whose name is nearest to the words around the operand wins. What equals nothing (the 2 of
"twice", the 60 of an hour) stays a literal. Steps that the result does not need are left out. The program is
evaluated exactly before it is handed out: a solution's result always equals the gold answer.
"""

import ast
import re
from collections.abc import Sequence

from tinygsm_edge.problems.problem import answers_equal, parse_answer
from tinygsm_edge.problems.variants.mentions import explained_by_words, find_mentions
from tinygsm_edge.problems.variants.straight_line import parse
from tinygsm_edge.problems.worked import naming
from tinygsm_edge.problems.worked.operands import Quantity, Resolver, stems
from tinygsm_edge.problems.worked.steps import Step, find_steps

_NO_NUMERATOR = 20  # what is as large is no part of a fraction ("240 sixth-grade students")
_SIGN = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "/"}


class ConversionError(ValueError):
    """Why an answer cannot be made a program; the text is one of a few reasons that a report can count."""


def convert(problem_question: str, annotated_answer: str) -> str | None:
    """The solution (see :mod:`tinygsm_edge.prompt`) that a worked answer amounts to, or None when it cannot be had."""
    try:
        return solution(problem_question, annotated_answer)
    except ConversionError:
        return None


def solution(question: str, annotated_answer: str) -> str:
    """As :func:`convert`, but says why not.

    Raises:
        ConversionError: no steps, a result that is no step, arithmetic that cannot be followed, another result.
    """
    gold = parse_answer(annotated_answer) if "####" in annotated_answer else None
    if gold is None:
        raise ConversionError("no final answer after ####")
    steps = find_steps(annotated_answer)
    if not steps:
        raise ConversionError("no equations")
    # A step that only states its value ("<<7=7>>") proves nothing.
    proven = [index for index, step in enumerate(steps) if not isinstance(step.tree, ast.Constant)]
    last = max((index for index in proven if answers_equal(float(steps[index].value), gold)), default=None)
    if last is None:
        raise ConversionError("the final answer is not the value of any step")
    scene = naming.Scene.of(question)
    givens = _givens(scene, question)
    final = _quantities(scene, givens, steps[: last + 1], question)
    text = _write(givens, final)
    program = parse(text)
    values = program.values() if program else None
    if program is None or values is None:
        raise ConversionError("the arithmetic cannot be followed")
    if not answers_equal(float(values[program.result]), gold):
        raise ConversionError("the program's result is not the final answer")
    return text


def _givens(scene: naming.Scene, question: str) -> list[Quantity]:
    """The numbers of the question; parts of fractions stay literals, for "3/4" is no quantity of its own."""
    found = []
    mentions = find_mentions(question)
    for order, mention in enumerate(mentions):
        part = mention.explains != {mention.value} and mention.value < _NO_NUMERATOR
        if mention.value < 0 or part or (mention.value == 1 and mention.is_word):
            continue
        low = mentions[order - 1].end if order else 0
        high = mentions[order + 1].start if order + 1 < len(mentions) else len(question)
        before = re.split(r"[.?!]\s", question[max(low, mention.start - 60) : mention.start])[-1]
        after = re.split(r"[.?!;]\s", question[mention.end : min(high, mention.end + 50)])[0]
        wishes = naming.given(scene, mention.start, mention.end) or ["amount"]
        again = re.search(r"\b(?:the|these|those|all)(?: last| first)? $", question[: mention.start], re.I)
        near = stems(before) | stems(after) | stems(wishes[0])
        found.append(
            Quantity(
                value=mention.value,
                wishes=wishes,
                near=near,
                head=stems(wishes[0]),
                order=order,
                money=mention.kind == "money",
                mention=mention,
                enumerates=bool(again),
            )
        )
    return found


def _quantities(scene: naming.Scene, givens: list[Quantity], steps: Sequence[Step], question: str) -> Quantity:
    """Resolve the operands of all steps; the last step as a quantity."""
    known: list[Quantity] = []
    constants = explained_by_words(question) | {
        value
        for mention in find_mentions(question)
        for value in mention.explains
        if mention.explains != {mention.value}
    }
    ends: dict[str, int] = {}
    for index, step in enumerate(steps):
        same = next((quantity for quantity in known if quantity.value == step.value), None)
        if isinstance(step.tree, ast.Constant) and (same or index < len(steps) - 1):
            continue  # "<<5=5>>": says again what is known
        resolver = Resolver(step, [*givens, *known], question, constants)
        tree = _simplify(resolver.resolve())
        if resolver.strange:
            raise ConversionError("a number that nothing explains")
        if isinstance(tree, ast.Name) and index < len(steps) - 1:
            resolver.used[0].used -= 1  # "5*1 = 5": nothing new
            continue
        operator = _SIGN.get(type(tree.op), "") if isinstance(tree, ast.BinOp) else ""
        wishes = naming.step(scene, step, ends.get(step.line, 0), operator, [used.wishes[0] for used in resolver.used])
        ends[step.line] = step.value_end
        near = stems(step.line[max(0, step.start - 60) : step.value_end + 40]) | stems((wishes or [""])[0])
        known.append(
            Quantity(
                value=step.value,
                wishes=wishes or ["amount"],
                near=near,
                head=resolver.unit | stems((wishes or [""])[0]),
                order=1000 + index,
                money=resolver.money,
                tree=tree,
                uses=resolver.used,
            )
        )
    return known[-1]


def _simplify(tree: ast.expr) -> ast.expr:
    """One way to write each thing: x * 0.5 and 1/2 * x as x / 2, (a / 100) * x as x * a / 100, x * 1 as x."""
    if not isinstance(tree, ast.BinOp):
        return tree
    left, right = _simplify(tree.left), _simplify(tree.right)
    if isinstance(tree.op, ast.Mult):
        if _is(left, 1) or _is(right, 1):
            return right if _is(left, 1) else left
        if (
            isinstance(left, ast.Constant)
            and not isinstance(right, ast.Constant)
            and left.value in (0.5, 0.01, 0.25, 0.1)
        ):
            left, right = right, left
        for part, whole in ((0.5, 2), (0.01, 100), (0.25, 4), (0.1, 10)):
            if _is(right, part):
                return ast.BinOp(left, ast.Div(), ast.Constant(whole))
        if _is_quotient(left) and not _is_quotient(right):
            left, right = right, left
        if _is_quotient(right):
            assert isinstance(right, ast.BinOp)
            product = left if _is(right.left, 1) else ast.BinOp(left, ast.Mult(), right.left)
            return ast.BinOp(product, ast.Div(), right.right)
    if isinstance(tree.op, ast.Div) and _is(right, 1):
        return left
    return ast.BinOp(left, tree.op, right)


def _is(node: ast.expr, value: float) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _is_quotient(node: ast.expr) -> bool:
    """A quotient of single numbers or names, as 3 / 4 or percent / 100."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.left, ast.Name | ast.Constant)
    )


def _write(givens: Sequence[Quantity], final: Quantity) -> str:
    """The program of everything that the final quantity rests on."""
    needed: dict[int, Quantity] = {}
    waiting = [final]
    while waiting:
        quantity = waiting.pop()
        if quantity.order not in needed:
            needed[quantity.order] = quantity
            waiting += quantity.uses
    named = [needed[order] for order in sorted(needed) if needed[order] is not final]
    names = {
        f"q{quantity.order}": name
        for quantity, name in zip(named, naming.allot([quantity.wishes for quantity in named]), strict=True)
    }
    lines = [f"{names[f'q{quantity.order}']} = {_formula(quantity, names)}" for quantity in named]
    return "\n".join([*lines, f"result = {_formula(final, names)}", "return result"])


def _formula(quantity: Quantity, names: dict[str, str]) -> str:
    """The right side of an assignment: the formula, or the number as the question writes it, without separators."""
    if quantity.tree is not None:
        for node in ast.walk(quantity.tree):
            if isinstance(node, ast.Name):
                node.id = names.get(node.id, node.id)
        return ast.unparse(quantity.tree)
    assert quantity.mention is not None
    digits = re.sub(r"[^\d.]", "", quantity.mention.text) or str(quantity.value)
    return f"0{digits}" if digits.startswith(".") else digits
