"""``show``: sample problems with their programs and answers."""

import argparse
import random
from collections.abc import Callable

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.composition.compose import Composer
from tinygsm_edge.problems.problem import Problem, read_problems
from tinygsm_edge.problems.templates.lexicon import load_lexicon
from tinygsm_edge.problems.templates.loader import TemplateError, load_library, read_templates
from tinygsm_edge.problems.templates.template import Template


def run(options: argparse.Namespace) -> None:
    """Print the samples that the options ask for."""
    rng = random.Random(options.seed)
    draw = _drawer(options, rng)
    for _ in range(options.n):
        problem = draw()
        print(f"[{problem.id}]\n{problem.question}\n\n{problem.solution}\n# {problem.answer}\n")


def _drawer(options: argparse.Namespace, rng: random.Random) -> Callable[[], Problem]:
    if options.data:
        everything = read_problems(options.data)
        problems = [p for p in everything if options.situation in (None, p.situation, p.source)]
        if not everything:
            raise UserError(f"{options.data}: no problems there")
        if not problems:
            raise UserError(f"{options.data}: no problem of the situation or source `{options.situation}`")
        return lambda: rng.choice(problems)
    if options.source == "composed":
        composer = Composer()
        if options.situation is None:
            return lambda: composer.draw(rng)
        theme = composer.themes.get(options.situation)
        if theme is None:
            raise UserError(f"no theme `{options.situation}`; themes: {', '.join(composer.themes)}")
        return lambda: composer.at(theme, rng.getrandbits(48))
    templates = _templates(options)
    chosen = [template for template in templates if options.situation in (None, template.situation, template.id)]
    if not chosen:
        situations = sorted({template.situation for template in templates})
        raise UserError(f"no template or situation `{options.situation}`; situations: {', '.join(situations)}")
    return lambda: rng.choice(chosen).draw(rng)


def _templates(options: argparse.Namespace) -> list[Template]:
    if not options.files:
        return load_library()
    lexicon = load_lexicon()
    templates = []
    for path in options.files:
        for template in read_templates(path, lexicon):
            if isinstance(template, TemplateError):
                raise template
            templates.append(template)
    return templates
