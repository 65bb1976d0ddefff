"""Names for the steps of a worked answer, from the sentence that an equation stands in.

What is looked at, in this order: what the sentence says it is looking for ("find the total number of dots:"), the
noun phrase after the value ("24 clips in May"), the subject before the equation ("The cost of the apples is"), a
label ("Females:"), the deed when it is about money ("she earned"); and last the names of what was put together.
"""

import re
from collections.abc import Sequence

from tinygsm_edge.problems.english import (
    Word,
    complement,
    noun_phrase,
    phrase_ending,
    rate_after,
    rate_before,
    words,
)
from tinygsm_edge.problems.names import Names, Scene, core_of, counted, from_parts, short, unique
from tinygsm_edge.problems.steps import Step
from tinygsm_edge.problems.words import (
    MEASURED_NOUNS,
    PAY_VERBS,
    SPEND_VERBS,
    UNITS,
    money_noun,
    participle,
    singular,
    word_set,
)

_LEFT = re.compile(r"\b(?:left|left over|leftover|remaining|remains?|remained|the rest)\b(?! (?:side|hand))", re.I)
_TOTAL = re.compile(r"\b(?:total|altogether|in all|combined|together|overall|sum)\b", re.I)
_COMPARED = re.compile(r"\b(?P<word>more|fewer|less)\b[^.,;]*?\bthan\b", re.I)
_DIFFERENCE = re.compile(r"\bdifference\b|\bhow much (?:longer|older|taller|faster|heavier)\b", re.I)
_SOUGHT = re.compile(
    r".*\b(?:find|figure out|calculate|determine|get|compute|know|represents|gives(?: us)?|finding|convert)\b(?: out)?",
    re.I,
)
_QUANTITY = word_set("number amount quantity count sum total")
_ASKED = {"old": "age", "tall": "height", "far": "distance", "heavy": "weight", "fast": "speed", "long": "time"}
_FILLER = re.compile(
    r"[,;:]\s|\b(?:that means|this means|means|meaning|so|because|therefore|thus|hence|since|then|after)\b", re.I
)
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
    person = _person(scene, before)
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
    sought, counted_after, subject = _sought(scene, before), _after_value(scene, after, before), _subject(scene, before)
    if money:
        found = [*sought, *subject, *_deed(scene, before, after), *counted_after]
    elif subject and (MEASURED_NOUNS & {subject[0][0], subject[0][-1]} or not counted_after):
        found = [*sought, *subject, *counted_after]
    else:
        found = [*sought, *counted_after, *subject]
    return found or _because(scene, this, before)


def _sought(scene: Scene, before: str) -> Names:
    """From "find the total number of dots:"."""
    match = _SOUGHT.match(before)
    if match is None or (":" not in before[match.end() :] and not before.rstrip().endswith(("=", ":", ",", "$"))):
        return []
    return _describe(scene, before[match.end() :].partition(":")[0])


def _subject(scene: Scene, before: str) -> Names:
    """From "The cost of the apples is" or a label "Females:"."""
    text = before.rstrip(" $(")
    label = re.fullmatch(r"\s*(?:[A-Z][^:,.]{1,40}?)\s*[:=]?", text)
    if label and any(word.tag in ("verb", "be", "pronoun") for word in words(text, scene.people)):
        label = None
    copula = re.search(
        r"\b(?P<verb>is|are|was|were|be|equals?|comes? to|costs?|=)\s*(?:a total of|also|only|just|about)?\s*[:(]?$",
        text,
    )
    if not label and not copula:
        return []
    body = text[: copula.start()] if copula else text.rstrip(":= ")
    body = body if "how many" in body else _FILLER.split(body)[-1]
    found = _describe(scene, body)
    if copula and copula["verb"].startswith("cost"):
        return [[*name, "cost"] for name in found[:1] if name[-1] != "cost"] or found
    return found


def _describe(scene: Scene, text: str) -> Names:
    """From a description: "how many eggs she has", "the total number of dots", "the volume of water", "red pens"."""
    tagged = words(text, scene.people)
    lower = [word.text for word in tagged]
    for place in range(len(lower) - 1):
        if lower[place] == "how" and lower[place + 1] in ("many", "much"):
            phrase, end = noun_phrase(tagged, place + 2)
            content, past = complement(tagged, end)
            if phrase:
                return counted(
                    phrase, content, "", rate_after(tagged, end) or rate_after(tagged, past), lower[end : end + 1]
                )
        if lower[place] == "how" and lower[place + 1] in _ASKED:
            owner = [word.text for word in tagged[place + 2 : place + 6] if word.tag in ("noun", "name")]
            return [[*short(owner), _ASKED[lower[place + 1]]]]
    return _noun_names(tagged)


def _noun_names(tagged: Sequence[Word]) -> Names:
    place = next((i for i, word in enumerate(tagged) if word.tag == "noun"), len(tagged))
    total = [word.text for word in tagged[:place] if word.text in ("total", "combined", "remaining")][:1]
    phrase, end = noun_phrase(tagged, place)
    if not phrase:
        return []
    content, past = complement(tagged, end, ("of", "for", "from", "to", "in", "on", "per"))
    per = rate_after(tagged, end) or rate_after(tagged, past) or rate_before(tagged, end)
    if phrase[-1:] == ["amount"] and end < len(tagged) and participle(tagged[end].text):
        return [["amount", participle(tagged[end].text)]]
    if phrase[-1] in _QUANTITY and content:
        inner, _ = complement(tagged, past)
        return [[*total, *name] for name in counted(content, inner, "", per, [])]
    if phrase[-1] in MEASURED_NOUNS and per:
        return [[*total, *short(phrase), "per", per[-1]], [*total, *short(phrase), "per", *short(per)]]
    if phrase[-1] in MEASURED_NOUNS and content:
        return [[*total, *short(content), phrase[-1]], [*total, *short(content, 3), *short(phrase)]]
    return [[*total, *short(phrase)], [*total, *short(content, 1), *short(phrase, 3)]]


def _after_value(scene: Scene, after: str, before: str) -> Names:
    """From the words that follow the value: "24 clips in May", "30 inches tall", "12% of the books", "30 children are boys"."""
    tagged = words(re.split(r"[,;]|\bso\b|\bsince\b|\bbecause\b", after)[0], scene.people)
    text = [word.text for word in tagged]
    if text[:1] == ["%"] or text[:1] == ["percent"]:
        content, _ = complement(tagged, 1)
        return [[*short(content), "percent"], ["percent"]]
    place = next((i for i, word in enumerate(tagged) if word.tag not in ("mark", "adverb", "determiner")), len(tagged))
    phrase, end = noun_phrase(tagged, place)
    content, past = complement(tagged, end)
    if not phrase and content:
        phrase, end, content = content, past, []
    predicate = re.match(r"(?:(?:that|who|which) )?(?:are|were) $", " ".join(text[end : end + 2]) + " ") or text[
        end : end + 1
    ] == ["are"]
    if phrase and predicate:
        told, _ = noun_phrase(tagged, end + 1 + (text[end] in ("that", "who", "which")))
        if told and told[0] not in ("enough", "needed"):
            return [short(told), [*short(told, 1), *short(phrase, 1)]]
    front = words(before, scene.people)
    per = rate_after(tagged, end) or rate_after(tagged, past) or rate_before(front, len(front))
    if "times" in (phrase[:1] + phrase[-1:]):
        return [["times", "per", per[-1]]] if per else [["times"]]
    names = counted(phrase, content, "", per, text[end : end + 1])
    deed = (
        participle(text[end + 1])
        if names and text[end : end + 1] in (["are"], ["were"], ["was"]) and len(text) > end + 1
        else ""
    )
    if deed:
        return [[*names[0], deed], *names]
    rest = tagged[past] if past < len(tagged) else None
    if names and rest is not None and rest.text in ("for", "from", "to", "in", "on", "with", "by"):
        named = tagged[past + 1 : past + 2]
        more = [named[0].text] if named and named[0].tag == "name" else short(noun_phrase(tagged, past + 1)[0], 1)
        names += [[*more, *names[0]]] if more else []
    return names


def _deed(scene: Scene, before: str, after: str) -> Names:
    """From what someone does with money: "she earned", "he spent ... on shoes", "the shirts cost"."""
    tagged = words(before, scene.people)
    place = next((i for i in range(len(tagged) - 1, -1, -1) if tagged[i].tag == "verb"), -1)
    verb = tagged[place].text if place >= 0 else ""
    behind = words(re.split(r"[,;]", after)[0], scene.people)
    goal, end = complement(behind, 0, ("on", "for", "from", "in", "to", "of"))
    per = rate_after(behind, 0) or rate_after(behind, end) or rate_before(tagged, len(tagged))
    target, doer = _object(tagged, place + 1, len(tagged)) or goal, _object(tagged, 0, place)
    tail = ["per", per[-1]] if per and per != ["each"] else []
    noun = money_noun(verb)
    if noun:
        return [[*short(goal), noun, *tail], [*short(target), noun]]
    if verb in PAY_VERBS and verb[:3] == "pay" and doer and not target:
        return [[*short(doer, 1), "payment", *tail]]
    if verb in SPEND_VERBS or verb in PAY_VERBS:
        thing = target or (doer if verb.startswith("cost") else [])
        return (
            [[*short(thing), "cost", *tail], [*short(thing, 1), "spending"]]
            if thing
            else [["money", "spent", *tail], ["cost", *tail]]
        )
    if goal or doer or target:
        return [[*short(goal or target or doer), "money", *tail]]
    return [["money", *tail]]


def _object(tagged: Sequence[Word], low: int, high: int) -> list[str]:
    """The last noun phrase between two places that is no unit."""
    for place in range(high - 1, low - 1, -1):
        if tagged[place].tag == "noun" and singular(tagged[place].text) not in UNITS | {"dollar", "money", "total"}:
            return phrase_ending(tagged[: place + 1], place)
    return []


def _because(scene: Scene, this: Step, before: str) -> Names:
    """From "There are 22 slices because 14 plus 8 equals": the value said before the equation."""
    tagged = words(before, scene.people)
    for place, word in enumerate(tagged):
        digits = word.text.strip("$ ").replace(",", "")
        if word.tag == "number" and digits[:1].isdigit() and float(digits) == float(this.value):
            phrase, end = noun_phrase(tagged, place + 1)
            content, past = complement(tagged, end)
            per = rate_after(tagged, end) or rate_after(tagged, past)
            return counted(
                phrase or content, content if phrase else [], "", per, [w.text for w in tagged[end : end + 1]]
            )
    return []
