"""``python -m tinygsm_edge.solve``: answers to word problems, from the command line.

The answer alone goes to stdout, a line per problem, written as soon as it is known; tables and timings go to stderr.
Exit code 0: every problem has an answer; 1: at least one has none; 2: a usage error, told in one line.
"""

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.options import add_duo_options, add_sampling_options, check_options, sampling_from
from tinygsm_edge.prompt import clean_question, format_number
from tinygsm_edge.rerank import DEFAULT_METHOD, METHODS, Candidate, group_by_answer

if TYPE_CHECKING:
    from tinygsm_edge.problems.problem import Problem
    from tinygsm_edge.solver import Answer

MAX_QUESTION = 100_000
"""Characters read from stdin; far more than any context holds."""

EXAMPLE = 'python -m tinygsm_edge.solve "Nora has 3 bags of 4 apples. How many apples is that?"'


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    check_options(options)
    problems = _problems(options)

    from tqdm import tqdm

    from tinygsm_edge.solver import Solver

    if isinstance(sys.stdout, io.TextIOWrapper):  # a program's odd letters must not fail on a narrow encoding
        sys.stdout.reconfigure(errors="replace")
    sampling = sampling_from(options)
    unanswered = 0
    with Solver(duo=options.duo, provider=options.provider, threads=options.threads) as solver:
        if options.file:  # a question that cannot be asked stops the run before it starts, not half way
            for place, problem in enumerate(problems, start=1):
                try:
                    solver.encode(problem.question, sampling)
                except UserError as error:
                    raise UserError(f"{options.file}, problem {place}: {error}") from error
        # A bar only where it does not run into the answers.
        quiet = True if len(problems) == 1 or sys.stdout.isatty() else None
        for problem in tqdm(problems, disable=quiet, unit="problem", file=sys.stderr):
            answer = solver.solve(
                problem.question, candidates=options.candidates, sampling=sampling, rerank=options.rerank
            )
            _show(answer, options)
            unanswered += answer.answer is None
    return cli.EXIT_NO_ANSWER if unanswered else cli.EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        prog="python -m tinygsm_edge.solve",
        description="Solve grade-school word problems with a tiny generator, a sandbox and a tiny verifier, offline.",
        epilog=f"example: {EXAMPLE}",
    )
    parser.add_argument("question", nargs="?", help="the problem in words; - or nothing reads it from stdin")
    parser.add_argument("--file", type=Path, metavar="JSONL", help='many problems, a line each: {"question": "..."}')
    parser.add_argument("--rerank", choices=METHODS, default=DEFAULT_METHOD, help="how an answer is chosen "
                        "(default %(default)s)")  # fmt: skip
    add_sampling_options(parser)
    add_duo_options(parser)
    shown = parser.add_argument_group("output")
    shown.add_argument("--json", action="store_true", help="one JSON object per problem on stdout")
    shown.add_argument("--show-code", action="store_true", help="the winning program after the answer")
    shown.add_argument("--show-candidates", action="store_true", help="a table of all candidates on stderr")
    shown.add_argument("--time", action="store_true", help="where the time went, on stderr")
    return parser


def _problems(options: argparse.Namespace) -> "list[Problem]":
    """The problems asked for, all of them read and checked."""
    from tinygsm_edge.problems.problem import Problem, read_problems

    if options.file:
        if options.question is not None:
            raise UserError("give a question or --file, not both")
        problems = read_problems(options.file)
        if not problems:
            raise UserError(f'{options.file} holds no problems: each line should be like {{"question": "..."}}')
        return problems
    question = _read_stdin(options.question) if options.question in (None, "-") else options.question
    clean_question(question)
    return [Problem(question, None)]


def _read_stdin(asked: str | None) -> str:
    """The question on standard input; ``asked`` is ``-`` when the user wants that even from a terminal."""
    if sys.stdin is None or (asked is None and sys.stdin.isatty()):
        raise UserError(f"no question given; example: {EXAMPLE}")
    try:
        question = sys.stdin.read(MAX_QUESTION + 1)
    except UnicodeDecodeError as error:
        raise UserError(f"the question on standard input is not {error.encoding.upper()} text") from error
    if len(question) > MAX_QUESTION:
        raise UserError(f"the question on standard input has over {MAX_QUESTION} characters; many go in --file")
    return question


def _show(answer: "Answer", options: argparse.Namespace) -> None:
    """Everything about one answer. Its line is written whole and at once, so that an interrupt cannot cut it."""
    if options.show_candidates:
        print(candidate_table(answer.candidates), file=sys.stderr)
    if options.time:
        stages = "  ".join(f"{stage} {ms:.0f} ms" for stage, ms in answer.timing_ms.items())
        print(stages, file=sys.stderr)
    if options.json:
        text = json.dumps(answer.to_json(), allow_nan=False)
    elif answer.answer is None:
        print(f"no answer: none of {len(answer.candidates)} candidates returned a number", file=sys.stderr)
        text = "no answer" if options.file else ""
    else:
        text = format_number(answer.answer)
        if options.show_code and answer.program:
            text += "\n\n" + printable(answer.program)
    if text:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def candidate_table(candidates: Sequence[Candidate]) -> str:
    """A row per candidate, those with the commonest answer first and the best scored of them on top."""
    votes = {c.index: len(group) for group in group_by_answer(candidates) for c in group}
    ranked = sorted(candidates, key=lambda c: (-votes.get(c.index, 0), -(c.score or 0), -c.logprob, c.index))
    lines = [f"{'#':>3}  {'answer':>12}  {'votes':>5}  {'score':>6}  {'logprob':>8}  outcome"]
    for c in ranked:
        answer = "-" if c.answer is None else format_number(c.answer)
        score = "-" if c.score is None else f"{c.score:.4f}"
        lines.append(
            f"{c.index:>3}  {answer:>12}  {votes.get(c.index, 0):>5}  {score:>6}  {c.logprob:>8.2f}  {c.outcome}"
        )
    return "\n".join(lines)


def printable(program: str) -> str:
    """A program as a terminal may have it: what a model wrote could hold control characters."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in program)


if __name__ == "__main__":
    cli.run(main)
