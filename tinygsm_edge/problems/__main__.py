"""``python -m tinygsm_edge.problems``: look at the problem data, check it, build a training set, ask a teacher."""

import argparse
import os
import sys
import urllib.parse
from pathlib import Path

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.teacher.prompts import MODES


def main() -> int | None:
    parser = cli.Parser(prog="python -m tinygsm_edge.problems", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_build(commands)
    _add_show(commands)
    _add_stats(commands)
    check = commands.add_parser("lint", help="check templates: a line for each fault, exit 2 if any")
    check.add_argument("files", nargs="*", type=Path, help="template files (default: the whole library)")
    near = commands.add_parser("coverage", help="nearest situation of each validation question; what has none")
    near.add_argument("--gsm8k", type=Path, metavar="TRAIN.jsonl", required=True, help="GSM8K train")
    near.add_argument("--train", action="store_true", help="look at the training part instead of the validation split")
    near.add_argument("--templates", type=Path, metavar="FOLDER", help="template library (default: the one that ships)")
    near.add_argument("-n", type=int, default=10, help="how many of the farthest questions to print (default 10)")
    near.add_argument("--json", action="store_true", help="one JSON object instead of text")
    _add_teach(commands)
    options = parser.parse_args()
    runs = {"build": run_build, "show": run_show, "stats": run_stats, "lint": run_lint, "coverage": run_coverage,
            "teach": run_teach}  # fmt: skip
    return runs[options.command](options)


def _add_build(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    make = commands.add_parser("build", help="mix a training set: shards of compressed JSON lines and a data card")
    make.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the training set goes")
    make.add_argument("--size", type=int, required=True, help="how many problems")
    make.add_argument("--seed", type=int, default=0)
    make.add_argument("--mix", metavar="SOURCE=SHARE,...", help="shares of real, mathcamps, resampled, tinygsm, "
                      "teacher, template, composed (default: of all that is given)")  # fmt: skip
    make.add_argument("--gsm8k", type=Path, metavar="TRAIN.jsonl", help="GSM8K train, for `real` and `resampled`")
    make.add_argument("--mathcamps", type=Path, metavar="FILE", help="MathCAMPS's problems, for `mathcamps`")
    make.add_argument("--tinygsm", metavar="NAME_OR_FILE", help="TinyGSM/TinyGSM from the hub, or rows in a local file")
    make.add_argument("--teacher", type=Path, metavar="FILE", help="problems that `teach` has gathered")
    make.add_argument("--decontaminate", type=Path, metavar="FOLDER|FILE",
                      help="evaluation questions to keep out: a folder of hashes, or a file of problems")  # fmt: skip
    make.add_argument("--templates", type=Path, metavar="FOLDER", help="template library (default: the one that ships)")
    make.add_argument("--validation", type=Path, metavar="FILE.jsonl", help="write GSM8K's held-out problems here")
    make.add_argument("--shard-rows", type=int, default=100_000, help="problems in one file (default 100,000)")
    make.add_argument("--keep-near-duplicates", action="store_true",
                      help="drop exact duplicates only: for many draws of a few templates")  # fmt: skip
    make.add_argument("--workers", type=int, help="processes (default: one for each processor)")
    make.add_argument("--ray", metavar="ADDRESS", help="make it on a Ray cluster: auto, ray://host:10001 or local")
    make.add_argument("--force", action="store_true", help="replace what is in the folder")


def _add_show(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    show = commands.add_parser("show", help="print sample problems with their programs and answers")
    show.add_argument("--source", choices=("template", "composed"), default="template")
    show.add_argument("--situation", help="only this situation, template or theme")
    show.add_argument("-n", type=int, default=5, help="how many (default 5)")
    show.add_argument("--seed", type=int, default=0)
    show.add_argument("--files", nargs="+", type=Path, help="template files (default: the whole library)")
    show.add_argument("--data", type=Path, help="a training set or file of problems to draw from instead")


def _add_stats(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    stats = commands.add_parser("stats", help="counts and distributions of the library, or of a set of problems")
    stats.add_argument("--data", type=Path, help="a training set or file of problems (default: the library)")
    stats.add_argument("--against", type=Path, help="a second set to compare with, such as GSM8K's train.jsonl")
    stats.add_argument("--templates", type=Path, metavar="FOLDER", help="template library to count (default: ours)")
    stats.add_argument("--json", action="store_true", help="one JSON object instead of text")
    stats.add_argument("--png", type=Path, metavar="FILE.png", help="draw the distributions of --data too")


def _add_teach(commands: "argparse._SubParsersAction[cli.Parser]") -> None:
    teach = commands.add_parser("teach", help="have a larger model write problems: any OpenAI-compatible endpoint")
    seeds = teach.add_mutually_exclusive_group(required=True)
    seeds.add_argument("--gsm8k", type=Path, metavar="TRAIN.jsonl", help="GSM8K train; its held-out part is left out")
    seeds.add_argument("--seeds", type=Path, metavar="FILE", help="a file of problems whose questions are the seeds")
    teach.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where replies and problems go")
    teach.add_argument("--model", required=True, help="the model's name at the endpoint")
    teach.add_argument("--base-url", metavar="URL", help="such as http://localhost:8000/v1 (default: OpenAI's)")
    teach.add_argument("--api-key-env", metavar="NAME", default="OPENAI_API_KEY",
                       help="environment variable that holds the key (default OPENAI_API_KEY)")  # fmt: skip
    teach.add_argument("--mode", choices=MODES, default="similar",
                       help="ten problems with programs in one call; or ten questions first (harder, or with "
                       "irrelevant facts), then a call for each program (default similar)")  # fmt: skip
    teach.add_argument("--limit", type=int, help="use the first so many seed questions only")
    teach.add_argument("--rounds", type=int, default=1, help="times that every seed is asked about (default 1)")
    teach.add_argument("--temperature", type=float, default=1.0, help="of the sampling (default 1.0)")
    teach.add_argument("--concurrency", type=int, default=8, help="calls under way at a time (default 8)")
    teach.add_argument("--timeout", type=float, default=120.0, help="seconds until a call is repeated (default 120)")
    teach.add_argument("--retries", type=int, default=6, help="repetitions of a failed call, with backoff (default 6)")
    teach.add_argument("--price-in", type=float, default=0.0, help="dollars per million tokens of the prompts")
    teach.add_argument("--price-out", type=float, default=0.0, help="dollars per million tokens of the replies")
    teach.add_argument("--budget", type=float, default=0.0, help="stop after so many dollars (default: no limit)")


def run_lint(options: argparse.Namespace) -> int:
    from tinygsm_edge.problems.templates.lint import lint

    faults = lint(options.files)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "no faults", file=sys.stderr)
    return cli.EXIT_USAGE if faults else cli.EXIT_OK


def run_show(options: argparse.Namespace) -> None:
    from tinygsm_edge.problems.show import run

    if options.n < 1:
        raise UserError("-n must be at least 1")
    run(options)


def run_stats(options: argparse.Namespace) -> None:
    from tinygsm_edge.problems.stats import run

    run(options)


def run_coverage(options: argparse.Namespace) -> None:
    from tinygsm_edge.problems.coverage import run

    run(options)


def run_teach(options: argparse.Namespace) -> int:
    from tinygsm_edge.problems.gsm8k import read_gsm8k, split
    from tinygsm_edge.problems.problem import read_problems
    from tinygsm_edge.problems.teacher.ask import PROBLEMS, Teacher, teach

    if options.limit is not None and options.limit < 1:
        raise UserError("--limit must be at least 1")
    if options.base_url and not _is_address(options.base_url):
        raise UserError(f"--base-url {options.base_url}: write an address like http://localhost:8000/v1")
    if min(options.rounds, options.concurrency, options.timeout, options.retries + 1) <= 0:
        raise UserError("--rounds, --concurrency and --timeout must be above zero, --retries from zero up")
    if options.budget and not (options.price_in or options.price_out):
        raise UserError("--budget needs the prices: --price-in and --price-out in dollars per million tokens")
    key = os.environ.get(options.api_key_env, "")
    if not key and not options.base_url:
        raise UserError(f"no API key: set {options.api_key_env}, or name a local endpoint with --base-url")
    rows = split(read_gsm8k(options.gsm8k))[0] if options.gsm8k else read_problems(options.seeds)
    seeds = [problem.question for problem in rows][: options.limit]
    if not seeds:
        raise UserError(f"{options.gsm8k or options.seeds}: no seed questions there")
    teacher = Teacher(
        options.model, options.base_url, key or "none", options.temperature, options.concurrency, options.timeout,
        options.retries, options.price_in, options.price_out, options.budget,
    )  # fmt: skip
    tally = teach(seeds, options.out, teacher, options.mode, options.rounds)
    print(f"{tally.problems:,} problems from {tally.answered:,} replies ({tally.tokens_in:,} tokens in, "
          f"{tally.tokens_out:,} out, ${tally.dollars:.2f}): {options.out / PROBLEMS}")  # fmt: skip
    if tally.stopped or tally.failed:
        why = tally.stopped or f"some calls failed for good ({tally.reason})"
        print(f"{why}; {tally.failed:,} calls without a reply: run the command again to go on", file=sys.stderr)
    return cli.EXIT_NO_ANSWER if tally.stopped or tally.failed else cli.EXIT_OK


def _is_address(text: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def run_build(options: argparse.Namespace) -> None:
    from tinygsm_edge.problems.dataset.build import build
    from tinygsm_edge.problems.dataset.plan import Plan, parse_mix
    from tinygsm_edge.problems.dataset.runners import local_runner, ray_runner
    from tinygsm_edge.problems.gsm8k import read_gsm8k, split
    from tinygsm_edge.problems.mathcamps import read_mathcamps
    from tinygsm_edge.problems.problem import stream_problems, write_problems
    from tinygsm_edge.problems.templates.lexicon import LIBRARY
    from tinygsm_edge.problems.tinygsm import read_tinygsm

    mix = parse_mix(options.mix) if options.mix else None
    if options.validation and not options.gsm8k:
        raise UserError("--validation writes GSM8K's held-out problems: give --gsm8k TRAIN.jsonl too")
    if options.workers is not None and options.workers < 1:
        raise UserError("--workers must be at least 1")
    if options.ray and options.workers:
        raise UserError("--workers is for this machine alone; with --ray the cluster decides")
    train, validation = split(read_gsm8k(options.gsm8k)) if options.gsm8k else ([], [])
    if options.validation:
        write_problems(options.validation, validation)
    plan = Plan(
        options.size, options.seed, mix, real=train, validation=validation,
        mathcamps=read_mathcamps(options.mathcamps) if options.mathcamps else (),
        tinygsm=read_tinygsm(options.tinygsm) if options.tinygsm else None,
        teacher=stream_problems(options.teacher) if options.teacher else None,
        decontaminate=options.decontaminate, library=options.templates or LIBRARY, shard_rows=options.shard_rows,
        keep_alike=options.keep_near_duplicates,
        origins={
            name: str(value) for name in ("gsm8k", "mathcamps", "tinygsm", "teacher")
            if (value := getattr(options, name))
        },
    )  # fmt: skip
    runner = ray_runner(options.ray) if options.ray else local_runner(options.workers)
    print(build(plan, options.out, runner, options.force).table())


if __name__ == "__main__":
    cli.run(main)
