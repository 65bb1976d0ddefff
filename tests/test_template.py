"""Templates: what is drawn is right and readable, what is wrong with a file is named by file and line."""

import random
import textwrap
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("yaml")

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import Problem, answers_equal
from tinygsm_edge.problems.templates.expression import (
    ExpressionError,
    exact_result,
    parse_expression,
    parse_program,
)
from tinygsm_edge.problems.templates.lexicon import Thing, article, load_lexicon, plural
from tinygsm_edge.problems.templates.lint import lint
from tinygsm_edge.problems.templates.loader import load_library
from tinygsm_edge.problems.templates.template import Template, pick_distinct
from tinygsm_edge.problems.templates.wording import WordingError, compile_text, fraction, ordinal, ratio, times, word
from tinygsm_edge.prompt import completion
from tinygsm_edge.sandbox import Sandbox

GOOD = """
situation: tests
templates:
- id: test_change
  slots:
    buyer: person
    friend: person
    item: stationery
    other: stationery
    box: [box/boxes, shelf/shelves]
    price: 0.25..2 step 0.25
    count: 1..12
    bill: [20, 50]
  let:
    spent: price * count
  where:
  - spent < bill
  - result > 0
  wordings:
  - "{buyer} asks {friend} for a {bill}-dollar bill to buy {count|item}, not {other}, from {box.a}. {item.X} cost
    {price.money} each. How much change does {buyer.they} get?"
  - "[[At {price.money} a piece,|For {price.money} each,]] {buyer} buys {count.word|item} but no {other.one} from one of
    the {box} with the ${bill} of {friend}. What is {buyer.their} change?"
  - "{count.Word} {item} and no {other} from {box.a} for {buyer} and {friend} cost {price.money} each. What is left of
    ${bill}?"
  program: |
    {item.var}_price = {price}
    {item.vars}_bought = {count}
    {buyer.var}_bill = {bill}
    result = {buyer.var}_bill - {item.var}_price * {item.vars}_bought
  answer: money
"""


def write(folder: Path, text: str = GOOD) -> Path:
    path = folder / "tests.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def template(tmp_path: Path) -> Template:
    write(tmp_path)
    (only,) = load_library(tmp_path)
    return only


def solved(problem: Problem) -> Fraction:
    assert problem.solution is not None and problem.solution.endswith("\nreturn result")
    return exact_result(parse_program(problem.solution.removesuffix("\nreturn result")))


def test_draws_are_right_distinct_and_reproducible(template: Template) -> None:
    rng = random.Random(1)
    questions = set()
    for _ in range(300):
        problem = template.draw(rng)
        assert answers_equal(float(solved(problem)), problem.answer or 0)
        assert problem.source == "template" and problem.answer is not None and problem.answer > 0
        key = int(problem.id.removeprefix("test_change-"), 16)
        assert template.at(key) == problem
        assert not set("{}[]\0") & set(problem.question) and problem.question.endswith("?")
        questions.add(problem.question)
    assert len(questions) > 290


def test_no_two_slots_share_a_person_or_a_thing(template: Template) -> None:
    rng = random.Random(2)
    for _ in range(500):
        buyer, friend, item, other, _ = pick_distinct(template.others, rng)
        assert buyer.name != friend.name and item.one != other.one


def test_library_keeps_the_rules_of_lint() -> None:
    assert lint(draws=4, workers=1) == []


def test_twenty_thousand_draws_run_and_equal_their_answers() -> None:
    templates, rng = load_library(), random.Random(3)
    assert len(templates) >= 3000 and len({template.situation for template in templates}) >= 60
    assert all(len(template.wordings) >= 3 for template in templates)
    problems = [template.draw(rng) for template in templates for _ in range(-(-20_000 // len(templates)))]
    with Sandbox(2, time_limit=10.0) as sandbox:
        executions = sandbox.run_straight([completion(problem.solution or "") for problem in problems])
    wrong = [
        (problem, execution)
        for problem, execution in zip(problems, executions, strict=True)
        if not answers_equal(execution.value, problem.answer)
    ]
    assert wrong == []


def test_numbers_that_the_program_does_not_need_are_marked(tmp_path: Path) -> None:
    text = GOOD.replace("    count: 1..12\n", "    count: 1..12\n    idle: 70..99\n").replace(
        "What is left of\n    ${bill}?", "{idle} people wait. What is left of ${bill}?"
    )
    write(tmp_path, text)
    (template,) = load_library(tmp_path)
    rng = random.Random(1)
    seen = set()
    for problem in (template.draw(rng) for _ in range(30)):
        waiting = "people wait" in problem.question
        seen.add(waiting)
        assert [f"{number} people wait" in problem.question for number in problem.distractors] == [True] * waiting
        assert problem.situation == "tests"
    assert seen == {True, False}


# Each spoils GOOD in one place; the fault has to name the line of that place and say so in these words.
SPOILED = [
    ("buyer: person", "buyer: persona", 6, "persona"),
    ("count: 1..12", "count: 12..1", 12, "empty"),
    ("price: 0.25..2 step 0.25", "price: 0.25..2", 11, "needs its step"),
    ("    bill: [20, 50]", "    bill: [20, 50]\n    spare: 1..3", 14, "`spare` is never used"),
    ("{buyer} asks", "{boyer} asks", 20, "unknown slot {boyer}"),
    ("{item.X} cost", "{item.plural} cost", 20, "no form 'plural'"),
    ("{count|item}, not", "{count|buyer}, not", 20, "no slot for things"),
    ("{friend} for a", "{friend for a", 20, "brace"),
    ("At {price.money} a piece,|", "", 22, "at least two"),
    ("each,]]", "each,", 22, "without its `]]`"),
    ("spent: price * count", "spent: price * sum", 15, "not allowed"),
    ("spent: price * count", "spent: price.real * count", 15, "not allowed"),
    ("- spent < bill", "- spend < bill", 17, "`spend`"),
    ("- spent < bill", "- spent > 1000", 4, "none of"),
    ("- spent < bill", "- spent < bill / (count - count)", 4, "arithmetic fails"),
    ("    {item.vars}_bought = {count}", "    import os", 28, "only"),
    ("    {item.vars}_bought = {count}", "    {item.vars}_seen = {count}", 30, "read but not assigned"),
    ("    result = ", "    answer = ", 26, "result"),
    ("{buyer.var}_bill - {item.var}_price", "{buyer.var}_bill - print", 30, "read but not assigned"),
    ("answer: money", "answer: maybe", 31, "whole, money, decimal"),
    ("answer: money", "answers: money", 31, "unknown key"),
    ("- id: test_change", "- id: Test Change", 4, "snake_case"),
    ("    count: 1..12", "    price: 1..12", 12, "twice"),
    ("situation: tests", "situation: [tests", 3, "YAML"),
]


@pytest.mark.parametrize(("old", "new", "line", "what"), SPOILED, ids=[what for *_, what in SPOILED])
def test_faults_name_file_line_and_what(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_library(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}:") and what in message and "\n" not in message


def test_an_id_given_twice_names_both_places(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "z.yaml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UserError, match=r"z\.yaml:4: test_change: the id is taken by .*tests\.yaml:4"):
        load_library(tmp_path)


LINTED = [
    ("count.Word} {item} and no", "item.X} and no", "uses {count}"),
    ("How much change does {buyer.they} get?", "{buyer.They} gets change.", "asks nothing"),
    ("from {box.a}. {item.X} cost", "from a box. {item} cost", "small letter"),
    ("{count|item}, not {other}", "{count} {item}, not {other}", "1 with a plural"),
    ("cost\n    {price.money} each", "cost\n    ${price} each", "one decimal"),
    ("- result > 0", "- spent * 60 < bill", "too strict"),
    ("answer: money", "answer: whole", "not `whole`"),
    ("  - spent < bill\n  - result > 0", "  - spent > 0", "negative"),
    ("    result = ", "    {item.var}_shop = {price}\n    result = ", "never used"),
    ("{item.var}_price * {item.vars}_bought", "{item.vars}_bought * {item.var}_price // 0.1 * 0.1", "floating-point"),
]


@pytest.mark.parametrize(("old", "new", "what"), LINTED, ids=[what for *_, what in LINTED])
def test_lint_finds(tmp_path: Path, old: str, new: str, what: str) -> None:
    assert lint([write(tmp_path)]) == []
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    faults = lint([path])
    assert any(fault.startswith(f"{path}:") and what in fault for fault in faults), faults


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.y", "[1][0]", "(lambda: 1)()", "'a' * 9", "f(x)", "min(x, key=y)", "[x for x in y]",
     "x if y else z", "True", "sum(*x)", "1j", "x := 3", "__name__", "x[0]", "{1}", "(1, 2)", "x is y", "1 +", "", "~x",
     "a @ b"],
)  # fmt: skip
def test_nothing_but_arithmetic_is_compiled(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)
    with pytest.raises(ExpressionError):
        parse_program(f"a = 1\nresult = {text}")


@given(st.integers(-50, 50), st.integers(1, 50), st.integers(0, 6))
def test_exact_arithmetic_is_pythons(a: int, b: int, c: int) -> None:
    program = f"a = {a}\nb = {b}\nresult = sum([a * b - 1, max(a, b)]) // b + a % b + abs(-a) ** {c} + round(a / b, 1)"
    expected = (a * b - 1 + max(a, b)) // b + a % b + abs(-a) ** c + round(Fraction(a, b), 1)
    assert exact_result(parse_program(program)) == expected


def test_powers_are_bounded() -> None:
    with pytest.raises(ArithmeticError):
        exact_result(parse_program("a = 9 ** 60\nresult = a ** 60"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [("apple", "an"), ("hour", "an"), ("uniform", "a"), ("umbrella", "an"), ("ukulele", "a"), ("e-reader", "an"),
     ("$8 bill", "an"), ("11", "an"), ("110", "a"), ("18,000", "an"), ("80", "an"), ("100", "a"), ("one-day", "a")],
)  # fmt: skip
def test_articles(words: str, expected: str) -> None:
    assert article(words) == expected


def test_number_forms() -> None:
    assert [word(n) for n in (0, 12, 30, 31, 100)] == ["zero", "twelve", "thirty", "31", "one hundred"]
    assert [ordinal(n) for n in (1, 12, 21, 22, 111, 123)] == ["first", "twelfth", "21st", "22nd", "111th", "123rd"]
    assert [times(n) for n in (1, 2, 3, 12, 1.5)] == ["once", "twice", "three times", "12 times", "1.5 times"]
    assert [fraction(n) for n in (2, 4, 8, 12, 25)] == ["half", "a quarter", "an eighth", "a twelfth", "1/25"]


def test_ratios() -> None:
    assert [ratio(*pair) for pair in ((1, 2), (3, 4), (2, 3), (1, 5), (3, 25))] == [
        "one half", "three quarters", "two thirds", "one fifth", "3/25"
    ]  # fmt: skip
    slots = {"a": (0, "number"), "b": (1, "number"), "m": (2, "number")}
    text = compile_text("{a/b}, {a.Word/b}, at 7:{m.two}", slots)
    assert text.render([3, 4, 5], random.Random(0)) == "3/4, Three quarters, at 7:05"
    for wrong in ("{a/c}", "{a.ordinal/b}", "{a/b|cow/cows}"):
        with pytest.raises(WordingError, match="ratio"):
            compile_text(wrong, slots)


def test_plurals_and_lexicon() -> None:
    assert [plural(w) for w in ("box", "cherry", "toy", "peach")] == ["boxes", "cherries", "toys", "peaches"]
    lexicon = load_lexicon()
    people = lexicon.people["person"]
    assert len({person.var for person in people}) == len(people) >= 800
    assert {person.they for person in lexicon.people["he"]} == {"he"} != {p.they for p in lexicon.people["adult"]}
    assert lexicon.texts["weekday"][0] == "Monday" and len(lexicon.texts["town"]) > 20
    for things in lexicon.things.values():
        assert len({thing.one for thing in things}) == len(things) >= 9
        assert all(thing.var.isidentifier() and thing.vars.isidentifier() for thing in things)


@given(st.text(alphabet="ab {}[]|.n", max_size=30))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    slots = {"n": (0, "number"), "a": (1, "thing")}
    try:
        compiled = compile_text(text, slots)
    except WordingError:
        return
    rendered = compiled.render([8, Thing("axe", "axes")], random.Random(0))
    assert "{" not in rendered and "[[" not in rendered and compiled.shown <= compiled.used
