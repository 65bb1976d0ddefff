"""Arithmetic written by authors, checked against a white list before anything of it is compiled.

Template files (see :mod:`.template`) carry expressions and short programs. They are data, so nothing reaches Python's
compiler before :func:`parse_expression` or :func:`parse_program` has seen that it holds numbers, names, arithmetic,
comparisons and the functions of :data:`FUNCTIONS` only.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

FUNCTIONS = ("min", "max", "abs", "round", "sum")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_MAX_EXPONENT, _MAX_BASE = 64, 10**6


class ExpressionError(ValueError):
    """An expression or program that is not in the language; ``line`` counts from 1 within the text."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def parse_expression(text: str) -> ast.expr:
    """The checked syntax tree of one expression.

    Raises:
        ExpressionError: not an expression of the language.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ExpressionError(f"cannot read {text.strip()!r} as arithmetic") from error
    _check(tree)
    return tree


def parse_program(text: str) -> list[tuple[str, ast.expr, int]]:
    """The checked assignments of a straight program, in order: name, right-hand side, line (from 1).

    Raises:
        ExpressionError: anything but ``name = expression`` lines, or a right-hand side outside the language.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ExpressionError("cannot read the program as Python", getattr(error, "lineno", None) or 1) from error
    steps = []
    for statement in body:
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            raise ExpressionError("a program holds lines of the shape `name = arithmetic` only", statement.lineno)
        name = statement.targets[0].id
        if name in FUNCTIONS:
            raise ExpressionError(f"{name} is a function, it cannot be assigned to", statement.lineno)
        _check(statement.value)
        steps.append((name, statement.value, statement.lineno))
    return steps


def _check(node: ast.expr) -> None:
    match node:
        case ast.Constant(value=bool() | complex()):
            fits = False
        case ast.Constant(value=int() | float()) | ast.Name():
            fits = not (isinstance(node, ast.Name) and (node.id in FUNCTIONS or node.id.startswith("__")))
        case ast.BinOp(op=op):
            fits = isinstance(op, _OPERATORS)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() | ast.Not()) | ast.BoolOp():
            fits = True
        case ast.Compare(ops=ops):
            fits = all(isinstance(op, _COMPARISONS) for op in ops)
        case ast.Call(func=ast.Name(id=name), args=[*arguments], keywords=[]) if name in FUNCTIONS:
            for argument in arguments:
                # A list is an argument and nothing else: sum([a, b]).
                for part in argument.elts if isinstance(argument, ast.List) else [argument]:
                    _check(part)
            return
        case _:
            fits = False
    if not fits:
        raise ExpressionError(f"`{ast.unparse(node)}` is not allowed in arithmetic", getattr(node, "lineno", 1))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            _check(child)


def names_in(tree: ast.expr) -> set[str]:
    """The variables that an expression reads."""
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - set(FUNCTIONS)


def renamed(tree: ast.expr, names: Mapping[str, str]) -> str:
    """The expression as source with its variables renamed; powers go through :func:`power`."""

    class Rename(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.Name(names.get(node.id, node.id), ast.Load())

        def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
            self.generic_visit(node)
            if isinstance(node.op, ast.Pow):
                return ast.Call(ast.Name("_power", ast.Load()), [node.left, node.right], [])
            return node

    # A copy by way of text: NodeTransformer works in place.
    return ast.unparse(Rename().visit(ast.parse(ast.unparse(tree), mode="eval").body))


def compile_function(source: str, name: str) -> Callable[..., Any]:
    """A function out of source that was put together from checked expressions only; it sees no other builtins."""
    builtins = {"min": min, "max": max, "abs": abs, "round": round, "sum": sum}
    scope: dict[str, Any] = {"__builtins__": builtins, "_power": power, "_tidy": tidy}
    exec(compile(source, f"<template {name}>", "exec"), scope)
    function: Callable[..., Any] = scope["kernel"]
    return function


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` within bounds, so that a slip in a template cannot fill the memory."""
    if abs(exponent) > _MAX_EXPONENT or abs(base) > _MAX_BASE:
        raise OverflowError(f"{base} ** {exponent} is out of bounds")
    return base**exponent


def tidy(value: int | float) -> int | float:
    """The number without floating-point dust: whole floats become integers, others keep nine decimals."""
    if isinstance(value, float):
        rounded = round(value, 9)
        return int(rounded) if rounded.is_integer() else rounded
    return int(value)


def exact_result(steps: Sequence[tuple[str, ast.expr, int]]) -> Fraction:
    """``result`` of a parsed program in exact rational arithmetic (a decimal constant counts as it is written).

    Raises:
        ExpressionError: it reads a name before it is assigned, compares, or has no result.
        ArithmeticError: division by zero, or a power out of bounds.
    """
    values: dict[str, Any] = {}
    for name, tree, line in steps:
        unknown = names_in(tree) - values.keys()
        if unknown:
            raise ExpressionError(f"{min(unknown)} is read before it is assigned", line)
        values[name] = Fraction(_exact(tree, values))
    if "result" not in values:
        raise ExpressionError("the program assigns no result")
    return values["result"]


def _exact(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return Fraction(str(value))
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_exact(left, values), _exact(right, values))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_exact(operand, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _exact(operand, values)
        case ast.List(elts=parts):
            return [_exact(part, values) for part in parts]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            given = [_exact(argument, values) for argument in arguments]
            # round(x, 2): the number of digits has to be an integer.
            return _CALLS[name](given[0], *map(int, given[1:])) if name == "round" else _CALLS[name](*given)
    raise ExpressionError(f"`{ast.unparse(node)}` does not belong in a program", getattr(node, "lineno", 1))


_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: lambda a, b: a % b,
    ast.Pow: power,
}
_CALLS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "abs": abs, "round": round, "sum": sum}


def any_unknown(trees: Iterable[ast.expr], known: set[str]) -> str | None:
    """The first name (in alphabetical order, tree by tree) that is not known, or None."""
    for tree in trees:
        unknown = names_in(tree) - known
        if unknown:
            return min(unknown)
    return None
