"""N candidates of one prompt: one prefill at batch 1, its keys and values repeated, then one decode step per token.

Rows that have finished are yielded at once and leave the batch. Candidate k draws from its own random stream (see
:mod:`tinygsm_edge.engine.sampling`) and no row's arithmetic depends on another's (see
:data:`tinygsm_edge.engine.session.ROW_MULTIPLE`), so candidate k is the same whatever ``count`` is.
"""

import time
from collections import abc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinygsm_edge.engine.sampling import Sampling, sample, uniforms
from tinygsm_edge.engine.session import ROW_MULTIPLE, Cache, Graph
from tinygsm_edge.errors import UserError


@dataclass(frozen=True, slots=True)
class Completion:
    """What was written after a prompt: tokens without the end token; the sum of their log-probabilities under the model
    at temperature 1, end token included; whether it ended by itself rather than at the length limit."""

    tokens: tuple[int, ...]
    logprob: float
    finished: bool


Stream = abc.Generator[tuple[int, Completion], None, None]


class Generator:
    """A generator graph, opened. ``timing`` (ms) and ``steps`` (decode steps run) tell about the last call."""

    def __init__(
        self, path: Path, *, end_token: int, context: int, provider: str = "cpu", threads: int | None = None
    ) -> None:
        """Open ``path``; ``context`` is the most tokens of prompt and completion together.

        Raises:
            UserError: see :class:`tinygsm_edge.engine.session.Graph`.
        """
        self._graph = Graph(path, provider=provider, threads=threads)
        self.end_token, self.context, self.provider = end_token, context, self._graph.provider
        self.timing: dict[str, float] = {"prefill": 0.0, "decode": 0.0}
        self.steps = 0

    def generate(self, prompt: Sequence[int], count: int, sampling: Sampling) -> list[Completion]:
        """``count`` completions of ``prompt``, candidate k at place k. Raises as :meth:`stream`."""
        finished = dict(self.stream(prompt, count, sampling))
        return [finished[k] for k in range(count)]

    def stream(self, prompt: Sequence[int], count: int, sampling: Sampling) -> Stream:
        """Yield (k, completion) as candidates finish; closing the iterator stops the work.

        A completion is at most ``sampling.max_tokens`` tokens, end token included, and stops where the context is full.

        Raises:
            UserError: an empty prompt, one that leaves no room in the context, or ``count`` below 1.
        """
        if count < 1:
            raise UserError(f"the number of candidates must be 1 or more, got {count}")
        check_prompt(prompt, self.context)
        steps = min(sampling.max_tokens, self.context - len(prompt))
        return self._stream(np.array([prompt], np.int64), uniforms(sampling.seed, count, steps), sampling)

    def _stream(self, prompt: NDArray[np.int64], uniform: NDArray[np.float64], sampling: Sampling) -> Stream:
        count, steps = uniform.shape
        self.timing, self.steps = {"prefill": 0.0, "decode": 0.0}, 0
        clock = time.perf_counter()
        logits, cache = self._graph.run(prompt, self._graph.empty_cache())
        logits = np.repeat(logits[:, -1], count, axis=0)
        clock = self._lap("prefill", clock)
        tokens = np.zeros((count, steps), np.int64)
        logprobs = np.zeros(count)
        live, places = np.arange(count), np.zeros(count, np.int64)  # unfinished candidates, and their rows in the cache
        for step in range(steps):
            drawn, logprob = sample(logits, uniform[live, step], sampling)
            tokens[live, step] = drawn
            logprobs[live] += logprob
            ended = drawn == self.end_token
            done = ended | (step == steps - 1)
            clock = self._lap("decode", clock)
            for k, by_itself in zip(live[done].tolist(), ended[done].tolist(), strict=True):
                written = tokens[k, : step if by_itself else step + 1]
                yield k, Completion(tuple(written.tolist()), float(logprobs[k]), by_itself)
            clock = time.perf_counter()  # the consumer's time is not ours
            live, places = live[~done], places[~done]
            if not len(live):
                return
            cache, places = _fit(cache, places)
            following = np.full((cache.rows, 1), self.end_token, np.int64)
            following[places, 0] = drawn[~done]
            logits, cache = self._graph.run(following, cache)
            logits = logits[places, -1]
            self.steps += 1

    def _lap(self, stage: str, since: float) -> float:
        """Add the time since ``since`` to a stage; returns the time now."""
        now = time.perf_counter()
        self.timing[stage] += 1000 * (now - since)
        return now


def check_prompt(prompt: Sequence[int], context: int) -> None:
    """Refuse a prompt that is empty or leaves no room for one more token."""
    if not len(prompt):
        raise UserError("the prompt is empty: at least one token is needed")
    if len(prompt) >= context:
        raise UserError(
            f"the question is too long: its prompt has {len(prompt)} tokens, at most {context - 1} fit the model's "
            f"context of {context}"
        )


def _fit(cache: Cache, places: NDArray[np.int64]) -> tuple[Cache, NDArray[np.int64]]:
    """The cache with rows for ``places`` (filled up to ROW_MULTIPLE with copies), and where they now are.

    Dropping rows copies the whole cache, so it waits until an eighth of the rows are idle.
    """
    wanted = -(-len(places) // ROW_MULTIPLE) * ROW_MULTIPLE
    idle = cache.rows - wanted
    if 0 <= idle < max(1, cache.rows // 8):
        return cache, places
    return cache.take(np.resize(places, wanted)), np.arange(len(places))
