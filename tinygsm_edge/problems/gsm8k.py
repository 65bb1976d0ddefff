"""GSM8K (Cobbe et al., arXiv 2110.14168) from its JSON lines file, as problems with programs, and its validation split.

The split is by hash, so that it does not depend on the order of the file: the 512 questions with the smallest blake2b
are held out of all training, and so is everything made from them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import read_jsonl
from tinygsm_edge.problems.problem import Problem, parse_answer
from tinygsm_edge.problems.worked.convert import ConversionError, solution

VALIDATION_SIZE = 512


def read_gsm8k(path: Path, failures: Counter[str] | None = None) -> list[Problem]:
    """All rows (``question``, annotated ``answer``) in order; ``solution`` is None where no program could be had.

    Source is "gsm8k", the id the hash that the split goes by. ``failures``, if given, counts why conversions failed.

    Raises:
        UserError: the file cannot be read, or a row is not GSM8K's: names file and line.
    """
    problems = []
    for number, row in read_jsonl(path):
        question, answer = row.get("question"), row.get("answer")
        if not isinstance(question, str) or not isinstance(answer, str) or parse_answer(answer) is None:
            raise UserError(
                f'{path}:{number}: expected GSM8K\'s "question" and "answer", both texts, '
                f'the answer ending in "#### <number>"'
            )
        try:
            program: str | None = solution(question, answer)
        except ConversionError as reason:
            program = None
            if failures is not None:
                failures[str(reason)] += 1
        problems.append(Problem(question, parse_answer(answer), program, "gsm8k", question_id(question)))
    return problems


def question_id(question: str) -> str:
    """The hash of a question's text as it stands in the file: 16 hexadecimal digits."""
    return hashlib.blake2b(question.encode(), digest_size=8).hexdigest()


def validation_ids(questions: Iterable[str]) -> frozenset[str]:
    """The ids (:func:`question_id`) of the questions held out: the smallest 512."""
    return frozenset(sorted({question_id(question) for question in questions})[:VALIDATION_SIZE])


def split(problems: Sequence[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Training problems in their order, and validation problems by rank of their hash (rank 0 first)."""
    held_out = validation_ids(problem.question for problem in problems)
    train = [problem for problem in problems if question_id(problem.question) not in held_out]
    validation = [problem for problem in problems if question_id(problem.question) in held_out]
    return train, sorted(validation, key=lambda problem: question_id(problem.question))
