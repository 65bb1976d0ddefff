"""The engine against torch, and against itself: a candidate is the same in any company."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from tinygsm_edge.duo import GENERATOR, VERIFIER, Duo
from tinygsm_edge.engine import Completion, Generator, Sampling, Verifier
from tinygsm_edge.engine.session import ROW_MULTIPLE, Graph, physical_cores
from tinygsm_edge.errors import UserError

WILD = Sampling(temperature=2.0, seed=7)  # at this temperature the tiny model's candidates all differ


@pytest.fixture(scope="module", params=["fp32", "int8"])
def duo(request: pytest.FixtureRequest) -> Duo:
    return Duo.load(request.getfixturevalue("tiny_duo" if request.param == "int8" else "tiny_duo_fp32"))


@pytest.fixture(scope="module")
def generator(duo: Duo) -> Generator:
    return duo.open_generator(threads=1)


@pytest.fixture(scope="module")
def verifier(duo: Duo) -> Verifier:
    return duo.open_verifier(threads=1)


@pytest.fixture(scope="module")
def prompts(duo: Duo) -> list[list[int]]:
    return [duo.encode(text) for text, _ in tiny.texts()]


def test_greedy_equals_torch(duo: Duo, generator: Generator, prompts: list[list[int]], tiny_checkpoints: Any) -> None:
    """Tokens as transformers' own greedy; log-probability as torch's forward pass over them."""
    import torch
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(tiny_checkpoints[0])
    for tokens in prompts:
        row = torch.tensor([tokens])
        with torch.inference_mode():
            output = model.generate(row, attention_mask=torch.ones_like(row), do_sample=False, max_new_tokens=60)
            logprobs = torch.log_softmax(model(output).logits[0, :-1], -1)
        written = output[0, len(tokens) :].tolist()
        (found,) = generator.generate(tokens, 1, Sampling(temperature=0, max_tokens=60))
        assert [*found.tokens, duo.end_token] == written
        assert found.finished
        expected = sum(logprobs[len(tokens) - 1 + i, token].item() for i, token in enumerate(written))
        assert found.logprob == pytest.approx(expected, abs=1e-4 if duo.manifest["precision"] == "fp32" else 0.05)


@pytest.mark.parametrize("sampling", [WILD, Sampling(temperature=2.5, top_k=50, top_p=0.9, max_tokens=40, seed=2**63)])
def test_candidate_k_is_the_same_in_any_company(generator: Generator, prompts: Any, sampling: Sampling) -> None:
    """Equal to the last bit of the log-probability for N = 1, 7, 8, 48 (design decision 5), in 8 bits as well."""
    many = generator.generate(prompts[0], 48, sampling)
    assert len(set(many)) > 40
    assert len({len(completion.tokens) for completion in many}) > 5
    for count in (1, 2, 7, 8):
        assert generator.generate(prompts[0], count, sampling) == many[:count]
    assert generator.generate(prompts[0], 2, Sampling(temperature=2.0, seed=8)) != many[:2]


def test_stream_gives_each_candidate_once_as_it_finishes(generator: Generator, prompts: list[list[int]]) -> None:
    streamed = list(generator.stream(prompts[1], 16, WILD))
    assert sorted(k for k, _ in streamed) == list(range(16))
    lengths = [len(completion.tokens) + completion.finished for _, completion in streamed]
    assert lengths == sorted(lengths)
    assert dict(streamed) == dict(enumerate(generator.generate(prompts[1], 16, WILD)))
    assert generator.steps == max(lengths) - 1
    assert set(generator.timing) == {"prefill", "decode"} and min(generator.timing.values()) > 0


@pytest.fixture
def batches(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, ...]]]:
    """The token shapes of every run of the generator's graph."""
    shapes: list[tuple[int, ...]] = []
    run = generator._graph.run

    def watched(tokens: np.ndarray, cache: Any) -> Any:
        shapes.append(tokens.shape)
        return run(tokens, cache)

    monkeypatch.setattr(generator._graph, "run", watched)
    yield shapes


def test_finished_rows_leave(generator: Generator, prompts: list[list[int]], batches: list[tuple[int, ...]]) -> None:
    """One prefill at batch 1; then batches that shrink with the live rows, never to an odd number."""
    found = generator.generate(prompts[0], 24, WILD)
    assert batches[0] == (1, len(prompts[0]))
    rows = [rows for rows, width in batches[1:] if width == 1]
    assert len(rows) == len(batches) - 1 and rows == sorted(rows, reverse=True)
    assert all(count % ROW_MULTIPLE == 0 for count in rows)
    for step, count in enumerate(rows, start=1):
        live = sum(len(completion.tokens) + completion.finished > step for completion in found)
        assert live <= count <= live / (1 - 1 / 8) + 2 * ROW_MULTIPLE


def test_closing_a_stream_stops_the_work(generator: Generator, prompts: Any, batches: list[tuple[int, ...]]) -> None:
    stream = generator.stream(prompts[0], 8, WILD)
    next(stream)
    ran = len(batches)
    stream.close()
    assert len(batches) == ran
    assert generator.generate(prompts[0], 1, WILD) == generator.generate(prompts[0], 1, WILD)


def test_length_limits(generator: Generator, prompts: list[list[int]]) -> None:
    """max_tokens counts the end token; the context is a limit too, also for a prompt that all but fills it."""
    shortest = min(len(completion.tokens) for completion in generator.generate(prompts[0], 8, WILD))
    whole = generator.generate(prompts[0], 8, WILD)
    cut = generator.generate(prompts[0], 8, Sampling(2.0, seed=7, max_tokens=shortest + 1))
    for complete, stopped in zip(whole, cut, strict=True):
        assert stopped.tokens == complete.tokens[: shortest + 1]
        assert stopped.finished == (len(complete.tokens) == shortest and complete.finished)
    full = (prompts[0] * tiny.CONTEXT)[: tiny.CONTEXT - 1]
    for completion in generator.generate(full, 3, WILD):
        assert len(completion.tokens) + completion.finished == 1
    room = generator.generate(full[:-30], 8, WILD)
    assert max(len(completion.tokens) for completion in room) <= 31


def test_what_is_refused(generator: Generator, verifier: Verifier) -> None:
    too_long = [5] * tiny.CONTEXT
    with pytest.raises(UserError, match=f"{tiny.CONTEXT} tokens, at most {tiny.CONTEXT - 1} fit"):
        generator.stream(too_long, 1, Sampling())
    with pytest.raises(UserError, match="at most"):
        verifier.score(too_long, [[1]])
    with pytest.raises(UserError, match="empty"):
        generator.generate([], 1, Sampling())
    with pytest.raises(UserError, match="candidates must be 1 or more, got 0"):
        generator.generate([5], 0, Sampling())


def torch_scores(checkpoint: Path, prompt: list[int], continuations: list[list[int]]) -> list[float]:
    import torch
    from transformers import LlamaForTokenClassification

    model = LlamaForTokenClassification.from_pretrained(checkpoint).eval()
    with torch.inference_mode():
        rows = [torch.tensor([[*prompt, *continuation, tiny.END_TOKEN]]) for continuation in continuations]
        return [torch.sigmoid(model(row).logits[0, -1, 0]).item() for row in rows]


@pytest.fixture(scope="module")
def continuations(generator: Generator, prompts: list[list[int]]) -> list[list[int]]:
    """Thirty-seven of them, 0 to 60 tokens long."""
    completions: list[Completion] = generator.generate(prompts[2], 36, Sampling(2.0, max_tokens=60, seed=3))
    return [[], *(list(completion.tokens) for completion in completions)]


def test_scores_equal_torch(
    duo: Duo, verifier: Verifier, prompts: Any, continuations: Any, tiny_checkpoints: Any
) -> None:
    expected = torch_scores(tiny_checkpoints[1], prompts[2], continuations)
    scores = verifier.score(prompts[2], continuations)
    assert scores.dtype == np.float32 and scores.shape == (37,) and scores.std() > 0.01
    np.testing.assert_allclose(scores, expected, atol=1e-5 if duo.manifest["precision"] == "fp32" else 0.05)


def test_a_score_does_not_depend_on_its_company(verifier: Verifier, prompts: Any, continuations: Any) -> None:
    """Bit for bit: alone, in any order, among many."""
    together = verifier.score(prompts[2], continuations)
    np.testing.assert_array_equal(verifier.score(prompts[2], continuations[::-1])[::-1], together)
    alone = [verifier.score(prompts[2], [continuation])[0] for continuation in continuations]
    np.testing.assert_array_equal(alone, together)


def test_scoring_nothing_and_too_much(verifier: Verifier, prompts: list[list[int]]) -> None:
    """No continuation, no score; one that overflows the context scores 0 and disturbs nobody."""
    assert verifier.score(prompts[0], []).shape == (0,)
    fits, overflows = [3] * (tiny.CONTEXT - len(prompts[0]) - 1), [3] * (tiny.CONTEXT - len(prompts[0]))
    scores = verifier.score(prompts[0], [fits, overflows])
    assert scores[1] == 0 and scores[0] == verifier.score(prompts[0], [fits])[0] > 0
    assert verifier.score(prompts[0], [overflows]).tolist() == [0]


def test_padding_is_not_seen(verifier: Verifier, prompts: list[list[int]]) -> None:
    """A row on its own graph run, unpadded, has the score that it has padded in a batch."""
    row = [7, 8, 9]
    _, cache = verifier._graph.run(np.array([prompts[0]]), verifier._graph.empty_cache())
    logit = verifier._graph.logits(np.array([[*row, tiny.END_TOKEN]]), cache)[0, -1, 0]
    assert verifier.score(prompts[0], [row])[0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_cuda_that_is_not_there(duo: Duo) -> None:
    """One line that says what is missing and how to get it; auto takes the CPU."""
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(UserError, match=r"no CUDA provider.*pip install '\.\[gpu\]'") as error:
        duo.open_generator("cuda")
    assert "\n" not in str(error.value)
    assert duo.open_generator("auto").provider == "cpu"


@pytest.mark.cuda
def test_cuda_answers_as_the_cpu(duo: Duo, prompts: list[list[int]]) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime has no CUDA provider")
    greedy = Sampling(temperature=0, max_tokens=60)
    (expected,) = duo.open_generator("cpu").generate(prompts[0], 1, greedy)
    assert [c.tokens for c in duo.open_generator("cuda").generate(prompts[0], 3, greedy)] == [expected.tokens] * 3
    scores = duo.open_verifier("cuda").score(prompts[0], [list(expected.tokens)])
    np.testing.assert_allclose(scores, duo.open_verifier("cpu").score(prompts[0], [list(expected.tokens)]), atol=0.02)


def test_sessions_that_cannot_be_opened(duo: Duo, tmp_path: Path) -> None:
    path = duo.folder / GENERATOR
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a graph")
    for arguments, message in (
        ({"path": path, "provider": "tpu"}, "unknown provider 'tpu': choose one of cpu, cuda, auto"),
        ({"path": path, "threads": 0}, "threads must be 1 or more"),
        ({"path": tmp_path / "none.onnx"}, "no such file"),
        ({"path": broken}, "cannot load .*broken.onnx: "),
    ):
        with pytest.raises(UserError, match=message) as error:
            Graph(**arguments)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)


def test_only_self_contained_causal_graphs_are_run(duo: Duo, tmp_path: Path) -> None:
    """No graph without a KV cache, and none that reads its weights from another file."""
    import onnx
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    plain = helper.make_model(helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y]), ir_version=8)
    plain.opset_import[0].version = 18
    onnx.save(plain, tmp_path / "plain.onnx")
    with pytest.raises(UserError, match="not a causal model with past"):
        Graph(tmp_path / "plain.onnx")
    onnx.save(onnx.load(duo.folder / VERIFIER), tmp_path / "split.onnx", save_as_external_data=True, location="weights")
    with pytest.raises(UserError, match="External data"):
        Graph(tmp_path / "split.onnx")


def test_the_runtime_is_imported_late() -> None:
    """Importing the engine brings in neither onnxruntime nor anything of torch: ``--help`` stays fast."""
    heavy = {"onnxruntime", "torch", "transformers", "optimum", "onnx", "tokenizers"}
    code = f"import sys, tinygsm_edge.engine, tinygsm_edge.duo; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_there_is_at_least_one_core() -> None:
    assert physical_cores() >= 1
