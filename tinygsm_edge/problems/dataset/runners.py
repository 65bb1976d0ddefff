"""Where units are made: in this process, in processes beside it, or on a Ray cluster; always handed back in order."""

import logging
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from tinygsm_edge.cores import usable_cores
from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.dataset.units import Part, Unit
from tinygsm_edge.problems.dataset.worker import Settings, Workbench

_AHEAD = 3  # units under way for each worker, so that none waits for the one whose turn it is
_RAY_WAVE = 4096  # units handed to Ray at a time; its actors, and the library in each, start anew for every wave


class Runner(Protocol):
    """Makes units one after another; the parts come in the order of the units."""

    def __call__(self, units: Iterable[Unit], settings: Settings) -> Iterator[Part]: ...


def local_runner(workers: int | None = None) -> Runner:
    """Processes of this machine, by default one for each processor; one worker is this process itself."""
    count = workers or usable_cores()
    return _in_process if count == 1 else _in_processes(count)


def _in_process(units: Iterable[Unit], settings: Settings) -> Iterator[Part]:
    with closing(Workbench(settings)) as bench:
        for unit in units:
            yield bench.make(unit)


def _in_processes(count: int) -> Runner:
    def run(units: Iterable[Unit], settings: Settings) -> Iterator[Part]:
        # Spawned, not forked: the parent has threads (progress bars, pools) that a fork would cut in the middle.
        pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (settings,))
        waiting: deque[Future[Part]] = deque()
        try:
            for unit in units:
                waiting.append(pool.submit(_make, unit))
                if len(waiting) > _AHEAD * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise UserError("a worker process died (out of memory?); run the command again, it continues") from error
        finally:
            pool.shutdown(cancel_futures=True)

    return run


_bench: Workbench | None = None


def _begin(settings: Settings) -> None:
    """Set up a worker process: the parent handles Ctrl-C, and without a parent there is nothing left to do."""
    global _bench
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _bench = Workbench(settings)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _make(unit: Unit) -> Part:
    assert _bench is not None
    return _bench.make(unit)


def ray_runner(address: str) -> Runner:
    """The processors of a Ray cluster, through Ray Data. ``address`` is what ``ray.init`` takes: ``auto``,
    ``ray://host:10001``, or ``local`` for one that is started for the occasion.

    Raises:
        UserError: Ray is not installed or there is no cluster at the address.
    """
    try:
        import ray
        from ray.data import ActorPoolStrategy, DataContext
    except ImportError as error:
        raise UserError("--ray needs Ray: pip install 'tinygsm-edge[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"--ray {address}: no Ray cluster answers there ({str(error).splitlines()[0]})") from error
    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    processors = int(ray.cluster_resources().get("CPU", 1))

    def run(units: Iterable[Unit], settings: Settings) -> Iterator[Part]:
        stream = iter(units)
        while wave := list(islice(stream, _RAY_WAVE)):
            rows = ray.data.from_items([{"unit": unit} for unit in wave], override_num_blocks=len(wave))
            actors = ActorPoolStrategy(size=processors)
            made = rows.map(_RayBench, fn_constructor_args=(settings,), compute=actors)  # type: ignore[arg-type]
            yield from (row["part"] for row in made.iter_rows())

    return run


class _RayBench:
    """A workbench as an actor of Ray Data."""

    def __init__(self, settings: Settings) -> None:
        self.bench = Workbench(settings)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"part": self.bench.make(row["unit"])}
