"""The duo that ships: its folder is whole and small, it solves what the README shows, and more candidates only add."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygsm_edge import duo
from tinygsm_edge.problems.problem import answers_equal, read_problems
from tinygsm_edge.solver import Sampling, Solver

EXAMPLES = Path(duo.__file__).parent / "examples.jsonl"


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    with Solver() as solver:
        yield solver


def test_folder_is_light_and_described() -> None:
    manifest = duo.Duo.load().manifest
    files = list(duo.DEFAULT.iterdir())
    assert {file.name for file in files} == {*duo.LISTED, duo.MANIFEST, duo.CARD}
    assert sum(file.stat().st_size for file in files) < 60e6
    assert manifest["precision"] == "int8" and manifest["licence"] == "mit"
    card = (duo.DEFAULT / duo.CARD).read_text()
    assert all(figure in card for figure in ("pass@1", "maj48@1", "verify48@1", "oracle@48", "GSM8K train"))


def test_most_examples_are_answered_right(solver: Solver) -> None:
    problems = read_problems(EXAMPLES)
    assert len(problems) == 12
    answers = [solver.solve(problem.question).answer for problem in problems]
    right = [answers_equal(answer, problem.answer) for answer, problem in zip(answers, problems, strict=True)]
    assert right[0], "the README's own question"
    assert sum(right) >= 8, [p.question for p, ok in zip(problems, right, strict=True) if not ok]


def test_candidates_do_not_depend_on_how_many_are_drawn(solver: Solver) -> None:
    # Warm enough that the candidates of a familiar question differ.
    question, sampling = read_problems(EXAMPLES)[5].question, Sampling(seed=3, temperature=1.5)
    few, some, many = (
        solver.solve(question, candidates=n, sampling=sampling).to_json()["candidates"] for n in (1, 8, 48)
    )
    assert [candidate["program"] for candidate in many[:8]] == [candidate["program"] for candidate in some]
    assert many[0] == some[0] == few[0]
    assert len({json.dumps(candidate) for candidate in many}) > 1
