"""Evaluation: figures follow from the candidates, interrupted runs continue, the last line is the JSON people parse."""

import json
import math
from pathlib import Path

import pytest
import tiny

from tinygsm_edge import evaluate
from tinygsm_edge.errors import UserError
from tinygsm_edge.evaluate import judge, summarize
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.solver import Sampling, Solver

ANSWERS = ("7", 60, "some words #### 14", 3.0, 14)


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluate") / "problems.jsonl"
    rows = [
        {"question": question, "answer": answer}
        for (question, _), answer in zip(tiny.QUESTIONS_AND_SOLUTIONS, ANSWERS, strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"question": "Without an answer?"}]))
    return path


def run(problems: Path, duo: Path, out: Path, *more: str) -> int:
    return evaluate.main(
        [
            "--data",
            str(problems),
            "--out",
            str(out),
            "--duo",
            str(duo),
            "--candidates",
            "6",
            "--max-tokens",
            "48",
            *more,
        ]
    )


def test_figures_of_a_duo_that_knows_the_answers(
    problems: Path, tiny_duo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(problems, tiny_duo, tmp_path / "results.jsonl", "--temperature", "0.1") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    figures = {"greedy", "pass@1", "maj6@1", "verify6@1", "weighted6@1", "oracle@6"}
    assert set(summary) == figures | {"problems", "problems_per_min", "outcomes"}
    assert all(summary[name] == {"value": 1.0, "stderr": 0.0} for name in figures)
    assert summary["problems"] == 5 and summary["outcomes"] == {"ok": 30} and summary["problems_per_min"] > 0


def test_interrupted_run_continues_to_the_same_results(
    problems: Path, tiny_duo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def steady(path: Path) -> list[dict[str, object]]:
        return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in path.read_text().splitlines()]

    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    run(problems, tiny_duo, whole, "--temperature", "2")
    lines = whole.read_text().splitlines(keepends=True)
    cut.write_text("".join(lines[:3]) + lines[3][:20])  # settings, two results, and a kill in the third
    run(problems, tiny_duo, cut, "--temperature", "2")
    assert steady(cut) == steady(whole)
    with pytest.raises(UserError, match="other settings"):
        run(problems, tiny_duo, cut, "--temperature", "1")


def test_scripted_candidates_give_the_expected_figures() -> None:
    from scripted import ScriptedDuo

    # Of four candidates two say 5, one says 7 (right, best scored), one fails.
    solutions = ["return 5", "return 5", "return 7", "return nothing"]
    duo = ScriptedDuo(solutions, rule=lambda text: 0.9 if "# 7" in text else 0.3)
    with Solver(duo=duo) as solver:  # type: ignore[arg-type]
        row = judge(solver, Problem("Which?", 7), 4, Sampling())
    assert row["right"] == {
        "greedy": 0.0, "pass@1": 0.25, "maj4@1": 0.0, "verify4@1": 1.0, "weighted4@1": 1.0, "oracle@4": 1.0,
    }  # fmt: skip
    assert row["outcomes"] == {"ok": 3, "runtime_error": 1}
    assert row["answers"]["majority"] == 5 and row["answers"]["verifier"] == 7


def test_standard_error_is_that_of_the_mean() -> None:
    rows = [{"right": {"greedy": float(v)}, "outcomes": {"ok": 1}, "seconds": 0.5} for v in (0, 1, 1, 1)]
    summary = summarize(rows)
    assert summary["greedy"]["value"] == 0.75
    assert summary["greedy"]["stderr"] == pytest.approx(math.sqrt(0.75 * 0.25 / 3), abs=1e-5)
    assert summary["problems_per_min"] == 120


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data", "absent.jsonl"], "cannot read absent.jsonl"),
        (["--candidates", "0"], "--candidates must be between"),
        (["--limit", "0"], "--limit must be"),
        (["--duo", "absent"], "no duo folder at absent"),
    ],
)
def test_bad_flags_are_one_clear_line(
    problems: Path, tiny_duo: Path, tmp_path: Path, flags: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        run(problems, tiny_duo, tmp_path / "results.jsonl", *flags)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "results.jsonl").exists()


def test_data_without_answers_is_refused(tiny_duo: Path, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"question": "How many?"}\n')
    with pytest.raises(UserError, match="no problem with an answer"):
        run(tmp_path / "questions.jsonl", tiny_duo, tmp_path / "results.jsonl")
