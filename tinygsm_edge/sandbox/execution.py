"""What came of running one program: its outcome, its number if it has one, and a message fit to be shown."""

import math
import re
from dataclasses import dataclass

OUTCOMES = ("ok", "syntax_error", "runtime_error", "timeout", "memory_limit", "not_a_number", "forbidden")

MAX_INTEGER_BITS = 1023
"""Integers beyond this fit no double; no answer needs them, and printing or adding them up could be made costly."""

MAX_MESSAGE = 200
"""Characters of a program's own error text that are kept."""

_INTEGER = re.compile(r"-?[0-9]{1,309}")
_FLOAT = re.compile(r"-?[0-9]{1,309}(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Execution:
    """The result of one run.

    Attributes:
        outcome: one of :data:`OUTCOMES`.
        value: the returned number when the outcome is ``ok``, otherwise ``None``. An ``int`` or a finite ``float``,
            never a ``bool``.
        message: one short line of plain text about a failure, empty when all went well. Its content may have been
            chosen by the program: show it as text only.
        ms: wall time in milliseconds, waiting for a free worker not included.
    """

    outcome: str
    value: int | float | None = None
    message: str = ""
    ms: float = 0.0


def parse_number(text: str) -> int | float | None:
    """The number that a ``repr`` of a plain ``int`` or a finite ``float`` stands for; ``None`` for any other text."""
    if _INTEGER.fullmatch(text):
        integer = int(text)
        return integer if integer.bit_length() <= MAX_INTEGER_BITS else None
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None


def plain(text: str) -> str:
    """Text that a program may have chosen as one short printable line: no control or escape characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 2 * MAX_MESSAGE])
    line = " ".join(printable.split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"
