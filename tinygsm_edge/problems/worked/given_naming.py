"""Names for the numbers of a question: what is counted, paid, compared or given in percent, whose it is, when, how."""

import re
from collections.abc import Sequence

from tinygsm_edge.problems.worked.english import (
    Word,
    clause,
    complement,
    noun_phrase,
    phrase_before,
    phrase_ending,
    rate_after,
    rate_before,
    segment_start,
    subject_noun,
    topic,
)
from tinygsm_edge.problems.worked.money_naming import money, percent
from tinygsm_edge.problems.worked.names import COMPARATIVES, Names, Scene, counted, short, unique
from tinygsm_edge.problems.worked.words import CONTAINERS, MEASURED_NOUNS, TIME_UNITS, UNITS, participle, singular

_COMPARED = ("more", "fewer", "less", "additional", "extra", "older", "younger", "taller", "shorter", "longer")


def given(scene: Scene, start: int, end: int) -> list[str]:
    """Names for the number that stands at ``start`` to ``end`` of the question; may be empty."""
    tagged = scene.tagged
    at = next((i for i, word in enumerate(tagged) if word.end > start), len(tagged) - 1)
    after = next((i for i, word in enumerate(tagged) if word.start >= end), len(tagged))
    low, high = clause(tagged, at)
    sentence = tagged[low : max(high, after)]
    at, after = at - low, after - low
    text = [word.text for word in sentence]
    following = text[after : after + 2]
    if following[:1] in (["%"], ["percent"]) or following == ["per", "cent"]:
        candidates = percent(sentence, at, after + 1)
    elif following[:1] == ["times"]:
        candidates = _times(sentence, at, after + 1)
    elif text[at][0] in "$€£":
        candidates = money(sentence, at, after)
    elif following[:1] in (["dollars"], ["dollar"], ["bucks"]):
        candidates = money(sentence, at, after + 1)
    else:
        candidates = _count(scene, sentence, at, after)
    return unique(_with_qualifiers(scene, sentence, at, candidates))


def _with_qualifiers(scene: Scene, sentence: Sequence[Word], at: int, candidates: Names) -> Names:
    """The candidates, then each with the person, the time or the deed it belongs to; with the person first when there
    are several people."""
    if not candidates:
        return []
    person, time, deed, subject = (
        _person(sentence, at) if scene.many else "",
        _time(sentence, at),
        _deed(sentence, at),
        subject_noun(sentence, at),
    )
    first = candidates[0]
    more: Names = [[person, *first]] if person else []
    more += [[*short(subject, 2), *first]] if subject and not set(subject) & set(first) else []
    about = topic(sentence[segment_start(sentence, at) :]) or topic(sentence)
    more += (
        [[singular(about[-1]), *first]]
        if about and not {about[-1], singular(about[-1])} & set(first) and not subject
        else []
    )
    more += [[*first, *time.split()]] if time else []
    more += [[person, *first, *time.split()]] if time and person else []
    more += [[*first, deed]] if deed else []
    place = _place(sentence, at)
    more += [[*place, *first]] if place and not set(place) & set(first) else []
    more += [[person, *candidate] for candidate in candidates[1:] if person]
    more += [[*candidate, *time.split()] for candidate in candidates[1:] if time]
    bare = len(first) <= 2 and not {"per", "price", "cost", "percent", "times"} & set(first)
    return [more[0], *candidates, *more[1:]] if scene.many and person and bare else [*candidates, *more]


def _person(sentence: Sequence[Word], at: int) -> str:
    """Whose number it is: the last name before it in the sentence, unless a pronoun comes between."""
    for place in range(at - 1, -1, -1):
        if sentence[place].tag == "name" and not (place and sentence[place - 1].tag == "of"):
            return sentence[place].text
        if sentence[place].text in ("he", "she", "they", "i", "we"):
            return ""
    return ""


def _time(sentence: Sequence[Word], at: int) -> str:
    """The time name nearest to a number, those after it preferred."""
    ordinal = re.search(
        r"(?:first|second|third|fourth|fifth|last|next) (?:day|week|month|year|hour|night|half|time)\b",
        " ".join(word.text for word in sentence),
    )
    near = (
        []
        if ordinal and len([word for word in sentence if word.tag == "number"]) == 1
        else sorted(
            (abs(place - at) + 3 * (place < at), word.text) for place, word in enumerate(sentence) if word.tag == "time"
        )
    )
    return near[0][1] if near else ordinal.group() if ordinal else ""


def _place(sentence: Sequence[Word], at: int) -> list[str]:
    """The first noun after a preposition behind a number: "pieces for a (double sandwich)", "fans on (Facebook)"."""
    for place in range(at + 1, min(at + 8, len(sentence) - 1)):
        if sentence[place].tag in ("number", "and") or sentence[place].text == ",":
            return []
        if sentence[place].text in ("for", "in", "on", "from", "at", "to", "by", "with"):
            if sentence[place + 1].tag == "name":
                return [sentence[place + 1].text]
            phrase, end = noun_phrase(sentence, place + 1)
            content, _ = complement(sentence, end)
            return short(content if content and phrase[-1:] and singular(phrase[-1]) in CONTAINERS else phrase, 2)
    return []


def _deed(sentence: Sequence[Word], at: int) -> str:
    """The participle of the verb in front of a number ("bought")."""
    return next((participle(word.text) for word in reversed(sentence[max(0, at - 4) : at]) if word.tag == "verb"), "")


def _times(sentence: Sequence[Word], at: int, after: int) -> Names:
    rest = [word.text for word in sentence[after : after + 3]]
    per = rate_after(sentence, after) or rate_before(sentence, at)
    if per and per != ["each"]:
        return [["times", "per", per[-1]]]
    if rest[:1] == ["as"] and len(rest) > 1:
        noun, _ = noun_phrase(sentence, after + 2)
        return [["times", "as", rest[1]], ["times", "as", rest[1], *noun[-1:]], ["times", *noun[-1:]]]
    if rest[:1] and rest[0] in COMPARATIVES:
        noun, _ = noun_phrase(sentence, after + 1)
        return [["times", rest[0]], ["times", rest[0], *noun[-1:]]]
    noun, end = noun_phrase(sentence, after)
    content, _ = complement(sentence, end)
    return [["times"], [*phrase_before(sentence, at)[-1:], "times"], ["times", *(content or noun)[-1:]]]


def _count(scene: Scene, sentence: Sequence[Word], at: int, after: int) -> Names:
    text = [word.text for word in sentence]
    if text[at - 1 : at] == ["of"] and at > 1 and text[at - 2] in MEASURED_NOUNS:
        measure = phrase_ending(sentence, at - 2)
        return [short(measure), [*short(topic(sentence), 1), *short(measure)]]
    compared = next((word for word in text[after : after + 2] if word in _COMPARED), "")
    place = after + (text[after : after + 1] in (["more"], ["fewer"], ["less"], ["additional"], ["extra"], ["other"]))
    phrase, end = noun_phrase(sentence, place)
    if not phrase and place < len(sentence) and sentence[place].tag == "verb" and text[place].endswith("ed"):
        phrase, end = noun_phrase(sentence, place + 1)  # "2 used computers"
    if not phrase and place < len(sentence) and sentence[place].tag == "number":
        phrase, end = noun_phrase(sentence, place + 1)  # "two 5-pound bags"
        phrase = phrase[1:] if len(phrase) > 1 and singular(phrase[0]) in UNITS else phrase
    if not phrase and place < len(sentence) and sentence[place].tag == "name":
        phrase, end = [sentence[place].text], place + 1  # "101 Kindergartners"
    content, past = complement(sentence, end)
    if not phrase:
        phrase, end = (content, past) if content else complement(sentence, place)
        content, past = complement(sentence, end)
    hyphen = text[after : after + 1] == ["-"] or singular(phrase[0] if phrase else "") in UNITS
    if len(phrase) > 1 and hyphen and phrase[0] == singular(phrase[0]):
        phrase = [*short(phrase[1:]), _many(phrase[0])]  # "a 10-minute shower": shower minutes
        return counted(phrase, content, compared, [], [])
    per = rate_after(sentence, end) or rate_after(sentence, past) or rate_before(sentence, at)
    names = counted(phrase, content, compared, per, text[end : end + 1])
    if not names:
        return _unnamed(scene, sentence, at, compared)
    if singular(phrase[-1]) in UNITS and not content and not per and not compared and len(names[0]) == 1:
        return _told_unit(sentence, at, end, names)
    return names


def _many(unit: str) -> str:
    """The plural of a unit that stands before a noun: hour, hours; inch, inches; kg."""
    if len(unit) < 4 and unit != "day":
        return unit
    return "feet" if unit == "foot" else unit + ("es" if unit.endswith("ch") else "s")


def _told_unit(sentence: Sequence[Word], at: int, end: int, names: Names) -> Names:
    """Bare units with what they are spent on: "3 hours practicing", "40 minutes to freeze", "it lasts 2 hours"."""
    word = sentence[end] if end < len(sentence) else None
    goal: list[str] = []
    if word is not None and word.text.endswith("ing") and word.tag in ("verb", "noun"):
        goal = [word.text]
    elif word is not None and word.text in ("to", "for", "on", "in") and end + 1 < len(sentence):
        phrase, _ = noun_phrase(sentence, end + 1)
        goal = [sentence[end + 1].text] if word.text == "to" and sentence[end + 1].tag == "verb" else short(phrase, 1)
    subject = short(subject_noun(sentence, at), 1)
    if singular(names[0][-1]) not in TIME_UNITS:
        goal = [] if goal and not goal[0].endswith("ing") else goal
    told = [[*what, *names[0]] for what in (goal, subject) if what and singular(what[-1]) not in UNITS]
    return [*told[:1], *names, *told[1:]]


def _counted_last(scene: Scene, start: int) -> list[str]:
    """The noun phrase of the last number before a place in the question that has one."""
    for place in range(len(scene.tagged) - 1, -1, -1):
        if (
            scene.tagged[place].tag == "number"
            and scene.tagged[place].end <= start
            and scene.tagged[place].text[0] not in "$€£"
        ):
            phrase, _ = noun_phrase(scene.tagged, place + 1)
            if phrase:
                return phrase
    return []


def _unnamed(scene: Scene, sentence: Sequence[Word], at: int, compared: str) -> Names:
    """Names of a number without a noun of its own ("Tom has 12", "5 more than Ann")."""
    text = [word.text for word in sentence]
    if (
        re.search(r"\b(?:age|old|older|younger)\b", scene.text, re.I)
        and not compared
        and text[at - 1 : at] in (["is"], ["was"], ["turned"])
    ):
        return [["age"]]
    if text[at + 1 : at + 2] and sentence[at + 1].tag == "be":
        told, _ = noun_phrase(sentence, at + 2)
        if told:
            return [[*short(told), *scene.asked[-1:]], short(told)]  # "two are red"
    about = topic(sentence[segment_start(sentence, at) :])
    if about and text[at - 1 : at] in (["is"], ["was"], ["are"], ["were"]):
        number = next((i for i in range(at) if text[i : i + 2] == ["number", "of"]), None)
        counted_thing = noun_phrase(sentence, number + 2)[0] if number is not None else []
        return [short(counted_thing or about)]
    if text[at - 1 : at] == ["the"] and scene.people:
        return [["people"]]  # "the average of the three"
    if re.fullmatch(r"(?:19|20)\d\d", text[at]):
        return [["year"], ["birth", "year"]] if "born" not in text else [["birth", "year"]]
    noun = _counted_last(scene, sentence[at].start) or list(scene.asked) or phrase_before(sentence, at)
    if noun:
        return [[compared, *short(noun)] if compared else short(noun)]
    return [[compared, "amount"]] if compared else []
