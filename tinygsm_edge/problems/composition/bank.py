"""The phrase bank ``phrases.yaml``: themes, their sentences, what may follow, facts that do not matter."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.composition.graph import RELATIONS, Relation
from tinygsm_edge.problems.templates.expression import ExpressionError, compile_function, names_in, parse_expression
from tinygsm_edge.problems.templates.lexicon import Lexicon, Person, Thing, load_lexicon, thing
from tinygsm_edge.problems.templates.wording import Text, WordingError, compile_text
from tinygsm_edge.problems.templates.yaml_nodes import read_nodes

PHRASES = Path(__file__).parent / "phrases.yaml"

# The values a sentence is rendered from, in this order; subjects are people in some themes and texts in others.
SUBJECTS = ("S", "T", "U")
FIELDS = (
    *SUBJECTS, "actor", "n", "p", "k", "count", "item", "verb", "base", "base_all", "do", "do_all", "aux", "place",
    "they_all", "whose",
)  # fmt: skip
_NUMBERS = {"n", "p", "count"}
_ASKS = ("ask", "ask_total", "ask_more", "ask_average")
_RANGE = re.compile(r"(\d+)\.\.(\d+)(?: step (\d+))?")
_PRESENT = {"has", "owns", "keeps"}


@dataclass(frozen=True, slots=True)
class Theme:
    """What a problem is about. ``phrases`` maps a relation or an ask to its sentences; Measures count no
    things (``items``) but have a ``name``. ``price`` and ``wage`` are ranges of dollars for one thing or hour."""

    id: str
    frame: str
    subjects: tuple[Person | str, ...]
    actors: tuple[Person | str, ...]
    items: tuple[Thing, ...]
    name: str
    bounds: tuple[int, int]
    words: Mapping[str, str]
    places: tuple[str, ...]
    price: range | None
    wage: range | None
    phrases: Mapping[str, tuple[Text, ...]]
    relations: tuple[Relation, ...]
    finals: tuple["Final", ...]


@dataclass(frozen=True, slots=True)
class Final:
    """What happens last. ``apply(x, n)`` is the result; ``says`` are pairs of a statement (or None) and a question."""

    id: str
    needs: str
    numbers: range | None
    variable: str
    formula: str
    apply: Callable[[int, int], float]
    says: tuple[tuple[Text | None, Text], ...]


@dataclass(frozen=True, slots=True)
class Irrelevant:
    """A fact with a number that no question needs; ``topics`` are words of questions it must stay away from."""

    text: Text
    numbers: range
    person: bool
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bank:
    """The whole phrase bank."""

    themes: tuple[Theme, ...]
    irrelevant: tuple[Irrelevant, ...]
    people: tuple[Person, ...]


def load_bank(path: Path = PHRASES) -> Bank:
    """Read and compile the phrase bank.

    Raises:
        UserError: a fault, named by file and line.
    """
    lexicon = load_lexicon()
    return _Reader(path, lexicon).read()


class _Reader:
    def __init__(self, path: Path, lexicon: Lexicon) -> None:
        self.path, self.lexicon = path, lexicon
        self.root = read_nodes(path)

    def read(self) -> Bank:
        top = self.root.value if isinstance(self.root.value, dict) else {}
        if set(top) != {"frames", "themes", "measures", "finals", "irrelevant"}:
            raise UserError(f"{self.path}:1: the keys are frames, themes, measures, finals and irrelevant")
        rows = {key: [(_plain(node), node.line) for node in top[key].value] for key in top if key != "frames"}
        frames = {name: _plain(node) for name, node in top["frames"].value.items()}
        try:
            line = top["frames"].line
            people_finals = [self.final(row, line, people=True) for row, line in rows["finals"]]
            other_finals = [self.final(row, line, people=False) for row, line in rows["finals"]]
            themes = [self.counted(row, frames, people_finals, other_finals) for row, line in rows["themes"]]
            themes += [self.measure(row) for row, line in rows["measures"]]
            irrelevant = [self.irrelevant(row) for row, line in rows["irrelevant"]]
        except (WordingError, ExpressionError, KeyError, ValueError, TypeError) as error:
            what = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{self.path}:{line}: {what}") from error
        return Bank(tuple(themes), tuple(irrelevant), self.lexicon.people["person"])

    def counted(self, row: dict[str, Any], frames: dict[str, Any], ours: list[Final], theirs: list[Final]) -> Theme:
        frame, verb, base = row["frame"], row.get("verb", ""), row.get("base", "")
        people = frame == "owners"
        actors = self.subjects(row.get("actors", ["nobody"]))
        given = row.get("subjects", "person" if people else "weekday")
        present = verb in _PRESENT
        words = {
            "verb": verb, "base": base, "base_all": base if present else verb,
            "do": "does" if present else "did", "do_all": "do" if present else "did",
            "aux": " does" if present else " did",
        }  # fmt: skip
        has = {"price": "price" in row, "wage": "wage" in row, "pack": row.get("pack", False), "things": True}
        actor_is_person = isinstance(actors[0], Person)
        finals = tuple(final for final in (ours if people else theirs) if has[final.needs])
        return Theme(
            row["id"], frame, self.subjects(given), actors, self.items(row["items"]), "",
            _bounds(row["range"]), words, tuple(row.get("place", [""])),
            _numbers(row["price"]) if "price" in row else None, _numbers(row["wage"]) if "wage" in row else None,
            self.phrases(frames[frame], people, actor_is_person), RELATIONS, finals,
        )  # fmt: skip

    def measure(self, row: dict[str, Any]) -> Theme:
        subjects = self.subjects(row["subjects"])
        people = isinstance(subjects[0], Person)
        phrases = {name: row[name] for name in row if name in {"given", "more", "less", "as", "sum", *_ASKS}}
        known = {relation for name in phrases for relation in ({"as": ("times", "part")}.get(name, (name,)))}
        relations = tuple(relation for relation in RELATIONS if relation.name in known)
        return Theme(
            row["id"], "measure", subjects, ("nobody",), (), row["name"], _bounds(row["range"]),
            dict.fromkeys(("verb", "base", "base_all", "do", "do_all", "aux"), ""), ("",), None, None,
            self.phrases(phrases, people, False), relations, (),
        )  # fmt: skip

    def subjects(self, given: str | list[str]) -> tuple[Person | str, ...]:
        if isinstance(given, list):
            return tuple(given)
        return self.lexicon.people[given] if given in self.lexicon.people else self.lexicon.texts[given]

    def items(self, given: str | list[str]) -> tuple[Thing, ...]:
        return tuple(map(thing, given)) if isinstance(given, list) else self.lexicon.things[given]

    def phrases(self, texts: Mapping[str, Any], people: bool, actor: bool) -> dict[str, tuple[Text, ...]]:
        kinds = _kinds(people, actor)
        return {
            name: tuple(compile_text(text, kinds) for text in ([said] if isinstance(said, str) else said))
            for name, said in texts.items()
        }

    def final(self, row: dict[str, Any], line: int, people: bool) -> Final:
        kinds = _kinds(people, False)
        tree = parse_expression(row["formula"])
        if not names_in(tree) <= {"x", "n"}:
            raise ValueError(f"formula `{row['formula']}` may name x and n only")
        says = tuple(
            (compile_text(tell, kinds) if tell else None, compile_text(asks, kinds)) for tell, asks in row["says"]
        )
        apply = compile_function(f"def kernel(x, n):\n    return {row['formula']}", row["id"])
        numbers = _numbers(row["range"]) if "range" in row else None
        return Final(row["id"], row["needs"], numbers, row.get("variable", ""), row["formula"], apply, says)

    def irrelevant(self, row: dict[str, Any]) -> Irrelevant:
        text = compile_text(row["text"], {"Q": (0, "person"), "n": (1, "number")})
        return Irrelevant(text, _numbers(row["range"]), "Q" in text.used, tuple(row["topic"]))


def _kinds(people: bool, actor: bool) -> dict[str, tuple[int, str]]:
    def kind(name: str) -> str:
        if name in SUBJECTS:
            return "person" if people else "text"
        if name == "actor":
            return "person" if actor else "text"
        return "number" if name in _NUMBERS else "thing" if name == "item" else "text"

    return {name: (place, kind(name)) for place, name in enumerate(FIELDS)}


def _plain(node: Any) -> Any:
    """A node's value without line numbers."""
    if isinstance(node.value, dict):
        return {name: _plain(value) for name, value in node.value.items()}
    return [_plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def _numbers(text: Any) -> range:
    match = _RANGE.fullmatch(str(text))
    if not match or int(match[1]) > int(match[2]):
        raise ValueError(f"`{text}` is no range of whole numbers like 2..9 or 10..80 step 5")
    return range(int(match[1]), int(match[2]) + 1, int(match[3] or 1))


def _bounds(text: Any) -> tuple[int, int]:
    numbers = _numbers(text)
    return numbers[0], numbers[-1]
