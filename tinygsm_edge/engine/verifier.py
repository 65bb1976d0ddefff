"""How likely each of many continuations of one prompt is correct, by a verifier graph (Cobbe et al. 2021).

The prompt is prefilled once at batch 1 and its keys and values are shared by all continuations.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinygsm_edge.engine.generator import check_prompt
from tinygsm_edge.engine.session import ROW_MULTIPLE, Graph

WIDTH_MULTIPLE = 16
BATCH_ROWS = 16


class Verifier:
    """A verifier graph, opened: a causal model whose logits [B, S, 1] are the score before the sigmoid."""

    def __init__(
        self, path: Path, *, end_token: int, context: int, provider: str = "cpu", threads: int | None = None
    ) -> None:
        """Open ``path``. Raises as :class:`tinygsm_edge.engine.session.Graph`."""
        self._graph = Graph(path, provider=provider, threads=threads)
        self.end_token, self.context, self.provider = end_token, context, self._graph.provider

    def score(self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Scores [n] in 0..1: the sigmoid of the logit at the end token, which is appended to each continuation here.

        A continuation that does not fit the context is not read and scores 0. Scores do not depend on the other
        continuations, nor on their order: see :func:`_batches`.

        Raises:
            UserError: an empty prompt, or one that leaves no room in the context.
        """
        check_prompt(prompt, self.context)
        scores = np.zeros(len(continuations), np.float32)
        rows = [[*continuation, self.end_token] for continuation in continuations]
        fitting = [i for i, row in enumerate(rows) if len(prompt) + len(row) <= self.context]
        if not fitting:
            return scores
        _, cache = self._graph.run(np.array([prompt], np.int64), self._graph.empty_cache())
        for width, batch in _batches({i: len(rows[i]) for i in fitting}):
            # Right padding: with causal attention no real token sees it, so the mask is ones everywhere.
            height = -(-len(batch) // ROW_MULTIPLE) * ROW_MULTIPLE
            tokens = np.full((height, width), self.end_token, np.int64)
            for place, i in enumerate(batch):
                tokens[place, : len(rows[i])] = rows[i]
            logits = self._graph.logits(tokens, cache.take(np.zeros(height, np.int64)))[..., 0]
            ends = [len(rows[i]) - 1 for i in batch]
            # tanh form of the sigmoid: cannot overflow.
            scores[batch] = 0.5 + 0.5 * np.tanh(0.5 * logits[np.arange(len(batch)), ends].astype(np.float64))
        return scores


def _batches(lengths: dict[int, int]) -> Iterator[tuple[int, list[int]]]:
    """(padded width, row numbers) of batches of at most BATCH_ROWS rows, the shortest first.

    A row is padded to a width that its own length decides, never to its batch's longest: kernels may round differently
    at another width, and a score must not depend on the company it is computed in.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for i, length in lengths.items():
        groups[-(-length // WIDTH_MULTIPLE) * WIDTH_MULTIPLE].append(i)
    for width in sorted(groups):
        for start in range(0, len(groups[width]), BATCH_ROWS):
            yield width, groups[width][start : start + BATCH_ROWS]
