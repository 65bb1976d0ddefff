"""Drawing tokens: a pure function of logits and one uniform number per row.

Candidate k owns the random stream keyed by (seed, k) and spends one number of it per token, by inversion of the
cumulative distribution. So what it draws depends neither on how many candidates there are nor on which of them have
finished. Philox is counter based: any key gives an independent stream, without seeding tricks (Salmon et al. 2011).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygsm_edge.errors import UserError


@dataclass(frozen=True, slots=True)
class Sampling:
    """How candidates are drawn.

    temperature: 0 is greedy (top_k, top_p and seed then do nothing). top_k: only the k likeliest tokens, 0 is all.
    top_p: only the smallest set of likeliest tokens with at least this mass (after top_k), 1 is all. max_tokens:
    longest completion, end token included. seed: 0 to 2**64 - 1.

    Raises:
        UserError: a value out of its range.
    """

    temperature: float = 0.7
    top_k: int = 0
    top_p: float = 1.0
    max_tokens: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature >= 0):
            raise UserError(f"temperature must be a number of 0 or more, got {self.temperature}")
        if self.top_k < 0:
            raise UserError(f"top-k must be 0 (off) or more, got {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top-p must be above 0 and at most 1 (off), got {self.top_p}")
        if self.max_tokens < 1:
            raise UserError(f"max-tokens must be 1 or more, got {self.max_tokens}")
        if not 0 <= self.seed < 2**64:
            raise UserError(f"seed must be between 0 and 2**64 - 1, got {self.seed}")


def uniforms(seed: int, count: int, steps: int) -> NDArray[np.float64]:
    """The random streams of candidates 0 .. count-1: [count, steps] in [0, 1), row k a function of (seed, k) alone."""
    key = np.zeros(2, np.uint64)
    key[0] = seed
    rows = np.empty((count, steps))
    for k in range(count):
        key[1] = k
        rows[k] = np.random.Generator(np.random.Philox(key=key)).random(steps)
    return rows


def sample(
    logits: NDArray[np.float32], uniform: NDArray[np.float64], sampling: Sampling
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw one token per row.

    Args:
        logits: [rows, vocabulary].
        uniform: [rows], in [0, 1).
        sampling: temperature, top_k and top_p are used.

    Returns:
        tokens [rows] and their log-probabilities [rows] under the model as it is: temperature 1, nothing cut off.

    Raises:
        UserError: the logits are not finite, so the model is broken.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1, dtype=np.float64))
    if not np.isfinite(log_total).all():
        raise UserError("the generator's logits are not finite numbers: the model file is broken")
    tokens = shifted.argmax(axis=1) if sampling.temperature == 0 else _invert(_weights(shifted, sampling), uniform)
    return tokens, np.take_along_axis(shifted, tokens[:, None], axis=1)[:, 0] - log_total


def _weights(shifted: NDArray[np.float32], sampling: Sampling) -> NDArray[np.float32]:
    """Unnormalised probabilities [rows, vocabulary] after temperature, top-k and top-p; 0 where a token is cut off."""
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the maximum to -inf: as it should be
        weights = np.exp(shifted / np.float32(max(sampling.temperature, 1e-30)))
    vocabulary = weights.shape[1]
    top_k = min(sampling.top_k or vocabulary, vocabulary)
    if top_k == vocabulary and sampling.top_p == 1:
        return weights
    ranked = -np.sort(-weights, axis=1)[:, :top_k]
    kept = np.full(len(weights), top_k)
    if sampling.top_p < 1:
        mass = ranked.cumsum(axis=1, dtype=np.float64)
        # A token stays while the mass before it is short of top_p; the likeliest always does.
        kept = 1 + (mass[:, :-1] < sampling.top_p * mass[:, -1:]).sum(axis=1)
    least = np.take_along_axis(ranked, kept[:, None] - 1, axis=1)
    # Exactly ``kept`` tokens: among those that tie for the last place, the lowest ids stay.
    above, ties = weights > least, weights == least
    places = kept - above.sum(axis=1)
    stay = above | (ties & (ties.cumsum(axis=1) <= places[:, None]))
    return np.where(stay, weights, np.float32(0))


def _invert(weights: NDArray[np.float32], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each row the first token whose cumulative weight passes ``uniform`` of the total: never one of weight 0."""
    cumulative = weights.cumsum(axis=1, dtype=np.float64)
    total = cumulative[:, -1]
    # u < 1, but u * total can round up to total, which no token would pass.
    target = np.minimum(uniform * total, np.nextafter(total, 0))
    return (cumulative > target[:, None]).argmax(axis=1)
