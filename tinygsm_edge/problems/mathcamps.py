"""MathCAMPS problems (Mishra et al., arXiv 2407.00900) with programs, where one can be inferred without doubt.

The set has answers but no worked steps. A statement that names exactly two numbers, and whose answer comes out of
exactly one of ``a + b``, ``a - b``, ``b - a``, ``a * b``, ``a / b``, ``b / a``, tells its program; everything else is
passed over: drills and equations, follow-ups (they lean on another statement), more numbers or words that work like
numbers ("half", "twice"), and divisions with remainder, where a plain difference can hit the answer by accident.
"""

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import Problem, parse_answer
from tinygsm_edge.problems.variants.mentions import Mention, find_mentions
from tinygsm_edge.problems.worked.naming import Scene, allot, given
from tinygsm_edge.prompt import clean_question, format_number

# Division with remainder: "evenly" stands in the text, the answer is what stays over.
_REMAINDERS = frozenset({"4.NBT.B.6"})
_DRILL = re.compile(
    r"[=+^*<>{}]|\d\s*[/x×÷-]\s*\d|\b(?:equations?|expressions?|solve|simplif\w+|evaluate|calculate the (?:sum|value)|"
    r"(?:sum|product|quotient|difference) (?:of|between)|(?:add|subtract|multiply|divide) \d|variable|value of|unknown|"
    r"what number|fill in|blank|tens|ones|hundredths|tenths|fractions?|decimals?|perimeter|polygon|sides?)\b|"
    r"(?<!['’])\b[b-hj-z]\b(?!['’]?[a-z])", re.I)
_WORKS_LIKE_A_NUMBER = re.compile(
    r"\b(?:half|halves|twice|thrice|doubl\w+|tripl\w+|quarter of|third of|dozens?|percent\w*|pairs? of|both|each other|"
    r"same (?:number|amount) of|as (?:many|much) as|remainder|left ?over|previous|instead|again)\b|%", re.I)
_RATE = re.compile(r"\b(?:each|every|per|equal\w*|even\w*|divid\w+|split\w*|shar\w+|distribut\w+|average)\b", re.I)


def read_mathcamps(path: Path) -> list[Problem]:
    """The problems of a MathCAMPS JSON file that tell their program, in order; source "mathcamps".

    Raises:
        UserError: the file cannot be read or is not a list of rows with ``statement`` and ``answer``.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: not a JSON file ({error})") from error
    if not isinstance(rows, list):
        raise UserError(f"{path}: expected a JSON list of MathCAMPS rows, got {type(rows).__name__}")
    problems = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not isinstance(row.get("statement"), str) or "answer" not in row:
            raise UserError(f'{path}: row {number} must have a text "statement" and an "answer"')
        problem = from_row(row)
        if problem is not None:
            problems.append(problem)
    return problems


def from_row(row: Mapping[str, Any]) -> Problem | None:
    """One row (``id``, ``standard``, ``statement``, ``answer``, ``type``) as a problem, or None where doubt is left."""
    if row.get("type", "original-problem") != "original-problem" or row.get("standard") in _REMAINDERS:
        return None
    statement = row["statement"].strip()
    answer = parse_answer(row["answer"])
    if answer is None or answer <= 0 or _DRILL.search(statement) or _WORKS_LIKE_A_NUMBER.search(statement):
        return None
    question = clean_question(statement)
    pair = two_numbers(question)
    formula = only_formula(pair[0].value, pair[1].value, Fraction(str(answer))) if pair else None
    if pair is None or formula is None or (formula[1] in "+-" and _RATE.search(question)):
        return None
    names = _names(question, pair, formula[1])
    if names is None:
        return None
    first, second = (names[letter == "b"] for letter in (formula[0], formula[2]))
    lines = [f"{name} = {format_number(float(mention.value))}" for name, mention in zip(names, pair, strict=True)]
    solution = "\n".join([*lines, f"result = {first} {formula[1]} {second}", "return result"])
    return Problem(question, answer, solution, "mathcamps", str(row.get("id", "")))


def two_numbers(question: str) -> tuple[Mention, Mention] | None:
    """The only two numbers of a question, both written in digits; None when it has fewer, more or other ones."""
    mentions = [mention for mention in find_mentions(question) if not (mention.is_word and mention.value == 1)]
    if len(mentions) != 2 or any(mention.is_word or len(mention.explains) != 1 for mention in mentions):
        return None
    return mentions[0], mentions[1]


def only_formula(a: Fraction, b: Fraction, answer: Fraction) -> str | None:
    """The only one of ``a+b``, ``a-b``, ``b-a``, ``a*b``, ``a/b``, ``b/a`` that gives the answer.

    None when none does, or several do; compared to 1e-9 of the answer's size.
    """
    values = {"a+b": a + b, "a-b": a - b, "b-a": b - a, "a*b": a * b}
    values |= {"a/b": a / b} if b else {}
    values |= {"b/a": b / a} if a else {}
    fitting = [formula for formula, value in values.items() if abs(value - answer) <= abs(answer) / 10**9]
    return fitting[0] if len(fitting) == 1 else None


def _names(question: str, pair: tuple[Mention, Mention], operator: str) -> list[str] | None:
    """Names for both numbers from the text; None when one of them has none, or both the same one. Two terms of a sum
    may share their name ("flowers" and "other_flowers"): they are alike."""
    scene = Scene.of(question)
    wishes = [given(scene, mention.start, mention.end) for mention in pair]
    if not all(wishes):
        return None
    names = allot(wishes)
    if all(name in wished for name, wished in zip(names, wishes, strict=True)):
        return names
    return [wishes[0][0], f"other_{wishes[0][0]}"] if operator == "+" else None
