"""A duo without models: what the generator writes and how the verifier scores is written down in the test."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tinygsm_edge import prompt
from tinygsm_edge.engine import Completion, Sampling


class ScriptedGenerator:
    """Candidate k is text ``texts[k % len(texts)]``; the last candidate finishes first. A text without a final newline
    counts as cut off at the token limit."""

    provider = "cpu"

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts, self.timing, self.steps = texts, {"prefill": 1.0, "decode": 2.0}, 7
        self.prompts: list[str] = []

    def stream(self, tokens: Sequence[int], count: int, sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        self.prompts.append("".join(map(chr, tokens)))
        for k in reversed(range(count)):
            text = self.texts[k % len(self.texts)]
            yield k, Completion(tuple(map(ord, text)), -float(len(text)), text.endswith("\n"))


class ScriptedVerifier:
    """Scores every continuation with ``rule``; remembers what it was asked."""

    def __init__(self, rule: Callable[[str], float]) -> None:
        self.rule = rule
        self.calls: list[list[str]] = []

    def score(self, tokens: Sequence[int], continuations: Sequence[Sequence[int]]) -> np.ndarray:
        self.calls.append(["".join(map(chr, continuation)) for continuation in continuations])
        return np.array([self.rule(text) for text in self.calls[-1]], np.float32)


class ScriptedDuo:
    """One token per character. ``solutions`` are what the generator writes, dedented; ``texts`` the same verbatim."""

    name, context, end_token = "scripted", 1000, 0

    def __init__(
        self,
        solutions: Sequence[str] = (),
        *,
        texts: Sequence[str] = (),
        rule: Callable[[str], float] = lambda text: 0.5,
        context: int = 1000,
    ) -> None:
        self.context = context
        self.generator = ScriptedGenerator([*map(prompt.completion, solutions), *texts])
        self.verifier = ScriptedVerifier(rule)

    def encode(self, text: str) -> list[int]:
        return list(map(ord, text))

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    def open_generator(self, provider: str, threads: int | None) -> ScriptedGenerator:
        return self.generator

    def open_verifier(self, provider: str, threads: int | None) -> ScriptedVerifier:
        return self.verifier
