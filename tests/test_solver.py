"""The online path as one class, driven by a scripted duo; and once with the models that ship, where they are there."""

import json

import numpy as np
import pytest
from scripted import ScriptedDuo

from tinygsm_edge import prompt
from tinygsm_edge.duo import DEFAULT
from tinygsm_edge.engine import Sampling
from tinygsm_edge.errors import UserError
from tinygsm_edge.rerank import MAX_CANDIDATES, Candidate
from tinygsm_edge.sandbox import Sandbox
from tinygsm_edge.solver import LEAST_ROOM, Answer, Solver

QUESTION = "A baker makes 48 rolls and half as many again. How many?"
RIGHT = "rolls = 48\nresult = rolls + rolls / 2\nreturn result"
WRONG = "result = 48 / 2\nreturn result"
BROKEN = "result = 48 / 0\nreturn result"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2, time_limit=0.2) as sandbox:
        yield sandbox


def solve(duo, sandbox, count=6, **options) -> Answer:
    with Solver(duo, sandbox=sandbox) as solver:
        return solver.solve(QUESTION, candidates=count, **options)


def test_the_answer_comes_with_its_proof(sandbox):
    answer = solve(ScriptedDuo([RIGHT, WRONG, RIGHT, BROKEN]), sandbox, 8)
    assert (answer.answer, type(answer.answer), answer.votes) == (72, int, 4)
    assert answer.confidence == pytest.approx(4 * 0.5 / 8)
    assert sandbox.run(answer.program).value == answer.answer
    assert [c.index for c in answer.candidates] == list(range(8))
    assert [c.outcome for c in answer.candidates[:4]] == ["ok", "ok", "ok", "runtime_error"]
    assert [c.score for c in answer.candidates[:4]] == [0.5, 0.5, 0.5, None]
    assert (answer.question, answer.duo, answer.provider, answer.seed) == (QUESTION, "scripted", "cpu", 0)


def test_generator_and_verifier_read_the_agreed_texts(sandbox):
    duo = ScriptedDuo([RIGHT])
    solve(duo, sandbox, 1)
    assert duo.generator.prompts == [prompt.prompt(QUESTION)]
    assert duo.verifier.calls == [[prompt.completion(RIGHT) + "# 72\n"]]


def test_equal_programs_are_scored_once_and_failed_ones_never(sandbox):
    duo = ScriptedDuo([RIGHT, BROKEN, RIGHT, WRONG], rule=lambda text: 0.9 if "# 72\n" in text else 0.2)
    answer = solve(duo, sandbox, 16)
    assert [sorted(call) for call in duo.verifier.calls] == [
        sorted([prompt.completion(RIGHT) + "# 72\n", prompt.completion(WRONG) + "# 24\n"])
    ]
    assert {c.score for c in answer.candidates if c.answer == 72} == {float(np.float32(0.9))}


def test_equal_programs_are_run_once(sandbox, monkeypatch):
    programs = []
    monkeypatch.setattr(
        Sandbox, "run", lambda self, program, run=Sandbox.run: programs.append(program) or run(self, program)
    )
    solve(ScriptedDuo([RIGHT, WRONG, RIGHT]), sandbox, 12)
    assert len(programs) == len(set(programs)) == 2


def test_the_verifier_decides(sandbox):
    solutions = [WRONG, WRONG, RIGHT]
    duo = ScriptedDuo(solutions, rule=lambda text: 0.9 if "# 72\n" in text else 0.3)
    assert {m: solve(duo, sandbox, 3, rerank=m).answer for m in ("majority", "weighted", "verifier")} == {
        "majority": 24,
        "weighted": 72,
        "verifier": 72,
    }


def test_a_program_cut_off_is_not_run(sandbox):
    cut = prompt.completion("result = 125\nreturn result").rstrip("\n")
    answer = solve(ScriptedDuo(texts=[cut, cut[:-3]]), sandbox, 2)
    assert answer.answer is None and {c.outcome for c in answer.candidates} == {"syntax_error"}


def test_no_candidate_with_an_answer(sandbox):
    duo = ScriptedDuo([BROKEN, "return None", "while True:\n    pass"])
    answer = solve(duo, sandbox, 3)
    assert (answer.answer, answer.program, answer.votes, answer.confidence) == (None, None, 0, 0.0)
    assert [c.outcome for c in answer.candidates] == ["runtime_error", "not_a_number", "timeout"]
    assert duo.verifier.calls == []


def test_stream_yields_every_candidate_then_the_answer(sandbox):
    with Solver(ScriptedDuo([RIGHT, WRONG, BROKEN]), sandbox=sandbox) as solver:
        *drawn, answer = solver.stream(QUESTION, candidates=7)
    assert isinstance(answer, Answer) and all(isinstance(c, Candidate) and c.score is None for c in drawn)
    assert sorted(c.index for c in drawn) == list(range(7))
    assert {(c.index, c.answer) for c in drawn} == {(c.index, c.answer) for c in answer.candidates}


def test_an_abandoned_stream_leaves_the_solver_usable(sandbox):
    with Solver(ScriptedDuo([RIGHT]), sandbox=sandbox) as solver:
        stream = solver.stream(QUESTION, candidates=9)
        next(stream)
        stream.close()
        assert solver.solve(QUESTION, candidates=2).answer == 72


def test_json_has_exactly_the_agreed_keys(sandbox):
    answer = solve(ScriptedDuo([RIGHT, BROKEN]), sandbox, 2, sampling=Sampling(seed=5))
    row = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    assert set(row) == {
        "schema", "question", "answer", "confidence", "program", "votes", "candidates", "timing_ms", "seed", "duo",
        "provider",
    }  # fmt: skip
    assert set(row["candidates"][0]) == {"program", "answer", "outcome", "logprob", "score", "tokens"}
    assert (row["schema"], row["seed"], row["answer"], row["candidates"][1]["score"]) == (1, 5, 72, None)
    assert set(row["timing_ms"]) == {"load", "prefill", "decode", "run", "verify", "total"}
    assert all(ms >= 0 for ms in row["timing_ms"].values())


def test_loading_is_charged_once(sandbox):
    with Solver(ScriptedDuo([RIGHT]), sandbox=sandbox) as solver:
        first, second = (solver.solve(QUESTION, candidates=1).timing_ms for _ in range(2))
    assert first["load"] > 0 == second["load"]


@pytest.mark.parametrize(
    ("question", "options", "words"),
    [
        ("", {}, "question is empty"),
        (" \n\t\x07", {}, "question is empty"),
        (QUESTION, {"candidates": 0}, "candidates must be between 1 and"),
        (QUESTION, {"candidates": MAX_CANDIDATES + 1}, "candidates must be between 1 and"),
        (QUESTION, {"rerank": "best"}, "unknown rerank"),
    ],
)
def test_bad_requests_are_refused_before_any_work(sandbox, question, options, words):
    duo = ScriptedDuo([RIGHT])
    with Solver(duo, sandbox=sandbox) as solver, pytest.raises(UserError, match=words):
        solver.stream(question, **options)
    assert duo.generator.prompts == []


def test_a_question_longer_than_the_context_is_refused_with_length_and_limit(sandbox):
    length = len(prompt.prompt(QUESTION))
    assert solve(ScriptedDuo([RIGHT], context=length + LEAST_ROOM), sandbox, 1).answer == 72
    with pytest.raises(UserError, match=f"{length} tokens, the limit is {length - 1} "):
        solve(ScriptedDuo([RIGHT], context=length + LEAST_ROOM - 1), sandbox, 1)


def test_a_broken_verifier_is_named(sandbox):
    with pytest.raises(UserError, match="verifier's scores are not finite"):
        solve(ScriptedDuo([RIGHT], rule=lambda text: float("nan")), sandbox, 1)


def test_a_borrowed_sandbox_stays_open_and_an_own_one_is_closed(sandbox):
    solve(ScriptedDuo([RIGHT]), sandbox, 1)
    assert sandbox.run(prompt.function(prompt.completion(RIGHT))).value == 72
    with Solver(ScriptedDuo([RIGHT])) as solver:
        assert solver.solve(QUESTION, candidates=1).answer == 72
    solver.close()
    with pytest.raises(RuntimeError, match="closed"):
        solver.sandbox.run("")


@pytest.mark.skipif(not (DEFAULT / "duo.json").is_file(), reason="no default duo in this checkout")
def test_the_default_duo_reads_a_question_and_candidate_k_is_always_the_same():
    with Solver() as solver:
        four, eight = (solver.solve(QUESTION, candidates=n, sampling=Sampling(seed=3)) for n in (4, 8))
    assert [c.program for c in four.candidates] == [c.program for c in eight.candidates[:4]]
    assert any(c.outcome == "ok" for c in eight.candidates)
    assert all(0 <= c.score <= 1 for c in eight.candidates if c.answer is not None)
    json.dumps(eight.to_json(), allow_nan=False)
