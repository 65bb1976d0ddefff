"""Repeated measurements of one quantity, and what is said about them.

Times on a shared machine have a long right tail, so the middle is the median and the spread is the median absolute
deviation; a mean would tell about the neighbours.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np


def summary(samples: Iterable[float]) -> dict[str, Any]:
    """``n``, ``p50``, ``p95`` (interpolated), ``mad``, ``min`` and ``max``, in the samples' unit, and the samples.

    Raises:
        ValueError: there are none.
    """
    values = np.fromiter(samples, float)
    if not values.size:
        raise ValueError("nothing was measured")
    middle, high = np.percentile(values, [50, 95])
    figures = {
        "p50": middle,
        "p95": high,
        "mad": np.median(np.abs(values - middle)),
        "min": values.min(),
        "max": values.max(),
    }
    return {
        "n": values.size,
        **{name: round(float(value), 4) for name, value in figures.items()},
        "samples": [round(value, 4) for value in values.tolist()],
    }


def rounds_until(deadline: float | None, most: int) -> Iterator[int]:
    """0, 1, ... up to ``most`` rounds: the first in any case, no further one after ``deadline`` (time.perf_counter)."""
    for turn in range(most):
        if turn and deadline is not None and time.perf_counter() > deadline:
            return
        yield turn


def without_samples(results: Any) -> Any:
    """A copy of nested results without the single measurements: what fits a line."""
    if isinstance(results, dict):
        return {key: without_samples(value) for key, value in results.items() if key != "samples"}
    return [without_samples(value) for value in results] if isinstance(results, list) else results


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text columns: the first to the left, the others to the right."""
    grid = [list(headers), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()

    return "\n".join([line(grid[0]), "  ".join("-" * width for width in widths), *map(line, grid[1:])])
