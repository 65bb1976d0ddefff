"""Names for the steps of a worked answer, from the sentence that an equation stands in.

What is looked at, in this order: what the sentence says it is looking for ("find the total number of dots:"), the
noun phrase after the value ("24 clips in May"), the subject before the equation ("The cost of the apples is"), a
label ("Females:"), the deed when it is about money ("she earned"); and last the names of what was put together.
"""

import re
from collections.abc import Sequence

from tinygsm_edge.problems.worked.english import (
    noun_phrase,
    words,
)
from tinygsm_edge.problems.worked.names import Names, Scene, core_of, from_parts, unique
from tinygsm_edge.problems.worked.sentences import after_value, because, deed_names, sought, subject
from tinygsm_edge.problems.worked.steps import Step
from tinygsm_edge.problems.worked.words import (
    MEASURED_NOUNS,
    singular,
)

_LEFT = re.compile(r"\b(?:left|left over|leftover|remaining|remains?|remained|the rest)\b(?! (?:side|hand))", re.I)
_TOTAL = re.compile(r"\b(?:total|altogether|in all|combined|together|overall|sum)\b", re.I)
_COMPARED = re.compile(r"\b(?P<word>more|fewer|less)\b[^.,;]*?\bthan\b", re.I)
_DIFFERENCE = re.compile(r"\bdifference\b|\bhow much (?:longer|older|taller|faster|heavier)\b", re.I)
# A word before and a word after what a step puts together, to tell it from its operands.
_RELATION = {"+": ("total", ""), "*": ("total", ""), "-": ("", "left"), "/": ("", "share")}


def step(scene: Scene, this: Step, previous_end: int, operator: str, parts: Sequence[str]) -> list[str]:
    """Names for a step. ``previous_end`` is where the step before it ends in the same line (0: none), ``operator`` its
    outermost sign, ``parts`` the likely names of its operands."""
    line = this.line
    start = max(previous_end, _sentence_start(line, this.start))
    before, after = line[start : this.start], line[this.value_end : _sentence_end(line, this.value_end)]
    money = _is_money(this, after)
    flag = _flag(before, after, operator, money, parts)
    named = [_flagged(candidate, flag) for candidate in _candidates(scene, this, before, after, money)]
    core = core_of(parts)
    named += (
        [[*_RELATION[operator][:1], *named[0], *_RELATION[operator][1:]]] if named and not flag and operator else []
    )
    named += [_flagged(core, flag)] if flag and core else []
    named += from_parts(operator, parts, money)
    if not named:
        return []
    person = _person(scene, before) if scene.many else ""
    ordinal = re.search(
        r"\b(?:first|second|third|fourth|fifth|last|next) (?:day|week|month|year|hour|night|half|time)\b", before, re.I
    )
    time = next((word.text for word in words(before + " " + after, scene.people) if word.tag == "time"), "")
    time = time or (ordinal.group().lower() if ordinal else "")
    own = [[person, *name] for name in named[:2]] if person and person not in named[0] else []
    about = _about(scene, before)
    own += [[*about, *named[0]]] if about and not set(about) & set(named[0]) else []
    first = own[:1] if person and scene.many and len(named[0]) <= 2 and "per" not in named[0] else []
    timed = [[*(first or named)[0], *time.split()]] if time else []
    return unique(
        [*first, *timed, *named[:2], *own[len(first) :], *named[2:]]
        if first
        else [*named[:1], *timed, *named[1:2], *own, *named[2:]]
    )


def _sentence_start(line: str, at: int) -> int:
    ends = [match.end() for match in re.finditer(r"(?<!\d)[.?!;](?=\s)|(?<=\d)[.;](?=\s+[A-Z])", line[:at])]
    return ends[-1] if ends else 0


def _sentence_end(line: str, at: int) -> int:
    match = re.compile(r"[.?!;](?=\s|$)").search(line, at)
    return match.start() if match else len(line)


def _is_money(this: Step, after: str) -> bool:
    return "$" in this.line[max(0, this.value_start - 2) : this.value_start + 1] or bool(
        re.match(r"\s*(?:dollars?|cents)\b", after)
    )


def _flag(before: str, after: str, operator: str, money: bool, parts: Sequence[str]) -> str:
    """How a quantity stands to others: left, total, more, fewer, less, difference; "" for none of these."""
    near = after.partition(",")[0]
    if operator in ("-", "") and (_LEFT.search(near) or _LEFT.search(before)):
        return "left"
    if _DIFFERENCE.search(before):
        return "difference"
    compared = (
        _COMPARED.search(near)
        or re.match(r"\s*(?P<word>more|fewer|less)\b", after)
        or (operator == "-" and re.search(r"\bhow many (?P<word>more|fewer|less)\b", before))
    )
    if compared:
        return compared["word"].lower()
    if (
        operator == "-"
        and money
        and re.search(r"\b(?:has|have|had|is left)\b", before)
        and not any("more" in part for part in parts)
    ):
        return "left"
    return "total" if operator in "+*" and (_TOTAL.search(near) or _TOTAL.search(before)) else ""


def _flagged(name: list[str], flag: str) -> list[str]:
    if not flag or flag in name or (name[:1] == ["total"] and flag != "left"):
        return name
    return [*name, flag] if flag in ("left", "difference") else [flag, *name]


def _person(scene: Scene, before: str) -> str:
    """Whom the sentence is about: its only person, or the one named first as an owner ("Ann's share is")."""
    people = [word.text for word in words(before, scene.people) if word.tag == "name"]
    owner = people and re.match(r"\W*\w+['’]s", before.strip())
    return people[0] if people and (owner or len(set(people)) == 1) else ""


def _about(scene: Scene, before: str) -> list[str]:
    """What does something in a sentence ("The cake has"), unless that is a person."""
    tagged = words(before, scene.people)
    place = next(
        (i for i, word in enumerate(tagged) if word.tag in ("noun", "name", "pronoun", "verb", "be", "number")), 0
    )
    phrase, end = noun_phrase(tagged, place) if tagged and tagged[place].tag == "noun" else ([], 0)
    return [singular(phrase[-1])] if phrase and end < len(tagged) and tagged[end].tag in ("verb", "be") else []


def _candidates(scene: Scene, this: Step, before: str, after: str, money: bool) -> Names:
    """Names without flag, person or time, the most telling first."""
    goal, counted_after, told = sought(scene, before), after_value(scene, after, before), subject(scene, before)
    if money:
        found = [*goal, *told, *deed_names(scene, before, after), *counted_after]
    elif told and (MEASURED_NOUNS & {told[0][0], told[0][-1]} or not counted_after):
        found = [*goal, *told, *counted_after]
    else:
        found = [*goal, *counted_after, *told]
    return found or because(scene, this, before)
