"""``coverage``: which situation of the library is nearest to each real question, and which questions have none.

Questions and drawn problems are compared as TF-IDF vectors of word uni- and bigrams with numbers and names masked; a
question counts as covered when the cosine similarity to its nearest draw reaches a threshold. Meant for GSM8K's
validation split: what it shows to be missing is a situation to write templates for, never a question to copy.
"""

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.composition.compose import Composer
from tinygsm_edge.problems.dataset.card import bars
from tinygsm_edge.problems.gsm8k import read_gsm8k, split
from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.shape import steps
from tinygsm_edge.problems.templates.lexicon import LIBRARY
from tinygsm_edge.problems.templates.loader import load_library

THRESHOLD = 0.25
_DRAWS, _COMPOSED, _CHUNK = 3, 3000, 64
_NUMBER = re.compile(r"\d[\d,.]*")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b|\b[A-Z][a-z]+(?='s\b)")


@dataclass(frozen=True, slots=True)
class Nearest:
    """A question, the problem nearest to it and how near it is (cosine, 0 to 1)."""

    question: Problem
    drawn: Problem
    similarity: float


def nearest(questions: Sequence[Problem], drawn: Sequence[Problem]) -> list[Nearest]:
    """The nearest drawn problem of each question.

    Raises:
        UserError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError as error:
        raise UserError("coverage needs scikit-learn: pip install 'tinygsm-edge[data]'") from error
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english", preprocessor=_plain)
    theirs = vectorizer.fit_transform([problem.question for problem in drawn])
    found: list[Nearest] = []
    for start in range(0, len(questions), _CHUNK):
        chunk = questions[start : start + _CHUNK]
        similar = (vectorizer.transform([problem.question for problem in chunk]) @ theirs.T).toarray()
        for problem, row in zip(chunk, similar, strict=True):
            best = int(row.argmax())
            found.append(Nearest(problem, drawn[best], float(row[best])))
    return found


def _plain(text: str) -> str:
    return _NAME.sub(" ", _NUMBER.sub(" ", text)).lower()


def run(options: argparse.Namespace) -> None:
    """Print the coverage of GSM8K's validation split, or of its training part with ``--train``."""
    train, validation = split(read_gsm8k(options.gsm8k))
    questions = train if options.train else validation
    if not questions:
        raise UserError(f"{options.gsm8k}: no questions there to look at")
    rng = random.Random(0)
    drawn = [template.draw(rng) for template in load_library(options.templates or LIBRARY) for _ in range(_DRAWS)]
    composer = Composer()
    drawn += [composer.draw(rng) for _ in range(_COMPOSED)]
    found = nearest(questions, drawn)
    covered = [item for item in found if item.similarity >= THRESHOLD]
    by_situation: dict[str, list[float]] = defaultdict(list)
    for item in found:
        by_situation[item.drawn.situation].append(item.similarity)
    apart = sorted(item.similarity for item in found)
    same = [item for item in found if item.question.solution]
    report = {
        "questions": len(found),
        "covered": len(covered),
        "threshold": THRESHOLD,
        "median_similarity": round(apart[len(apart) // 2], 3),
        "same_steps_within_one": sum(
            abs(steps(item.question.solution or "") - steps(item.drawn.solution or "")) <= 1 for item in same
        ),
        "with_solution": len(same),
        "situations": {name: len(values) for name, values in sorted(by_situation.items(), key=lambda kv: -len(kv[1]))},
        "steps": dict(sorted(Counter(str(steps(item.question.solution or "")) for item in same).items())),
    }
    if options.json:
        print(json.dumps(report))
        return
    print(f"{len(covered)} of {len(found)} questions have a neighbor of similarity {THRESHOLD} or more; "
          f"median {report['median_similarity']}")  # fmt: skip
    print(f"{report['same_steps_within_one']} of {len(same)} have as many steps as their neighbor, give or take one\n")
    print("nearest situation\n" + bars(report["situations"]))  # type: ignore[arg-type]
    print("\nfarthest from everything:")
    for item in sorted(found, key=lambda item: item.similarity)[: options.n]:
        print(f"{item.similarity:.2f} [{item.drawn.situation}] {item.question.question}")
