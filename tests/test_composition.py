"""Composed problems: right, readable, reproducible, as deep as wanted; irrelevant facts that stay irrelevant."""

import random
import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("yaml")

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.composition.bank import PHRASES, load_bank
from tinygsm_edge.problems.composition.compose import Composer
from tinygsm_edge.problems.composition.graph import GROWTH, RELATIONS, draw_graph, needed
from tinygsm_edge.problems.dataset.filters import unused_numbers
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.shape import steps, structure
from tinygsm_edge.problems.templates.expression import exact_result, parse_program


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


def value(problem: Problem) -> Fraction:
    return exact_result(parse_program((problem.solution or "").removesuffix("\nreturn result")))


def test_every_theme_draws_right_and_readable_problems(composer: Composer) -> None:
    rng = random.Random(5)
    for theme in composer.bank.themes:
        for _ in range(30):
            problem = composer.at(theme, rng.getrandbits(48))
            assert value(problem) == problem.answer, problem
            assert problem.answer is not None and problem.answer > 0
            assert not unused_numbers(problem), problem
            text = problem.question
            assert not re.search(r"[{}\x00]|\[\[|  |\.\.|\b(\w+) \1\b(?<!that that)|\ba [aeio]\w|\$\$", text), text
            assert text[0].isupper() and text.endswith(("?", ".")), text
            assert not re.search(r", and [A-Z](?=he |n |here |ompared )", text), text


def test_a_problem_comes_again_from_its_id(composer: Composer) -> None:
    problem = composer.draw(random.Random(1))
    name, _, key = problem.id.rpartition("-")
    assert composer.at(composer.themes[name], int(key, 16)) == problem
    first, again = ([composer.draw(rng) for _ in range(20)] for rng in (random.Random(2), random.Random(2)))
    assert first == again


def test_steps_structures_and_distractors_are_spread(composer: Composer) -> None:
    rng = random.Random(7)
    problems = [composer.draw(rng) for _ in range(3000)]
    counted = Counter(steps(problem.solution or "") for problem in problems)
    assert set(range(1, 8)) <= set(counted) and sum(counted[n] for n in (2, 3, 4, 5)) > 0.6 * len(problems)
    assert len({structure(problem.solution or "") for problem in problems}) > 800
    share = sum(bool(problem.distractors) for problem in problems) / len(problems)
    assert 0.2 < share < 0.45
    assert len({problem.question for problem in problems}) > 2980


@pytest.mark.parametrize("seed", range(40))
def test_graphs_keep_their_bounds_and_reach_their_depth(seed: int) -> None:
    rng = random.Random(seed)
    graph = draw_graph(rng, 6, 8, (3, 40), RELATIONS)
    for place, quantity in enumerate(graph):
        assert all(parent < place for parent in quantity.parents)
        assert 3 <= quantity.value <= 40 * GROWTH
        known = {"n": quantity.number, **dict(zip("ab", (graph[p].value for p in quantity.parents), strict=False))}
        assert eval(quantity.relation.formula, {}, known) == quantity.value
    assert len(graph) == 8 or sum(quantity.relation.steps for quantity in graph) >= 6
    found = needed(graph, [len(graph) - 1])
    assert all(set(graph[place].parents) <= found for place in found)


def test_irrelevant_facts_stay_away_from_what_they_could_mean(composer: Composer) -> None:
    rng = random.Random(3)
    story = "Ana has 14 apples. Ben has 5 more apples than Ana. How many apples does Ben have?"
    problem = Problem(story, 19, "ana = 14\nmore = 5\nresult = ana + more\nreturn result")
    told = {composer.facts.added(problem, rng) for _ in range(200)}
    assert len(told) > 50
    for other in told:
        assert other.question.startswith("Ana has 14 apples. Ben has 5 more apples than Ana. ")
        assert other.question.endswith(" How many apples does Ben have?")
        assert len(other.distractors) == 1 and not unused_numbers(other)
    # No person may come between "she" and Ana, and a story about minutes hears of no other minutes.
    she = replace(problem, question="Ana ran for 14 minutes. Then came 5 more. How many minutes did she run?")
    for other in (composer.facts.added(she, rng) for _ in range(200)):
        assert "minutes fast" not in other.question and "every" not in other.question
        added = other.question.removeprefix("Ana ran for 14 minutes. Then came 5 more. ").split(" How many")[0]
        assert not any(person.name in added.split() for person in composer.bank.people)
    asked_first = replace(problem, question="How many apples has Ben, if Ana has 14 and Ben has 5 more?")
    assert composer.facts.added(asked_first, rng) == asked_first


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("{S} {verb} {n|item}{place}.", "{S} {verb} {n|thing}{place}.", "thing"),
        ("formula: x * n", "formula: x * m", "formula"),
        ("range: 2..12", "range: 12..2", "range"),
        ("base: have, items: collectible", "base: have, items: nonsense", "nonsense"),
        ("measures:\n", "messages:\n", "keys"),
    ],
)  # fmt: skip
def test_faults_of_the_phrase_bank_are_named(tmp_path: Path, old: str, new: str, what: str) -> None:
    text = PHRASES.read_text(encoding="utf-8")
    assert old in text
    spoiled = tmp_path / "phrases.yaml"
    spoiled.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=rf"phrases\.yaml:\d+: .*{what}"):
        load_bank(spoiled)
