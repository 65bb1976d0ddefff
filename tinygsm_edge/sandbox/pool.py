"""The sandbox itself: a pool of pydantic-monty workers, one fresh session for every program.

Three feeds go into a session: a prelude of our own, the program, and the call. Nothing that a program made ever becomes
an object in this process: the value of the program's own feed is not read (a list that holds itself twice, sixty times
over, would take 2**60 objects to build here), and the call is wrapped in a format string, so that what comes back is a
short text whatever the program returned or redefined. Limits are set on every session; the pool kills a worker that
outlives them in native code.
"""

import datetime
import importlib.metadata
import os
import sysconfig
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pydantic_monty as monty

from tinygsm_edge.errors import UserError
from tinygsm_edge.prompt import ENTRY_POINT, function
from tinygsm_edge.sandbox.execution import MAX_INTEGER_BITS, Execution, parse_number, plain
from tinygsm_edge.sandbox.gate import is_straight, refusal

KILL_GRACE = 0.25
"""Seconds past the time limit after which the pool kills a worker that has not stopped by itself."""

SHARED = 32
"""Straight-line programs that share a session in :meth:`Sandbox.run_straight`."""

MAX_REPLY = 400
"""Characters of the reply to the call: any number the sandbox accepts is shorter."""

# The VM's round(x, n) scales by 10**n first and so differs from CPython's in the last digit; formatting is exact.
PRELUDE = f"""\
def round(number, ndigits=None, _builtin=round):
    if type(number) is float and type(ndigits) is int and 0 <= ndigits <= 330:
        return float(f"{{number:.{{ndigits}}f}}")
    return _builtin(number) if ndigits is None else _builtin(number, ndigits)

def _tinygsm_reply(value, _type=type, _int=int, _float=float, _limit=2**{MAX_INTEGER_BITS}):
    if _type(value) is _float or _type(value) is _int and -_limit < value < _limit:
        return value
    return f"{{_type(value).__name__}}"
"""
CALL = f'f"{{_tinygsm_reply({ENTRY_POINT}())!r}}"[:{MAX_REPLY}]'

# A result depends on the program's text alone: the clock stands still, sleep is over at once, random is seeded.
OS_POLICY: monty.OSPolicy = {
    "datetime": datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.UTC),
    "timezone": "utc",
    "sleep": "zero",
    "process_time": "zero",
    "random_start": {"seed": 0},
}


class Sandbox:
    """Runs untrusted programs in isolated worker processes; safe to use from several threads.

    Args:
        workers: worker processes at most; by default one per processor, at most 8. One is started at once.
        time_limit: seconds of execution for defining the program and again for calling it. The hard end, a kill, comes
            :data:`KILL_GRACE` seconds later.
        memory_limit: bytes of heap per program.

    Raises:
        UserError: the interpreter's program file is not installed, or cannot be started.
    """

    def __init__(self, workers: int | None = None, time_limit: float = 0.5, memory_limit: int = 32 * 2**20) -> None:
        if time_limit <= 0 or memory_limit <= 0 or (workers is not None and workers < 1):
            raise UserError("sandbox: workers, time limit and memory limit must be above zero")
        self.workers = workers or min(os.cpu_count() or 1, 8)
        self.time_limit = time_limit
        self._limits: monty.ResourceLimits = {
            "max_feed_duration_secs": time_limit,
            "max_turn_duration_secs": time_limit,
            "max_memory": memory_limit,
            "max_recursion_depth": 200,
            "max_suspensions": 100,
            "max_total_sleep_secs": 0.0,
        }
        pool = monty.Monty(
            binary_path=monty_binary(),
            max_processes=self.workers,
            request_timeout=time_limit + KILL_GRACE,
            feed_duration_limit_grace=KILL_GRACE,
            turn_duration_limit_grace=KILL_GRACE,
        )
        try:
            self._pool = pool.__enter__()
        except (OSError, monty.MontyError, RuntimeError) as error:
            raise UserError(f"sandbox: cannot start the pydantic-monty worker ({plain(str(error))})") from error
        # Runs at the latest when the interpreter exits, so that no worker is left behind by a forgotten close().
        self._closer = weakref.finalize(self, pool.__exit__, None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the workers. Safe to call twice; the sandbox cannot be used afterwards."""
        self._closer()

    def run(self, program: str) -> Execution:
        """Run the full source of a program that defines ``simple_math_problem()`` and call that function.

        Never raises for anything a program does: the outcome tells.
        """
        if not self._closer.alive:
            raise RuntimeError("the sandbox is closed")
        if reason := refusal(program):
            return Execution("forbidden", message=plain(reason))
        try:
            return self._run_in_session(program)
        except monty.MontyCrashedError as crash:
            if crash.timed_out:
                return self._timeout()
        # A worker can also have died while idle (out-of-memory killer, a signal to the group); that is not the
        # program's doing, so it gets one more worker before the crash counts as its own.
        try:
            return self._run_in_session(program)
        except monty.MontyCrashedError as crash:
            return self._timeout() if crash.timed_out else Execution("runtime_error", message=plain(str(crash)))

    def run_many(self, programs: Sequence[str]) -> list[Execution]:
        """Run programs side by side, one thread per worker; the results are in the order of the programs."""
        if len(programs) <= 1 or self.workers == 1:
            return [self.run(program) for program in programs]
        threads = ThreadPoolExecutor(min(self.workers, len(programs)), thread_name_prefix="sandbox")
        try:
            return list(threads.map(self.run, programs))
        finally:
            threads.shutdown(cancel_futures=True)

    def run_straight(self, bodies: Sequence[str]) -> list[Execution]:
        """Run the bodies of many functions, most of them straight lines of arithmetic, in far fewer sessions.

        Assignments and arithmetic without strings, attributes or indices cannot touch anything beyond their function,
        so programs of that kind (:func:`.gate.is_straight`) share a session, :data:`SHARED` at a time. Where one of
        them fails, and for every other kind of program, each gets a session of its own as in :meth:`run`. Times
        (``ms``) of shared sessions are divided equally.
        """
        results: dict[int, Execution] = {}
        straight = [place for place, body in enumerate(bodies) if is_straight(body)]
        for start in range(0, len(straight), SHARED):
            places = straight[start : start + SHARED]
            for place, execution in zip(places, self._run_shared([bodies[place] for place in places]), strict=False):
                results[place] = execution
        rest = [place for place in range(len(bodies)) if place not in results]
        executions = self.run_many([function(bodies[place]) for place in rest])
        results |= dict(zip(rest, executions, strict=True))
        return [results[place] for place in range(len(bodies))]

    def _run_shared(self, bodies: Sequence[str]) -> list[Execution]:
        """The executions of straight programs, or none at all where not all of them end well."""
        functions = [function(body).replace(ENTRY_POINT, f"{ENTRY_POINT}_{n}", 1) for n, body in enumerate(bodies)]
        replies = "|".join(f"{{_tinygsm_reply({ENTRY_POINT}_{n}())!r}}" for n in range(len(bodies)))
        call = f'f"{replies}"[:{MAX_REPLY * len(bodies)}]'
        try:
            execution, reply = self._in_session("\n".join(functions), call)
        except monty.MontyCrashedError:
            return []
        executions = [replace(_read(text), ms=execution.ms / len(bodies)) for text in str(reply).split("|")]
        good = execution.outcome == "ok" and len(executions) == len(bodies)
        return executions if good and all(each.outcome == "ok" for each in executions) else []

    def _run_in_session(self, program: str) -> Execution:
        execution, reply = self._in_session(program, CALL)
        return replace(_read(reply), ms=execution.ms) if execution.outcome == "ok" else execution

    def _in_session(self, program: str, call: str) -> tuple[Execution, object]:
        """Define a program and make a call in a fresh session: how that went, and the reply."""
        reply: object = None
        with self._pool.checkout(
            script_name="program.py", limits=self._limits, os_policy=OS_POLICY, assert_message_annotations=False
        ) as session:
            begin = time.perf_counter()
            try:
                session.feed_run(PRELUDE, print_callback=_discard)
                step = session.feed_start(program, print_callback=_discard)
                while not isinstance(step, monty.MontyComplete):
                    step = step.resume_auto()
                reply = session.feed_run(call, print_callback=_discard)
                execution = Execution("ok")
            except monty.MontyCrashedError:
                raise
            except monty.MontySyntaxError as error:
                execution = Execution("syntax_error", message=plain(str(error)))
            except monty.MontyError as error:
                execution = self._failure(error, time.perf_counter() - begin)
            return replace(execution, ms=(time.perf_counter() - begin) * 1e3), reply

    def _failure(self, error: monty.MontyError, seconds: float) -> Execution:
        """The outcome that an exception inside the VM stands for."""
        kind, text = type(error.exception()), plain(str(error))
        if kind is TimeoutError and seconds >= self.time_limit:  # a program may raise one itself, but not that late
            return Execution("timeout", message=text)
        if kind is MemoryError:
            return Execution("memory_limit", message=text)
        if issubclass(kind, (PermissionError, ImportError)) or "not supported in this environment" in text:
            return Execution("forbidden", message=text)
        return Execution("runtime_error", message=text)

    def _timeout(self) -> Execution:
        limit = self.time_limit + KILL_GRACE
        return Execution("timeout", message=f"stopped after {limit:g} s", ms=limit * 1e3)


def monty_binary() -> Path:
    """The interpreter's program file as the installed pydantic-monty-runtime lists it.

    Given to the pool explicitly: its own search would take one named by an environment variable or lying on the PATH.

    Raises:
        UserError: it is not installed.
    """
    name = "monty.exe" if os.name == "nt" else "monty"
    places = [Path(sysconfig.get_path("scripts")) / name]
    try:
        listed = importlib.metadata.files("pydantic-monty-runtime") or []
        places += [Path(str(file.locate())) for file in listed if file.name == name]
    except importlib.metadata.PackageNotFoundError:
        pass
    for place in places:
        if place.is_file():
            return place.resolve()
    raise UserError("the sandbox's interpreter is not installed: pip install pydantic-monty==1.4.0")


def _read(reply: object) -> Execution:
    """The execution that the reply to :data:`CALL` stands for."""
    if type(reply) is not str:
        return Execution("not_a_number", message="no reply from the program")
    value = parse_number(reply)
    if value is not None:
        return Execution("ok", value=value)
    return Execution("not_a_number", message=f"returned {plain(reply)} where a finite number was expected")


def _discard(stream: str, text: str) -> None:
    """What becomes of a program's prints."""
