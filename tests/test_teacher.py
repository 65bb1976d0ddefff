"""The teacher client against a server that behaves, and one that does not."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import read_problems
from tinygsm_edge.problems.teacher.ask import PROBLEMS, RESPONSES, Teacher, teach
from tinygsm_edge.problems.teacher.replies import read_pairs, read_program, read_questions

SEEDS = ["Ana has 3 apples and buys 4 more. How many apples has she now?", "A bus has 9 seats. How many has 5 buses?"]
PAIR = """### Problem
Ben owns {n} kites and loses 2 of them. How many kites has he left?
### Program
```python
kites = {n}
lost = 2
result = kites - lost
```
"""
QUESTION = "### Problem\nBen owns {n} kites and loses 2 of them in the wind. How many has he left?\n"
PROGRAM = "```python\nkites = 5\nlost = 2\nresult = kites - lost\nprint(result)\n```"

Answer = Callable[[BaseHTTPRequestHandler, int, str], None]


def reply(handler: BaseHTTPRequestHandler, text: str) -> None:
    body = json.dumps(
        {
            "id": "x", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
        }
    ).encode()  # fmt: skip
    send(handler, 200, body)


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Starts a server that answers with the given function (handler, number of the call, prompt); returns its URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        calls = iter(range(10**6))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer(self, next(calls), asked["messages"][0]["content"])

            def log_message(self, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def teacher(url: str, **changes: Any) -> Teacher:
    return Teacher("m", url, "none", **{"timeout": 5.0, "retries": 4, "concurrency": 2, **changes})


def test_ten_problems_a_call(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    url = serve(lambda handler, call, asked: reply(handler, "".join(PAIR.format(n=n) for n in range(10, 20))))
    tally = teach(SEEDS, tmp_path, teacher(url, price_in=1.0, price_out=10.0), "similar", rounds=2)
    problems = read_problems(tmp_path / PROBLEMS)
    assert (tally.answered, tally.failed, tally.problems) == (4, 0, 40) == (4, 0, len(problems))
    assert tally.dollars == pytest.approx(4 * (100 * 1 + 50 * 10) / 1e6)
    assert problems[0].solution == "kites = 10\nlost = 2\nresult = kites - lost\nreturn result"
    assert len({problem.id for problem in problems}) == 40


@pytest.mark.parametrize("mode", ["variants", "irrelevant"])
def test_questions_first_then_programs(serve: Callable[[Answer], str], tmp_path: Path, mode: str) -> None:
    def answer(handler: BaseHTTPRequestHandler, call: int, asked: str) -> None:
        first = "Solve this" not in asked
        reply(handler, "".join(QUESTION.format(n=n) for n in range(5, 8)) if first else PROGRAM)

    tally = teach(SEEDS, tmp_path, teacher(serve(answer)), mode)
    assert (tally.answered, tally.problems) == (2 + 2 * 3, 6)
    assert {problem.solution for problem in read_problems(tmp_path / PROBLEMS)} == {
        "kites = 5\nlost = 2\nresult = kites - lost\nreturn result"
    }


def test_a_server_that_misbehaves_costs_patience_only(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, call: int, asked: str) -> None:
        match call:
            case 0:
                send(handler, 429, b'{"error": {"message": "slow down"}}')
            case 1:
                send(handler, 500, b"oops")
            case 2:
                send(handler, 200, b'{"id": "x", "choi', length=400)  # half a response
            case 3:
                send(handler, 200, b"<html>welcome</html>")
            case 4:
                send(handler, 200, b'{"choices": []}')
            case 5:
                time.sleep(2)  # a hang
            case _:
                reply(handler, PAIR.format(n=8))

    tally = teach(SEEDS, tmp_path, teacher(serve(answer), timeout=1.0, retries=6), "similar")
    assert (tally.answered, tally.failed, tally.problems, tally.stopped) == (2, 0, 2, "")


def test_what_failed_is_asked_again_by_the_next_run(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    asked_about: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, call: int, asked: str) -> None:
        asked_about.append(asked)
        if "bus" in asked and call < 4:
            send(handler, 500, b"oops")
        else:
            reply(handler, PAIR.format(n=8))

    url = serve(answer)
    first = teach(SEEDS, tmp_path, teacher(url, retries=0), "similar")
    assert (first.answered, first.failed) == (1, 1)
    with open(tmp_path / RESPONSES, "a") as log:
        log.write('{"key": "similar:0:1", "asked": "cut in the mid')  # what a kill leaves
    asked_about.clear()
    again = teach(SEEDS, tmp_path, teacher(url), "similar")
    assert (again.answered, again.failed, again.problems) == (2, 0, 2)
    assert all("bus" in asked for asked in asked_about)


def test_a_refusal_is_told_at_once_and_loses_nothing(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, call: int, asked: str) -> None:
        reply(handler, PAIR.format(n=8)) if call == 0 else send(handler, 401, b'{"error": {"message": "bad key"}}')

    with pytest.raises(UserError, match=r"refuses.*bad key"):
        teach(SEEDS * 20, tmp_path, teacher(serve(answer), concurrency=1), "similar")
    assert len(read_problems(tmp_path / PROBLEMS)) == 1


def test_budget_and_endless_failure_stop_the_run(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    dear = serve(lambda handler, call, asked: reply(handler, PAIR.format(n=8)))
    spent = teach(SEEDS * 10, tmp_path / "a", teacher(dear, price_out=20_000.0, budget=2.5, concurrency=1), "similar")
    assert spent.answered == 3 and "budget" in spent.stopped
    dead = serve(lambda handler, call, asked: send(handler, 503, b"no"))
    gone = teach(SEEDS * 20, tmp_path / "b", teacher(dead, retries=0), "similar")
    assert 20 <= gone.failed < 40 and "in a row" in gone.stopped


def test_replies_to_other_seeds_are_not_mixed_in(serve: Callable[[Answer], str], tmp_path: Path) -> None:
    url = serve(lambda handler, call, asked: reply(handler, PAIR.format(n=8)))
    teach(SEEDS, tmp_path, teacher(url), "similar")
    with pytest.raises(UserError, match="other seed questions"):
        teach(SEEDS[::-1], tmp_path, teacher(url), "similar")


@pytest.mark.parametrize(
    "text",
    [
        PAIR.format(n=12),
        "Sure! Here you go.\n\n**Problem 1:**\n" + PAIR.format(n=12).split("\n", 1)[1],
        PAIR.format(n=12).replace("### Program\n", ""),
        PAIR.format(n=12).rsplit("```", 1)[0],
        "### Problem\n\n### Program\n```python\nresult = 1\n```\n" + PAIR.format(n=12),
        PAIR.format(n=12) + "### Problem\nThis one has no program at all, so it is passed over. How many?",
        PAIR.format(n=12).replace("kites = 12", "def solve():\n    kites = 12").replace("\nlost", "\n    lost")
        .replace("\nresult = kites - lost", "\n    result = kites - lost\n    return result"),
    ],
)  # fmt: skip
def test_replies_are_read_defensively(text: str) -> None:
    assert read_pairs(text) == [
        (
            "Ben owns 12 kites and loses 2 of them. How many kites has he left?",
            "kites = 12\nlost = 2\nresult = kites - lost\nreturn result",
        )
    ]


def test_programs_without_a_result_are_none() -> None:
    assert read_program("I cannot do that.") is None
    assert read_program("```python\nanswer = 3\n```") is None
    assert read_program("```\nresult == 3\n```") is None
    assert read_questions("Nothing here.") == []
