"""MathCAMPS rows: a program where one is beyond doubt, nothing elsewhere. All rows are made up."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems import mathcamps
from tinygsm_edge.problems.mathcamps import from_row, only_formula, read_mathcamps
from tinygsm_edge.problems.variants.straight_line import parse


def row(statement: str, answer: str, **more: Any) -> dict[str, Any]:
    return {"id": "1.X.A.1-0-0", "standard": "1.X.A.1", "statement": statement, "answer": answer,
            "type": "original-problem", "followup_to": None, **more}


TOLD = [
    ("A harbor has 340 boats. Today 125 fishing boats leave for the sea. How many boats are in the harbor now?",
     "215", "boats", "-"),
    ("Every crate holds 24 melons. A grocer orders 15 crates. How many melons does the grocer order?", "360",
     "melons", "*"),
    ("A printer needs 12 hours for 8640 posters. How many posters does it print in an hour?", "720.000000000000",
     "posters", "/"),
    ("Lena swam 12.5 laps on Monday and 9.25 laps on Tuesday. How many laps did she swim in total?", "21.75",
     "laps", "+"),
    ("A choir hopes to sell 90 tickets. It has 52 blue chairs. How many tickets are there beyond the chairs?",
     "38.0000000000", "tickets", "-"),
]


@pytest.mark.parametrize(("statement", "answer", "noun", "operator"), TOLD)
def test_the_program_gives_the_answer(statement: str, answer: str, noun: str, operator: str) -> None:
    problem = from_row(row(statement, answer))
    assert problem is not None
    assert problem.solution is not None
    lines = problem.solution.split("\n")
    assert len(lines) == 4
    assert f" {operator} " in lines[2]
    assert lines[2].startswith("result = ")
    assert lines[3] == "return result"
    assert noun in problem.solution
    program = parse(problem.solution)
    assert program is not None
    values = program.values()
    assert values is not None
    assert values[program.result] == Fraction(answer) == Fraction(str(problem.answer))
    assert [literal.name != "" for literal in program.literals] == [True, True]


DOUBTFUL = [
    row("What is the sum of 14 and 27?", "41"),  # a drill
    row("Solve for the number of boxes: 14 + n = 27", "13"),
    row("A farmer has 2 barns and 2 silos. How many buildings is that?", "4"),  # 2 + 2 and 2 * 2
    row("Ann picks 6 pears and 3 plums and eats 2 pears. How many are left?", "7"),  # three numbers
    row("Ann picks 6 pears and three plums and eats 2 pears. How many are left?", "7"),
    row("Ann picks 6 pears and 3 plums. Half of the pears are bad. How many fruits are good?", "6"),
    row("There are 90 guests. Each table seats 50 guests. How many guests are at the last table?", "40"),  # a remainder
    row("A rope is 3/4 m and another is 5 m. How long are both ropes?", "23/4"),
    row("Ann has 6 pears and picks 3 pears. How many pears has she now?", "10"),  # wrong answer
    row("Ann has 6 pears. How many is that?", "6"),
    row("Ann has 6 pears and gives away 6 pears. How many are left?", "0"),
    row("Instead, Ann has 6 pears and picks 3 pears. How many?", "9", type="counterfactual-followup"),
    row("A school has 17 maps. It buys 4 globes. Which is more?", ">"),
]


@pytest.mark.parametrize("made_up", DOUBTFUL)
def test_doubt_means_no_problem(made_up: dict[str, Any]) -> None:
    assert from_row(made_up) is None


def test_names_must_be_there_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    left = row("A lake has 31 swans. 12 swans fly off. How many swans are left?", "19")
    both = row("A lake has 31 swans. 12 swans fly in. How many swans is that?", "43")
    monkeypatch.setattr(mathcamps, "given", lambda *_: ["swans"])
    assert from_row(left) is None
    problem = from_row(both)
    assert problem is not None
    assert problem.solution == "swans = 31\nother_swans = 12\nresult = swans + other_swans\nreturn result"
    monkeypatch.setattr(mathcamps, "given", lambda *_: [])
    assert from_row(both) is None


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from("+-*/"))
def test_a_formula_is_told_only_when_it_is_the_only_one(a: int, b: int, operator: str) -> None:
    first, second = Fraction(a), Fraction(b)
    values = {"a+b": first + second, "a-b": first - second, "b-a": second - first, "a*b": first * second,
              "a/b": first / second, "b/a": second / first}
    answer = values[f"a{operator}b"]
    fitting = [formula for formula, value in values.items() if value == answer]
    assert only_formula(first, second, answer) == (fitting[0] if len(fitting) == 1 else None)


def test_a_file_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "camps.json"
    path.write_text(json.dumps([row(*TOLD[0][:2], id="one"), DOUBTFUL[0], row(*TOLD[1][:2], id="two")]))
    problems = read_mathcamps(path)
    assert [problem.id for problem in problems] == ["one", "two"]
    assert {problem.source for problem in problems} == {"mathcamps"}


@pytest.mark.parametrize(("content", "message"), [("[1,", "not a JSON file"), ('{"a": 1}', "JSON list"),
                                                  ('[{"statement": "x"}]', "row 1"), ("[3]", "row 1")])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "camps.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        read_mathcamps(path)
    with pytest.raises(UserError, match="cannot read"):
        read_mathcamps(tmp_path / "absent.json")
