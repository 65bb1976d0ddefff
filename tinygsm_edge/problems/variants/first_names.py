"""First names that may stand in for one another: a story stays the same when Nadia takes Rosa's place.

Only names that can hardly be anything else are listed: none that is also a word (Grace, Will, Mark, May, Rose), a
place (Paris, Austin), a well-known surname, or borne by both men and women (Alex, Sam, Jordan). Names in "s" may
leave but not enter, so that the possessive is always ``'s``.
"""

import random
import re

_WOMEN = """
Abigail Adele Alice Amelia Amina Amy Anita Anna Beatriz Bella Betty Camila Carla Carmen Carol Cecilia Chloe Clara
Cynthia Dalia Diana Donna Eleanor Elena Eliza Ella Emily Emma Esther Eva Fatima Fiona Hannah Helen Ingrid Irene Isabel
Jane Janet Jenny Jessica Julia Karen Kate Keiko Laura Layla Leila Linda Lisa Lucy Maria Marta Mary Maya Mei Melissa
Mia Mina Miriam Monica Nadia Nancy Naomi Natalie Nina Nora Olivia Paula Priya Rachel Rebecca Rita Rosa Samantha Sara
Sarah Sofia Sophie Stella Susan Tanya Teresa Tina Valeria Vera Wendy Yasmin Yuki Zoe
"""
_MEN = """
Aaron Adam Ahmed Albert Andrew Anton Arjun Arthur Ben Boris Brian Carl Carlo Daniel David Diego Edgar Edward Emil Eric
Ethan Felix Fernando Gary George Greg Harold Henry Hugo Ivan Jacob James Jason Javier Jim Joe John Joseph Joshua Juan
Kenji Kevin Kofi Leo Liam Louis Luca Lucas Luis Marco Martin Mateo Matthew Miguel Mike Mohamed Nathan Nicholas Noah
Oliver Omar Oscar Pablo Paul Pedro Peter Philip Pierre Rafael Raj Ravi Ricardo Richard Robert Roberto Samuel Sanjay
Scott Sergio Simon Stefan Stephen Steve Tariq Thomas Timothy Tom Tomas Victor Vikram Walter Yusuf
"""
# Words that open a sentence; any other capitalised word before a name is a title, a first name or a place.
_OPENERS = """
If When While After Before Yesterday Today Tomorrow Since Then How As For In On At Once Both Last Because Suppose
Every Meanwhile Although Though So But And Or Next Later Now Did Does Do Can Could Will Would Should Is Was Has Had
With To By Finally Together What Where Per Her His Of From Until During Let Assuming Given Each Only Initially
"""
WOMEN, MEN, OPENERS = tuple(_WOMEN.split()), tuple(_MEN.split()), frozenset(_OPENERS.split())
_GROUP = {name: group for group in (WOMEN, MEN) for name in group}
_FRESH = {group: tuple(name for name in group if not name.endswith("s")) for group in (WOMEN, MEN)}
_KNOWN = re.compile(rf"\b(?:{'|'.join(sorted(_GROUP, key=len, reverse=True))})\b")


def exchangeable(question: str, solution: str) -> tuple[str, ...]:
    """The names of a question that can be replaced safely, in order of appearance.

    Not safe: a name with a surname or a title, an odd possessive, one that another name of the text begins with (Tom
    and Tommy), or one that the program uses inside a longer word.
    """
    names = dict.fromkeys(_KNOWN.findall(question))
    return tuple(name for name in names if _safe(name, question, solution))


def _safe(name: str, question: str, solution: str) -> bool:
    standing = rf"\b{name}\b"
    if re.search(rf"{standing} [A-Z]|{standing}(?:['’](?!s\b)|[-_/&@])|[-_/&@]{standing}", question):
        return False
    before = re.findall(rf"\b([A-Z]\w*\.?) {standing}", question)
    if not OPENERS.issuperset(before):
        return False
    others = set(re.findall(r"\b[A-Z][a-z]+", question)) - {name}
    if any(other[:3] == name[:3] for other in others):
        return False
    lower = name.lower()
    parts = re.split(r"[^a-z]+", solution.lower())
    return lower not in question and all(part == lower or lower not in part for part in parts)


def fresh_names(names: tuple[str, ...], question: str, rng: random.Random) -> dict[str, str]:
    """A replacement for each name, same apparent gender, all distinct and none in the question already."""
    chosen: dict[str, str] = {}
    taken = {word[:3] for word in re.findall(r"\b[A-Z][a-z]+", question)}
    for name in names:
        pool = [new for new in _FRESH[_GROUP[name]] if new[:3] not in taken]
        if pool:
            chosen[name] = rng.choice(pool)
            taken.add(chosen[name][:3])
    return chosen


def swap(question: str, solution: str, chosen: dict[str, str]) -> tuple[str, str]:
    """Question and program with the names replaced; in the program they are lower-case parts of variable names."""
    if not chosen:
        return question, solution
    pattern = "|".join(chosen)
    lower = {name.lower(): new.lower() for name, new in chosen.items()}
    question = re.sub(rf"\b(?:{pattern})\b", lambda match: chosen[match.group()], question)
    solution = re.sub(rf"(?<![a-z])(?:{'|'.join(lower)})(?![a-z])", lambda match: lower[match.group()], solution)
    return question, solution
