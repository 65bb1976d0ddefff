"""What can be said of a problem without running its solution: is it sane, is every number of it used, is it new."""

import re
from fractions import Fraction

from tinygsm_edge.problems.problem import Problem
from tinygsm_edge.problems.variants.mentions import Mention, find_mentions, numbers_in

MIN_WORDS, MAX_WORDS = 6, 220
LARGEST_ANSWER = 1e9
_COUNTING = 12
_CONSTANT = re.compile(r"(?<![\w.])(?:\d+(?:\.\d+)?|\.\d+)")
_NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")
_LARGE_WORD = re.compile(r"(?:teen|ty|hundred|thousand|million)\b", re.IGNORECASE)
_COMMENT = re.compile(r"#[^\n]*")


def length_fault(question: str) -> bool:
    """Whether the question is too short or too long to be a word problem, or has no number at all."""
    if not MIN_WORDS <= question.count(" ") + 1 <= MAX_WORDS:
        return True
    return _NUMERAL.search(question) is None and next(numbers_in(question), None) is None


def unused_numbers(problem: Problem) -> tuple[Fraction, ...]:
    """Numbers of the question that stand neither in the solution (also as a percentage, a part, or in cents) nor among
    the distractors.

    Facts about units and names ("a 7-day week", "grade 5") and small number words ("the two of them") need no use.
    """
    solution = _COMMENT.sub("", problem.solution or "")
    texts = _CONSTANT.findall(solution)
    plain = {*map(float, texts), *map(float, problem.distractors)}
    # Most problems pass here; what a number stands for is looked at only when one seems to be unused.
    numerals = (float(text.replace(",", "").rstrip(".")) for text in _NUMERAL.findall(problem.question))
    if all(value in plain or value <= 1 for value in numerals) and not _LARGE_WORD.search(problem.question):
        return ()
    known = {*map(Fraction, texts), *(Fraction(str(number)) for number in problem.distractors)}
    return tuple(mention.value for mention in find_mentions(problem.question) if _unused(mention, known))


def _unused(mention: Mention, known: set[Fraction]) -> bool:
    value = mention.value
    if mention.fixed or value <= 1 or (mention.is_word and value <= _COUNTING):
        return False
    if value in known or known & mention.explains:
        return False
    share = value / 100
    return not known & {share, 1 - share, 1 + share, 100 - value, 100 + value, value * 100}


def answer_fault(answer: float, authored: bool) -> bool:
    """Whether an answer is out of bounds: beyond a billion, or negative where the project wrote the problem itself."""
    return abs(answer) > LARGEST_ANSWER or (authored and answer < 0)
