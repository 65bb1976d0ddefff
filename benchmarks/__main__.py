"""``python -m benchmarks <verb>``: one module per verb, imported only when it is asked for."""

import importlib
import sys
from collections.abc import Sequence

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError

VERBS = {
    "latency": "load, first token, decode step, stages per number of candidates; cold start, import, installed size",
    "data": "problems drawn and filtered per second; how many distinct ones there are",
    "machine": "nothing: describes the machine as every result does",
}
"""Verb, which is also the module's name in this package, and what it measures. Each module has ``main(argv)``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb that comes first with the flags that follow; raises UserError for another word."""
    verb, *flags = [*(sys.argv[1:] if argv is None else argv)] or ["--help"]
    if verb in ("-h", "--help"):
        print("usage: python -m benchmarks <verb> [--help | flags]\n")
        for name, meaning in VERBS.items():
            print(f"  {name:<12}{meaning}")
        return cli.EXIT_OK
    if verb not in VERBS:
        raise UserError(f"unknown benchmark {verb!r}: choose one of {', '.join(VERBS)}")
    return importlib.import_module(f"benchmarks.{verb}").main(flags)


if __name__ == "__main__":
    cli.run(main)
