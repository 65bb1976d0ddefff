"""The whole online path as one class: question in, answer and its program out, nothing but this machine involved.

    with Solver() as solver:
        answer = solver.solve("A baker makes 48 rolls in the morning and half as many in the afternoon. ...")
        answer.answer, answer.confidence, answer.program

Generate, run, score, choose (TinyGSM, arXiv 2312.09241). Programs run while further candidates are still being written;
each distinct program is run and scored once.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tinygsm_edge.duo import Duo
from tinygsm_edge.engine import Completion, Sampling
from tinygsm_edge.errors import UserError
from tinygsm_edge.prompt import function, outcome_line, prompt
from tinygsm_edge.rerank import DEFAULT_CANDIDATES, DEFAULT_METHOD, MAX_CANDIDATES, METHODS, Candidate, choose, tidy
from tinygsm_edge.sandbox import Execution, Sandbox

SCHEMA = 1
LEAST_ROOM = 64
"""Tokens that a question must leave free in the context: hardly any program is shorter."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question.

    Attributes:
        question: as it was asked.
        answer: the number, or None when no candidate returned one.
        confidence: in 0..1, see :class:`tinygsm_edge.rerank.Choice`.
        program: the winning candidate's function, which runs by itself and returns the answer; None without one.
        votes: how many candidates gave this answer.
        candidates: all that were drawn, in order of their index.
        timing_ms: wall time of the stages ``load`` (only in a solver's first answer), ``prefill``, ``decode``, ``run``
            (waiting for programs after the last token), ``verify``; and their ``total`` with all that lies between.
        seed, duo, provider: what it takes to get the same candidates again.
    """

    question: str
    answer: int | float | None
    confidence: float
    program: str | None
    votes: int
    candidates: tuple[Candidate, ...]
    timing_ms: Mapping[str, float]
    seed: int
    duo: str
    provider: str

    def to_json(self) -> dict[str, Any]:
        """The answer as plain JSON values, without NaN or infinity; ``schema`` is the version of this form."""
        return {
            "schema": SCHEMA,
            "question": self.question,
            "answer": self.answer,
            "confidence": round(self.confidence, 6),
            "program": self.program,
            "votes": self.votes,
            "candidates": [
                {
                    "program": c.program,
                    "answer": c.answer,
                    "outcome": c.outcome,
                    "logprob": _finite(c.logprob),
                    "score": _finite(c.score),
                    "tokens": c.tokens,
                }
                for c in self.candidates
            ],
            "timing_ms": {stage: round(ms, 3) for stage, ms in self.timing_ms.items()},
            "seed": self.seed,
            "duo": self.duo,
            "provider": self.provider,
        }


class Solver:
    """A duo and a sandbox, opened and kept: the second question costs no loading. For one thread at a time.

    Args:
        duo: an opened duo, the path of a duo folder, or None for the one that comes with the package.
        provider: ``cpu``, ``cuda`` or ``auto``.
        threads: of the CPU provider; None leaves it to the engine.
        sandbox: one to use, which then stays open on close(); None makes one.

    Raises:
        UserError: a duo or provider that cannot be used.
    """

    def __init__(
        self,
        duo: Duo | Path | str | None = None,
        provider: str = "cpu",
        threads: int | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        begin = time.perf_counter()
        self.duo = Duo.load(None if duo is None else Path(duo)) if duo is None or isinstance(duo, str | Path) else duo
        self.generator = self.duo.open_generator(provider, threads)
        self.verifier = self.duo.open_verifier(provider, threads)
        self._owns_sandbox = sandbox is None
        self.sandbox = Sandbox() if sandbox is None else sandbox
        self._runners = ThreadPoolExecutor(self.sandbox.workers, thread_name_prefix="solver")
        self._load_ms = _ms_since(begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the sandbox's workers, if the sandbox is the solver's own. Safe to call twice."""
        self._runners.shutdown(cancel_futures=True)
        if self._owns_sandbox:
            self.sandbox.close()

    def solve(
        self,
        question: str,
        *,
        candidates: int = DEFAULT_CANDIDATES,
        sampling: Sampling | None = None,
        rerank: str = DEFAULT_METHOD,
    ) -> Answer:
        """Answer one question from ``candidates`` sampled programs.

        Raises:
            UserError: an empty question, one too long for the context, or an option out of its range.
        """
        *_, answer = self.stream(question, candidates=candidates, sampling=sampling, rerank=rerank)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self,
        question: str,
        *,
        candidates: int = DEFAULT_CANDIDATES,
        sampling: Sampling | None = None,
        rerank: str = DEFAULT_METHOD,
    ) -> Iterator[Candidate | Answer]:
        """As :meth:`solve`, but every candidate is yielded as soon as it has run (not yet scored), the answer last.

        Raises as :meth:`solve`, at once rather than at the first step.
        """
        sampling = sampling or Sampling()
        if not 1 <= candidates <= MAX_CANDIDATES:
            raise UserError(f"candidates must be between 1 and {MAX_CANDIDATES}, got {candidates}")
        if rerank not in METHODS:
            raise UserError(f"unknown rerank method {rerank!r}: choose one of {', '.join(METHODS)}")
        tokens = self.encode(question, sampling)
        return self._stream(question, tokens, candidates, sampling, rerank)

    def encode(self, question: str, sampling: Sampling | None = None) -> list[int]:
        """The prompt of a question in tokens.

        Raises:
            UserError: an empty question, or one too long for the context: says its length and the limit.
        """
        tokens = self.duo.encode(prompt(question))
        limit = self.duo.context - min((sampling or Sampling()).max_tokens, LEAST_ROOM)
        if len(tokens) > limit:
            raise UserError(
                f"the question is too long: {len(tokens)} tokens, the limit is {limit} "
                f"(the duo's context of {self.duo.context} less room for the program)"
            )
        return tokens

    def _stream(
        self, question: str, tokens: Sequence[int], count: int, sampling: Sampling, rerank: str
    ) -> Iterator[Candidate | Answer]:
        begin = time.perf_counter()
        drawn = _Drawn(self.duo, self._start)
        for k, completion in self.generator.stream(tokens, count, sampling):
            drawn.add(k, completion)
            yield from drawn.take_ready()
        timing = {"load": self._load_ms, **self.generator.timing}
        clock = time.perf_counter()
        drawn.wait()
        timing["run"] = _ms_since(clock)
        yield from drawn.take_ready()
        clock = time.perf_counter()
        candidates = self._score(tokens, drawn)
        timing["verify"] = _ms_since(clock)
        choice = choose(candidates, rerank)
        timing["total"] = self._load_ms + _ms_since(begin)
        self._load_ms = 0.0
        yield Answer(
            question=question,
            answer=choice.answer,
            confidence=choice.confidence,
            program=choice.winner.program if choice.winner else None,
            votes=choice.votes,
            candidates=tuple(candidates),
            timing_ms=timing,
            seed=sampling.seed,
            duo=self.duo.name,
            provider=self.generator.provider,
        )

    def _start(self, program: str) -> "Future[Execution]":
        return self._runners.submit(self.sandbox.run, program)

    def _score(self, prompt_tokens: Sequence[int], drawn: "_Drawn") -> list[Candidate]:
        """All candidates in order of their index, those with an answer scored, equal programs once."""
        candidates = drawn.all()
        answered = {c.program: c.index for c in reversed(candidates) if c.answer is not None}
        if not answered:
            return candidates
        scores = self.verifier.score(prompt_tokens, [drawn.continuation(k) for k in answered.values()]).tolist()
        if not all(map(math.isfinite, scores)):
            raise UserError("the verifier's scores are not finite numbers: the model file is broken")
        of_program = dict(zip(answered, scores, strict=True))
        return [replace(c, score=of_program[c.program]) if c.answer is not None else c for c in candidates]


class _Drawn:
    """The candidates of one question while they come in: each distinct program is started once."""

    def __init__(self, duo: Duo, start: Callable[[str], "Future[Execution]"]) -> None:
        self._duo, self._start = duo, start
        self._completions: dict[int, Completion] = {}
        self._programs: dict[int, str] = {}
        self._runs: dict[str, Future[Execution]] = {}
        self._waiting: list[int] = []

    def add(self, k: int, completion: Completion) -> None:
        program = function(self._duo.decode(completion.tokens))
        self._completions[k], self._programs[k] = completion, program
        if completion.finished and program not in self._runs:
            self._runs[program] = self._start(program)
        self._waiting.append(k)

    def take_ready(self) -> list[Candidate]:
        """Candidates whose programs have ended since the last call."""
        ready = [k for k in self._waiting if not self._completions[k].finished or self._runs[self._programs[k]].done()]
        self._waiting = [k for k in self._waiting if k not in ready]
        return [self._candidate(k) for k in ready]

    def wait(self) -> None:
        futures.wait(self._runs.values())

    def all(self) -> list[Candidate]:
        return [self._candidate(k) for k in sorted(self._completions)]

    def continuation(self, k: int) -> list[int]:
        """What the verifier reads after the prompt: the candidate's tokens and the line with its number."""
        value = self._execution(k).value
        assert value is not None
        return [*self._completions[k].tokens, *self._duo.encode(outcome_line(value))]

    def _execution(self, k: int) -> Execution:
        # A program cut off at the token limit is not run: "return 12" may have been about to become "return 125".
        return self._runs[self._programs[k]].result() if self._completions[k].finished else _CUT_OFF

    def _candidate(self, k: int) -> Candidate:
        execution, completion = self._execution(k), self._completions[k]
        answer = None if execution.value is None else tidy(execution.value)
        tokens, logprob = len(completion.tokens), completion.logprob
        return Candidate(k, self._programs[k], tokens, logprob, execution.outcome, answer)


_CUT_OFF = Execution("syntax_error", message="the program was cut off at the token limit")


def _ms_since(begin: float) -> float:
    return 1e3 * (time.perf_counter() - begin)


def _finite(value: float | None) -> float | None:
    """The value as JSON can hold it."""
    return None if value is None or not math.isfinite(value) else round(value, 6)
