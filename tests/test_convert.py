"""Worked answers become programs: equal to the gold answer, with quantities named and referred to as the text does."""

import keyword
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinygsm_edge import prompt
from tinygsm_edge.problems.problem import parse_answer
from tinygsm_edge.problems.variants.straight_line import parse
from tinygsm_edge.problems.worked.convert import ConversionError, convert, solution
from tinygsm_edge.problems.worked.naming import Scene, allot, identifier
from tinygsm_edge.problems.worked.naming import given as names_of_number
from tinygsm_edge.problems.worked.steps import find_steps

UNTIMED = settings(deadline=None, max_examples=50)
# Problems made up for these tests: question, worked answer, program.
WORKED = {
    "steps and a rate": (
        "Nora bakes 48 rolls in the morning and half as many in the afternoon. She packs 6 rolls in each bag. How many "
        "bags does she fill?",
        "In the afternoon she bakes 48/2 = <<48/2=24>>24 rolls.\nIn total she bakes 48 + 24 = <<48+24=72>>72 rolls.\n"
        "She fills 72/6 = <<72/6=12>>12 bags.\n#### 12",
        """
        rolls_morning = 48
        rolls_per_bag = 6
        rolls_afternoon = rolls_morning / 2
        total_rolls = rolls_morning + rolls_afternoon
        result = total_rolls / rolls_per_bag
        """,
    ),
    "prices": (
        "Omar buys a kite for $14 and a ball for $5. He pays with a $50 bill. How much change does he get?",
        "Omar spends $14 + $5 = $<<14+5=19>>19.\nHe gets $50 - $19 = $<<50-19=31>>31 back.\n#### 31",
        """
        kite_price = 14
        ball_price = 5
        bill = 50
        money_spent = kite_price + ball_price
        result = bill - money_spent
        """,
    ),
    "percent as hundredths": (
        "A lamp costs $80. The shop takes 25% off. What does the lamp cost now?",
        "The discount is 80*.25 = $<<80*.25=20>>20.\nThe lamp costs 80-20 = $<<80-20=60>>60.\n#### 60",
        """
        lamp_price = 80
        discount_percent = 25
        discount = lamp_price * discount_percent / 100
        result = lamp_price - discount
        """,
    ),
    "the share that is left": (
        "There are 200 ducks on a pond. 35% of the ducks are white. How many are not white?",
        "Not white are 200*.65 = <<200*.65=130>>130 ducks.\n#### 130",
        """
        ducks = 200
        white_percent = 35
        result = ducks * (1 - white_percent / 100)
        """,
    ),
    "a fraction": (
        "Ida has 40 shells. She gives 3/8 of them away. How many shells are left?",
        "She gives away 3/8*40 = <<3/8*40=15>>15 shells.\nShe has 40-15 = <<40-15=25>>25 shells left.\n#### 25",
        """
        shells = 40
        shells_share = shells * 3 / 8
        result = shells - shells_share
        """,
    ),
    "bare equations": (
        "A farm has 120 sheep. 40 percent are lambs. 25 percent of the lambs are black. How many lambs are black?",
        "Lambs: 120(.40)=48\nBlack lambs: 48(.25)=12 lambs\n#### 12",
        """
        sheep = 120
        lambs_percent = 40
        black_percent = 25
        lambs = sheep * lambs_percent / 100
        result = lambs * black_percent / 100
        """,
    ),
}


@pytest.mark.parametrize("case", WORKED)
def test_worked_answers_become_the_programs_a_teacher_would_write(case: str) -> None:
    question, answer, expected = WORKED[case]
    lines = [line.strip() for line in expected.strip().split("\n")]
    assert convert(question, answer) == "\n".join([*lines, "return result"])


def test_equal_numbers_are_told_apart_by_the_words_around_them() -> None:
    question = (
        "Lena buys 3 pens and 3 rulers. Each pen costs $4 and each ruler costs $7. Then she buys 4 erasers for $1 "
        "each. How much does she spend?"
    )
    answer = (
        "The rulers cost 3*7 = $<<3*7=21>>21.\nThe pens cost 3*4 = $<<3*4=12>>12.\nThe erasers cost 4*1 = "
        "$<<4*1=4>>4.\nShe spends 21+12+4 = $<<21+12+4=37>>37.\n#### 37"
    )
    program = solution(question, answer)
    assert "rulers_cost = rulers * ruler_price" in program
    assert "pens_cost = pens * pen_price" in program
    assert "eraser_price = 1" in program


def test_steps_and_numbers_that_the_result_does_not_need_are_left_out() -> None:
    question = "Bo has 9 red and 5 blue marbles and 2 cats. How many marbles does he have?"
    answer = "The cats have 2*4 = <<2*4=8>>8 legs.\nHe has 9+5 = <<9+5=14>>14 marbles.\n#### 14"
    program = solution(question, answer)
    assert len(program.split("\n")) == 4 and "cats" not in program and "8" not in program


def test_a_number_used_but_never_said_is_put_together_from_two_that_are() -> None:
    question = "Eli has $90. He buys a bag for $31 and a cap for $12. How much money is left?"
    assert "(bag_price + cap_price)" in solution(question, "He has 90-43 = $<<90-43=47>>47 left.\n#### 47")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("So it is 5.\n#### 5", "no equations"),
        ("There are 2+2 = <<2+2=4>>4.\n#### 5", "not the value of any step"),
        ("Surely 777-12 = <<777-12=765>>765.\n#### 765", "nothing explains"),
        ("There are 2+3 = <<2+3=5>>5.", "no final answer"),
        ("<<2+=5>>5 <<(=>> <<__import__('os')=5>>5\n#### 5", "no equations"),
    ],
)
def test_what_cannot_be_converted_has_a_reason(answer: str, reason: str) -> None:
    question = "There are 2 owls and 3 larks. How many birds?"
    assert convert(question, answer) is None
    with pytest.raises(ConversionError, match=reason):
        solution(question, answer)


THINGS = st.sampled_from(
    ["apples", "red pencils", "boxes of tea", "stamps", "class", "import tickets", "kg of rice", "Äpfel"]
)
NUMBERS = st.integers(2, 2000) | st.sampled_from([2, 7, 12, 60, 100])


@UNTIMED
@given(
    st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(THINGS, THINGS, THINGS), st.tuples(*[st.sampled_from("+-*")] * 2)
)
def test_a_program_always_gives_the_gold_answer_under_good_names(
    numbers: tuple[int, int, int], things: tuple[str, str, str], signs: tuple[str, str]
) -> None:
    (a, b, c), (x, y, z) = numbers, things
    first = {"+": a + b, "-": a - b, "*": a * b}[signs[0]]
    gold = {"+": first + c, "-": first - c, "*": first * c}[signs[1]]
    assume(first > 0 and gold > 0)
    question = f"Ann has {a} {x}, Bob has {b} {y} and Cleo has {c:,} {z}. What is it?"
    answer = (
        f"First it is {a} {signs[0]} {b} = <<{a}{signs[0]}{b}={first}>>{first:,} {x}.\n"
        f"Then it is {first} {signs[1]} {c} = <<{first}{signs[1]}{c}={gold}>>{gold}.\n#### {gold:,}"
    )
    text = solution(question, answer)
    program = parse(text)
    assert program is not None
    values = program.values()
    assert values is not None and values[program.result] == gold == parse_answer(answer)
    for name in program.names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+){0,4}", name) and not keyword.iskeyword(name)
    assert len(program.names) == text.count(" = ")
    assert text.split("\n")[-2].startswith("result = ")


@UNTIMED
@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_makes_the_converter_fall_over(question: str, answer: str) -> None:
    convert(question, f"{answer}\nso 2+3 = <<2+3=5>>5\n#### 5")
    convert(f"{question} 2 and 3", answer)


def test_bare_equations_are_steps_only_when_they_hold() -> None:
    found = find_steps(
        "It weighs 25 * 3 kg = 75 kg, not 2 + 2 = 5, so 1,200 / 2 boxes = $600.\nThat is 80% of 50 = 40 boxes"
    )
    assert [(step.value, step.line[step.value_start : step.value_end]) for step in found] == [
        (75, "75"),
        (600, "600"),
        (40, "40"),
    ]


def test_an_annotation_that_only_repeats_its_value_gives_way_to_the_text() -> None:
    (step,) = find_steps("There are 105 - 10 = <<95=95>>95 geese.")
    assert len([*find_steps("<<95=95>>95")]) == 1
    assert step.value == 95 and step.line[step.start :].startswith("105 - 10")


@UNTIMED
@given(st.lists(st.lists(st.sampled_from(["eggs", "pies", "cost", "total_eggs"]), min_size=1, max_size=4), max_size=12))
def test_allotted_names_are_all_different(wishes: list[list[str]]) -> None:
    names = allot(wishes)
    assert len(names) == len(wishes) == len(set(names))


def test_of_two_with_one_name_both_become_more_specific() -> None:
    assert allot([["eggs", "brown_eggs"], ["eggs", "white_eggs"], ["hens"]]) == ["brown_eggs", "white_eggs", "hens"]
    assert allot([["eggs"], ["eggs"]]) == ["first_eggs", "second_eggs"]


@UNTIMED
@given(st.lists(st.text(max_size=12), max_size=7))
def test_an_identifier_is_one_or_nothing(parts: list[str]) -> None:
    name = identifier(parts)
    assert name == "" or (name.isidentifier() and name.isascii() and name not in (*keyword.kwlist, "sum", "result"))


@pytest.mark.parametrize(
    ("question", "number", "name"),
    [
        ("Each crate holds 24 melons.", "24", "melons_per_crate"),
        ("He earns $15 an hour.", "15", "pay_per_hour"),
        ("Sue has 3 times as many coins as Kai.", "3", "times_as_many"),
        ("The tree is 20 feet tall.", "20", "height"),
        ("A 30-minute walk is enough.", "30", "walk_minutes"),
        ("Sales tax is 8%.", "8", "sales_tax_percent"),
        ("The waiter got a 15% tip.", "15", "tip_percent"),
        ("Two dozen eggs weigh 3 pounds.", "3", "pounds"),
    ],
)
def test_numbers_of_a_question_have_telling_names(question: str, number: str, name: str) -> None:
    start = question.index(number)
    assert name in names_of_number(Scene.of(question), start, start + len(number))[:2]


def test_programs_run_in_the_sandbox_to_the_gold_answer() -> None:
    sandbox = pytest.importorskip("tinygsm_edge.sandbox")
    if not hasattr(sandbox, "Sandbox"):
        pytest.skip("no sandbox yet")
    programs = [prompt.function(prompt.completion(convert(q, a) or "")) for q, a, _ in WORKED.values()]
    with sandbox.Sandbox(workers=1) as box:
        values = [execution.value for execution in box.run_many(programs)]
    assert values == pytest.approx([parse_answer(answer) for _, answer, _ in WORKED.values()])
