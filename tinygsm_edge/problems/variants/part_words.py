"""``half`` becomes ``a third``, ``twice`` becomes ``three times``: words for parts and multiples that may move.

Only where nothing else can have put the 2 into the program: one such word stands in the question, no number worth 2
and no other word that explains one ("double", "pair"), and one literal 2 stands in the program.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from tinygsm_edge.problems.templates.wording import fraction, times
from tinygsm_edge.problems.variants.mentions import Mention, words_explaining
from tinygsm_edge.problems.variants.straight_line import Program

_TWO = Fraction(2)
# Comparisons only. "Half of the money was spent" must stay: what is left is half as well, and who wrote the program may
# have meant either. Ages ("twice as old when ...") are solved by algebra, in which the 2 is no multiple any more.
_HALF = re.compile(r"\b(?P<half>half) (?=as (?:many|much)\b)", re.IGNORECASE)
_TWICE = re.compile(r"\b(?P<twice>twice) (?=as (?:many|much)\b)", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:and a|one|a|an|per|other|second|first|each|every|by) $|\d $", re.IGNORECASE)
CHOICES = {"part": (2, 3, 4, 5), "multiple": (2, 3, 4, 5)}


def part_mention(question: str, program: Program, mentions: Sequence[Mention]) -> tuple[Mention, int] | None:
    """The word that may move and the index of its literal, or None."""
    if re.search(r"half|twice|halv|doubl", program.source) or any(mention.value == _TWO for mention in mentions):
        return None
    found = [*_HALF.finditer(question), *_TWICE.finditer(question)]
    places = [index for index, literal in enumerate(program.literals) if literal.value == _TWO]
    if len(found) != 1 or len(places) != 1 or words_explaining(question, _TWO) != 1:
        return None
    match = found[0]
    if _BEFORE.search(question[: match.start()]):
        return None
    kind = "part" if match.lastgroup == "half" else "multiple"
    start, end = match.span(match.lastgroup or 0)
    return Mention(start, end, question[start:end], _TWO, kind), places[0]


def written(value: int, kind: str) -> str:
    """A part or a multiple in words: ``a third``, ``three times``."""
    return fraction(value) if kind == "part" else times(value)
