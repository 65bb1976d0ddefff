"""What is turned away before any interpreter sees it.

The gate is not the wall: that is the VM and its worker process. It keeps away the sizes and shapes that cost a parser
time beyond its limits (nested function definitions compile in exponential time), and names attempts to reach into the
interpreter as what they are. It looks at characters only: parsing a hostile program in this process would be the
mistake that the sandbox exists to avoid.
"""

import re

MAX_CHARACTERS = 16_384
"""The longest program; a completion of 256 tokens has about a thousand characters."""

MAX_DEFINITIONS = 12
"""Functions, lambdas and classes in one program; twelve nested ones compile in 35 ms, sixteen in 1.4 s."""

MAX_NESTING = 64
"""Depth of brackets, and of indentation in levels of one column."""

_DEFINITION = re.compile(r"\b(?:def|lambda|class)\b")
_INDENT = re.compile(r"^[ \t\f]*", re.MULTILINE)
_BRACKETS = re.compile(r"[()\[\]{}]")
_OPERATOR_RUN = re.compile(r"(?:(?:[-+~]|\bnot\b|\bawait\b)\s*){64}")
_REACH = re.compile(r"\.\s*__\w+__|\b__(?:import|builtins|loader|spec|build_class)__")

# `name = arithmetic` lines, comments, `return name`: no strings, no attributes, no nested blocks. Names that are read
# have to be assigned above or to be one of these.
_CALLABLE = frozenset({"min", "max", "abs", "round", "sum", "int", "float"})
_STRAIGHT = re.compile(
    r"(?:    (?:[A-Za-z_]\w* = [\w +\-*/%(),.\[\]]+)?(?:#[^\x00-\x1f]*)?\n){1,60}    return [A-Za-z_]\w*\n?", re.ASCII
)
_ATTRIBUTE = re.compile(r"\.\s*[A-Za-z_]|__")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*", re.ASCII)


def is_straight(body: str) -> bool:
    """Whether the body of a function is straight lines of arithmetic, which can touch nothing but their own names.

    They call nothing but :data:`_CALLABLE`, so neither ``exec`` nor a neighbouring function is within reach.
    """
    if len(body) > MAX_CHARACTERS or _STRAIGHT.fullmatch(body) is None or refusal(body):
        return False
    known = set(_CALLABLE)
    for line in body.split("\n"):
        code = line.partition("#")[0].strip()
        target, _, value = code.partition(" = ") if " = " in code else ("", "", code.removeprefix("return "))
        if _ATTRIBUTE.search(code) or not known.issuperset(_NAME.findall(value)) or target in _CALLABLE:
            return False
        known.add(target)
    return True


def refusal(program: str) -> str | None:
    """Why the program is not run, as one line, or ``None`` when it may go on to the interpreter."""
    if len(program) > MAX_CHARACTERS:
        return f"program of {len(program)} characters; the limit is {MAX_CHARACTERS}"
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in program):
        return "program with characters that no source file can hold"
    if len(_DEFINITION.findall(program)) > MAX_DEFINITIONS:
        return f"more than {MAX_DEFINITIONS} functions or classes"
    if max(map(len, _INDENT.findall(program))) > MAX_NESTING or _bracket_depth(program) > MAX_NESTING:
        return f"nested deeper than {MAX_NESTING}"
    if _OPERATOR_RUN.search(program):
        return "a run of 64 or more operators"
    if found := _REACH.search(program):
        return f"reaches for the interpreter: {found.group()}"
    return None


def _bracket_depth(program: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(program):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
