"""``python -m benchmarks data``: how fast problems are drawn and filtered on one core, and how many there are to draw.

*Drawn*: template or graph to rendered question, program and answer. *Filtered*: through every filter of a build, the
sandbox included, by one worker. *Supply*: so many problems are drawn in the way of a build, and the near-duplicates
among them counted; of templates the build keeps none, so what counts is how many are left.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.samples import summary, table, without_samples
from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path
from tinygsm_edge.problems.composition.compose import Composer
from tinygsm_edge.problems.dataset.near_duplicates import NearDuplicates
from tinygsm_edge.problems.dataset.units import Unit
from tinygsm_edge.problems.dataset.worker import Settings, Workbench
from tinygsm_edge.problems.decontaminate import Decontaminator, build_hashes
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.templates.lexicon import LIBRARY
from tinygsm_edge.problems.templates.loader import load_library

_ROUND = 4000  # problems in one measurement of drawing
_UNIT = 500  # and of filtering


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and as the last line one JSON object."""
    parser = cli.Parser(prog="python -m benchmarks data", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each speed (default 15)")
    parser.add_argument("--supply", type=int, default=0, metavar="N", help="draw N problems and count near-duplicates")
    parser.add_argument("--composed", type=float, default=0.35, help="share of composed ones in it (default 0.35)")
    parser.add_argument("--decontaminate", type=Path, metavar="FOLDER", help="evaluation hashes to filter with")
    parser.add_argument("--json", type=Path, help="write the results with every sample here")
    options = parser.parse_args(argv)
    if options.rounds < 1 or options.supply < 0 or not 0 <= options.composed <= 1:
        raise UserError("--rounds must be at least 1, --supply at least 0, --composed between 0 and 1")
    results: dict[str, Any] = {"machine": machine.describe(), "speed": speeds(options)}
    rows = [
        [name, f"{figures['p50']:,.0f}", f"{figures['mad']:,.0f}", f"{figures['n']}"]
        for name, figures in results["speed"].items()
    ]
    print(table(["problems per second and core", "median", "mad", "rounds"], rows))
    if options.supply:
        results["supply"] = supply(options.supply, options.composed)
        print("\n" + table(["supply", ""], [[name, f"{count:,}"] for name, count in results["supply"].items()]))
    if options.json:
        with atomic_path(options.json) as temporary:
            temporary.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(without_samples(results)))
    return cli.EXIT_OK


def speeds(options: argparse.Namespace) -> dict[str, Any]:
    """Problems per second of one process: drawing of each source, and everything that a build does."""
    rng = random.Random(0)
    templates, composer = load_library(), Composer()

    def template() -> Problem:
        return templates[int(rng.random() * len(templates))].draw(rng)

    drawn = {"templates drawn": template, "composed drawn": lambda: composer.draw(rng)}
    figures = {name: summary(_rates(draw, options.rounds)) for name, draw in drawn.items()}
    with tempfile.TemporaryDirectory() as folder:
        build_hashes([], Path(folder))
        evaluation = Decontaminator(options.decontaminate) if options.decontaminate else None
        settings = Settings(0, LIBRARY, Decontaminator(Path(folder)), evaluation)
    with closing(Workbench(settings)) as bench:
        bench.make(Unit("composed", 0, 10))
        bench.make(Unit("template", 0, 10, templates[0].id))
        # A build of a million draws some hundreds of each template; a few of many say the same sooner.
        names = iter(rng.sample([template.id for template in templates], min(len(templates), 20 * options.rounds)))
        figures["templates filtered"] = summary(_filtered(bench, names, options.rounds))
        composed = (_timed(bench, [Unit("composed", 1 + turn, _UNIT)]) for turn in range(options.rounds))
        figures["composed filtered"] = summary(composed)
    return figures


def _rates(draw: Callable[[], Problem], rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(_ROUND):
            draw()
        yield _ROUND / (time.perf_counter() - begin)


def _filtered(bench: Workbench, names: Iterator[str], rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        yield _timed(bench, [Unit("template", 0, _UNIT // 10, name) for name, _ in zip(names, range(10), strict=False)])


def _timed(bench: Workbench, units: Sequence[Unit]) -> float:
    """Problems kept per second."""
    begin = time.perf_counter()
    kept = sum(len(bench.make(unit).problems) for unit in units)
    return kept / (time.perf_counter() - begin)


def supply(wanted: int, composed: float) -> dict[str, int]:
    """Draw ``wanted`` problems, equal shares of all templates and a share of composed ones, and count.

    Near-duplicates of templates are looked for within each template, where a build drops them; those of composed
    problems among all of them.
    """
    templates, composer, rng = load_library(), Composer(), random.Random(1)
    share = round(wanted * (1 - composed) / len(templates))
    drawn = alike = used_up = 0
    for template in templates:
        near, found = NearDuplicates(), 0
        for _ in range(4 * share):
            if found == share:
                break
            drawn += 1
            if near.admits(template.draw(rng).question):
                found += 1
            else:
                alike += 1
        used_up += found < share
    kept = drawn - alike
    near, composed_alike, rest = NearDuplicates(), 0, wanted - kept
    for _ in range(rest):
        composed_alike += not near.admits(composer.draw(rng).question)
    return {
        "template draws": drawn,
        "near-duplicates dropped": alike,
        "template problems kept": kept,
        "templates used up": used_up,
        "composed problems": rest,
        "near-duplicates among composed": composed_alike,
        "distinct problems": kept + rest - composed_alike,
    }
