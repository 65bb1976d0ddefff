"""``python -m benchmarks latency``: how long one question takes, stage by stage, and what a cold start costs.

Every number of candidates takes its turn at every question before the next round begins, so that a slow minute of the
machine falls on all alike. Seeds are fixed: two runs with one duo do the same work.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.samples import rounds_until, summary, table, without_samples
from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path
from tinygsm_edge.options import add_duo_options
from tinygsm_edge.rerank import MAX_CANDIDATES

if TYPE_CHECKING:
    from tinygsm_edge.solver import Solver

SCHEMA = 1
CANDIDATES = (1, 8, 48)
STAGES = ("prefill", "decode", "run", "verify", "total")
QUICK_QUESTIONS, QUICK_REPEATS, REPEATS = 3, 3, 10
QUICK_SECONDS = 22.0
"""After so long a quick run begins no further round of solving, after twice as long no further round of cold starts."""
PROCESS_REPEATS = 5
"""Loading and cold starts are repeated no more than this: they are slow and vary little."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print tables, and as the last line one JSON object; ``--json`` files hold every sample too."""
    options = _parser().parse_args(argv)
    _check(options)
    questions = _questions(options.problems)[: QUICK_QUESTIONS if options.quick else None]
    results = measure(options, questions)
    print(report(results))
    if options.json:
        with atomic_path(options.json) as temporary:
            temporary.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    print(json.dumps(without_samples(results), allow_nan=False))
    return cli.EXIT_OK


def measure(options: argparse.Namespace, questions: Sequence[str]) -> dict[str, Any]:
    """Everything as JSON values: times in ms as summaries (:func:`benchmarks.samples.summary`), sizes in bytes.

    Raises:
        UserError: a duo or provider that cannot be used, a question that does not fit the context.
    """
    from tqdm import tqdm

    from benchmarks import cold, machine
    from benchmarks.footprint import footprint
    from tinygsm_edge.solver import Solver

    begin = time.perf_counter()
    described = machine.describe()
    repeats = options.repeats or (QUICK_REPEATS if options.quick else REPEATS)
    deadlines = (begin + QUICK_SECONDS, begin + 2 * QUICK_SECONDS) if options.quick else (None, None)
    loading = load_times(options, min(repeats, PROCESS_REPEATS))
    with Solver(options.duo, options.provider, options.threads) as solver:
        for question in questions:
            solver.encode(question)
        warm_up = {str(count): solver.solve(questions[0], candidates=count).timing_ms["total"]
                   for count in options.candidates}  # fmt: skip
        first = summary(first_token_ms(solver, text) for _ in range(repeats) for text in questions)
        rounds = tqdm(rounds_until(deadlines[0], repeats), total=repeats, disable=None, unit="round")
        stages, done = stage_times(solver, questions, options.candidates, rounds)
        named = {"name": solver.duo.name, "fingerprint": solver.duo.fingerprint, "context": solver.duo.context,
                 "precision": solver.duo.manifest.get("precision")}  # fmt: skip
        provider = solver.generator.provider
    turns = rounds_until(deadlines[1], min(repeats, PROCESS_REPEATS))
    starts = cold.measure(questions[0], _solve_flags(options), turns)
    return {
        "benchmark": "latency", "schema": SCHEMA, "quick": options.quick, "duo": named, "provider": provider,
        "threads": options.threads, "questions": len(questions), "rounds": done, "warm_up_ms": _rounded(warm_up),
        "load_ms": loading, "first_token_ms": first, "candidates": stages, "cold_ms": starts,
        "footprint_bytes": footprint(), "machine": described, "load_after": machine.load(),
        "seconds": round(time.perf_counter() - begin, 1),
    }  # fmt: skip


def load_times(options: argparse.Namespace, repeats: int) -> dict[str, Any]:
    """Summaries in ms of what opening a solver consists of, a first uncounted time left out."""
    from tinygsm_edge.duo import Duo
    from tinygsm_edge.sandbox import Sandbox

    samples: dict[str, list[float]] = {"duo": [], "generator": [], "verifier": [], "sandbox": []}

    def timed(part: str, run: Callable[..., Any], *arguments: Any) -> Any:
        clock = time.perf_counter()
        made = run(*arguments)
        samples[part].append(_ms_since(clock))
        return made

    for _ in range(repeats + 1):
        duo = timed("duo", Duo.load, options.duo)
        timed("generator", duo.open_generator, options.provider, options.threads)
        timed("verifier", duo.open_verifier, options.provider, options.threads)
        timed("sandbox", Sandbox).close()
    samples = {part: values[1:] for part, values in samples.items()}
    samples["total"] = [sum(parts) for parts in zip(*samples.values(), strict=True)]
    return {part: summary(values) for part, values in samples.items()}


def first_token_ms(solver: "Solver", question: str) -> float:
    """From the question's text to the first token of one candidate: tokenizing, prefill, one draw."""
    from tinygsm_edge.engine import Sampling

    clock = time.perf_counter()
    sampling = Sampling(max_tokens=1)
    for _ in solver.generator.stream(solver.encode(question, sampling), 1, sampling):
        pass
    return _ms_since(clock)


def stage_times(
    solver: "Solver", questions: Sequence[str], counts: Sequence[int], rounds: Iterable[int]
) -> tuple[dict[str, Any], int]:
    """By number of candidates: a summary of each stage in ms, ``step`` (ms of decode per step, its sampling included),
    ``steps`` and ``tokens_per_s`` (tokens of all candidates, end tokens not counted, per second of decode); and the
    rounds done."""
    names = (*STAGES, "step", "steps", "tokens_per_s")
    samples: dict[int, dict[str, list[float]]] = {count: {name: [] for name in names} for count in counts}
    done = 0
    for _ in rounds:
        for question in questions:
            for count in counts:
                for name, value in _one(solver, question, count).items():
                    samples[count][name].append(value)
        done += 1
    return {str(count): {name: summary(v) for name, v in by_name.items()} for count, by_name in samples.items()}, done


def _one(solver: "Solver", question: str, count: int) -> dict[str, float]:
    answer = solver.solve(question, candidates=count)
    timing, steps = answer.timing_ms, solver.generator.steps
    written = sum(candidate.tokens for candidate in answer.candidates)
    return {
        **{stage: timing[stage] for stage in STAGES},
        "step": timing["decode"] / max(steps, 1),
        "steps": steps,
        "tokens_per_s": 1e3 * written / max(timing["decode"], 1e-6),
    }


def report(results: dict[str, Any]) -> str:
    """The results as tables of medians, each with its spread."""
    from benchmarks import machine

    duo, size = results["duo"], results["footprint_bytes"]
    stages = [
        [f"N={count}", *[_spread(by_name[name]) for name in (*STAGES, "step")], f"{by_name['tokens_per_s']['p50']:.0f}"]
        for count, by_name in results["candidates"].items()
    ]
    single = {f"load: {part}": s for part, s in results["load_ms"].items()}
    single |= {"first token": results["first_token_ms"]}
    single |= {f"process: {name}": s for name, s in results["cold_ms"].items()}
    figures = ("p50", "p95", "mad", "min")
    sizes = [*size["packages"].items(), ("default duo", size["default_duo"] or 0), ("all", size["total"])]
    large = [[name, f"{count / 1e6:.1f}"] for name, count in sizes if count >= 1e6]
    return "\n\n".join(
        [
            machine.text(results["machine"]),
            f"duo {duo['name']} ({duo['precision'] or 'unknown precision'}), provider {results['provider']}, "
            f"{results['questions']} questions, {results['rounds']} rounds; first, uncounted solves took "
            + ", ".join(f"{ms:.0f} ms (N={count})" for count, ms in results["warm_up_ms"].items()),
            table(["ms", *figures], [[name, *[f"{s[f]:.1f}" for f in figures]] for name, s in single.items()]),
            "ms, median ± median absolute deviation (95th percentile):\n"
            + table(["", *STAGES, "per step", "tokens/s"], stages),
            table(["installed (1 MB or more)", "MB"], large),
            *([f"not installed, so not counted: {', '.join(size['missing'])}"] if size["missing"] else []),
        ]
    )


def _spread(figures: dict[str, Any]) -> str:
    return f"{figures['p50']:.1f} ± {figures['mad']:.1f} ({figures['p95']:.1f})"


def _parser() -> argparse.ArgumentParser:
    parser = cli.Parser(prog="python -m benchmarks latency", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer questions and rounds: under a minute on two cores")
    parser.add_argument("--repeats", type=int, metavar="N", help=f"rounds (default {REPEATS}, quick {QUICK_REPEATS})")
    parser.add_argument("--candidates", type=int, nargs="+", default=list(CANDIDATES), metavar="N",
                        help="numbers of candidates to measure (default: 1 8 48)")  # fmt: skip
    parser.add_argument("--problems", type=Path, metavar="JSONL", help="questions to ask (default: the package's own)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results with every sample to a file")
    add_duo_options(parser)
    return parser


def _check(options: argparse.Namespace) -> None:
    for flag in ("repeats", "threads"):
        if getattr(options, flag) is not None and getattr(options, flag) < 1:
            raise UserError(f"--{flag} must be 1 or more, got {getattr(options, flag)}")
    options.candidates = list(dict.fromkeys(options.candidates))
    if not all(1 <= count <= MAX_CANDIDATES for count in options.candidates):
        raise UserError(f"--candidates must be between 1 and {MAX_CANDIDATES}")


def _questions(path: Path | None) -> list[str]:
    """Of a file of problems, or the examples that come with the package."""
    from tinygsm_edge.problems.problem import read_problems

    with resources.as_file(resources.files("tinygsm_edge") / "examples.jsonl") as bundled:
        questions = [problem.question for problem in read_problems(path or bundled)]
    if not questions:
        raise UserError(f"{path} holds no problems")
    return questions


def _solve_flags(options: argparse.Namespace) -> list[str]:
    """The models of these options, as flags of the solve command."""
    flags = ["--provider", options.provider]
    flags += ["--duo", str(options.duo.resolve())] if options.duo else []
    return flags + (["--threads", str(options.threads)] if options.threads else [])


def _rounded(milliseconds: dict[str, float]) -> dict[str, float]:
    return {name: round(ms, 4) for name, ms in milliseconds.items()}


def _ms_since(clock: float) -> float:
    return 1e3 * (time.perf_counter() - clock)
