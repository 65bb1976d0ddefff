"""Training: batches are a function of the step, runs resume exactly, several processes agree, the verifier learns."""

import json
import math
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import Problem, write_problems
from tinygsm_edge.prompt import completion, function, prompt
from tinygsm_edge.training import generator, sample, tokenizer, verifier
from tinygsm_edge.training.data import Batches, generator_rows
from tinygsm_edge.training.tokenizer import END_TOKEN, load_tokenizer

END = 0


def sums(count: int, seed: int) -> list[Problem]:
    rng = random.Random(seed)
    problems = []
    for _ in range(count):
        a, b, item = rng.randint(2, 9), rng.randint(2, 9), rng.choice(["pears", "mugs", "kites"])
        problems.append(
            Problem(
                question=f"Ada has {a} {item} and finds {b} more. How many {item} has she now?",
                answer=a + b,
                solution=f"first = {a}\nmore = {b}\nresult = first + more\nreturn result",
            )
        )
    return problems


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_problems(folder / "train.jsonl", sums(300, seed=1))
    write_problems(folder / "held.jsonl", sums(30, seed=2))
    tokenizer.main(["--data", str(folder / "train.jsonl"), "--out", str(folder / "tokenizer.json"),
                    "--vocabulary", "400"])  # fmt: skip
    return folder


def generator_flags(data: Path, out: Path, *more: str) -> list[str]:
    return [
        "--data", str(data / "train.jsonl"), "--tokenizer", str(data / "tokenizer.json"), "--out", str(out),
        "--size", "1m", "--steps", "8", "--save-every", "4", "--log-every", "1", "--batch-tokens", "512",
        "--warmup-steps", "2", *more,
    ]  # fmt: skip


def losses(out: Path) -> list[float]:
    return [row["loss"] for row in map(json.loads, (out / "log.jsonl").read_text().splitlines()) if "loss" in row]


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "generator"
    generator.main(generator_flags(data, out, "--validation", str(data / "held.jsonl")))
    return out


def test_tokenizer_keeps_digits_single_and_special_text_plain(data: Path) -> None:
    loaded = load_tokenizer(data / "tokenizer.json")
    text = prompt("What is 12345 plus <|end|> 678?") + completion("result = 12345\nreturn result")
    ids = loaded.encode(text).ids
    assert loaded.decode(ids, skip_special_tokens=False) == text
    assert loaded.token_to_id(END_TOKEN) == END and END not in ids
    assert all(sum(c.isdigit() for c in token) <= 1 for token in loaded.get_vocab())


def test_prompt_and_completion_make_a_program_of_the_papers_format() -> None:
    problem = sums(1, seed=3)[0]
    assert problem.solution is not None
    text = prompt(problem.question) + completion(problem.solution)
    namespace: dict[str, object] = {}
    exec(text, namespace)  # our own program, not a model's
    assert namespace["simple_math_problem"]() == problem.answer  # type: ignore[operator]
    assert function(completion(problem.solution)).startswith("def simple_math_problem() -> float:\n    first = ")


def test_batches_cover_each_epoch_once_and_depend_on_the_step_alone(data: Path) -> None:
    import torch

    rows = generator_rows(sums(200, seed=4), load_tokenizer(data / "tokenizer.json"), END, context=256)
    cpu = torch.device("cpu")
    seen, batches = [], Batches(rows, 1024, END, seed=5)
    count = len(batches._plan(0))
    for step in range(count):
        batch = batches(step, cpu)
        assert batch.tokens.numel() <= 1024
        seen += [tuple(t[m].tolist()) for t, m in zip(batch.tokens, batch.real, strict=True)]
    assert sorted(seen) == sorted(tuple(row.tokens.tolist()) for row in rows)
    late = Batches(rows, 1024, END, seed=5)(count + 3, cpu)  # asked for first, without its predecessors
    assert torch.equal(late.tokens, batches(count + 3, cpu).tokens)
    ranks = [Batches(rows, 1024, END, 5, rank, 2)(1, cpu).tokens for rank in (0, 1)]
    assert [torch.equal(tokens, batches(2 + rank, cpu).tokens) for rank, tokens in enumerate(ranks)] == [True, True]


def test_batch_holds_completion_mask(data: Path) -> None:
    import torch

    loaded = load_tokenizer(data / "tokenizer.json")
    problem = sums(1, seed=6)[0]
    assert problem.solution is not None
    rows = generator_rows([problem], loaded, END, context=256)
    batch = Batches(rows, 512, END, seed=0)(0, torch.device("cpu"))
    written = batch.tokens[0][batch.scored[0]].tolist()
    assert written[-1] == END and loaded.decode(written[:-1]) == completion(problem.solution)


def test_killed_run_resumes_with_the_same_losses(data: Path, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "tinygsm_edge.training.generator", *generator_flags(data, out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if '"step": 6' in line:
            process.kill()
            break
    process.stderr.close()
    process.wait()
    assert not (out / "final").exists()
    with open(out / "log.jsonl", "a") as log:
        log.write('{"step": 7, "lo')  # what a kill in the middle of a write leaves
    generator.main(generator_flags(data, out))
    # The run of the fixture also evaluated: training must not be touched by that either.
    assert losses(out) == losses(trained)
    weights = [(folder / "final/model.safetensors").read_bytes() for folder in (out, trained)]
    assert weights[0] == weights[1]


def test_two_gloo_processes_train_on_twice_the_batches(data: Path, trained: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    for steps, out in (("2", tmp_path / "half"), ("4", tmp_path / "full")):
        flags = generator_flags(data, out, "--steps", steps, "--save-every", "2", "--decay-share", "0")
        subprocess.run([*launch, "tinygsm_edge.training.generator", *flags], check=True, env=environment, timeout=300)
    full = losses(tmp_path / "full")
    assert losses(tmp_path / "half") == full[:2]
    assert full[0] == pytest.approx(losses(trained)[0], abs=0.1)  # same initial weights, other batches
    last = json.loads((tmp_path / "full/log.jsonl").read_text().splitlines()[-1])
    single = json.loads((trained / "log.jsonl").read_text().splitlines()[3])
    assert last["tokens"] > 1.5 * single["tokens"]


def test_other_settings_in_the_same_folder_are_refused(data: Path, trained: Path) -> None:
    with pytest.raises(UserError, match="other settings"):
        generator.main(generator_flags(data, trained, "--learning-rate", "0.5"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--steps", "0"], "--steps is 0"),
        (["--learning-rate", "nan"], "--learning-rate is nan"),
        (["--decay-share", "2"], "between 0 and 1"),
        (["--batch-tokens", "32"], "cannot hold the longest row"),
        (["--context", "10"], "no row fits the context"),
        (["--tokenizer", "missing.json"], "cannot read the tokenizer"),
        (["--data", "missing.jsonl"], "cannot read missing.jsonl"),
    ],
)
def test_bad_flags_are_one_clear_line(data: Path, tmp_path: Path, flags: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        generator.main(generator_flags(data, tmp_path / "run", *flags))
    assert "\n" not in str(caught.value)


def test_time_budget_ends_a_run_with_a_decayed_rate(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    generator.main(generator_flags(data, out, "--steps", "100000", "--time-budget", "0.05", "--save-every", "100000"))
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert (out / "final/model.safetensors").exists()
    assert lines[-1]["learning_rate"] < 0.2 * max(line["learning_rate"] for line in lines)


def test_sampled_candidates_are_labelled_by_running_them(data: Path, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "candidates.jsonl"
    checkpoints = [str(trained / "step-000004"), str(trained / "final")]
    flags = ["--data", str(data / "held.jsonl"), "--checkpoints", *checkpoints, "--out", str(out), "--candidates", "8",
             "--temperatures", "0.5", "0.7", "--max-tokens", "16", "--limit", "4", "--rows", "8"]  # fmt: skip
    sample.main(flags)
    text = out.read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == 4 * 2 * 2
    assert all(sum(candidate["count"] for candidate in row["candidates"]) == 2 for row in rows)
    out.write_text(text[: text.index("\n") + 40])  # killed after one row and a bit
    sample.main(flags)
    resumed = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(map(sample._key, resumed)) == sorted(map(sample._key, rows))


def test_cold_candidates_are_what_generate_writes_greedily(data: Path, trained: Path) -> None:
    """Padding, shared prefill and dropped rows change nothing: near temperature 0 every copy is the greedy text."""
    import torch

    model = sample._load(trained / "final")
    loaded = load_tokenizer(data / "tokenizer.json")
    prompts = [loaded.encode(prompt(problem.question + " Think." * i)).ids for i, problem in enumerate(sums(5, seed=8))]

    def greedy(ids: list[int], end: int) -> list[int]:
        tokens = torch.tensor([ids])
        flags = {"do_sample": False, "max_new_tokens": 16, "eos_token_id": end, "pad_token_id": END}
        return model.generate(tokens, attention_mask=torch.ones_like(tokens), **flags)[0, len(ids) :].tolist()

    end = greedy(prompts[0], END)[7]  # after eight steps of training it never ends by itself: take what it does write
    longest = max(map(len, prompts))
    tokens = torch.tensor([[END] * (longest - len(ids)) + ids for ids in prompts])
    mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts])
    draw = sample.Draw(candidates=3, temperature=1e-4, max_tokens=16, rows=15, seed=0)
    written = sample._decode_batch(model, tokens, mask, end, draw).tolist()
    for row, ids in enumerate(written):
        expected = greedy(prompts[row // 3], end)
        assert ids[: len(expected)] == expected


def test_labels_say_whether_the_value_is_the_answer() -> None:
    from tinygsm_edge.sandbox import Sandbox

    problem = Problem(question="What is 2 plus 3?", answer=5)
    right, wrong, broken = "    return 2 + 3\n", "    return 6\n", "    return nothing\n"
    with Sandbox(workers=1) as sandbox:
        labelled = sample.label_candidates(problem, [right, wrong, broken, right, None], sandbox)
    assert [(c["count"], c["right"], c["outcome"]) for c in labelled] == [
        (2, True, "ok"),
        (1, False, "ok"),
        (1, False, "runtime_error"),
        (1, False, "syntax_error"),
    ]


def test_fresh_verifier_scores_one_half_and_still_speaks_the_language(data: Path, trained: Path) -> None:
    """The language-model loss reads the generator's own logits from the verifier's trunk."""
    import torch
    from transformers import LlamaForCausalLM

    judge, writer = verifier.make_verifier(trained / "final"), LlamaForCausalLM.from_pretrained(trained / "final")
    rows = generator_rows(sums(6, seed=9), load_tokenizer(data / "tokenizer.json"), END, context=256)
    batch = Batches(rows, 1024, END, seed=0)(0, torch.device("cpu"))
    batch = replace(batch, labels=torch.ones_like(batch.labels))
    with torch.no_grad():
        _, figures = verifier.VerifierLoss(lm_weight=1.0)(judge, batch)
        language, _ = generator.GeneratorLoss(question_weight=0.0)(writer, batch)
    assert figures["lm_loss"] == pytest.approx(language.item(), abs=1e-4)
    assert figures["verifier_loss"] == pytest.approx(math.log(2), abs=1e-4)


def test_verifier_learns_to_tell_right_from_wrong(data: Path, trained: Path, tmp_path: Path) -> None:
    """Wrong candidates here add one too many: visible in the program, so a few steps must separate them."""
    rows = []
    for problem in sums(200, seed=7):
        assert problem.solution is not None and problem.answer is not None
        spoiled = problem.solution.replace("first + more", "first + more + 1")
        rows.append(
            {
                "question": problem.question,
                "candidates": [
                    {
                        "completion": completion(problem.solution),
                        "count": 1,
                        "outcome": "ok",
                        "value": problem.answer,
                        "right": True,
                    },
                    {
                        "completion": completion(spoiled),
                        "count": 1,
                        "outcome": "ok",
                        "value": problem.answer + 1,
                        "right": False,
                    },
                    {
                        "completion": "    return nothing\n",
                        "count": 6,
                        "outcome": "runtime_error",
                        "value": None,
                        "right": False,
                    },
                ],
            }
        )
    for name, part in (("train", rows[:150]), ("held", rows[150:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    verifier.main([
        "--candidates", str(tmp_path / "train.jsonl"), "--validation", str(tmp_path / "held.jsonl"), "--generator",
        str(trained / "final"), "--out", str(tmp_path / "run"), "--steps", "40", "--batch-tokens", "2048",
        "--learning-rate", "0.002", "--warmup-steps", "4",
    ])  # fmt: skip
    summary = json.loads((tmp_path / "run/final/training.json").read_text())
    assert summary["validation_auc"] > 0.95
