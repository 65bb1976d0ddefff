"""Reads what a teacher sends back: defensively, since models count badly, forget fences and add remarks."""

import re
import textwrap

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import from_row

_HEAD = re.compile(r"^[#*\s]*(?:\d+[.)]\s*)?Problem\b[^\n\w]*\d*[.:)*\s]*$", re.IGNORECASE | re.MULTILINE)
_PROGRAM_HEAD = re.compile(r"^[#*\s]*(?:Program|Solution|Code)\b[^\n]*$", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"```[a-zA-Z0-9]*[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_RESULT = re.compile(r"^result\s*=[^=]", re.MULTILINE)
_SHOWN = re.compile(r"^(?:print\(.*\)|return result)\s*$")


def read_pairs(reply: str) -> list[tuple[str, str]]:
    """Questions with their solutions; what has no readable program is passed over."""
    pairs = []
    for chunk in _HEAD.split(reply)[1:]:
        question = _question(chunk)
        solution = read_program(chunk[_end_of_question(chunk) :])
        if question and solution:
            pairs.append((question, solution))
    return pairs


def without_last(reply: str) -> str:
    """A reply that was cut off, without the problem or the block of code in which it was."""
    heads = list(_HEAD.finditer(reply))
    fences = [match.start() for match in re.finditer("```", reply)]
    cut = heads[-1].start() if heads else fences[-1] if len(fences) % 2 else len(reply)
    return reply[:cut]


def read_questions(reply: str) -> list[str]:
    """The questions of a reply without programs."""
    return [question for chunk in _HEAD.split(reply)[1:] if (question := _question(chunk))]


def read_program(reply: str) -> str | None:
    """A solution: dedented statements that end in ``return result``; None where there is no such thing."""
    fenced = _FENCE.search(reply)
    if fenced is None:
        return None
    code = textwrap.dedent(fenced.group(1)).strip("\n")
    if re.search(r"^def ", code, re.MULTILINE):
        try:
            code = from_row({"question": "-", "code": code}, "reply").solution or ""
        except UserError:
            return None
    lines = [line.rstrip() for line in code.split("\n") if not _SHOWN.match(line.strip())]
    code = "\n".join(lines).strip("\n")
    if not _RESULT.search(code) or "```" in code:
        return None
    return code + "\nreturn result"


def _end_of_question(chunk: str) -> int:
    ends = [match.start() for pattern in (_PROGRAM_HEAD, _FENCE) if (match := pattern.search(chunk))]
    return min(ends, default=len(chunk))


def _question(chunk: str) -> str:
    """The text of a problem on one line; nothing where it is no text at all."""
    text = " ".join(chunk[: _end_of_question(chunk)].split()).strip('*"` ')
    return text if len(text) > 20 else ""
