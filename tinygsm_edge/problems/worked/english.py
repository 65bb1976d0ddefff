"""A sentence as tagged words, and the few phrases that names are made of: noun phrases, subjects, rates, persons."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tinygsm_edge.problems.variants.mentions import SCALES, SMALL
from tinygsm_edge.problems.worked.words import (
    ADVERBS,
    AUXILIARIES,
    CONJUNCTIONS,
    DETERMINERS,
    NOUN_OR_VERB,
    PREPOSITIONS,
    PRONOUNS,
    TIME_NAMES,
    VERBS,
    singular,
    word_set,
)

_WORD = re.compile(
    r"(?P<number>[$€£]?\s?\d[\d,]*(?:\.\d+)?|\$?\.\d+)|(?P<word>[A-Za-zéñ]+(?:['’][a-z]+)?)|(?P<mark>[^\w\s])"
)
_ENDS = frozenset(".?!;")
_CLOSED = (
    (AUXILIARIES, "be"),
    (PRONOUNS, "pronoun"),
    (DETERMINERS, "determiner"),
    (CONJUNCTIONS, "and"),
    (PREPOSITIONS, "of"),
    (ADVERBS, "adverb"),
)
_PASSED = frozenset(["-", "more", "remaining", "combined", "total", "“", '"'])
_ORDINALS = word_set("first second third fourth fifth sixth")
_VERBS_BEFORE_NUMBERS = NOUN_OR_VERB - frozenset(["last", "rest", "trip", "trips"]) | {"cost", "score"}
_BEFORE_NOUN = word_set("the a an his her its their our my your these total extra")
_OBJECTS = word_set("him them me you us")
_HONORIFICS = word_set("mr mrs ms miss dr")
_NOT_A_NAME = word_set("""
    after am before cd dvd each every first gb i if kg km let mb ml pm sales second there third tv us usa
""")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or mark with its place in the text. ``tag``: number, name, noun (adjectives too), verb, be (auxiliaries),
    determiner, pronoun, of (prepositions), and (conjunctions), adverb, time, mark, end (of a sentence)."""

    text: str
    tag: str
    start: int
    end: int


def persons(text: str) -> frozenset[str]:
    """The names of people (and of whatever else is written with a capital inside a sentence), in lower case."""
    found: set[str] = set()
    lower = set(re.findall(r"\b[a-z]+", text))
    for match in re.finditer(
        r"(?P<before>^|[.?!:\"”]\s+|\n|\w,? |[(])(?P<name>[A-Z][a-zéñ]+)(?P<after>['’]s|\W*\s\w*)?", text
    ):
        name = match["name"].lower()
        if name in lower or name in _NOT_A_NAME or name in TIME_NAMES or any(name in words for words, _ in _CLOSED):
            continue
        follower = (match["after"] or "").strip(" ,").lower()
        inside = match["before"][:1].isalnum()
        if inside or follower in ("'s", "’s", "and", "or") or _is_verb(follower) or name in found:
            found.add(name)
    return frozenset(found)


def words(text: str, people: frozenset[str]) -> list[Word]:
    """A text as tagged words."""
    tagged: list[Word] = []
    for match in _WORD.finditer(text):
        lower = match[0].lower().replace("’", "'")
        before = tagged[-1] if tagged else None
        if match["number"]:
            tag = "number"
        elif match["mark"]:
            tag = "end" if lower in _ENDS else "mark"
        else:
            tag = _tag(lower, before, people)
            if tag == "name" or lower.endswith("'s"):
                lower = lower.removesuffix("'s").removesuffix("'")
        if (tag == "number" or lower in _OBJECTS) and _acts_here(tagged):
            tagged[-1] = Word(tagged[-1].text, "verb", tagged[-1].start, tagged[-1].end)
        tagged.append(Word(lower, tag, match.start(), match.end()))
    return tagged


def _acts_here(tagged: Sequence[Word]) -> bool:
    """Whether the last word, noun or verb, must be a verb before a number ("hats cost 5", "costs him 3")."""
    determined = len(tagged) > 1 and tagged[-2].tag == "determiner" and tagged[-2].text != "that"
    return bool(tagged) and tagged[-1].text in _VERBS_BEFORE_NUMBERS and not determined


def _tag(lower: str, before: Word | None, people: frozenset[str]) -> str:
    if lower.removesuffix("'s") in people:
        return "name"
    if lower in SMALL or lower in SCALES:
        return "number"
    if before is not None and lower in VERBS and (before.text in _BEFORE_NOUN):
        return "noun"
    if lower in TIME_NAMES:
        return "time"
    if lower in _ORDINALS:
        return "noun" if before is not None and before.tag in ("determiner", "number", "of") else "adverb"
    for group, tag in _CLOSED:
        if lower in group:
            return tag
    if lower in _HONORIFICS:
        return "adverb"
    if lower in NOUN_OR_VERB:
        acts = before is not None and (before.tag in ("pronoun", "name") or before.text in ("to", "will", "can", "did"))
        return "verb" if acts else "noun"
    if lower.endswith("ed") and len(lower) > 4 and not lower.endswith("eed") and before is not None:
        return "noun" if before.tag in ("determiner", "number", "of") else "verb"  # "two baked potatoes"
    return "verb" if _is_verb(lower) else "noun"


def _is_verb(lower: str) -> bool:
    return lower in VERBS or lower in AUXILIARIES


def noun_phrase(sentence: Sequence[Word], at: int) -> tuple[list[str], int]:
    """The nouns and adjectives from ``at`` on, determiners and hyphens passed over, and where the phrase ends."""
    place = at
    while place < len(sentence) and (sentence[place].tag == "determiner" or sentence[place].text in _PASSED):
        place += 1
    phrase: list[str] = []
    while place < len(sentence) and len(phrase) < 5:
        word = sentence[place]
        if word.tag == "noun" or (word.tag == "name" and _is_title(sentence, place)):
            phrase.append(word.text)
        elif not (word.text in "-" and phrase):
            break
        place += 1
    while phrase and phrase[-1].endswith("ed") and len(phrase[-1]) > 5 and phrase[-1] not in VERBS:
        phrase.pop()  # "the three averaged"
        place -= 1
    return phrase, place


def _is_title(sentence: Sequence[Word], place: int) -> bool:
    """Whether a capitalised word is part of a thing's name ("Easter eggs")."""
    return place + 1 < len(sentence) and sentence[place + 1].tag == "noun"


def complement(sentence: Sequence[Word], at: int, openers: Sequence[str] = ("of",)) -> tuple[list[str], int]:
    """The noun phrase after a preposition standing at ``at`` ("of sliced ham"); ([], at) when there is none."""
    if at < len(sentence) and sentence[at].text in openers:
        phrase, end = noun_phrase(sentence, at + 1)
        if phrase:
            return phrase, end
    return [], at


def rate_after(sentence: Sequence[Word], at: int) -> list[str]:
    """What a quantity is counted by right after its noun: "per box", "a day", "for each cake", "each"; [] if nothing.
    The noun comes in the singular, with its adjectives before it."""
    if at + 1 < len(sentence) and sentence[at].tag == "of" and sentence[at + 1].text in ("each", "every"):
        at += 1
    opener = sentence[at].text if at < len(sentence) else ""
    if opener not in ("per", "/", "every", "each", "a", "an", "apiece"):
        return []
    phrase, _ = noun_phrase(sentence, at + 1)
    if phrase and (opener not in ("a", "an") or len(phrase) == 1):
        return _one(phrase)
    return ["each"] if opener in ("each", "apiece") else []


def rate_before(sentence: Sequence[Word], at: int) -> list[str]:
    """What an "each box", "every student" or "per hour" earlier in the clause counts by; [] if nothing."""
    for place in range(at - 1, -1, -1):
        word = sentence[place]
        if word.tag == "end" or (word.tag == "number" and at - place > 1):
            return []
        if word.text in ("each", "every") or (
            word.text == "per" and not _has_number(sentence[max(0, place - 3) : place])
        ):
            phrase, _ = noun_phrase(
                sentence, place + 1 + (place + 1 < len(sentence) and sentence[place + 1].text == "of")
            )
            verb_too = len(phrase) > 1 and phrase[-1] in NOUN_OR_VERB and phrase[-1].endswith("s")
            return _one(phrase[:-1] if verb_too else phrase)  # "every boy drinks": boy
    return []


def _has_number(sentence: Sequence[Word]) -> bool:
    return any(word.tag == "number" for word in sentence)


def _one(phrase: list[str]) -> list[str]:
    return [*phrase[:-1], singular(phrase[-1])] if phrase else []


def subject_noun(sentence: Sequence[Word], at: int) -> list[str]:
    """The noun phrase before the verb that stands right before ``at`` ("Kangaroos have (two legs)"); [] if none."""
    place = at - 1
    while place >= 0 and (
        sentence[place].tag in ("adverb", "determiner") or sentence[place].text in ("of", "for", "about", "in")
    ):
        place -= 1
    if place < 0 or sentence[place].tag not in ("verb", "be"):
        return []
    while place >= 0 and (
        sentence[place].tag in ("verb", "be", "adverb") or sentence[place].text in ("that", "which", "to")
    ):
        place -= 1
    return phrase_ending(sentence, place)


def phrase_ending(sentence: Sequence[Word], last: int) -> list[str]:
    """The nouns and adjectives that end with the word at ``last``."""
    first = last + 1
    while first > 0 and sentence[first - 1].tag == "noun":
        first -= 1
    return [word.text for word in sentence[first : last + 1]]


def clause(tagged: Sequence[Word], place: int) -> tuple[int, int]:
    """Start and end of the sentence that a word stands in."""
    start = next((i + 1 for i in range(place - 1, -1, -1) if tagged[i].tag == "end"), 0)
    end = next((i for i in range(place + 1, len(tagged)) if tagged[i].tag == "end"), len(tagged))
    return start, end


def phrase_before(sentence: Sequence[Word], at: int) -> list[str]:
    """The noun phrase that ends last before a place; a number, comma or "and" breaks off the search."""
    for place in range(at - 1, -1, -1):
        if sentence[place].tag == "noun":
            return phrase_ending(sentence, place)
        if sentence[place].tag in ("number", "end") or sentence[place].text in (",", "and"):
            return []
    return []


def segment_start(sentence: Sequence[Word], at: int) -> int:
    """Where the part of a sentence begins that a word stands in."""
    return next(
        (i + 1 for i in range(at - 1, -1, -1) if sentence[i].text in (",", "and", ":", "while", "but", "if")), 0
    )


def topic(sentence: Sequence[Word]) -> list[str]:
    """What a sentence begins with ("A table takes 15 planks"), unless that is a person."""
    place = next(
        (i for i, word in enumerate(sentence) if word.tag in ("noun", "name", "pronoun", "verb", "be", "number")), 0
    )
    return noun_phrase(sentence, place)[0] if sentence[place].tag == "noun" else []
