"""People, things and texts that fill the slots of templates, read from ``library/lexicon/*.yaml``."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.templates.yaml_nodes import read_nodes

LIBRARY = Path(__file__).parent / "library"
# Said with a consonant though written with a vowel, and the other way round.
_CONSONANT_SOUND = re.compile(r"(?:uni(?!n|m)|eu|use|usu|uten|uku|one\b|once\b|ural|ufo)", re.IGNORECASE)
_TITLES = (("Mr.", "he"), ("Mrs.", "she"), ("Ms.", "she"))
_VOWEL_SOUND = re.compile(r"(?:hour|heir|honest|hono|[aeiou]|x-ray|mp3)", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """A name with its pronouns: ``they`` he or she, ``them`` him or her, ``their``, ``theirs``, ``themself``."""

    name: str
    they: str
    them: str
    their: str
    theirs: str
    themself: str

    @cached_property
    def var(self) -> str:
        return snake_case(self.name)


@dataclass(frozen=True)
class Thing:
    """A countable thing: ``one`` apple, ``many`` apples."""

    one: str
    many: str

    @cached_property
    def a(self) -> str:
        return f"{article(self.one)} {self.one}"

    @cached_property
    def var(self) -> str:
        return snake_case(self.one)

    @cached_property
    def vars(self) -> str:
        return snake_case(self.many)


@dataclass(frozen=True)
class Lexicon:
    """People by kind (``person``, ``she``, ``he``, ``adult``), things by category, texts by category (``weekday``)."""

    people: dict[str, tuple[Person, ...]]
    things: dict[str, tuple[Thing, ...]]
    texts: dict[str, tuple[str, ...]]

    @property
    def categories(self) -> list[str]:
        """Every word that a slot may name."""
        return sorted([*self.people, *self.things, *self.texts])


def article(words: str) -> str:
    """``a`` or ``an``, by the sound with which the words begin; digits are read aloud (an 8, an 11, an 80, a 1).

    >>> article("hour"), article("uniform"), article("18-mile walk"), article("100")
    ('an', 'a', 'an', 'a')
    """
    words = words.lstrip("$(\"'")
    number = re.match(r"\d+", words.replace(",", ""))
    if number:
        digits = number.group()
        # Eleven and eighteen lead a number also in 11,000 and 18,500, where they stand before whole groups of three.
        leading = digits[:2] if len(digits) % 3 == 2 else ""
        return "an" if digits[0] == "8" or leading in ("11", "18") else "a"
    if _CONSONANT_SOUND.match(words):
        return "a"
    return "an" if _VOWEL_SOUND.match(words) else "a"


def plural(noun: str) -> str:
    """The regular English plural: boxes, cherries, toys, apples."""
    if re.search(r"(?:s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


@lru_cache(maxsize=1 << 14)
def snake_case(words: str) -> str:
    """Words as a Python variable name: ``Toy car`` becomes ``toy_car``."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"n_{name}" if name[:1].isdigit() else name


def thing(text: str) -> Thing:
    """A thing from its entry: ``apple``, or ``knife/knives`` where the plural is irregular."""
    one, _, many = (part.strip() for part in text.partition("/"))
    return Thing(one, many or plural(one))


def load_lexicon(folder: Path = LIBRARY / "lexicon") -> Lexicon:
    """The lexicon of ``names.yaml``, ``things.yaml`` and ``texts.yaml``.

    Raises:
        UserError: a file is missing or not of the expected shape, or a category stands in two files.
    """
    names, things, texts = (_lists(folder / f"{name}.yaml") for name in ("names", "things", "texts"))
    if set(names) != {"she", "he", "surname"}:
        raise UserError(f"{folder / 'names.yaml'}: the keys are `she`, `he` (first names) and `surname`")
    she = tuple(_person(name, "she") for name in names["she"])
    he = tuple(_person(name, "he") for name in names["he"])
    titled = [(f"{title} {name}", they) for name in names["surname"] for title, they in _TITLES]
    people = {"person": she + he, "she": she, "he": he, "adult": tuple(_person(*item) for item in titled)}
    twice = (set(people) & set(things)) | (set(people) & set(texts)) | (set(things) & set(texts))
    if twice:
        raise UserError(f"{folder}: the category `{min(twice)}` stands in two files")
    return Lexicon(
        people,
        {category: tuple(map(thing, group)) for category, group in things.items()},
        {category: tuple(group) for category, group in texts.items()},
    )


def _person(name: str, they: str) -> Person:
    return Person(name, they, *("her", "her", "hers", "herself") if they == "she" else ("him", "his", "his", "himself"))


def _lists(path: Path) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    root = read_nodes(path)
    for name, group in (root.value if isinstance(root.value, dict) else {}).items():
        words = [item.value for item in group.value] if isinstance(group.value, list) else []
        if not words or not all(isinstance(word, str) and word.strip("/ ") for word in words):
            raise UserError(f"{path}:{group.line}: `{name}` is a list of words, like [apple, knife/knives]")
        if len(set(words)) < len(words):
            raise UserError(f"{path}:{group.line}: `{name}` says a word twice")
        lists[name] = words
    if not lists:
        raise UserError(f"{path}:1: expected lists of words by name, like `fruit: [apple, pear]`")
    return lists
