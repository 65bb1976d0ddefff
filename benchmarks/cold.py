"""What a person waits for who types a command: whole processes, from their start to their end.

"Cold" is the process; its files are in the system's cache after a first run, which is not counted.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tinygsm_edge
from benchmarks.samples import summary
from tinygsm_edge import cli
from tinygsm_edge.errors import UserError

CANDIDATES = 8
_IMPORT = "import time; clock = time.perf_counter(); import {}; print(1e3 * (time.perf_counter() - clock))"
_ROOT = Path(tinygsm_edge.__file__).parents[1]


def measure(question: str, flags: Sequence[str], rounds: Iterable[int]) -> dict[str, Any]:
    """Summaries in ms over ``rounds``, in which the five take turns, after one uncounted round.

    ``interpreter`` starts Python and nothing else; ``import`` and ``import_solver`` are the time inside a process that
    ``import tinygsm_edge`` and ``import tinygsm_edge.solver`` take; ``help`` and ``solve`` are whole commands, the
    latter with ``flags`` and :data:`CANDIDATES` candidates of ``question``.

    Raises:
        UserError: a command failed: its own last line.
    """
    solve = ("-m", "tinygsm_edge.solve")
    runs = {
        "interpreter": lambda: _wall_ms("-c", "pass"),
        "import": lambda: float(_python("-c", _IMPORT.format("tinygsm_edge"))),
        "import_solver": lambda: float(_python("-c", _IMPORT.format("tinygsm_edge.solver"))),
        "help": lambda: _wall_ms(*solve, "--help"),
        "solve": lambda: _wall_ms(*solve, "-n", str(CANDIDATES), *flags, question),
    }
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in rounds:
        for name, run in runs.items():
            samples[name].append(run())
    return {name: summary(values) for name, values in samples.items()}


def _wall_ms(*arguments: str) -> float:
    clock = time.perf_counter()
    _python(*arguments)
    return 1e3 * (time.perf_counter() - clock)


def _python(*arguments: str) -> str:
    """Standard output of a fresh interpreter that imports the same package as this one."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode not in (cli.EXIT_OK, cli.EXIT_NO_ANSWER):
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise UserError(f"`python {' '.join(arguments[:2])}` failed: {lines[-1].removeprefix('error: ')}")
    return done.stdout
