"""The sampler: the right distribution, exact cut-offs, streams and rows that do not know of each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygsm_edge.engine import Sampling
from tinygsm_edge.engine.sampling import sample, uniforms
from tinygsm_edge.errors import UserError

TOY = np.log(np.array([0.30, 0.05, 0.20, 0.02, 0.25, 0.03, 0.10, 0.05], np.float32)) + 3
logit_rows = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(2, 40)), elements=st.floats(-30, 30, width=32)
)


def expected(sampling: Sampling) -> np.ndarray:
    """The toy head's distribution, worked out token by token."""
    weights = np.exp(TOY.astype(np.float64) / sampling.temperature)
    order = sorted(range(len(weights)), key=lambda token: (-weights[token], token))[: sampling.top_k or None]
    total, mass, kept = sum(weights[token] for token in order), 0.0, []
    for token in order:
        if mass < sampling.top_p * total:
            kept.append(token)
        mass += weights[token]
    result = np.zeros(len(weights))
    result[kept] = weights[kept] / weights[kept].sum()
    return result


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0),
        Sampling(temperature=0.5),
        Sampling(temperature=1.5, top_k=5),
        Sampling(temperature=1.0, top_p=0.8),
        Sampling(temperature=0.8, top_k=6, top_p=0.7),
    ],
)
def test_draws_follow_the_distribution(sampling: Sampling) -> None:
    """Chi-square over 100,000 draws on a toy head, against the distribution computed by hand."""
    draws = 100_000
    tokens, _ = sample(np.tile(TOY, (draws, 1)), uniforms(11, 1, draws)[0], sampling)
    probability = expected(sampling)
    counts = np.bincount(tokens, minlength=len(TOY))
    possible = probability > 0
    assert not counts[~possible].any()
    statistic = ((counts - draws * probability)[possible] ** 2 / (draws * probability[possible])).sum()
    critical = {1: 10.8, 2: 13.8, 3: 16.3, 4: 18.5, 5: 20.5, 6: 22.5, 7: 24.3}  # p = 0.001
    assert statistic < critical[possible.sum() - 1]


@given(logit_rows, st.integers(0, 2**64 - 1), st.floats(0, 3), st.integers(0, 8), st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_a_row_does_not_know_its_batch(
    logits: np.ndarray, seed: int, temperature: float, top_k: int, top_p: float
) -> None:
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    uniform = uniforms(seed, len(logits), 1)[:, 0]
    tokens, logprobs = sample(logits, uniform, sampling)
    for k in range(len(logits)):
        token, logprob = sample(logits[k : k + 1], uniform[k : k + 1], sampling)
        assert (token[0], logprob[0]) == (tokens[k], logprobs[k])


@given(logit_rows, st.floats(0.1, 3), st.integers(0, 8), st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_logprob_is_the_models_own(logits: np.ndarray, temperature: float, top_k: int, top_p: float) -> None:
    """Whatever temperature and cut-offs did, the log-probability is that of the untouched softmax."""
    tokens, logprobs = sample(logits, np.full(len(logits), 0.5), Sampling(temperature, top_k, top_p))
    wide = logits.astype(np.float64)
    log_softmax = (
        wide - np.log(np.exp(wide - wide.max(1, keepdims=True)).sum(1, keepdims=True)) - wide.max(1, keepdims=True)
    )
    np.testing.assert_allclose(logprobs, log_softmax[np.arange(len(logits)), tokens], atol=1e-5)


@given(logit_rows, st.sampled_from([0.0, 0.3, 1 - 2**-53]))
@settings(max_examples=60, deadline=None)
def test_greedy_forms_agree(logits: np.ndarray, u: float) -> None:
    """Temperature 0 takes the first of the likeliest; top-k 1, a vanishing top-p and a vanishing temperature take one
    whose probability is the largest in float32, where logits a hair apart tie."""
    uniform = np.full(len(logits), u)
    best = logits.argmax(axis=1)
    np.testing.assert_array_equal(sample(logits, uniform, Sampling(0.0))[0], best)
    for sampling in (Sampling(1.0, top_k=1), Sampling(1.0, top_p=1e-9)):
        tokens, _ = sample(logits, uniform, sampling)
        behind = np.take_along_axis(logits, tokens[:, None], 1)[:, 0] - logits.max(axis=1)
        assert (np.exp(behind) == 1).all()
    tokens, _ = sample(logits, uniform, Sampling(1e-30))
    # exp(-104) is 0 in float32: nothing further behind than that many temperatures can be drawn.
    assert (logits.max(axis=1) - np.take_along_axis(logits, tokens[:, None], 1)[:, 0] <= 104e-30).all()


def test_ties_at_the_cut_keep_the_lowest_ids() -> None:
    draws = np.linspace(0, 1, 500, endpoint=False)
    tied = np.tile(np.array([0, 2, 1, 1, 1, 1], np.float32), (500, 1))
    assert set(sample(tied, draws, Sampling(1.0, top_k=3))[0].tolist()) == {1, 2, 3}
    level = np.zeros((500, 10), np.float32)
    assert set(sample(level, draws, Sampling(1.0, top_p=0.35))[0].tolist()) == {0, 1, 2, 3}


def test_cut_offs_that_cut_nothing_change_nothing() -> None:
    logits, uniform = np.tile(TOY, (1000, 1)), uniforms(5, 1, 1000)[0]
    plain, _ = sample(logits, uniform, Sampling(1.0))
    for sampling in (Sampling(1.0, top_k=len(TOY)), Sampling(1.0, top_k=10_000), Sampling(1.0, top_p=1 - 1e-12)):
        np.testing.assert_array_equal(sample(logits, uniform, sampling)[0], plain)


@pytest.mark.parametrize("u", [0.0, 1 - 2**-53])
def test_the_ends_of_the_stream_never_draw_the_impossible(u: float) -> None:
    logits = np.array([[-200, 0, -200, 1, -200]], np.float32)
    assert sample(logits, np.array([u]), Sampling(1.0))[0][0] in (1, 3)


@given(st.integers(0, 2**64 - 1), st.integers(1, 20), st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_a_stream_depends_on_seed_and_candidate_only(seed: int, count: int, steps: int) -> None:
    wide = uniforms(seed, 20, 20)
    np.testing.assert_array_equal(uniforms(seed, count, steps), wide[:count, :steps])
    assert len(np.unique(wide)) == wide.size
    assert not (wide == uniforms(seed ^ 1, 20, 20)).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_logits_are_refused(bad: float) -> None:
    with pytest.raises(UserError, match="not finite"), np.errstate(invalid="ignore"):
        sample(np.array([[0, bad]], np.float32), np.array([0.5]), Sampling())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"top_k": -1}, "top-k"),
        ({"top_p": 0.0}, "top-p"),
        ({"top_p": 1.1}, "top-p"),
        ({"max_tokens": 0}, "max-tokens"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
    ],
)
def test_values_out_of_range(changes: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Sampling(**changes)  # type: ignore[arg-type]
