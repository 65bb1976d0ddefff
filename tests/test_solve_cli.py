"""``python -m tinygsm_edge.solve``: what goes to stdout, what to stderr, and with which exit code."""

import io
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from scripted import ScriptedDuo

from tinygsm_edge import cli, solve
from tinygsm_edge.duo import Duo
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import write_jsonl
from tinygsm_edge.rerank import DEFAULT_CANDIDATES

QUESTION = "A baker makes 48 rolls and half as many again. How many?"
RIGHT = "rolls = 48\nresult = rolls + rolls / 2\nreturn result"
BROKEN = "result = 48 / 0\nreturn result"
HERE = Path(__file__).parent

# Run before anything is imported: no socket can be made or name looked up, and check() names heavy packages imported.
OFFLINE = """
import sys

def no_network(event, args):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise AssertionError(f"network use: {event} {args}")

def check():
    heavy = {"torch", "transformers", "optimum", "onnx", "yaml", "accelerate", "huggingface_hub", "gradio", "scipy"}
    assert not heavy & set(sys.modules), heavy & set(sys.modules)

sys.addaudithook(no_network)
"""


@pytest.fixture
def duo(monkeypatch):
    duo = ScriptedDuo([RIGHT, BROKEN, RIGHT])
    monkeypatch.setattr(Duo, "load", lambda path: duo)
    return duo


def python(script: str, *argv: str, **options) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter that can import the project and the tests' helpers."""
    path = f"import sys; sys.path[:0] = [{str(HERE.parent)!r}, {str(HERE)!r}]\n"
    command = [sys.executable, "-c", path + textwrap.dedent(script), *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_the_answer_stands_alone_on_stdout(duo, capsys):
    assert solve.main([QUESTION, "-n", "3"]) == 0
    assert capsys.readouterr() == ("72\n", "")


@pytest.mark.parametrize(
    ("solution", "line"), [("return 25 / 2", "12.5"), ("return 1 / 3", "0.333333"), ("return -4.0", "-4")]
)
def test_numbers_print_as_a_person_writes_them(duo, capsys, solution, line):
    duo.generator.texts = [f"    {solution}\n"]
    assert solve.main([QUESTION]) == 0
    assert capsys.readouterr().out == line + "\n"


def test_defaults(duo, capsys):
    solve.main([QUESTION, "--json"])
    row = json.loads(capsys.readouterr().out)
    assert (len(row["candidates"]), row["seed"], row["duo"], row["provider"]) == (
        DEFAULT_CANDIDATES,
        0,
        "scripted",
        "cpu",
    )


@pytest.mark.parametrize("argv", [[], ["-"]])
def test_a_question_on_stdin(duo, capsys, monkeypatch, argv):
    monkeypatch.setattr(sys, "stdin", io.StringIO(QUESTION + "\n"))
    assert solve.main(argv) == 0
    assert capsys.readouterr().out == "72\n"
    assert QUESTION in duo.generator.prompts[0]


def test_extras_go_where_they_belong(duo, capsys):
    assert solve.main([QUESTION, "-n", "3", "--show-code", "--show-candidates", "--time"]) == 0
    out, err = capsys.readouterr()
    answer, _, program = out.partition("\n\n")
    assert answer == "72"
    namespace: dict = {}
    exec(program, namespace)  # our own scripted solution
    assert namespace["simple_math_problem"]() == 72
    header, *rows, time = err.splitlines()
    assert header.split() == ["#", "answer", "votes", "score", "logprob", "outcome"]
    assert [row.split()[1:4] + row.split()[5:] for row in rows] == [
        ["72", "2", "0.5000", "ok"],
        ["72", "2", "0.5000", "ok"],
        ["-", "0", "-", "runtime_error"],
    ]
    assert all(stage in time for stage in ("load", "prefill", "decode", "run", "verify", "total"))


def test_json_is_one_object_a_line_and_nothing_else(duo, capsys, tmp_path):
    write_jsonl(tmp_path / "p.jsonl", [{"question": QUESTION, "answer": 72}, {"question": "Wie viele Äpfel?"}])
    assert solve.main(["--file", str(tmp_path / "p.jsonl"), "--json", "--show-code", "--seed", "9", "-n", "2"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["question"] for row in rows] == [QUESTION, "Wie viele Äpfel?"]
    assert all((row["schema"], row["answer"], row["seed"], len(row["candidates"])) == (1, 72, 9, 2) for row in rows)


def test_no_answer_is_exit_code_one(duo, capsys, tmp_path):
    duo.generator.texts = ["    return None\n"]
    assert solve.main([QUESTION, "-n", "2"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err == "no answer: none of 2 candidates returned a number\n"
    assert solve.main([QUESTION, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["answer"] is None
    write_jsonl(tmp_path / "p.jsonl", [{"question": QUESTION}] * 2)
    assert solve.main(["--file", str(tmp_path / "p.jsonl")]) == 1
    assert capsys.readouterr().out == "no answer\nno answer\n"


def test_a_program_cannot_control_the_terminal(duo, capsys):
    duo.generator.texts = ["    name = '\x1b[31m\x07'\n    return 3\n"]
    assert solve.main([QUESTION, "-n", "1", "--show-code"]) == 0
    assert "\x1b" not in (out := capsys.readouterr().out) and "\x07" not in out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([""], "question is empty"),
        ([" \n "], "question is empty"),
        (["What", "is", "2 and 2?"], "in quotes"),
        ([QUESTION, "--file", "x.jsonl"], "not both"),
        (["--file", "missing.jsonl"], "missing.jsonl"),
        ([QUESTION, "-n", "0"], "--candidates must be between 1 and 256"),
        ([QUESTION, "-n", "257"], "--candidates must be between 1 and 256"),
        ([QUESTION, "-n", "many"], "invalid int value: 'many'"),
        ([QUESTION, "--temperature", "-1"], "temperature must be"),
        ([QUESTION, "--temperature", "nan"], "temperature must be"),
        ([QUESTION, "--top-p", "0"], "top-p must be"),
        ([QUESTION, "--top-p", "1.5"], "top-p must be"),
        ([QUESTION, "--top-k", "-1"], "top-k must be"),
        ([QUESTION, "--max-tokens", "0"], "max-tokens must be"),
        ([QUESTION, "--seed", "-1"], "seed must be"),
        ([QUESTION, "--threads", "0"], "--threads must be"),
        ([QUESTION, "--rerank", "best"], "invalid choice: 'best'"),
        ([QUESTION, "--provider", "tpu"], "invalid choice: 'tpu'"),
        ([QUESTION, "--duo", "no/such/folder"], "no/such/folder"),
        (["word " * 500], "the question is too long: "),
    ],
)
def test_usage_errors_are_one_line(argv, words, capsys, monkeypatch):
    load = Duo.load
    monkeypatch.setattr(Duo, "load", lambda path: load(path) if path else ScriptedDuo([RIGHT]))
    monkeypatch.setattr(sys, "argv", ["solve", *argv])
    with pytest.raises(SystemExit) as ended:
        cli.run(solve.main)
    out, err = capsys.readouterr()
    assert ended.value.code == 2 and out == ""
    assert words in err and err.startswith("error: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", ":2: not valid JSON"),
        ("[1]", ":2: expected a JSON object"),
        ('{"answer": 3}', ':2: expected "question"'),
        ('{"question": "How many?", "answer": "few"}', ':2: expected "answer"'),
        (json.dumps({"question": "word " * 500}), "problem 2: the question is too long: "),
        (json.dumps({"question": "\x07"}), "problem 2: the question is empty"),
    ],
)
def test_a_bad_line_stops_the_run_before_anything_is_solved(duo, capsys, tmp_path, line, words):
    path = tmp_path / "problems.jsonl"
    path.write_text(json.dumps({"question": QUESTION}) + "\n" + line + "\n")
    with pytest.raises(UserError, match=words):
        solve.main(["--file", str(path)])
    assert capsys.readouterr().out == "" and duo.generator.prompts == []


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_problems_is_refused(duo, tmp_path, content):
    path = tmp_path / "empty.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match="holds no problems"):
        solve.main(["--file", str(path)])


def test_stdin_of_another_encoding_and_without_end(duo, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Caf\xe9?"), "utf-8"))
    with pytest.raises(UserError, match="UTF-8"):
        solve.main([])
    monkeypatch.setattr(sys, "stdin", io.StringIO("y" * 200_000))
    with pytest.raises(UserError, match="over 100000 characters"):
        solve.main(["-"])


def test_an_interrupt_keeps_the_lines_that_were_finished(tmp_path):
    write_jsonl(tmp_path / "p.jsonl", [{"question": f"{QUESTION} {k}"} for k in range(5)])
    script = f"""
        import os, signal
        from scripted import ScriptedDuo, ScriptedGenerator
        from tinygsm_edge import cli, solve
        from tinygsm_edge.duo import Duo

        def stream(self, *args, stream=ScriptedGenerator.stream):
            if len(self.prompts) == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return stream(self, *args)

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits a deaf one
        ScriptedGenerator.stream = stream
        Duo.load = lambda path: ScriptedDuo([{RIGHT!r}])
        cli.run(solve.main)
    """
    ended = python(script, "--file", str(tmp_path / "p.jsonl"))
    assert (ended.stdout, ended.stderr, ended.returncode) == ("72\n72\n", "interrupted\n", 130)


def test_help_imports_nothing_heavy():
    script = """
        import sys
        from tinygsm_edge import solve
        try:
            solve.main(["--help"])
        finally:
            heavy = {"numpy", "onnxruntime", "tokenizers", "pydantic_monty", "torch", "tqdm"} & set(sys.modules)
            assert not heavy, heavy
    """
    ended = python(script)
    assert ended.returncode == 0, ended.stderr
    assert "--show-candidates" in ended.stdout and not ended.stderr


def offline_solve(*argv: str) -> subprocess.CompletedProcess[str]:
    script = "import tinygsm_edge.solve as solve\ncheck()\ncode = solve.main()\ncheck()\nsys.exit(code)\n"
    return python(OFFLINE + script, *argv)


def test_the_network_guard_guards():
    ended = python(OFFLINE + "import socket\nsocket.create_connection(('127.0.0.1', 9))")
    assert "network use: socket." in ended.stderr


def test_a_whole_solve_opens_no_socket_and_imports_nothing_of_training(tiny_duo):
    import tiny

    question, _ = tiny.QUESTIONS_AND_SOLUTIONS[0]
    ended = offline_solve(question, "--duo", str(tiny_duo), "-n", "4", "--temperature", "0.2", "--threads", "1")
    assert (ended.stdout, ended.returncode) == ("7\n", 0), ended.stderr


def test_the_default_duo_works_offline():
    ended = offline_solve(QUESTION, "-n", "4", "--json", "--threads", "1")
    assert ended.returncode in (0, 1), ended.stderr
    assert json.loads(ended.stdout)["schema"] == 1
