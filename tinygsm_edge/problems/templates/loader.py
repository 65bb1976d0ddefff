"""Reads template files and compiles them; every fault names the file, the line and the template."""

import keyword
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.templates.expression import (
    FUNCTIONS,
    ExpressionError,
    any_unknown,
    compile_function,
    names_in,
    parse_expression,
    parse_program,
    renamed,
)
from tinygsm_edge.problems.templates.lexicon import LIBRARY, Lexicon, load_lexicon, thing
from tinygsm_edge.problems.templates.template import ANSWER_DECIMALS, Slot, Template
from tinygsm_edge.problems.templates.wording import Text, WordingError, compile_text
from tinygsm_edge.problems.templates.yaml_nodes import Node, read_nodes

_FIELDS = {"id", "slots", "let", "where", "wordings", "program", "answer"}
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)(?:\s+step\s+(\d+(?:\.\d+)?))?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PROGRAM_SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_MAX_CHOICES = 100_000
_TAKEN = {*keyword.kwlist, *FUNCTIONS, "result"}


class TemplateError(UserError):
    """A fault of one template."""


def load_library(folder: Path = LIBRARY) -> list[Template]:
    """All templates of a folder, files in the order of their names.

    Raises:
        UserError: the first fault as ``file:line: id: what``, also a `where` that nothing satisfies.
    """
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise UserError(f"{folder}: no template files (*.yaml) there")
    lexicon = load_lexicon()
    templates: list[Template] = []
    places: dict[str, str] = {}
    for path in files:
        for template in read_templates(path, lexicon):
            if isinstance(template, TemplateError):
                raise template
            if template.id in places:
                raise TemplateError(f"{template.place}: {template.id}: the id is taken by {places[template.id]}")
            places[template.id] = template.place
            template.at(0)  # a template that cannot be drawn is a fault of the file, and shows here
            templates.append(template)
    return templates


def read_templates(path: Path, lexicon: Lexicon) -> Iterator[Template | TemplateError]:
    """The templates of one file; one that does not compile comes as its error, so that lint can list them all.

    Raises:
        UserError: the file as a whole is not readable as templates.
    """
    root = read_nodes(path)
    fields = root.value if isinstance(root.value, dict) else {}
    if set(fields) != {"situation", "templates"} or not isinstance(fields["templates"].value, list):
        raise UserError(f"{path}:1: a template file has the two keys `situation` and `templates` (a list)")
    situation = fields["situation"].value
    if not (isinstance(situation, str) and _NAME.fullmatch(situation)):
        raise UserError(f"{path}:{fields['situation'].line}: `situation` is a snake_case name")
    for node in fields["templates"].value:
        try:
            yield _Reader(path, situation, node, lexicon).read()
        except TemplateError as error:
            yield error


class _Reader:
    """Compiles one template."""

    def __init__(self, path: Path, situation: str, node: Node, lexicon: Lexicon) -> None:
        self.path, self.situation, self.node, self.lexicon = path, situation, node, lexicon
        self.id = "?"

    def fault(self, line: int, what: str) -> TemplateError:
        return TemplateError(f"{self.path}:{line}: {self.id}: {what}")

    def read(self) -> Template:
        fields = self.fields()
        slots = [self.slot(name, node) for name, node in self.mapping(fields.get("slots")).items()]
        numbers = tuple(slot for slot in slots if slot.kind == "number")
        others = tuple(slot for slot in slots if slot.kind != "number")
        self.check_supply(others)
        lets = {name: self.expression(node) for name, node in self.mapping(fields.get("let")).items()}
        for name, node in self.mapping(fields.get("let")).items():
            if any(slot.name == name for slot in slots):
                raise self.fault(node.line, f"`{name}` is a slot and a let")
        wheres = [(self.expression(node), node.line) for node in self.sequence(fields.get("where"))]
        names = [slot.name for slot in numbers] + list(lets) + [slot.name for slot in others]
        kinds = ["number"] * (len(numbers) + len(lets)) + [slot.kind for slot in others]
        places = {name: (index, kind) for index, (name, kind) in enumerate(zip(names, kinds, strict=True))}
        wording_nodes = self.sequence(fields["wordings"])
        wordings = tuple(self.text(node, places) for node in wording_nodes)
        if not wordings:
            raise self.fault(fields["wordings"].line, "there is no wording")
        program = self.text(fields["program"], places, program=True)
        kernel_source = self.kernel(numbers, lets, wheres, fields["program"])
        self.check_used(slots, fields, lets, wheres, [*wordings, program])
        return Template(
            self.id, self.situation, f"{self.path}:{self.node.line}", self.answer(fields), numbers, tuple(lets),
            {name: frozenset(names_in(tree)) for name, tree in lets.items()}, others,
            compile_function(kernel_source, self.id), wordings, tuple(node.line for node in wording_nodes), program,
        )  # fmt: skip

    def fields(self) -> dict[str, Node]:
        fields = self.node.value
        if not isinstance(fields, dict):
            raise self.fault(self.node.line, "a template is a mapping with id, slots, wordings, program")
        name = fields.get("id", Node(None, 0)).value
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise self.fault(self.node.line, "`id` is missing or not a snake_case name")
        self.id = name
        unknown, missing = set(fields) - _FIELDS, {"slots", "wordings", "program"} - set(fields)
        if unknown:
            extra = min(unknown)
            raise self.fault(fields[extra].line, f"unknown key `{extra}`; keys: {', '.join(sorted(_FIELDS))}")
        if missing:
            raise self.fault(self.node.line, f"the key `{min(missing)}` is missing")
        return fields

    def mapping(self, node: Node | None) -> dict[str, Node]:
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            raise self.fault(node.line, "expected `name: value` lines")
        for name, value in node.value.items():
            if not _NAME.fullmatch(name) or name in _TAKEN:
                raise self.fault(value.line, f"`{name}` cannot be a name: snake_case, no word of Python, not `result`")
        return node.value

    def sequence(self, node: Node | None) -> list[Node]:
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            raise self.fault(node.line, "expected a list of `- ...` lines")
        return node.value

    def answer(self, fields: dict[str, Node]) -> str:
        node = fields.get("answer", Node("whole", 0))
        if node.value not in ANSWER_DECIMALS:
            raise self.fault(node.line, f"`answer` is one of {', '.join(ANSWER_DECIMALS)}")
        return str(node.value)

    def slot(self, name: str, node: Node) -> Slot:
        if isinstance(node.value, list):
            return self.choice_slot(name, node, [item.value for item in node.value])
        spec = str(node.value).strip()
        for kind, categories in (
            ("person", self.lexicon.people),
            ("thing", self.lexicon.things),
            ("text", self.lexicon.texts),
        ):
            if spec in categories:
                return Slot(name, kind, categories[spec], node.line)
        match = _RANGE.fullmatch(spec)
        if not match:
            known = ", ".join(self.lexicon.categories)
            what = f"slot `{name}`: `{spec}` is no range (2..9), list or category ({known})"
            raise self.fault(node.line, what)
        low, high = Decimal(match[1]), Decimal(match[2])
        step = Decimal(match[3] or 1)
        if step <= 0 or low > high or (high - low) / step > _MAX_CHOICES:
            raise self.fault(node.line, f"slot `{name}`: the range `{spec}` is empty or has over {_MAX_CHOICES} values")
        if not match[3] and "." in match[1] + match[2]:
            raise self.fault(node.line, f"slot `{name}`: a range with decimals needs its step: `{spec} step 0.25`")
        count = int((high - low) / step) + 1
        return Slot(name, "number", tuple(_number(low + step * i) for i in range(count)), node.line)

    def choice_slot(self, name: str, node: Node, items: list[Any]) -> Slot:
        if not items or len(set(map(str, items))) < len(items):
            raise self.fault(node.line, f"slot `{name}`: the list is empty or says a thing twice")
        if all(isinstance(item, int | float) and not isinstance(item, bool) for item in items):
            return Slot(name, "number", tuple(_number(Decimal(str(item))) for item in items), node.line)
        if not all(isinstance(item, str) and item.strip() for item in items):
            raise self.fault(node.line, f"slot `{name}`: a list holds texts only or numbers only (put texts in quotes)")
        if all(re.fullmatch(r"[^/]*[^/ ]/[^/ ][^/]*", item) for item in items):
            return Slot(name, "thing", tuple(map(thing, items)), node.line)
        return Slot(name, "text", tuple(items), node.line)

    def check_supply(self, others: Sequence[Slot]) -> None:
        """Slots that exclude each other's values need at least as many choices as there are of them."""
        for slot in others:
            own = set(slot.choices)
            rivals = sum(other.kind == slot.kind and not own.isdisjoint(other.choices) for other in others)
            if len(own) < rivals:
                raise self.fault(slot.line, f"slot `{slot.name}`: {len(own)} choices for {rivals} different values")

    def expression(self, node: Node) -> Any:
        try:
            return parse_expression(str(node.value))
        except ExpressionError as error:
            raise self.fault(node.line, str(error)) from error

    def text(self, node: Node, places: dict[str, tuple[int, str]], program: bool = False) -> Text:
        if not isinstance(node.value, str) or not node.value.strip():
            raise self.fault(node.line, "expected a text")
        text = node.value.strip("\n") if program else " ".join(node.value.split())
        try:
            return compile_text(text, places, program)
        except WordingError as error:
            raise self.fault(node.line, str(error)) from error

    def kernel(self, numbers: Sequence[Slot], lets: dict[str, Any], wheres: list[Any], program: Node) -> str:
        """Source of the function from numbers to lets and program lines; checks come as early as their names allow."""
        known = {slot.name: f"n_{slot.name}" for slot in numbers}
        lines = [f"def kernel({', '.join(known.values())}):"]
        waiting = list(wheres)

        def check_ready(names: dict[str, str]) -> None:
            for item in [item for item in waiting if names_in(item[0]) <= names.keys()]:
                lines.append(f"    if not ({renamed(item[0], names)}): return None")
                waiting.remove(item)

        check_ready(known)
        for name, tree in lets.items():
            unknown = any_unknown([tree], set(known))
            if unknown:
                raise self.fault(self.node.value["let"].value[name].line, f"let `{name}`: unknown number `{unknown}`")
            lines.append(f"    l_{name} = _tidy({renamed(tree, known)})")
            known[name] = f"l_{name}"
            check_ready(known)
        variables = self.program_lines(program, known, lines)
        check_ready(variables | known)
        for tree, line in waiting:
            raise self.fault(line, f"where: unknown name `{any_unknown([tree], set(known))}`")
        trace = "".join(f"p_{index}, " for index in range(self.steps))
        lines.append(f"    return ({''.join(f'l_{name}, ' for name in lets)}), ({trace})")
        return "\n".join(lines)

    def program_lines(self, node: Node, known: dict[str, str], lines: list[str]) -> dict[str, str]:
        """Adds the program's lines with every variable assigned once; returns where each variable's last value is."""
        abstract = _PROGRAM_SLOT.sub(lambda m: "slot__" + "__".join(filter(None, m.groups())), node.value.strip("\n"))
        first = node.line + 1
        try:
            steps = parse_program(abstract)
        except ExpressionError as error:
            raise self.fault(first + error.line - 1, f"program: {error}") from error
        if not steps or steps[-1][0] != "result":
            raise self.fault(node.line, "program: its last line has to be `result = ...`")
        self.steps = len(steps)
        inner = {f"slot__{name}": place for name, place in known.items()}
        variables: dict[str, str] = {}
        for index, (name, tree, line) in enumerate(steps):
            unknown = any_unknown([tree], set(variables) | set(inner))
            if unknown:
                name = unknown.replace("slot__", "")
                raise self.fault(first + line - 1, f"program: `{name}` is read but not assigned")
            if name in inner:
                raise self.fault(first + line - 1, "program: a number cannot be assigned to")
            lines.append(f"    p_{index} = {renamed(tree, inner | variables)}")
            variables[name] = f"p_{index}"
        return variables

    def check_used(
        self, slots: list[Slot], fields: dict[str, Node], lets: dict[str, Any], wheres: list[Any], texts: list[Text]
    ) -> None:
        used = set().union(*(text.used for text in texts), *(names_in(tree) for tree in lets.values()))
        used |= set().union(*(names_in(tree) for tree, _ in wheres))
        for name, line in [(slot.name, slot.line) for slot in slots] + [
            (name, node.line) for name, node in self.mapping(fields.get("let")).items()
        ]:
            if name not in used:
                raise self.fault(line, f"`{name}` is never used")


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
