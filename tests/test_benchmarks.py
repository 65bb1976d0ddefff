"""The benchmarks: what they report holds together. Nothing here asserts a speed."""

import contextlib
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cold, footprint, latency, machine
from benchmarks.__main__ import VERBS, main
from benchmarks.samples import rounds_until, summary, table, without_samples
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import write_jsonl

ROOT = Path(__file__).parents[1]
TIMES = st.lists(st.floats(0, 1e5), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    path = tmp_path_factory.mktemp("problems") / "problems.jsonl"
    write_jsonl(path, [{"question": question} for question, _ in tiny.QUESTIONS_AND_SOLUTIONS[:2]])
    return path


@pytest.fixture(scope="module")
def quick(tiny_duo, problems, tmp_path_factory):
    """(stdout, results file) of one quick run."""
    out, printed = tmp_path_factory.mktemp("results") / "latency.json", io.StringIO()
    flags = ["--quick", "--repeats", "2", "--duo", str(tiny_duo), "--threads", "1", "--problems", str(problems)]
    with contextlib.redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "QUICK_SECONDS", 1e6)  # also on a busy machine both rounds
        patch.setattr(latency, "PROCESS_REPEATS", 1)
        assert main(["latency", *flags, "--candidates", "1", "3", "3", "--json", str(out)]) == 0
    return printed.getvalue(), json.loads(out.read_text())


def summaries(results) -> list[dict]:
    """All summaries in nested results."""
    if isinstance(results, dict):
        if "samples" in results:
            return [results]
        return [found for value in results.values() for found in summaries(value)]
    return []


def test_the_last_line_is_the_file_without_its_samples(quick):
    printed, results = quick
    assert json.loads(printed.splitlines()[-1]) == without_samples(results)
    assert "samples" not in printed


def test_every_figure_is_there_and_follows_from_its_samples(quick):
    _, results = quick
    assert set(results["load_ms"]) == {"duo", "generator", "verifier", "sandbox", "total"}
    assert set(results["cold_ms"]) == {"interpreter", "import", "import_solver", "help", "solve"}
    assert list(results["candidates"]) == ["1", "3"]
    for stages in results["candidates"].values():
        assert set(stages) == {*latency.STAGES, "step", "steps", "tokens_per_s"}
    found = summaries(results)
    assert len(found) == 5 + 5 + 1 + 2 * 8
    for figures in found:
        again = summary(figures["samples"])
        assert all(figures[name] == pytest.approx(again[name], abs=2e-4) for name in again)
        assert figures["min"] >= 0 and all(map(math.isfinite, figures["samples"]))


def test_samples_are_rounds_times_questions_and_stages_fit_into_their_total(quick):
    _, results = quick
    assert results["questions"] == results["rounds"] == 2
    for stages in results["candidates"].values():
        assert {figures["n"] for figures in stages.values()} == {results["rounds"] * results["questions"]}
        for *parts, total in zip(*(stages[name]["samples"] for name in latency.STAGES), strict=True):
            assert sum(parts) <= total + 0.01
        for step, steps, decode in zip(*(stages[n]["samples"] for n in ("step", "steps", "decode")), strict=True):
            assert step * steps == pytest.approx(decode, abs=0.01)
    for *parts, total in zip(*(figures["samples"] for figures in results["load_ms"].values()), strict=True):
        assert sum(parts) == pytest.approx(total, abs=0.01)


def test_two_rounds_do_the_same_work(quick):
    _, results = quick
    for stages in results["candidates"].values():
        samples = stages["steps"]["samples"]
        assert samples[:2] == samples[2:4]


def test_the_report_names_machine_duo_and_warm_up(quick, tiny_duo):
    printed, results = quick
    assert results["duo"]["name"] == json.loads((tiny_duo / "duo.json").read_text())["name"]
    assert set(results["warm_up_ms"]) == {"1", "3"} and "uncounted" in printed
    assert results["machine"]["python"] in printed and results["provider"] == "cpu" and results["threads"] == 1
    assert all(f"N={count}" in printed for count in (1, 3))


@given(TIMES, st.randoms())
def test_a_summary_does_not_depend_on_the_order(values, random):
    shuffled = random.sample(values, len(values))
    first, second = summary(values), summary(shuffled)
    assert {k: v for k, v in first.items() if k != "samples"} == {k: v for k, v in second.items() if k != "samples"}


@given(TIMES, st.floats(0, 1e3))
def test_a_constant_delay_moves_the_middle_and_not_the_spread(values, delay):
    before, after = summary(values), summary([value + delay for value in values])
    for name in ("p50", "p95", "min", "max"):
        assert after[name] == pytest.approx(before[name] + delay, abs=1e-3)
    assert after["mad"] == pytest.approx(before["mad"], abs=1e-3)
    assert before["min"] <= before["p50"] <= before["p95"] <= before["max"]


def test_one_outlier_moves_neither_median_nor_mad():
    calm, noisy = summary([10.0, 10.0, 11.0, 9.0, 10.0]), summary([10.0, 10.0, 1e6, 9.0, 10.0])
    assert (calm["p50"], calm["mad"]) == (noisy["p50"], noisy["mad"]) == (10.0, 0.0)


def test_nothing_measured_is_no_figure():
    with pytest.raises(ValueError, match="nothing was measured"):
        summary([])


def test_rounds_end_at_the_deadline_but_not_before_the_first():
    assert list(rounds_until(None, 3)) == [0, 1, 2]
    assert list(rounds_until(-math.inf, 3)) == [0]
    assert list(rounds_until(math.inf, 2)) == [0, 1]


@given(st.lists(st.tuples(st.text("ab ", max_size=9), st.text("123.", min_size=1, max_size=9)), max_size=5))
def test_table_columns_line_up(rows):
    lines = table(["name", "ms"], rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert max(map(len, lines)) == len(lines[1])
    assert all(line.rstrip().endswith(row[1]) for line, row in zip(lines[2:], rows, strict=True))


def test_the_machine_is_described_in_json():
    described = machine.describe()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert set(described["flags"] or []) <= set(machine.FLAGS)
    cores = described["cores"]
    assert 1 <= cores["physical"] <= cores["usable"] <= cores["logical"]
    assert described["packages"]["numpy"] and described["memory_bytes"] > 2**28
    assert len(machine.text(described).splitlines()) == 4


def test_a_machine_that_tells_nothing_is_described_too(monkeypatch):
    monkeypatch.setattr(machine, "_cpuinfo", lambda: "")
    monkeypatch.setattr(machine, "_output", lambda *command: None)
    described = machine.describe()
    assert described["flags"] is None and described["git"] is None
    assert "unknown" in machine.text(described)


def test_an_arm_processor_is_read_too(monkeypatch):
    text = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm crc32\nModel\t\t: Small Board 5\n"
    monkeypatch.setattr(machine, "_cpuinfo", lambda: text)
    monkeypatch.setattr(sys, "platform", "linux")
    assert machine.cpu_flags() == ["asimd", "asimddp", "i8mm"] and machine.cpu_model() == "Small Board 5"


def test_the_footprint_is_the_runtime_set_and_nothing_else():
    size = footprint.footprint()
    names = set(size["packages"]) | set(size["missing"])
    assert {"tinygsm-edge", "numpy", "onnxruntime", "tokenizers", "huggingface-hub", "pydantic-monty-runtime"} <= names
    assert not names & {"torch", "transformers", "gradio", "optimum", "pytest", "onnx"}
    assert size["total"] == sum(size["packages"].values()) + (size["default_duo"] or 0)
    assert all(count > 0 for count in size["packages"].values())


def test_requirements_of_extras_and_other_systems_are_left_out():
    given = ["A_b>=1", "c; extra == 'x'", "d[fast]; python_version >= '3'", "e; sys_platform == 'nowhere'"]
    assert footprint._needs(given) == ["a-b", "d"]


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(footprint, "_own_requirements", lambda: ["numpy", "no-such-package-here"])
    size = footprint.footprint()
    assert size["missing"] == ["no-such-package-here"] and set(size["packages"]) == {"tinygsm-edge", "numpy"}


def test_a_command_that_fails_is_told_with_its_own_line(monkeypatch):
    with pytest.raises(UserError, match=r"tinygsm_edge.solve. failed: no duo folder at /no/such/duo$"):
        cold.measure("How many?", ["--duo", "/no/such/duo"], [0])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["speed"], "unknown benchmark 'speed'"),
        (["latency", "--repeats", "0"], "--repeats must be 1 or more"),
        (["latency", "--threads", "0"], "--threads must be 1 or more"),
        (["latency", "--candidates", "0"], "--candidates must be between"),
        (["latency", "--problems", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["latency", "--duo", "no-such-folder"], "no duo folder"),
    ],
)
def test_bad_flags_are_refused(argv, words):
    with pytest.raises(UserError, match=words):
        main(argv)


def test_a_question_that_does_not_fit_is_refused(tiny_duo, tmp_path):
    write_jsonl(tmp_path / "long.jsonl", [{"question": "How many? " * 100}])
    with pytest.raises(UserError, match="question is too long"):
        main(["latency", "--duo", str(tiny_duo), "--problems", str(tmp_path / "long.jsonl"), "--repeats", "1"])


def test_help_lists_the_verbs(capsys):
    assert main(["--help"]) == main([]) == 0
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in VERBS)


@pytest.mark.parametrize("argv", [["--help"], *([verb, "--help"] for verb in VERBS)])
def test_help_imports_nothing_heavy(argv):
    script = (
        "import sys; from benchmarks.__main__ import main\n"
        f"try: main({argv!r})\n"
        "except SystemExit: pass\n"
        "print(sorted({'onnxruntime', 'torch', 'gradio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
