"""Token rows and the batches made of them.

Batches are a pure function of (rows, seed, step): nothing about the data order has to be saved in a checkpoint, and a
resumed run sees exactly the batches an uninterrupted one would have seen.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinygsm_edge.errors import UserError
from tinygsm_edge.prompt import completion, prompt

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

    from tinygsm_edge.problems.problem import Problem

# Rows are padded to a multiple of this: few distinct shapes for a compiled model, little padding.
LENGTH_MULTIPLE = 32
# Rows of similar length are grouped within this many batches, so that the order of an epoch stays random.
BATCHES_PER_POOL = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One training sequence. ``scored_from`` is the index of the first completion token; ``label`` is whether the
    candidate was right (verifier rows only)."""

    tokens: np.ndarray  # uint16 [length], end token included
    scored_from: int
    label: bool | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows on a device: ``tokens`` int64 [rows, length]; ``scored`` bool [rows, length] marks completion
    tokens; ``real`` bool [rows, length] marks all but the padding; ``labels`` float32 [rows] (zeros without labels)."""

    tokens: "torch.Tensor"
    scored: "torch.Tensor"
    real: "torch.Tensor"
    labels: "torch.Tensor"


def read_training_problems(path: Path) -> "list[Problem]":
    """Problems that carry a solution.

    Raises:
        UserError: unreadable, malformed, or not a single problem with question, solution and answer.
    """
    from tinygsm_edge.problems.problem import read_problems

    problems = [p for p in read_problems(path) if p.solution is not None and p.answer is not None]
    if not problems:
        raise UserError(f"{path} has no problem with a solution: each line needs question, solution and answer")
    return problems


def encode_rows(
    pieces: Sequence[tuple[str, ...]], tokenizer: "Tokenizer", end_token: int, context: int, labels: Sequence[bool] = ()
) -> list[Row]:
    """Rows from (prompt, completion) or (prompt, completion, outcome line) texts; those longer than ``context`` tokens
    are left out.

    The texts are encoded apart, as they are at inference: no merge crosses a border.
    """
    encoded = [
        [encoding.ids for encoding in tokenizer.encode_batch(list(column))] for column in zip(*pieces, strict=True)
    ]
    rows = []
    for index, parts in enumerate(zip(*encoded, strict=True)):
        ids = [*chain.from_iterable(parts), end_token]
        if len(ids) <= context:
            label = labels[index] if labels else None
            rows.append(Row(np.array(ids, dtype=np.uint16), len(parts[0]), label))
    if not rows:
        raise UserError(f"no row fits the context of {context} tokens: raise --context or shorten the problems")
    return rows


def generator_rows(problems: "Sequence[Problem]", tokenizer: "Tokenizer", end_token: int, context: int) -> list[Row]:
    """Prompt and completion of every problem as generator rows."""
    pieces = [(prompt(p.question), completion(p.solution)) for p in problems if p.solution is not None]
    return encode_rows(pieces, tokenizer, end_token, context)


class Batches:
    """Endless batches of at most ``batch_tokens`` padded tokens, a new shuffle each epoch.

    With several processes, process ``rank`` of ``world`` takes every ``world``-th batch.
    """

    def __init__(
        self, rows: Sequence[Row], batch_tokens: int, pad_token: int, seed: int, rank: int = 0, world: int = 1
    ):
        longest = max(len(row.tokens) for row in rows)
        if batch_tokens < _padded(longest):
            raise UserError(f"--batch-tokens {batch_tokens} cannot hold the longest row ({_padded(longest)} tokens)")
        self.rows, self.batch_tokens, self.pad_token, self.seed = rows, batch_tokens, pad_token, seed
        self.rank, self.world = rank, world
        self._epochs: dict[int, list[list[int]]] = {}
        self._starts = [0]  # first global batch index of each epoch

    def __call__(self, step: int, device: "torch.device") -> Batch:
        """The batch of optimizer step ``step`` (counted from 0) of this process."""
        wanted = step * self.world + self.rank
        epoch = bisect_right(self._starts, wanted) - 1  # or an earlier one, where epochs are not yet planned
        while wanted >= self._starts[epoch] + len(self._plan(epoch)):
            epoch += 1
        chosen = self._plan(epoch)[wanted - self._starts[epoch]]
        return collate([self.rows[i] for i in chosen], self.pad_token, device)

    def _plan(self, epoch: int) -> list[list[int]]:
        if epoch not in self._epochs:
            plan = list(self._group(random.Random(f"{self.seed}-{epoch}")))
            self._epochs = {epoch: plan}  # one epoch at a time is kept
            if len(self._starts) == epoch + 1:
                self._starts.append(self._starts[epoch] + len(plan))
        return self._epochs[epoch]

    def _group(self, rng: random.Random) -> Iterator[list[int]]:
        order = list(range(len(self.rows)))
        rng.shuffle(order)
        mean = sum(len(row.tokens) for row in self.rows) / len(self.rows)
        pool_size = max(1, round(BATCHES_PER_POOL * self.batch_tokens / mean))
        for start in range(0, len(order), pool_size):
            pool = sorted(order[start : start + pool_size], key=lambda i: len(self.rows[i].tokens))
            batches = list(self._cut(pool))
            rng.shuffle(batches)
            yield from batches

    def _cut(self, pool: Sequence[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in pool:  # ascending length: the newest row decides the padding
            if batch and (len(batch) + 1) * _padded(len(self.rows[index].tokens)) > self.batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch


def collate(rows: Sequence[Row], pad_token: int, device: "torch.device") -> Batch:
    """Right-pad rows to one length. Causal attention keeps the padding out of every real token's sight."""
    import torch

    length = _padded(max(len(row.tokens) for row in rows))
    tokens = np.full((len(rows), length), pad_token, dtype=np.int64)
    scored = np.zeros((len(rows), length), dtype=bool)
    real = np.zeros((len(rows), length), dtype=bool)
    for i, row in enumerate(rows):
        tokens[i, : len(row.tokens)] = row.tokens
        real[i, : len(row.tokens)] = True
        scored[i, row.scored_from : len(row.tokens)] = True
    labels = np.array([bool(row.label) for row in rows], dtype=np.float32)
    return Batch(*(torch.from_numpy(array).to(device) for array in (tokens, scored, real, labels)))


def _padded(length: int) -> int:
    return -(-length // LENGTH_MULTIPLE) * LENGTH_MULTIPLE
