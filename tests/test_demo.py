"""The web demo: its service, what it shows, its API over loopback, and how it fails."""

import json
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from scripted import ScriptedDuo

from demo import view
from demo.__main__ import check_address, main
from demo.service import MAX_CANDIDATES, MAX_QUESTION, Service
from tinygsm_edge.engine import Sampling
from tinygsm_edge.errors import UserError
from tinygsm_edge.rerank import Candidate
from tinygsm_edge.sandbox import Sandbox
from tinygsm_edge.solver import Answer, Solver

QUESTION = "A baker makes 48 rolls and half as many again. How many?"
RIGHT = "rolls = 48\nresult = rolls + rolls / 2\nreturn result"
WRONG = "result = 48 / 2\nreturn result"
BROKEN = "result = 48 / 0\nreturn result"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2, time_limit=0.2) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def solver(sandbox):
    with Solver(ScriptedDuo([RIGHT, WRONG, RIGHT, BROKEN]), sandbox=sandbox) as solver:
        yield solver


@pytest.fixture(scope="module")
def service(solver):
    with Service(solver) as service:
        yield service


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def address(service):
    app = pytest.importorskip("demo.app", reason="gradio is not installed", exc_type=UserError)
    with app.serve(app.build(service, 8), "127.0.0.1", free_port()) as address:
        yield address


@pytest.fixture(scope="module")
def client(address):
    from gradio_client import Client

    client = Client(address, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_the_service_yields_every_candidate_then_the_answer(service):
    items = [item for batch in service.stream(QUESTION, 6) for item in batch]
    assert sorted(c.index for c in items[:-1] if isinstance(c, Candidate)) == list(range(6))
    assert isinstance(items[-1], Answer) and items[-1].answer == 72


def test_a_request_given_up_makes_way_for_the_next(sandbox):
    duo, begun = ScriptedDuo([RIGHT]), threading.Event()
    draw = duo.generator.stream
    drawn = []

    def endless(tokens, count, sampling):
        if count == 1:
            yield from draw(tokens, count, sampling)
            return
        while True:  # ends only when the stream is closed
            drawn.append(None)
            begun.set()
            yield from draw(tokens, 1, sampling)

    duo.generator.stream = endless
    with Solver(duo, sandbox=sandbox) as solver, Service(solver) as service:
        stream = service.stream(QUESTION, 9)
        next(stream)
        assert begun.is_set()
        stream.close()
        assert service.solve(QUESTION, 1).answer == 72
        count = len(drawn)
        assert service.solve(QUESTION, 1).answer == 72 and len(drawn) == count


def test_requests_from_many_threads_reach_the_solver_from_one(sandbox):
    duo, seen = ScriptedDuo([RIGHT]), []
    draw = duo.generator.stream
    duo.generator.stream = lambda *given: seen.append(threading.get_ident()) or draw(*given)
    answers = []
    with Solver(duo, sandbox=sandbox) as solver, Service(solver) as service:
        threads = [threading.Thread(target=lambda: answers.append(service.solve(QUESTION, 3).answer)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert answers == [72] * 5 and len(seen) == 5 and len(set(seen)) == 1


def test_an_error_of_the_solver_reaches_the_one_who_asked_and_nobody_else(sandbox):
    duo = ScriptedDuo([RIGHT], rule=lambda text: float("nan"))
    with Solver(duo, sandbox=sandbox) as solver, Service(solver) as service:
        with pytest.raises(UserError, match="not finite"):
            service.solve(QUESTION, 2)
        duo.verifier.rule = lambda text: 0.5
        assert service.solve(QUESTION, 2).answer == 72


BAD_REQUESTS = [
    ("", 4, 0, "question is empty"),
    ("x" * (MAX_QUESTION + 1), 4, 0, f"{MAX_QUESTION + 1} characters, the limit is {MAX_QUESTION}"),
    (QUESTION, 0, 0, f"from 1 to {MAX_CANDIDATES}"),
    (QUESTION, MAX_CANDIDATES + 1, 0, f"from 1 to {MAX_CANDIDATES}"),
    (QUESTION, 2.5, 0, "whole number"),
    (QUESTION, float("nan"), 0, "whole number"),
    (QUESTION, None, 0, "whole number"),
    (QUESTION, "many", 0, "whole number"),
    (QUESTION, True, 0, "whole number"),
    (QUESTION, 4, -1, "seed must be"),
    (None, 4, 0, "must be text"),
]


@pytest.mark.parametrize(("question", "candidates", "seed", "words"), BAD_REQUESTS)
def test_bad_requests_are_refused_in_one_line(service, question, candidates, seed, words):
    with pytest.raises(UserError, match=words) as caught:
        service.solve(question, candidates, seed)
    assert "\n" not in str(caught.value)


def cells(table: str) -> list[list[str]]:
    """The cells of a shown table."""
    return [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", table) if "<td>" in row]


def test_the_verdict_says_answer_confidence_and_votes(service):
    shown = view.verdict(service.solve(QUESTION, 8))
    assert ">72<" in shown and "confidence 25%" in shown and "4 of 8" in shown


def test_a_question_without_answer_is_said_so(sandbox):
    with Solver(ScriptedDuo([BROKEN]), sandbox=sandbox) as solver:
        answer = solver.solve(QUESTION, candidates=3)
    assert "no answer" in view.verdict(answer) and "none of 3" in view.verdict(answer)


def test_table_and_stages_show_what_the_answer_holds(service):
    answer = service.solve(QUESTION, 4)
    rows = view.rows(answer.candidates)
    assert cells(view.table(answer.candidates)) == rows
    assert [row[:3] for row in rows] == [
        ["1", "72", "ok"],
        ["2", "24", "ok"],
        ["3", "72", "ok"],
        ["4", "-", "runtime_error"],
    ]
    assert all(len(row) == len(view.COLUMNS) and all(isinstance(cell, str) for cell in row) for row in rows)
    flex = [float(share) for share in re.findall(r"flex: ([0-9.]+)", view.stages(answer))]
    assert len(flex) == 5 and sum(flex) == pytest.approx(1, abs=0.01)


def test_text_from_outside_never_becomes_markup():
    assert "<img" not in view.message(HOSTILE) and "&lt;img" in view.message(HOSTILE)
    assert "<img" not in view.note(HOSTILE)
    candidate = Candidate(0, HOSTILE, 1, -1.0, HOSTILE)
    assert "<img" not in view.table([candidate])


def test_the_page_fills_as_candidates_finish(address, service):
    from demo.app import on_page

    *partial, (verdict, program, table, stages) = on_page(service, QUESTION, 6.0, 0)
    filled, rows = [len(cells(shown[2])) for shown in partial], cells(table)
    assert filled == sorted(filled) and filled[0] == 0 and all(shown[1] is None for shown in partial)
    assert ">72<" in verdict and "rolls + rolls / 2" in program and len(rows) == 6 and "decode" in stages
    assert [row[3] for row in rows] == sorted((row[3] for row in rows), reverse=True), "scored candidates come first"


@pytest.mark.parametrize(("question", "count", "seed", "words"), BAD_REQUESTS)
def test_the_page_shows_what_a_user_can_mend(address, service, question, count, seed, words):
    from demo.app import on_page

    *_, (verdict, program, table, stages) = on_page(service, question, count, seed)
    assert 'role="alert"' in verdict and (program, cells(table), stages) == (None, [], "")


def test_the_api_returns_what_solve_prints_as_json(client, solver):
    row = client.predict(QUESTION, candidates=6, seed=3, api_name="/solve")
    expected = solver.solve(QUESTION, candidates=6, sampling=Sampling(seed=3)).to_json()
    assert {**row, "timing_ms": None} == {**expected, "timing_ms": None}
    assert row["timing_ms"].keys() == expected["timing_ms"].keys()


def test_the_api_takes_the_pages_candidates_by_default_and_returns_questions_as_they_are(client):
    row = client.predict(HOSTILE, api_name="/solve")
    assert row["question"] == HOSTILE and len(row["candidates"]) == 8


@pytest.mark.parametrize(("arguments", "words"), [(("", 4), "question is empty"), ((QUESTION, 999), "whole number")])
def test_the_api_refuses_in_one_line(client, arguments, words):
    with pytest.raises(Exception, match=words) as caught:
        client.predict(*arguments, api_name="/solve")
    assert "Traceback" not in str(caught.value)


def test_solve_is_the_only_endpoint(client):
    endpoints = client.view_api(return_format="dict")
    assert list(endpoints["named_endpoints"]) == ["/solve"] and not endpoints["unnamed_endpoints"]


def test_the_page_asks_nothing_of_other_hosts(address):
    with urllib.request.urlopen(address, timeout=30) as response:
        page = response.read().decode()
    fetched = re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)\s*=\s*["'](?:https?:)?//[^"']+""", page)
    assert [tag for tag in fetched if address not in tag and "canonical" not in tag] == []
    with urllib.request.urlopen(f"{address}theme.css", timeout=30) as response:
        style = response.read().decode()
    assert "system-ui" in style and not re.search(r"""url\(["']?+(?!data:)|@import""", style)
    with urllib.request.urlopen(f"{address}config", timeout=30) as response:
        config = json.load(response)
    assert config["analytics_enabled"] is False


def test_examples_are_the_packages_own(address):
    from demo.app import examples

    assert len(examples()) == 12 and len(set(examples())) == 12


def test_a_taken_port_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1 port {port} .*--port"):
            main(["--port", str(port)])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--port", "0"], "between 1 and 65535"),
        (["--port", "http"], "invalid int"),
        (["--threads", "0"], "--threads"),
        (["--host", "no such host"], "no such host"),
    ],
)
def test_bad_flags_are_refused(argv, words):
    with pytest.raises(UserError, match=words):
        main(argv)


def test_too_many_candidates_are_refused_before_a_duo_is_loaded(monkeypatch):
    monkeypatch.setattr("tinygsm_edge.solver.Solver.__init__", lambda *given, **named: pytest.fail("loaded"))
    with pytest.raises(UserError, match=f"from 1 to {MAX_CANDIDATES}"):
        main(["--candidates", "1000", "--port", str(free_port())])


def test_without_gradio_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "demo.app", raising=False)
    monkeypatch.delattr("demo.app", raising=False)
    with pytest.raises(UserError, match=r"pip install 'tinygsm-edge\[demo\]'"):
        main(["--port", str(free_port())])


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from demo.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'gradio', 'onnxruntime', 'torch', 'numpy'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_an_address_that_is_free_passes():
    check_address("127.0.0.1", free_port())
