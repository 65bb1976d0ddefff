"""Things that may stand in for one another: a story about pears is as good as one about apples.

Only for things of the lexicon's homogeneous categories, and only where every occurrence is plainly the thing itself:
no part of a longer name ("apple pie", "toy car"), nothing of its kind elsewhere in the text.
"""

import random
import re
from dataclasses import dataclass
from functools import cache

from tinygsm_edge.problems.templates.lexicon import Thing, article, load_lexicon

# Of like size, price and use, and without parts that somebody could count (legs, pages, strings).
CATEGORIES = ("fruit", "berry", "vegetable", "baked_good", "candy", "stationery", "small_toy", "collectible", "jewelry",
              "flower", "craft_supply", "clothing", "handmade_gift")  # fmt: skip
# What may stand right after the singular; anything else could make it the first half of a compound.
_FOLLOWS = re.compile(
    r"[.,;:?!)]|\s(?:is|are|was|were|has|costs?|cost|sells?|weighs?|for|in|on|at|and|or|to|from|with|that|which|than|if|"
    r"as|a|per|each|every|he|she|they|when|while|after|before|left|he|there)\b|$"
)
_LEADS = re.compile(r"\b(?:a|an|one|each|every|per|the|another|single|1)\s$", re.IGNORECASE)
# Before the plural: a number or one of these, lest "cherry tomatoes" or "red roses in red vases" change half-way.
_PLURAL_LEADS = re.compile(
    r"(?:\d|\b(?:many|much|more|fewer|less|the|of|some|his|her|their|all|these|those|no|few|total|extra|any|and|or|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty|sixty|hundred|"
    r"for|with|than|as|buys?|sells?|eats?|makes?|gives?|picks?|collects?|has|had|have|bought|sold|ate|made|gave|got|"
    r"picked|collected|baked|\w+ing))\s$|^$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Swap:
    """A thing of a text and what may take its place."""

    old: Thing
    choices: tuple[Thing, ...]


@cache
def _things() -> dict[str, tuple[Thing, tuple[Thing, ...]]]:
    """Each thing by its plural, with the others of its category; what stands in two categories is left out."""
    lexicon = load_lexicon()
    found: dict[str, tuple[Thing, tuple[Thing, ...]]] = {}
    twice: set[str] = set()
    for category in CATEGORIES:
        plain = tuple(thing for thing in lexicon.things[category] if thing.one.isalpha() and thing.many.isalpha())
        for thing in plain:
            if thing.many in found:
                twice.add(thing.many)
            found[thing.many] = (thing, tuple(other for other in plain if other != thing))
    return {many: entry for many, entry in found.items() if many not in twice}


def exchangeable_item(question: str, solution: str) -> Swap | None:
    """The one thing of a text that may change, or None where there is none or there are several."""
    lowered = question.lower()
    words = set(re.findall(r"[a-z]+", lowered))
    present = [entry for many, entry in _things().items() if many in words]
    if len(present) != 1 or not _plain(present[0][0], question):
        return None
    old, others = present[0]
    taken = words | set(re.findall(r"[a-z]+", solution.lower()))
    choices = tuple(thing for thing in others if not {thing.one.lower(), thing.many.lower()} & taken)
    return Swap(old, choices) if choices else None


def _plain(thing: Thing, question: str) -> bool:
    """Whether each occurrence is the thing and nothing else."""
    for match in re.finditer(rf"\b(?:{thing.many}|{thing.one})\b(?![-'’])", question, re.IGNORECASE):
        word, before, after = match.group(), question[: match.start()], question[match.end() :]
        if word != word.lower() or before.endswith("-"):
            return False
        if word == thing.many and not _PLURAL_LEADS.search(before):
            return False
        if word == thing.one and not (_LEADS.search(before) and _FOLLOWS.match(after)):
            return False
        if word == thing.many and re.match(r"\s(?:tree|plant|bush|juice|pie|seed)s?\b", after):
            return False
    return not re.search(rf"\b(?:{thing.many}|{thing.one})[-'’]", question, re.IGNORECASE)


def swap_item(question: str, solution: str, swap: Swap, rng: random.Random) -> tuple[str, str]:
    """Question and program with another thing in the old one's place."""
    new = swap.choices[int(rng.random() * len(swap.choices))]
    forms = {swap.old.many: new.many, swap.old.one: new.one}
    pattern = "|".join(forms)
    question = re.sub(
        rf"(?:\b(?P<article>[Aa]n?) )?\b(?P<word>{pattern})\b",
        lambda match: _lead(match["article"], forms[match["word"]]) + forms[match["word"]],
        question,
    )
    variables = {swap.old.vars: new.vars, swap.old.var: new.var}
    solution = re.sub(
        rf"(?<![a-z])(?:{'|'.join(variables)})(?![a-z])", lambda match: variables[match.group()], solution
    )
    return question, solution


def _lead(old: str | None, word: str) -> str:
    return "" if old is None else old[0] + article(word)[1:] + " "
