"""``stats``: what the template library and the phrase bank hold, or a set of problems, also against another set."""

import argparse
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path
from tinygsm_edge.problems.compare import distances, profile
from tinygsm_edge.problems.composition.compose import Composer
from tinygsm_edge.problems.dataset.card import bars
from tinygsm_edge.problems.dataset.census import Census
from tinygsm_edge.problems.gsm8k import read_gsm8k, split
from tinygsm_edge.problems.problem import Problem, read_problems
from tinygsm_edge.problems.shape import steps, structure
from tinygsm_edge.problems.templates.lexicon import LIBRARY, load_lexicon
from tinygsm_edge.problems.templates.loader import load_library

COMPOSED = 20_000  # draws from which the structures of composed problems are counted
_PLOTTED = ("steps", "lengths")
_TITLES = {"steps": "operations of a solution", "lengths": "words of a question"}


def library_counts(folder: Path = LIBRARY, composed: int = COMPOSED) -> dict[str, Any]:
    """Counts of the library: one draw of each template, and ``composed`` draws of the phrase bank."""
    templates, composer, lexicon = load_library(folder), Composer(), load_lexicon()
    rng = random.Random(0)
    drawn = [template.at(0) for template in templates]
    composed_draws = [composer.draw(rng) for _ in range(composed)]
    ours = {structure(problem.solution or "") for problem in drawn}
    theirs = {structure(problem.solution or "") for problem in composed_draws}
    counted = Counter(steps(problem.solution or "") for problem in drawn)
    return {
        "templates": len(templates),
        "situations": len({template.situation for template in templates}),
        "wordings": sum(len(template.wordings) for template in templates),
        "fewest_wordings": min(len(template.wordings) for template in templates),
        "with_distractor": sum(any(template.idle) for template in templates),
        "structures": len(ours | theirs),
        "template_structures": len(ours),
        "composed_structures": len(theirs),
        "composed_draws": composed,
        "themes": len(composer.bank.themes),
        "people": len(lexicon.people["person"]),
        "things": len({thing.one for group in lexicon.things.values() for thing in group}),
        "steps": {str(count): counted[count] for count in sorted(counted)},
        "templates_per_situation": dict(Counter(template.situation for template in templates).most_common()),
    }


def run(options: argparse.Namespace) -> None:
    """Print (and draw) what the options ask for."""
    if not options.data:
        if options.png or options.against:
            raise UserError("--png and --against are about a set of problems: name it with --data")
        counts = library_counts(options.templates or LIBRARY)
        print(json.dumps(counts) if options.json else _as_text(counts))
        return
    problems = _read(options.data)
    other = _read(options.against) if options.against else []
    counts = Census().add_all(problems).to_json()
    if other:
        counts["distances"] = distances(problems, other)
    print(json.dumps(counts) if options.json else _as_text(counts))
    if options.png:
        draw(options.png, [(options.data.stem, problems), *([(options.against.stem, other)] if other else [])])


def _read(path: Path) -> list[Problem]:
    """The problems of a set or a file; of GSM8K's own file the training part, with converted solutions.

    Raises:
        UserError: there is none with a solution.
    """
    problems = read_problems(path)
    if not path.is_dir() and problems and not any(problem.solution for problem in problems):
        problems = split(read_gsm8k(path))[0]
    solved = [problem for problem in problems if problem.solution]
    if not solved:
        raise UserError(f"{path}: no problems with solutions there")
    return solved


def _as_text(counts: Mapping[str, Any]) -> str:
    lines = []
    for name, value in counts.items():
        title = name.replace("_", " ")
        if isinstance(value, dict) and all(isinstance(count, int) for count in value.values()):
            lines += ["", title, bars(value), ""]
        elif isinstance(value, dict):
            lines += ["", title, *(f"  {key}: {_shown(item)}" for key, item in value.items()), ""]
        else:
            lines.append(f"{title:<24}{_shown(value):>14}")
    return "\n".join(lines).strip()


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def draw(path: Path, sets: Sequence[tuple[str, Sequence[Problem]]]) -> None:
    """Draw the distributions of steps and lengths of one or two sets side by side into a PNG file.

    Raises:
        UserError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError("--png needs matplotlib: pip install 'tinygsm-edge[data]'") from error
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    profiles = [(name, profile(problems)) for name, problems in sets]
    for axes, kind in zip(figure.subplots(1, len(_PLOTTED)), _PLOTTED, strict=True):
        width = (0.8 if kind == "steps" else 8.0) / len(profiles)
        for place, (name, counts) in enumerate(profiles):
            total = max(1, counts[kind].total())
            at = [key + place * width for key in sorted(counts[kind])]
            axes.bar(at, [100 * counts[kind][key] / total for key in sorted(counts[kind])], width, label=name)
        axes.set_xlabel(_TITLES[kind])
        axes.set_ylabel("% of problems")
        axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
