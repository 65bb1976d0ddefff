"""The arithmetic of a worked answer: its annotated steps (``<<48/2=24>>``) and the plain equations between them.

Annotators left some equations bare ("Of those 12/3=4 have pockets", "200(.70)=140 students"); one is taken as a step
only when what stands left of its equals sign is worth what stands right of it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_ANNOTATION = re.compile(r"<<(.*?)>>")
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_VALUE = re.compile(rf"\s*[$€£]?\s*(?P<number>{_NUMBER})\s?(?P<percent>%?)")
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER})(?P<percent>\s?%)?|(?P<times>[*×·•]|\bx\b|(?<=\d)x(?=[\s\d]))|(?P<sign>[+()]|[\-–−/÷](?!\s?[A-Za-z]))"
    r"|(?P<end>[=;?!]|\.(?=\s|$))|(?P<word>[A-Za-z]+)"
)
_SIGNS = {"–": "-", "−": "-", "÷": "/"}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
HUNDRED = Fraction(100)


@dataclass(frozen=True, slots=True)
class Step:
    """One equation. ``line`` is the answer's line without annotations; the text of the left side begins near
    ``start``, the text of the value stands at ``value_start`` to ``value_end``."""

    tree: ast.expr
    value: Fraction
    line: str
    start: int
    value_start: int
    value_end: int


def find_steps(annotated_answer: str) -> list[Step]:
    """All steps in the order of the text; the line ``#### ...`` is left out."""
    steps: list[Step] = []
    for line in annotated_answer.partition("####")[0].split("\n"):
        steps += _steps_of_line(line)
    return steps


def numbers_in(tree: ast.expr) -> list[ast.Constant]:
    """The literals of an expression from left to right."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return sorted(found, key=lambda node: node.col_offset)


def worth(node: ast.expr) -> Fraction:
    """The exact value of an expression of literals.

    Raises:
        ZeroDivisionError, ValueError: not arithmetic, or no exact value.
    """
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if not isinstance(node, ast.BinOp):
        raise ValueError("not arithmetic")
    left, right = worth(node.left), worth(node.right)
    match node.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return Fraction(left // right)
        case ast.Mod():
            return left % right
        case ast.Pow() if right.denominator == 1 and 0 <= right <= 9:
            return left ** int(right)
    raise ValueError("not arithmetic")


def arithmetic(text: str) -> ast.expr | None:
    """A formula of numbers as a tree; "3(4)" is a product, thousands may have commas. None: not one."""
    text = re.sub(r"[$\s]|,(?=\d{3}(?!\d))", "", text)
    text = re.sub(
        r"(?<![\d.])0+(?=\d)",
        "",
        re.sub(r"(?<=[\d.)])\(|\)(?=[\d.(])", lambda m: f"*{m[0]}" if m[0] == "(" else f"{m[0]}*", text),
    )
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    tree = _Unsigned().visit(tree)
    fits = all(
        (isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS))
        or (isinstance(node, ast.Constant) and type(node.value) in (int, float))
        or isinstance(node, (ast.operator, ast.expr_context))
        for node in ast.walk(tree)
    )
    return tree if fits else None


class _Unsigned(ast.NodeTransformer):
    """Drops a plus sign before a number."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        inner: ast.expr = self.visit(node.operand)
        return inner if isinstance(node.op, ast.UAdd) else node


def _steps_of_line(line: str) -> Iterator[Step]:
    """Annotated and bare equations of one line by position. An annotation that says nothing (``<<95=95>>``) gives way
    to the bare equation in front of it."""
    plain, annotations = _without_annotations(line)
    bare = dict(_bare_equations(plain))
    found: dict[int, Step] = {}
    for position, text in annotations:
        left, _, right = text.partition("=")
        stated = _VALUE.match(right.rpartition("=")[2])
        tree = arithmetic(left)
        if tree is None or stated is None:
            continue
        told = _VALUE.match(plain, position)
        if told is None:  # "$<<...>>24" keeps the sign before the annotation
            told_start = told_end = position
        else:
            told_start, told_end = told.start("number"), told.end("number")
        twin = bare.pop(told_start, None)
        if isinstance(tree, ast.Constant) and twin is not None:
            tree = twin.tree
        start = _left_side_start(plain, position, numbers_in(tree))
        found[position] = Step(tree, Fraction(stated["number"].replace(",", "")), plain, start, told_start, told_end)
    found |= bare
    yield from (found[position] for position in sorted(found))


def _without_annotations(line: str) -> tuple[str, list[tuple[int, str]]]:
    plain, annotations, last = "", [], 0
    for match in _ANNOTATION.finditer(line):
        plain += line[last : match.start()]
        annotations.append((len(plain), match[1]))
        last = match.end()
    return plain + line[last:], annotations


def _left_side_start(line: str, end: int, numbers: list[ast.Constant]) -> int:
    """Where the text of an annotated formula begins: its numbers are looked for from right to left."""
    position = end
    for number in reversed(numbers):
        spots = [
            match.start()
            for match in re.finditer(_NUMBER, line[:position])
            if Fraction(match[0].replace(",", "")) == Fraction(str(number.value))
        ]
        if spots:
            position = spots[-1]
    return position


def _bare_equations(line: str) -> Iterator[tuple[int, Step]]:
    """Equations in running text: words between the numbers are units and are passed over."""
    for sign in re.finditer("=", line):
        told = _VALUE.match(line, sign.end())
        if told is None:
            continue
        value = Fraction(told["number"].replace(",", ""))
        for start, tree in _left_sides(line[: sign.start()]):
            try:
                real = worth(tree)
            except (ZeroDivisionError, ValueError):
                continue
            if real == value:
                yield told.start("number"), Step(tree, value, line, start, told.start("number"), told.end("number"))
                break


def _left_sides(text: str) -> Iterator[tuple[int, ast.expr]]:
    """The formulas that a text may end in, the longest first; each also with its percentages as hundredths."""
    pieces: list[tuple[int, str, str]] = []
    for match in _TOKEN.finditer(text):
        if match["end"]:
            pieces = []
        elif match["number"]:
            number = match["number"].replace(",", "")
            pieces.append((match.start(), number, f"({number}/100)" if match["percent"] else number))
        elif match["times"]:
            pieces.append((match.start(), "*", "*"))
        elif match["sign"]:
            sign = _SIGNS.get(match[0], match[0])
            pieces.append((match.start(), sign, sign))
    for form in (0, 1):
        for first in range(len(pieces)):
            if pieces[first][1][0] in "0123456789.(":
                chosen = [(plain, hundredths)[form] for _, plain, hundredths in pieces[first:]]
                tree = arithmetic("".join(_spaced(chosen)))
                if isinstance(tree, ast.BinOp):
                    yield pieces[first][0], tree


def _spaced(pieces: list[str]) -> Iterator[str]:
    """Two numbers side by side stay two, so that they make no formula."""
    for before, piece in zip(["", *pieces], pieces, strict=False):
        yield "?" + piece if before[-1:].isdigit() and piece[:1].isdigit() else piece
