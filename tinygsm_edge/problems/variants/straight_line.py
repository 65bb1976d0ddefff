"""A straight-line program (assignments of arithmetic, ``return result``) as a list of operations.

Resampling evaluates a program hundreds of times per variant, so the syntax tree is flattened once into nodes in
evaluation order. Only numbers, names and ``+ - * / // % **`` are known; everything else is refused with None, which is
also why nothing here needs a sandbox: no code is ever executed.
"""

import ast
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

Number = Fraction | float
_OPERATORS: dict[type[ast.operator], Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}
_LARGEST = 10**12


@dataclass(frozen=True, slots=True)
class Literal:
    """A number written in the program. ``name`` is the variable that it alone defines (a given), "" where inline."""

    node: int
    value: Fraction
    line: int
    start: int
    end: int
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """``left`` and ``right`` are node numbers; ``apply`` is None for a literal."""

    apply: Callable | None
    left: int = -1
    right: int = -1


@dataclass(slots=True)
class Program:
    """Nodes in evaluation order, and who is who among them."""

    source: str
    nodes: list[Operation] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    uses: list[int] = field(default_factory=list)  # the node behind every variable read
    result: int = -1

    def values(self) -> list[Fraction] | None:
        """The exact value of every node, or None where the arithmetic fails or grows beyond sense."""
        at = {literal.node: literal.value for literal in self.literals}
        values: list[Fraction] = []
        try:
            for index, node in enumerate(self.nodes):
                value = at[index] if node.apply is None else _exact(node, values)
                if abs(value) > _LARGEST:
                    return None
                values.append(value)
        except (ZeroDivisionError, OverflowError):
            return None
        return values

    def ancestors(self) -> list[frozenset[int]]:
        """For every node the literal nodes that it is computed from."""
        sets: list[frozenset[int]] = []
        for index, node in enumerate(self.nodes):
            sets.append(frozenset({index}) if node.apply is None else sets[node.left] | sets[node.right])
        return sets

    def addends(self, index: int) -> int:
        """How many terms the sum at a node adds up (1 for anything that is not a sum)."""
        node = self.nodes[index]
        return self.addends(node.left) + self.addends(node.right) if node.apply is operator.add else 1

    def rewrite(self, texts: Sequence[str]) -> str:
        """The source with the k-th literal written as ``texts[k]``."""
        lines = self.source.split("\n")
        for literal, text in sorted(zip(self.literals, texts, strict=True), key=lambda pair: -pair[0].start):
            line = lines[literal.line]
            lines[literal.line] = line[:literal.start] + text + line[literal.end:]
        return "\n".join(lines)


def parse(solution: str) -> Program | None:
    """A solution as a :class:`Program`; None when it is not straight-line arithmetic ending in ``return``."""
    # Column numbers of the tree are bytes; comments could hold numbers that would go stale.
    if not solution.isascii() or "#" in solution or "\t" in solution:
        return None
    try:
        statements = ast.parse(solution).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    program = Program(solution)
    for position, statement in enumerate(statements):
        last = position == len(statements) - 1
        if last and isinstance(statement, ast.Return) and statement.value is not None:
            node = _flatten(program, statement.value, "")
            program.result = -1 if node is None else node
        elif not last and isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if not isinstance(target, ast.Name) or target.id in program.names:
                return None
            node = _flatten(program, statement.value, target.id)
            if node is None:
                return None
            program.names[target.id] = node
        else:
            return None
    return program if program.result >= 0 else None


def _exact(node: Operation, values: list[Fraction]) -> Fraction:
    left, right = values[node.left], values[node.right]
    if node.apply is operator.pow:
        if right.denominator != 1 or not 0 <= right <= 8:
            raise OverflowError
        return left ** int(right)
    assert node.apply is not None
    return Fraction(node.apply(left, right))


def _flatten(program: Program, tree: ast.expr, name: str) -> int | None:
    """Append a tree's nodes; the number of its root, or None for anything but arithmetic on known names."""
    if isinstance(tree, ast.Name):
        node = program.names.get(tree.id)
        if node is not None:
            program.uses.append(node)
        return node
    if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
        line, start, end = tree.lineno - 1, tree.col_offset, tree.end_col_offset or 0
        text = program.source.split("\n")[line][start:end]
        try:
            value = Fraction(text)
        except ValueError:
            return None
        program.nodes.append(Operation(None))
        program.literals.append(Literal(len(program.nodes) - 1, value, line, start, end, text, name))
    elif isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
        left, right = _flatten(program, tree.left, ""), _flatten(program, tree.right, "")
        if left is None or right is None:
            return None
        program.nodes.append(Operation(_OPERATORS[type(tree.op)], left, right))
    else:
        return None
    return len(program.nodes) - 1
