"""The one solver behind the page: requests take turns, and one that is given up frees it for the next.

A :class:`~tinygsm_edge.solver.Solver` is for one thread at a time. The page's queue lets in one request at a time, but
that is not enough: after Stop the queue goes on at once, while the thread of the stopped request may still be inside
the solver. So only one thread ever touches the solver, and requests read what it leaves for them.
"""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from tinygsm_edge.engine import Sampling
from tinygsm_edge.errors import UserError
from tinygsm_edge.rerank import Candidate
from tinygsm_edge.solver import Answer, Solver

MAX_QUESTION = 2000
"""Characters of a question; the duo's context ends earlier, but a page should not tokenize a book to find that out."""

MAX_CANDIDATES = 64
"""Per question: a visitor must not hold the solver for minutes. The command line goes further."""

MAX_SEED = 2**32 - 1

_Item = Candidate | Answer | BaseException | None  # None: nothing more will come


class Service:
    """Requests to one solver, from any thread. A context manager; closing it leaves the solver open."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="solver")
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed.set()
        self._worker.shutdown(cancel_futures=True)

    def solve(self, question: str, candidates: int, seed: int = 0) -> Answer:
        """The answer to one question. Raises as :meth:`stream`."""
        *_, last = self.stream(question, candidates, seed)
        assert isinstance(last[-1], Answer)
        return last[-1]

    def stream(self, question: str, candidates: int, seed: int = 0) -> Iterator[list[Candidate | Answer]]:
        """All that has come since the last time, as lists: candidates as they finish, in the end the answer.

        Closing the iterator stops the work at the next candidate.

        Raises:
            UserError: what the solver refuses, and what goes beyond the limits above.
        """
        if not isinstance(question, str):
            raise UserError("the question must be text")
        if len(question) > MAX_QUESTION:
            raise UserError(f"the question is too long: {len(question)} characters, the limit is {MAX_QUESTION}")
        check_candidates(candidates)
        sampling = Sampling(seed=_whole("the seed", seed, 0, MAX_SEED))
        return self._stream(question, int(candidates), sampling)

    def _stream(self, question: str, candidates: int, sampling: Sampling) -> Iterator[list[Candidate | Answer]]:
        items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        given_up = threading.Event()
        self._worker.submit(self._work, question, candidates, sampling, items, given_up)
        try:
            while batch := _take(items):
                yield batch
        finally:
            given_up.set()

    def _work(
        self,
        question: str,
        candidates: int,
        sampling: Sampling,
        items: "queue.SimpleQueue[_Item]",
        given_up: threading.Event,
    ) -> None:
        """In the worker's thread: everything the solver yields, or the error it ends with."""
        try:
            for item in self._solver.stream(question, candidates=candidates, sampling=sampling):
                if given_up.is_set() or self._closed.is_set():
                    break
                items.put(item)
        except BaseException as error:  # for the thread that asked, whatever it is
            items.put(error)
        finally:
            items.put(None)


def check_candidates(candidates: Any) -> None:
    """Refuse a number of candidates that is none, or beyond what the page allows (UserError)."""
    _whole("the number of candidates", candidates, 1, MAX_CANDIDATES)


def _take(items: "queue.SimpleQueue[_Item]") -> list[Candidate | Answer]:
    """Waits for one item, then takes all there are; empty at the end. Raises the error that the work ended with."""
    batch: list[Candidate | Answer] = []
    item = items.get()
    while item is not None:
        if isinstance(item, BaseException):
            raise item
        batch.append(item)
        if items.empty():
            return batch
        item = items.get()
    if batch:
        items.put(None)  # for the next call
    return batch


def _whole(name: str, value: Any, least: int, most: int) -> int:
    """A number from outside as an int: pages and JSON may send 16.0, text or nothing."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and least <= value <= most and value == value // 1):
        raise UserError(f"{name} must be a whole number from {least} to {most}, got {value!r:.40}")
    return int(value)
