"""``python -m tinygsm_edge.evaluate``: how often a duo is right, with standard errors.

Every problem gets one greedy candidate and N sampled ones; all rerankers judge the same N. Names of the figures are the
field's: ``pass@1`` (mean over the samples), ``maj48@1``, ``verify48@1``, ``weighted48@1``, ``oracle@48``.
"""

import hashlib
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import drop_cut_line, read_jsonl
from tinygsm_edge.options import add_duo_options, add_sampling_options, check_options, sampling_from

if TYPE_CHECKING:
    from tinygsm_edge.engine import Sampling
    from tinygsm_edge.problems.problem import Problem
    from tinygsm_edge.solver import Solver


def judge(solver: "Solver", problem: "Problem", candidates: int, sampling: "Sampling") -> dict[str, Any]:
    """Solve one problem greedily and with ``candidates`` samples; each figure is in 0..1 for this problem."""
    from dataclasses import replace

    from tinygsm_edge.problems.problem import answers_equal
    from tinygsm_edge.rerank import choose

    started = time.perf_counter()
    greedy = solver.solve(problem.question, candidates=1, sampling=replace(sampling, temperature=0.0))
    sampled = solver.solve(problem.question, candidates=candidates, sampling=sampling)

    def right(answer: int | float | None) -> float:
        return float(answer is not None and answers_equal(answer, problem.answer))

    drawn = sampled.candidates
    chosen = {method: choose(drawn, method).answer for method in ("majority", "verifier", "weighted")}
    return {
        "question": problem.question,
        "gold": problem.answer,
        "answers": {"greedy": greedy.answer, **chosen},
        "right": {
            "greedy": right(greedy.answer),
            "pass@1": sum(right(c.answer) for c in drawn) / candidates,
            f"maj{candidates}@1": right(chosen["majority"]),
            f"verify{candidates}@1": right(chosen["verifier"]),
            f"weighted{candidates}@1": right(chosen["weighted"]),
            f"oracle@{candidates}": max(right(c.answer) for c in drawn),
        },
        "confidence": sampled.confidence,
        "outcomes": dict(Counter(c.outcome for c in drawn)),
        "seconds": round(time.perf_counter() - started, 4),
    }


def summarize(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard error (sample standard deviation over the square root of n) of every figure."""
    n = len(rows)
    summary: dict[str, Any] = {}
    for name in rows[0]["right"]:
        values = [row["right"][name] for row in rows]
        mean = sum(values) / n
        variance = sum((value - mean) ** 2 for value in values) / (n - 1) if n > 1 else 0.0
        summary[name] = {"value": round(mean, 5), "stderr": round(math.sqrt(variance / n), 5)}
    outcomes: Counter[str] = Counter()
    for row in rows:
        outcomes.update(row["outcomes"])
    seconds = sum(row["seconds"] for row in rows)
    return {
        **summary,
        "problems": n,
        "problems_per_min": round(60 * n / seconds, 2),
        "outcomes": dict(outcomes.most_common()),
    }


def table(summary: dict[str, Any]) -> str:
    """The summary for people: a line per figure in percent, then the outcomes."""
    lines = [
        f"{name:<14} {100 * entry['value']:6.2f} % ± {100 * entry['stderr']:.2f}"
        for name, entry in summary.items()
        if isinstance(entry, dict) and "stderr" in entry
    ]
    drawn = sum(summary["outcomes"].values())
    lines += [f"  {name:<14} {count / drawn:6.1%}" for name, count in summary["outcomes"].items()]
    lines.append(f"{summary['problems']} problems, {summary['problems_per_min']} problems/min")
    return "\n".join(lines)


def _finished(out: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of an interrupted run with the same settings; a last line cut short by a kill is dropped.

    Raises:
        UserError: ``out`` was written with other settings.
    """
    if not out.exists():
        return []
    drop_cut_line(out)
    rows = [row for _, row in read_jsonl(out)]
    if not rows:
        return []
    if rows[0].get("settings") != settings:
        raise UserError(f"{out} holds results of other settings: choose another --out or remove it")
    return rows[1:]


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.Parser(prog="python -m tinygsm_edge.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="JSONL with question and answer (72 or '... #### 72')")
    parser.add_argument("--out", type=Path, required=True, help="JSONL of results; an interrupted run is continued")
    parser.add_argument("--limit", type=int, help="only the first so many problems")
    add_sampling_options(parser, candidates=48)
    add_duo_options(parser)
    options = parser.parse_args(argv)
    check_options(options)
    if options.limit is not None and options.limit < 1:
        raise UserError(f"--limit must be 1 or more, got {options.limit}")

    from tqdm import tqdm

    from tinygsm_edge.problems.problem import read_problems
    from tinygsm_edge.solver import Solver

    problems = [p for p in read_problems(options.data) if p.answer is not None][: options.limit]
    if not problems:
        raise UserError(f"{options.data} has no problem with an answer: each line needs question and answer")
    sampling = sampling_from(options)
    with Solver(duo=options.duo, provider=options.provider, threads=options.threads) as solver:
        settings = {
            "duo": solver.duo.fingerprint,
            "data": hashlib.sha256(options.data.read_bytes()).hexdigest(),
            "candidates": options.candidates,
            "temperature": sampling.temperature, "top_k": sampling.top_k, "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens, "seed": sampling.seed,
        }  # fmt: skip
        for place, problem in enumerate(problems, start=1):  # refused before the run, not half way through it
            try:
                solver.encode(problem.question, sampling)
            except UserError as error:
                raise UserError(f"{options.data}, problem {place}: {error}") from error
        rows = _finished(options.out, settings)[: len(problems)]
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with open(options.out, "a", encoding="utf-8") as out:
            if out.tell() == 0:
                out.write(json.dumps({"settings": settings}) + "\n")
            bar = tqdm(total=len(problems), initial=len(rows), disable=None, unit="problem", file=sys.stderr)
            for problem in problems[len(rows) :]:
                row = judge(solver, problem, options.candidates, sampling)
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
                rows.append(row)
                bar.update(1)
            bar.close()
    summary = summarize(rows)
    print(table(summary))
    print(json.dumps(summary))
    return cli.EXIT_OK


if __name__ == "__main__":
    cli.run(main)
