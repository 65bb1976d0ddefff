"""Run a program that a model wrote, with no way for it to touch the machine, and say what came of it.

    with Sandbox() as sandbox:
        execution = sandbox.run("def simple_math_problem() -> float:\\n    return 6 * 7\\n")
        execution.outcome, execution.value      # ("ok", 42)

The interpreter is pydantic-monty: a Python VM in Rust without files, sockets, processes or CPython objects, run in
worker processes of its own (:mod:`.pool`). Before it stands a cheap gate (:mod:`.gate`), behind it a strict reading of
the returned number (:mod:`.execution`).
"""

from tinygsm_edge.sandbox.execution import OUTCOMES, Execution
from tinygsm_edge.sandbox.pool import Sandbox

__all__ = ["OUTCOMES", "Execution", "Sandbox"]
