"""From candidates to an answer: what each method rewards, and what none of them may do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygsm_edge.errors import UserError
from tinygsm_edge.rerank import DEFAULT_METHOD, METHODS, Candidate, choose, group_by_answer, same_answer, tidy


def candidates(*rows: tuple[float | None, float | None, float]) -> list[Candidate]:
    """Candidates from (answer, score, logprob)."""
    return [
        Candidate(k, f"program {k}", 9, logprob, "ok" if answer is not None else "runtime_error", answer, score)
        for k, (answer, score, logprob) in enumerate(rows)
    ]


# The four methods disagree: 1 has the best single score, 2 the largest sum, 3 the most votes, 4 the likeliest program.
DISPUTED = candidates(
    (1, 0.9, -9), (2, 0.6, -8), (2, 0.6, -7), (3, 0.1, -6), (3, 0.1, -5), (3, 0.2, -4), (4, 0.3, -1), (None, None, -0.5)
)


@pytest.mark.parametrize(
    ("method", "answer", "index", "votes", "confidence"),
    [
        ("verifier", 1, 0, 1, 0.9 / 8),
        ("weighted", 2, 2, 2, 1.2 / 8),
        ("majority", 3, 5, 3, 3 / 8),
        ("logprob", 4, 6, 1, 1 / 8),
    ],
)
def test_each_method_rewards_its_own_evidence(method, answer, index, votes, confidence):
    choice = choose(DISPUTED, method)
    assert (choice.answer, choice.winner, choice.votes) == (answer, DISPUTED[index], votes)
    assert choice.confidence == pytest.approx(confidence)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("drawn", [[], candidates((None, None, -1.0), (None, None, -2.0))])
def test_without_an_answer_there_is_no_winner(method, drawn):
    choice = choose(drawn, method)
    assert (choice.answer, choice.winner, choice.votes, choice.confidence) == (None, None, 0, 0.0)


def test_an_unknown_method_is_refused_by_name():
    with pytest.raises(UserError, match=r"'best'.*verifier, weighted, majority, logprob"):
        choose(DISPUTED, "best")


rows = st.tuples(
    st.sampled_from([None, 1, 2, 2.5, 1 / 3]), st.floats(0, 1) | st.none(), st.floats(-300, 0, allow_nan=False)
)


@given(st.lists(rows, max_size=12).map(lambda rows: candidates(*rows)), st.sampled_from(METHODS))
def test_a_choice_is_consistent(drawn, method):
    choice = choose(drawn, method)
    assert 0 <= choice.confidence <= 1
    assert (choice.answer is None) == all(c.answer is None for c in drawn)
    if choice.winner is not None:
        assert choice.winner in drawn and choice.winner.answer == choice.answer
        assert choice.votes == sum(c.answer is not None and same_answer(c.answer, choice.answer) for c in drawn)


@given(st.lists(rows, min_size=1, max_size=8).flatmap(lambda r: st.tuples(st.just(r), st.permutations(range(len(r))))))
def test_the_answer_does_not_depend_on_the_order_they_arrive_in(rows_and_order):
    rows, order = rows_and_order
    drawn = candidates(*rows)
    shuffled = [drawn[k] for k in order]
    for method in METHODS:
        assert choose(shuffled, method).winner == choose(drawn, method).winner


@given(st.lists(rows, max_size=12).map(lambda rows: candidates(*rows)))
def test_groups_hold_every_answer_once(drawn):
    groups = group_by_answer(drawn)
    assert sorted(c.index for group in groups for c in group) == [c.index for c in drawn if c.answer is not None]
    for i, group in enumerate(groups):
        assert all(same_answer(c.answer, group[0].answer) for c in group)
        assert not any(same_answer(group[0].answer, other[0].answer) for other in groups[:i])


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (72, 72.0, True),
        (72, 72.00000000001, True),
        (0.1 + 0.2, 0.3, True),
        (1_000_000, 1_000_001, False),
        (1_000_000.0, 1_000_001.0, False),
        (2**90, 2**90 + 1, False),
        (33.33, 33.3333, False),
        (0, 1e-9, False),
        (None, None, False),
        (None, 0, False),
    ],
)
def test_when_two_answers_are_one(first, second, same):
    assert same_answer(first, second) is same and same_answer(second, first) is same


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**1000), 2**1000))
def test_tidying_keeps_the_number(value):
    tidied = tidy(value)
    assert math.isclose(tidied, value, rel_tol=1e-11) and tidy(tidied) == tidied
    assert not (isinstance(tidied, float) and tidied.is_integer() and abs(tidied) < 1e15)


def test_the_default_is_a_method():
    assert DEFAULT_METHOD in METHODS
