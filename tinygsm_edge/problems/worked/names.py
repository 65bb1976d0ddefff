"""Building names: word lists to identifiers, and one identifier for each variable, all different.

:func:`allot` is given the names that would suit each variable, the plainest first. Where two would bear the same name,
both take a more specific one.
"""

import builtins
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tinygsm_edge.problems.worked.english import Word, noun_phrase, persons, words
from tinygsm_edge.problems.worked.words import CONTAINERS, UNITS, WEAK_ADJECTIVES, singular, word_set

LONGEST = 4  # words of a name
_TENS = "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"
_ORDINALS = (*_TENS, *(f"item_{number}" for number in range(11, 100)))
Names = list[list[str]]
COMPARATIVES = word_set(
    "more less fewer higher lower cheaper faster slower taller older younger bigger larger smaller heavier longer "
    "shorter"
)
_VAGUE = word_set("amount number total total_amount total_number quantity sum")
_RESERVED = (
    frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | {"result", "ans", "x"}
)
MEASURES = {"tall": "height", "high": "height", "long": "length", "wide": "width", "deep": "depth", "old": "age"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A question, tagged, with the people in it and what it asks the number of (a noun phrase, may be empty)."""

    text: str
    tagged: tuple[Word, ...]
    people: frozenset[str]
    asked: tuple[str, ...]

    @classmethod
    def of(cls, question: str) -> "Scene":
        people = persons(question)
        tagged = words(question, people)
        asked = next(
            (
                noun_phrase(tagged, i + 2)[0]
                for i in range(len(tagged) - 1, -1, -1)
                if [word.text for word in tagged[i : i + 2]] in (["how", "many"], ["number", "of"])
            ),
            [],
        )
        return cls(question, tuple(tagged), people, tuple(asked))

    @property
    def many(self) -> bool:
        """Whether names of people are needed to tell things apart."""
        return len(self.people) > 1


def allot(wishes: Sequence[Sequence[str]]) -> list[str]:
    """One name for each list of wishes (plainest first), all different.

    Of two that wish for the same name, the one that has been turned away before goes on to its next wish; two that
    have not both go on, so that neither bears the unspecific name.
    """
    rank = [0] * len(wishes)
    while True:
        held: dict[str, list[int]] = {}
        for index, names in enumerate(wishes):
            held.setdefault(names[rank[index]], []).append(index)
        movable: list[int] = []
        for group in held.values():
            able = [index for index in group if rank[index] + 1 < len(wishes[index])]
            if len(group) > 1 and able:
                lowest = min(rank[index] for index in group)
                movable += [index for index in able if rank[index] > lowest] or able
        if not movable:
            break
        for index in movable:
            rank[index] += 1
    wanted = [names[at] for names, at in zip(wishes, rank, strict=True)]
    taken = {name for name in wanted if wanted.count(name) == 1}
    return [name if name in taken else _told_apart(name, taken) for name in wanted]


def _told_apart(name: str, taken: set[str]) -> str:
    """The first free of first_name, second_name ...; it is taken then."""
    free = next(f"{ordinal}_{name}" for ordinal in _ORDINALS if f"{ordinal}_{name}" not in taken)
    taken.add(free)
    return free


def identifier(parts: Sequence[str]) -> str:
    """Words as a variable name of at most four words; "" when they make none."""
    clean = [re.sub(r"[^a-z]", "", part.lower().replace("é", "e").replace("ñ", "n")) for part in parts]
    kept: list[str] = []
    for part in clean:
        if part and part not in kept and singular(part) not in kept:
            kept.append(part)
    while len(kept) > LONGEST:
        kept.pop(1)
    name = "_".join(kept)
    return "" if len(name) < 2 or name in _RESERVED else name


def unique(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Candidates as identifiers, in order, without the impossible and the repeated; the vague ones come last."""
    return sorted(dict.fromkeys(name for name in map(identifier, candidates) if name), key=lambda name: name in _VAGUE)


def short(phrase: Sequence[str], most: int = 2) -> list[str]:
    """The telling words of a noun phrase: weak adjectives go, then those furthest from the head."""
    strong = [word for word in phrase[:-1] if word not in WEAK_ADJECTIVES] + list(phrase[-1:])
    return strong[-most:]


def counted(
    phrase: list[str], content: list[str], compared: str, per: list[str], following: list[str]
) -> list[list[str]]:
    """Names of a count from its noun phrase, what it is of, a comparing word, what it is counted by, the next word."""
    if not phrase:
        return []
    head = phrase[-1]
    name = short(phrase)
    if content and singular(head) in CONTAINERS | UNITS and content[-1] not in CONTAINERS:
        name = [*short(content, 1), head]
    if following[:1] and following[0] in MEASURES and singular(head) in UNITS:
        return [[MEASURES[following[0]]]]
    if compared in ("older", "younger", "taller", "shorter", "longer"):
        return [[head, compared]]
    if compared:
        return [[compared, *name], [compared, *short(phrase, 3)]]
    if per and per[-1] not in name and singular(name[-1]) != per[-1]:
        if per == ["each"]:
            return [[*name, "each"], [*short(phrase, 3), "each"]]
        return [[*name, "per", per[-1]], [*name[-1:], "per", *short(per)], [*short(phrase, 3), "per", per[-1]]]
    if per and singular(name[-1]) == per[-1]:
        return [phrase[-2:], [*phrase[-3:]]]  # "for every tree, five new trees"
    return [name, [*short(content, 1), *short(phrase, 3)] if content else short(phrase, 3)]


def core_of(parts: Sequence[str]) -> list[str]:
    """What is counted by the operands: what comes before "per", what their names share, or the first one's thing."""
    split = [part.split("_") for part in parts]
    for name in split:
        if "per" in name[1:]:
            return name[: name.index("per")]
        if name[-1] == "each" and name[:-1]:
            return name[:-1]
    shared = [word for word in split[-1] if all(word in other for other in split[:-1])] if split else []
    return [
        word
        for word in (shared or (split or [[]])[0])
        if word
        not in ("each", "left", "more", "fewer", "less", "total", "times", "as", "percent", "share", "much", "many")
    ][-2:]


def from_parts(operator: str, parts: Sequence[str], money: bool) -> Names:
    """Names made of the operands' names, when the text says nothing."""
    core = core_of(parts)
    share = next((part.split("_")[:-1] for part in parts if part.endswith("_percent")), [])
    if operator == "/" and share:
        return [share, [*share, "share"], [*share, *core]]
    if not core:
        return []
    if operator == "-":
        return (
            [[*core, "difference"]]
            if core[-1] in ("years", "age", "height")
            else [[*core, "left"], [*core, "difference"]]
        )
    if operator == "+":
        return [["total", *core], ["combined", *core]]
    priced = next((part for part in parts if part.endswith(("_price", "_cost"))), "")
    if operator == "*" and (money or priced):
        thing = priced.split("_")[:-1] or [word for word in core if word not in ("price", "cost")]
        return [[*thing, "cost"], ["total", *thing, "cost"]]
    if operator == "*":
        return [["total", *core]]
    divisor = parts[1].split("_") if len(parts) == 2 else []
    if divisor and "per" not in divisor and "times" not in divisor and divisor[-1] not in core:
        return [[*core[-2:], "per", singular(divisor[-1])]]
    return [[*core, "share"]]
