"""Is the ONNX file the model that went in? Measured on real prompts through the engine that will run it.

The generator is compared over each prompt and 32 greedy tokens of torch's, fed one by one with a KV cache, so prefill
and decode steps are both seen. Agreement is counted token by token along torch's path: a free run would count one
flipped tie as thirty errors. The verifier is compared on sampled completions, prompt cached, as it is in use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tinygsm_edge import prompt as prompts
from tinygsm_edge.engine import Generator, Sampling, Verifier
from tinygsm_edge.engine.session import ROW_MULTIPLE, Graph

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

GREEDY_STEPS = 32
CANDIDATES = 4
QUESTIONS = (
    "A gardener plants 6 rows of 9 tulips and gives away 14 of them. How many tulips are left?",
    "A ticket costs 12 dollars and a child pays half. What do 2 adults and 3 children pay?",
    "Omar reads 15 pages a day. How many days does he need for a book of 180 pages?",
    "A tank holds 250 litres. It is filled to 40 percent, then 35 litres are added. How many litres are in it?",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a precision must hold. Logit differences are in standard deviations of torch's logits."""

    logits_max: float
    logits_mean: float
    greedy: float
    score_max: float
    score_correlation: float


LIMITS = {
    # Same arithmetic in another order: rounding only. Measured 1e-6 to 2e-5; a wrong mask or position shows as 0.1.
    "fp32": Limits(logits_max=1e-4, logits_mean=1e-5, greedy=1.0, score_max=1e-4, score_correlation=0.9999),
    # Weights and activations rounded to 8 bits: each layer adds a little noise, and only near ties may flip. Measured
    # on 2 to 6 layers, trained and random: mean 0.01 to 0.04, largest 0.1 to 0.3, scores within 0.03. A projection
    # quantized along the wrong axis, or a scale lost, is far outside.
    "int8": Limits(logits_max=1.0, logits_mean=0.06, greedy=0.9, score_max=0.15, score_correlation=0.98),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One measured figure beside its limit."""

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def passed(self) -> bool:
        return bool(self.value >= self.limit if self.at_least else self.value <= self.limit)

    def __str__(self) -> str:
        relation = ">=" if self.at_least else "<="
        return f"{self.name:<46} {self.value:>10.3g}  {relation} {self.limit:<8g} {'ok' if self.passed else 'FAILED'}"


@dataclass(frozen=True, slots=True)
class Reference:
    """What torch says: per prompt its tokens, its greedy continuation, the logits [tokens, vocabulary] over both."""

    prompts: list[list[int]]
    greedy: list[list[int]]
    logits: list[NDArray[np.float32]]


def reference(model: "PreTrainedModel", tokenizer: "Tokenizer", questions: Sequence[str], context: int) -> Reference:
    """Run torch over the questions' prompts; those that leave no room for GREEDY_STEPS tokens are passed over."""
    import torch

    encoded = [tokenizer.encode(prompts.prompt(question), add_special_tokens=False).ids for question in questions]
    fitting = [tokens for tokens in encoded if len(tokens) + GREEDY_STEPS <= context]
    greedy, logits = [], []
    with torch.inference_mode():
        for tokens in fitting:
            row = torch.tensor([tokens])
            for _ in range(GREEDY_STEPS):
                after = model(input_ids=row).logits
                row = torch.cat([row, after[:, -1:].argmax(-1)], dim=1)
            greedy.append(row[0, len(tokens) :].tolist())
            logits.append(model(input_ids=row).logits[0].numpy())
    return Reference(fitting, greedy, logits)


def check_generator(expected: Reference, path: Path, precision: str) -> list[Check]:
    """Compare a generator graph with torch."""
    graph, limits = Graph(path), LIMITS[precision]
    largest, total, count, agreed = 0.0, 0.0, 0, []
    spread = float(np.concatenate(expected.logits).std())
    for tokens, greedy, logits in zip(expected.prompts, expected.greedy, expected.logits, strict=True):
        found = np.concatenate(list(_replay(graph, tokens, greedy)))
        difference = np.abs(found - logits)
        largest = max(largest, float(difference.max()))
        total, count = total + float(difference.sum()), count + found.size
        steps = slice(len(tokens) - 1, -1)
        agreed.extend((found[steps].argmax(-1) == np.array(greedy)).tolist())
    where = f"generator {precision}"
    return [
        Check(f"{where}: logits, largest difference / std", largest / spread, limits.logits_max),
        Check(f"{where}: logits, mean difference / std", total / count / spread, limits.logits_mean),
        Check(f"{where}: greedy tokens that agree ({len(agreed)})", float(np.mean(agreed)), limits.greedy, True),
    ]


def _replay(graph: Graph, tokens: list[int], greedy: list[int]) -> Iterator[NDArray[np.float32]]:
    """Logits [steps, vocabulary] of the prompt in one prefill, then of each greedy token in a decode step."""
    logits, cache = graph.run(np.array([tokens], np.int64), graph.empty_cache())
    yield logits[0]
    cache = cache.take(np.zeros(ROW_MULTIPLE, np.int64))
    for token in greedy:
        logits, cache = graph.run(np.full((ROW_MULTIPLE, 1), token, np.int64), cache)
        yield logits[0]


@dataclass(frozen=True, slots=True)
class Scored:
    """Continuations of one prompt and torch's scores [n] for them."""

    prompt: list[int]
    continuations: list[list[int]]
    scores: NDArray[np.float32]


def scored(
    verifier: "PreTrainedModel", tokenizer: "Tokenizer", generator: Generator, expected: Reference
) -> list[Scored]:
    """Draw CANDIDATES completions per prompt, end each with an outcome line, and let torch score them."""
    import torch

    line = tokenizer.encode(prompts.outcome_line(12), add_special_tokens=False).ids
    found = []
    for tokens in expected.prompts:
        room = generator.context - len(tokens) - len(line) - 1
        sampling = Sampling(temperature=1.0, max_tokens=max(1, min(96, room)))
        continuations = [[*c.tokens, *line] for c in generator.generate(tokens, CANDIDATES, sampling)]
        with torch.inference_mode():
            rows = [torch.tensor([[*tokens, *continuation, generator.end_token]]) for continuation in continuations]
            scores = [torch.sigmoid(verifier(input_ids=row).logits[0, -1, 0]).item() for row in rows]
        found.append(Scored(tokens, continuations, np.array(scores, np.float32)))
    return found


def check_verifier(expected: Sequence[Scored], path: Path, precision: str, end_token: int, context: int) -> list[Check]:
    """Compare a verifier graph's scores with torch's."""
    verifier, limits = Verifier(path, end_token=end_token, context=context), LIMITS[precision]
    torchs = np.concatenate([group.scores for group in expected])
    ours = np.concatenate([verifier.score(group.prompt, group.continuations) for group in expected])
    where = f"verifier {precision}"
    checks = [
        Check(f"{where}: scores, largest difference", float(np.abs(ours - torchs).max()), limits.score_max),
        Check(f"{where}: scores, mean difference", float(np.abs(ours - torchs).mean()), limits.score_max / 5),
    ]
    # Scores that are all alike have no correlation worth the name.
    if torchs.std() > 0.02:
        correlation = float(np.corrcoef(ours, torchs)[0, 1])
        checks.append(Check(f"{where}: score correlation ({len(torchs)})", correlation, limits.score_correlation, True))
    return checks
