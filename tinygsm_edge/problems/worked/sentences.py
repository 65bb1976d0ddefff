"""What the sentence around an equation says the value is: five ways to read it, each a list of possible names."""

import re
from collections.abc import Sequence

from tinygsm_edge.problems.worked.english import (
    Word,
    complement,
    noun_phrase,
    phrase_ending,
    rate_after,
    rate_before,
    words,
)
from tinygsm_edge.problems.worked.names import Names, Scene, counted, short
from tinygsm_edge.problems.worked.steps import Step
from tinygsm_edge.problems.worked.words import (
    MEASURED_NOUNS,
    PAY_VERBS,
    SPEND_VERBS,
    UNITS,
    money_noun,
    participle,
    singular,
    word_set,
)

_SOUGHT = re.compile(
    r".*\b(?:find|figure out|calculate|determine|get|compute|know|represents|gives(?: us)?|finding|convert)\b(?: out)?",
    re.I,
)
_QUANTITY = word_set("number amount quantity count sum total")
_ASKED = {"old": "age", "tall": "height", "far": "distance", "heavy": "weight", "fast": "speed", "long": "time"}
_FILLER = re.compile(
    r"[,;:]\s|\b(?:that means|this means|means|meaning|so|because|therefore|thus|hence|since|then|after)\b", re.I
)


def sought(scene: Scene, before: str) -> Names:
    """From "find the total number of dots:"."""
    match = _SOUGHT.match(before)
    if match is None or (":" not in before[match.end() :] and not before.rstrip().endswith(("=", ":", ",", "$"))):
        return []
    return _describe(scene, before[match.end() :].partition(":")[0])


def subject(scene: Scene, before: str) -> Names:
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


def after_value(scene: Scene, after: str, before: str) -> Names:
    """From the words that follow the value: "24 clips in May", "30 inches tall", "12% of the books", "30 are boys"."""
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
    if "times" in (text[:1] + phrase[:1] + phrase[-1:]):
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


def deed_names(scene: Scene, before: str, after: str) -> Names:
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


def because(scene: Scene, this: Step, before: str) -> Names:
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
