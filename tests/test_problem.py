"""Problems in files: what is read, what is written, what is refused and in which words."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.gsm8k import VALIDATION_SIZE, question_id, read_gsm8k, split, validation_ids
from tinygsm_edge.problems.problem import Problem, answers_equal, parse_answer, read_problems, write_problems

UNTIMED = settings(deadline=None, max_examples=50)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)
NUMBER = st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9).filter(lambda x: not x.is_integer())
SOLUTION = "pears = 4\nresult = pears * 2\nreturn result"


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@UNTIMED
@given(st.lists(st.builds(Problem, TEXT, st.none() | NUMBER, st.none() | TEXT, TEXT, TEXT), max_size=5))
def test_problems_survive_writing_and_reading(
    tmp_path_factory: pytest.TempPathFactory, problems: list[Problem]
) -> None:
    path = tmp_path_factory.mktemp("problems") / "problems.jsonl"
    assert write_problems(path, problems) == len(problems)
    assert read_problems(path) == problems


@UNTIMED
@given(st.integers(-(10**15), 10**15))
def test_whole_answers_are_read_however_they_are_written(number: int) -> None:
    for text in (
        f"{number}",
        f"{number:,}",
        f"Some steps.\nMore steps.\n#### {number:,}",
        f" {number}.0 ",
        f"{number}.",
    ):
        answer = parse_answer(text)
        assert answer == number and isinstance(answer, int)


@pytest.mark.parametrize(
    ("text", "answer"),
    [("$12.50", 12.5), ("#### $1,234.75", 1234.75), (".5", 0.5), ("18%", 18), ("-3", -3), ("−3", -3)],
)
def test_decorated_answers(text: str, answer: float) -> None:
    assert parse_answer(text) == answer


@pytest.mark.parametrize(
    "value", ["", "twelve", "#### ", "1,23", "3 apples", "9" * 5000, True, None, [], math.nan, math.inf, 10**400]
)
def test_what_is_no_number_is_none(value: object) -> None:
    assert parse_answer(value) is None


@UNTIMED
@given(st.integers(-(10**9), 10**9))
def test_whole_answers_are_equal_only_when_the_same(number: int) -> None:
    assert answers_equal(number, float(number))
    assert not answers_equal(number, number + 1)
    assert not answers_equal(number, None)


def test_fractional_answers_are_equal_within_the_tolerance() -> None:
    assert answers_equal(1 / 3, 0.33333)
    assert answers_equal(72, 71.99999999999999)
    assert not answers_equal(0.33, 1 / 3)
    assert not answers_equal(1999.9, 2000) and not answers_equal(99.995, 100)
    assert not answers_equal(None, None)


@pytest.mark.parametrize("quote", ['"""', "'''"])
@pytest.mark.parametrize("tail", ["", "\n\nprint(simple_math_problem())\n"])
def test_a_tinygsm_row_becomes_a_solution(tmp_path: Path, quote: str, tail: str) -> None:
    body = "".join(f"    {line}\n" for line in SOLUTION.split("\n"))
    code = f'def simple_math_problem() -> int:\n    {quote}\n    Ida says "4 pears".\n    {quote}\n{body}{tail}'
    (problem,) = read_problems(write_rows(tmp_path / "rows.jsonl", {"question": "How many pears?", "code": code}))
    assert problem == Problem("How many pears?", None, SOLUTION)


def test_a_tinygsm_row_keeps_its_imports_and_needs_no_docstring(tmp_path: Path) -> None:
    code = "import math\n\ndef simple_math_problem():\n\tresult = math.ceil(2.5)\n\treturn result"
    (problem,) = read_problems(write_rows(tmp_path / "rows.jsonl", {"question": "Round up 2.5.", "code": code}))
    assert problem.solution == "import math\nresult = math.ceil(2.5)\nreturn result"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"answer": 3}, '"question"'),
        ({"question": "  "}, '"question"'),
        ({"question": "How many?", "answer": "a few"}, '"answer"'),
        ({"question": "How many?", "solution": 7}, '"solution"'),
        ({"question": "How many?", "code": "result = 3"}, '"code"'),
        ({"question": "How many?", "code": 'def f():\n    """Only words."""\n'}, '"code"'),
        (["How many?"], "object"),
    ],
)
def test_bad_rows_are_named_with_file_and_line(tmp_path: Path, row: object, complaint: str) -> None:
    path = write_rows(tmp_path / "rows.jsonl", {"question": "Fine?"}, row)
    with pytest.raises(UserError) as error:
        read_problems(path)
    assert str(error.value).startswith(f"{path}:2: ") and complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_the_validation_split_is_by_hash_not_by_order() -> None:
    problems = [Problem(f"What is {n} + {n}?", 2 * n) for n in range(700)]
    train, validation = split(problems)
    assert len(validation) == VALIDATION_SIZE and len(train) == len(problems) - VALIDATION_SIZE
    held_out = [question_id(problem.question) for problem in validation]
    assert held_out == sorted(held_out)
    assert max(held_out) < min(question_id(problem.question) for problem in train)
    assert validation_ids(problem.question for problem in reversed(problems)) == frozenset(held_out)
    assert [problem.answer for problem in train] == sorted(
        problem.answer for problem in train if problem.answer is not None
    )


def test_gsm8k_rows_come_with_programs_and_reasons(tmp_path: Path) -> None:
    from collections import Counter

    worked = {"question": "A hen lays 3 eggs a day. How many in 5 days?", "answer": "3*5 = <<3*5=15>>15 eggs.\n#### 15"}
    silent = {"question": "A hen lays 3 eggs a day. How many in 6 days?", "answer": "Clearly many.\n#### 18"}
    failures: Counter[str] = Counter()
    first, second = read_gsm8k(write_rows(tmp_path / "gsm8k.jsonl", worked, silent), failures)
    assert first.answer == 15 and first.source == "gsm8k" and first.id == question_id(first.question)
    assert first.solution is not None and first.solution.endswith("return result")
    assert second.answer == 18 and second.solution is None and failures == {"no equations": 1}


def test_a_file_that_is_not_gsm8k_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", {"question": "How many?", "answer": 3})
    with pytest.raises(UserError, match=r"rows\.jsonl:1: expected GSM8K"):
        read_gsm8k(path)
