"""A problem, and problems in files: JSON lines with a question, its answer where known, a solution where there is one.

Three spellings of a row are read: our own (``question``, ``answer``, ``solution``), GSM8K's (``answer`` is a worked
text that ends in ``#### 1,234``; Cobbe et al., arXiv 2110.14168) and TinyGSM's (``question`` and ``code``, a whole
function with the question as docstring; arXiv 2312.09241).
"""

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import read_jsonl, write_jsonl

# How far two answers of which at least one is not whole may differ: rounding to cents is the writer's business.
TOLERANCE = 1e-3

_NUMBER = re.compile(r"(?P<sign>[-−+]?)\s*\$?\s*(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)\s*%?\.?")
_FUNCTION = re.compile(
    r"""(?P<before>.*?)^def[ ]\w+\([^)\n]*\)[^:\n]*:[ \t]*\n
        (?:\s*[rR]?(?P<quote>\"{3}|'{3}).*?(?P=quote)[ \t]*;?[ \t]*(?:\n|\Z))?
        (?P<body>.*)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A word problem.

    ``solution`` is a program in the form of :mod:`tinygsm_edge.prompt`: dedented statements that end in
    ``return result``. ``source`` says where the problem comes from, ``id`` names it within its source, ``situation``
    what it is about where that is known. ``distractors`` are numbers of the question that the solution does not need.
    """

    question: str
    answer: float | int | None
    solution: str | None = None
    source: str = ""
    id: str = ""
    situation: str = ""
    distractors: tuple[int | float, ...] = ()


def read_problems(path: Path) -> list[Problem]:
    """All problems of a JSON lines file, or of all shards (``*.jsonl.zst``) of a folder, in order; see the module's
    first lines for the fields.

    Raises:
        UserError: the file cannot be read, or a row is not a problem: names file and line.
    """
    return list(stream_problems(path))


def stream_problems(path: Path) -> Iterator[Problem]:
    """The problems of :func:`read_problems` one by one, for files that are larger than memory."""
    for file in shards(path):
        for number, row in read_jsonl(file):
            yield from_row(row, f"{file}:{number}")


def shards(path: Path) -> list[Path]:
    """The files behind a path: those of a training set, or the one that it is.

    Raises:
        UserError: a folder without shards.
    """
    path = Path(path)
    files = sorted(path.glob("*.jsonl.zst")) if path.is_dir() else [path]
    if not files:
        raise UserError(f"{path}: no shards (*.jsonl.zst) there")
    return files


def write_problems(path: Path, problems: Iterable[Problem]) -> int:
    """Write problems as JSON lines, atomically, without their empty fields; returns how many."""
    return write_jsonl(path, (to_row(problem) for problem in problems))


def parse_answer(value: object) -> int | float | None:
    """The number that an answer states: a number, ``"1,234"``, ``"$12.50"``, or a text that ends in ``#### 18``.

    Whole numbers come back as int. None where there is no finite number.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return finite_number(value)
    if not isinstance(value, str):
        return None
    match = _NUMBER.fullmatch(value.rpartition("####")[2].strip())
    if match is None:
        return None
    digits = match["digits"].replace(",", "")
    sign = "-" if match["sign"] in ("-", "−") else ""
    try:
        return finite_number(float(sign + digits) if "." in digits else int(sign + digits))
    except ValueError:  # more digits than int() will read
        return None


def answers_equal(first: float | int | None, second: float | int | None) -> bool:
    """Whether two answers are the same number: whole ones exactly, others within 1e-3 (the rule of PAL, arXiv
    2211.10435, absolute, so that 1999.9 is not 2000); None equals nothing."""
    if first is None or second is None:
        return False
    if float(first).is_integer() and float(second).is_integer():
        return first == second
    return math.isclose(first, second, rel_tol=1e-12, abs_tol=TOLERANCE)


def finite_number(value: int | float) -> int | float | None:
    """A number in its simplest type; None for one that is no finite float."""
    try:
        if not math.isfinite(value):
            return None
    except OverflowError:
        return None
    return plain_number(value)


def plain_number(value: int | float | Fraction) -> int | float:
    """A finite number in its simplest type: an int where it is whole."""
    number = float(value) if isinstance(value, Fraction) else value
    return int(value) if float(number).is_integer() else number


def from_row(row: Mapping[str, Any], where: str) -> Problem:
    """The problem of a row, in any of the three spellings; ``where`` names the row in the error.

    Raises:
        UserError: the row is not a problem.
    """
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise UserError(f'{where}: expected "question" to be a text, got {_shown(question)}')
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise UserError(f'{where}: "question" holds half a character (an unpaired surrogate)')
    answer = parse_answer(row.get("answer"))
    if answer is None and row.get("answer") is not None:
        raise UserError(
            f'{where}: expected "answer" to be a number, or a text ending in "#### <number>", '
            f"got {_shown(row['answer'])}"
        )
    texts = {name: row.get(name) for name in ("solution", "code", "source", "id", "situation")}
    for name, text in texts.items():
        if text is not None and not isinstance(text, str) and name != "id":
            raise UserError(f'{where}: expected "{name}" to be a text, got {_shown(text)}')
    solution = texts["solution"]
    if solution is None and texts["code"] is not None:
        solution = _body(texts["code"], where)
    distractors = row.get("distractors", [])
    if not isinstance(distractors, list) or not all(type(number) in (int, float) for number in distractors):
        raise UserError(f'{where}: expected "distractors" to be a list of numbers, got {_shown(distractors)}')
    name = "" if texts["id"] is None else str(texts["id"])
    return Problem(
        question, answer, solution, texts["source"] or "", name, texts["situation"] or "", tuple(distractors)
    )


def _body(code: str, where: str) -> str:
    """A function's statements without signature and docstring, dedented; imports before it stay in front of them."""
    match = _FUNCTION.match(code.replace("\r\n", "\n"))
    if match is None:
        raise UserError(f'{where}: expected "code" to be a function like "def simple_math_problem() -> float: ..."')
    lines = match["body"].split("\n")
    end = next((i for i, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    body = textwrap.dedent("\n".join(lines[:end]).expandtabs(4)).strip()
    if not body:
        raise UserError(f'{where}: expected "code" to hold statements after the docstring')
    imports = [line for line in match["before"].split("\n") if line.startswith(("import ", "from "))]
    return "\n".join([*imports, body])


def to_row(problem: Problem) -> dict[str, Any]:
    """A problem as a row of a JSON lines file, without its empty fields."""
    fields = {
        "question": problem.question,
        "answer": problem.answer,
        "solution": problem.solution,
        "source": problem.source or None,
        "id": problem.id or None,
        "situation": problem.situation or None,
        "distractors": list(problem.distractors) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _shown(value: object) -> str:
    """A value as an error line can hold it."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
