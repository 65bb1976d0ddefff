"""``python -m tinygsm_edge.problems``: look at the problem data, check templates, build a training set."""

import argparse
import random
import sys
from pathlib import Path

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError


def main() -> int | None:
    parser = cli.Parser(prog="python -m tinygsm_edge.problems", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("lint", help="check templates: a line for each fault, exit 2 if any")
    check.add_argument("files", nargs="*", type=Path, help="template files (default: the whole library)")
    show = commands.add_parser("show", help="print sample problems with their programs and answers")
    show.add_argument("--situation", help="only this situation, or the template with this id")
    show.add_argument("-n", type=int, default=5, help="how many (default 5)")
    show.add_argument("--seed", type=int, default=0)
    show.add_argument("--files", nargs="+", type=Path, help="template files (default: the whole library)")
    make = commands.add_parser("build", help="mix a training set and write it as JSON lines")
    make.add_argument("--out", type=Path, required=True, help="where the training set goes")
    make.add_argument("--size", type=int, required=True, help="how many rows")
    make.add_argument("--seed", type=int, default=0)
    make.add_argument("--gsm8k", type=Path, metavar="TRAIN.jsonl", help="GSM8K train, for `real` and `resampled`")
    make.add_argument("--mathcamps", type=Path, metavar="FILE", help="MathCAMPS's problems, for `mathcamps`")
    make.add_argument("--decontaminate", type=Path, metavar="FOLDER", help="hashes of evaluation questions to keep out")
    make.add_argument(
        "--mix",
        metavar="SOURCE=SHARE,...",
        help="default: real=0.1,resampled=0.5,template=0.35,mathcamps=0.05 of what is given",
    )
    make.add_argument("--templates", type=Path, metavar="FOLDER", help="template library (default: the one that ships)")
    make.add_argument("--validation", type=Path, metavar="FILE.jsonl", help="write GSM8K's held-out problems here")
    options = parser.parse_args()
    return {"lint": run_lint, "show": run_show, "build": run_build}[options.command](options)


def run_lint(options: argparse.Namespace) -> int:
    from tinygsm_edge.problems.templates.lint import lint

    faults = lint(options.files)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "no faults", file=sys.stderr)
    return cli.EXIT_USAGE if faults else cli.EXIT_OK


def run_show(options: argparse.Namespace) -> None:
    from tinygsm_edge.problems.templates.lexicon import load_lexicon
    from tinygsm_edge.problems.templates.loader import TemplateError, load_library, read_templates

    if options.files:
        lexicon = load_lexicon()
        templates = [template for path in options.files for template in read_templates(path, lexicon)]
        for template in templates:
            if isinstance(template, TemplateError):
                raise template
    else:
        templates = list(load_library())
    wanted = options.situation
    chosen = [t for t in templates if not isinstance(t, TemplateError) and wanted in (None, t.situation, t.id)]
    if not chosen:
        situations = sorted({t.situation for t in templates if not isinstance(t, TemplateError)})
        raise UserError(f"no template or situation `{wanted}`; situations: {', '.join(situations)}")
    rng = random.Random(options.seed)
    for _ in range(options.n):
        problem = rng.choice(chosen).draw(rng)
        print(f"[{problem.id}]\n{problem.question}\n\n{problem.solution}\n# {problem.answer}\n")


def run_build(options: argparse.Namespace) -> None:
    from tinygsm_edge.problems.build import build, parse_mix
    from tinygsm_edge.problems.gsm8k import read_gsm8k, split
    from tinygsm_edge.problems.mathcamps import read_mathcamps
    from tinygsm_edge.problems.problem import write_problems
    from tinygsm_edge.problems.templates.lexicon import LIBRARY

    mix = parse_mix(options.mix) if options.mix else None
    if options.validation and not options.gsm8k:
        raise UserError("--validation writes GSM8K's held-out problems: give --gsm8k TRAIN.jsonl too")
    train, validation = split(read_gsm8k(options.gsm8k)) if options.gsm8k else ([], [])
    camps = read_mathcamps(options.mathcamps) if options.mathcamps else []
    if options.validation:
        write_problems(options.validation, validation)
    built = build(options.size, options.seed, mix, real=train, mathcamps=camps, validation=validation,
                  decontaminate=options.decontaminate, library=options.templates or LIBRARY)  # fmt: skip
    write_problems(options.out, built.problems)
    print(built.table())


if __name__ == "__main__":
    cli.run(main)
