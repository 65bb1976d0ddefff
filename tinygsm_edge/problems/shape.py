"""The shape of a solution: how many operations it takes, and its syntax tree with names and constants masked."""

import ast
import hashlib
import keyword
import re
from functools import lru_cache

_COMMENT = re.compile(r"#[^\n]*")
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"\b\d+(?:\.\d*)?(?:e-?\d+)?\b|\.\d+\b")
# What keeps its name: it says what is computed, not what about.
_KEPT = {*keyword.kwlist, "min", "max", "abs", "round", "sum", "len", "int", "float", "range", "sorted", "math", "ceil",
         "floor", "sqrt", "result"}  # fmt: skip


def steps(solution: str) -> int:
    """How many arithmetic operations a solution has (calls such as ``max`` count as one)."""
    return _shape(_masked(solution))[0]


def structure(solution: str) -> str:
    """A hash of the program's syntax tree; programs that differ in names and constants only have the same."""
    return _shape(_masked(solution))[1]


def _masked(solution: str) -> str:
    """The program with all names and constants the same."""
    text = _COMMENT.sub("", solution)
    return _NAME.sub(lambda match: match.group() if match.group() in _KEPT else "v", _NUMBER.sub("1", text))


# Solutions come in far fewer shapes than there are solutions, so most need no parsing.
@lru_cache(maxsize=1 << 16)
def _shape(masked: str) -> tuple[int, str]:
    lines = [line for line in masked.split("\n") if line.strip()]
    body = "\n".join("    " + line for line in lines)
    try:
        tree = ast.parse(f"def f():\n{body}\n" if body else "pass")
    except (SyntaxError, ValueError, RecursionError):
        return 0, "unreadable"
    counted = sum(isinstance(node, ast.BinOp | ast.Call) for node in ast.walk(tree))
    return counted, hashlib.blake2b(ast.dump(tree).encode(), digest_size=8).hexdigest()
