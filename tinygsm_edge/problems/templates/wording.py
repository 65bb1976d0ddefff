"""Text with slots, compiled once and rendered many times: the wordings and programs of templates.

``{slot}``, ``{slot.form}``, ``{number|thing}`` and ``[[one|other]]`` as described in :mod:`.template`. A compiled text
is a list of literals and closures over the drawn values; rendering joins them.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinygsm_edge.problems.templates.lexicon import Thing, article, snake_case, thing

Values = Sequence[Any]
Part = str | Callable[[Values, random.Random], str]


class WordingError(ValueError):
    """A text that cannot be compiled: a form that does not exist, an unknown slot, a brace left open."""


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text. ``used``: slots that occur anywhere; ``shown``: those that do whatever alternative is drawn."""

    parts: tuple[Part, ...]
    used: frozenset[str]
    shown: frozenset[str]

    def render(self, values: Values, rng: random.Random) -> str:
        """The text with the drawn values in place, articles before slots put right."""
        text = "".join([part if type(part) is str else part(values, rng) for part in self.parts])  # type: ignore[operator]
        return _settle_articles(text) if _OPEN in text else text


# Put after an "a" or "an" that stands before a slot: whether it is a or an shows when the slot is filled.
_OPEN = "\x00"
_OPEN_ARTICLE = re.compile(r"\b([Aa])n?\x00 (\S+)")
# A capital A is an article at the beginning of a sentence only: "plan A" is not.
_ARTICLE_AT_END = re.compile(r"((?:(?:^|[.!?:\"] ?)A|\ba)n?) (\$?)$")
_TOKEN = re.compile(r"\[\[|\]\]|\||\{[^{}]*\}")
_SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?(?:/(\w+))?(?:\|([^{}|]+))?\}")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NTHS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
# Keys are compared by value: 3.0 finds 3, 2.5 finds nothing.
_WORDS: dict[float, str] = dict(enumerate(_ONES.split()))
_WORDS |= {30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}
_WORDS[100] = "one hundred"
_ORDINALS: dict[float, str] = dict(enumerate(_NTHS.split()))
_MULTIPLES: dict[float, str] = {2: "double", 3: "triple", 4: "quadruple"}


def _settle_articles(text: str) -> str:
    return _OPEN_ARTICLE.sub(lambda m: m[1] + article(m[2])[1:] + " " + m[2], text).replace(_OPEN, "")


def digits(value: int | float) -> str:
    """A number in a sentence: thousands commas from 10,000."""
    return f"{value:,}" if value >= 10_000 else str(value)


def word(value: int | float) -> str:
    """``three``: words for 0 to 20, the tens and 100, digits for the rest."""
    return _WORDS.get(value) or digits(value)


def ordinal(value: int | float) -> str:
    """``third``; above twenty ``21st``."""
    if value in _ORDINALS:
        return _ORDINALS[value]
    last = "th" if value // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(int(value) % 10, "th")
    return f"{value}{last}"


def times(value: int | float) -> str:
    """``once``, ``twice``, ``three times``; above ten in digits."""
    if value in (1, 2):
        return "once" if value == 1 else "twice"
    return f"{word(value) if value <= 10 else digits(value)} times"


def fraction(value: int | float) -> str:
    """One part of so many: ``half``, ``a third``, ``a quarter``, ``an eighth``; above twenty ``1/25``."""
    if value == 2:
        return "half"
    part = "quarter" if value == 4 else _ORDINALS.get(value)
    return f"{article(part)} {part}" if part and value > 2 else f"1/{value}"


def multiple(value: int | float) -> str:
    """``double``, ``triple``, ``quadruple``, then ``5 times``."""
    return _MULTIPLES.get(value) or f"{word(value)} times"


def money(value: int | float) -> str:
    """``$3`` or ``$2.50``."""
    return f"${value:,.2f}" if isinstance(value, float) else f"${digits(value)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def ratio(above: int | float, below: int | float) -> str:
    """``three quarters``, ``one half``, ``two fifths``; above twenty ``3/25``."""
    part = {2: "half", 4: "quarter"}.get(int(below)) or (_ORDINALS.get(below) if below > 2 else None)
    if part is None or above != int(above):
        return f"{above}/{below}"
    return f"{word(above)} {part if above == 1 else thing(f'{part}/halves' if part == 'half' else part).many}"


RATIOS: dict[str, Callable[[Any, Any], str]] = {
    "": lambda above, below: f"{above}/{below}",
    "word": ratio,
    "Word": lambda above, below: _capital(ratio(above, below)),
}
# The forms of each kind of slot; "" is the bare slot. A capital letter asks for the same with a capital.
FORMS: dict[str, dict[str, Callable[[Any], str]]] = {
    "number": {
        "": digits,
        "word": word,
        "ordinal": ordinal,
        "times": times,
        "fraction": fraction,
        "multiple": multiple,
        "money": money,
        "two": lambda value: f"{value:02}",
    },
    "person": {
        "": lambda p: p.name,
        "x": lambda p: p.name,
        "they": lambda p: p.they,
        "them": lambda p: p.them,
        "their": lambda p: p.their,
        "theirs": lambda p: p.theirs,
        "themself": lambda p: p.themself,
    },
    "thing": {"": lambda t: t.many, "x": lambda t: t.many, "one": lambda t: t.one, "a": lambda t: t.a},
    "text": {"": str, "x": str, "a": lambda s: f"{article(s)} {s}"},
}
PROGRAM_FORMS: dict[str, dict[str, Callable[[Any], str]]] = {
    "number": {"": str},
    "person": {"var": lambda p: p.var},
    "thing": {"var": lambda t: t.var, "vars": lambda t: t.vars},
    "text": {"": snake_case, "var": snake_case},
}


def compile_text(text: str, slots: Mapping[str, tuple[int, str]], program: bool = False) -> Text:
    """Compile a wording, or a program when ``program``; ``slots`` gives each slot's place in the values and its kind.

    Raises:
        WordingError: what is wrong and, for an unknown slot or form, what there is.
    """
    compiler = _Compiler(slots, PROGRAM_FORMS if program else FORMS)
    tokens = _tokens(text)
    compiled, rest = compiler.sequence(tokens, 0, nested=False)
    if rest != len(tokens):
        raise WordingError(f"`{tokens[rest]}` without a `[[` before it")
    return compiled


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    for match in _TOKEN.finditer(text):
        tokens += [text[position : match.start()], match.group()]
        position = match.end()
    tokens.append(text[position:])
    for token in tokens[::2]:
        if "{" in token or "}" in token:
            raise WordingError(f"a brace without its partner near {token.strip()[:40]!r}")
    return [token for token in tokens if token]


class _Compiler:
    """Recursive descent over the tokens of one text."""

    def __init__(self, slots: Mapping[str, tuple[int, str]], forms: dict[str, dict[str, Callable[[Any], str]]]) -> None:
        self.slots, self.forms = slots, forms

    def sequence(self, tokens: list[str], start: int, nested: bool) -> tuple[Text, int]:
        """The text from ``start`` to its end, or (``nested``) to the ``|`` or ``]]`` that ends an alternative."""
        parts: list[Part] = []
        used: set[str] = set()
        shown: set[str] = set()
        part: Part
        names: frozenset[str]
        always: frozenset[str]
        while start < len(tokens):
            token = tokens[start]
            if token in ("|", "]]"):
                if nested or token == "]]":
                    break
                part, names, always, start = token, frozenset(), frozenset(), start + 1
            elif token == "[[":
                part, names, always, start = self.choice(tokens, start + 1)
            else:
                part, names = self.slot(token) if token.startswith("{") else (token, frozenset())
                always, start = names, start + 1
            if callable(part) and parts and isinstance(parts[-1], str):
                # "a {count}-mile walk", "a ${price} ticket": the article depends on what fills the slot.
                parts[-1] = _ARTICLE_AT_END.sub(rf"\1{_OPEN} \2", parts[-1])
            parts.append(part)
            used |= names
            shown |= always
        return Text(tuple(parts), frozenset(used), frozenset(shown)), start

    def choice(self, tokens: list[str], start: int) -> tuple[Part, frozenset[str], frozenset[str], int]:
        options: list[Text] = []
        while True:
            option, start = self.sequence(tokens, start, nested=True)
            options.append(option)
            if start == len(tokens):
                raise WordingError("`[[` without its `]]`")
            start += 1
            if tokens[start - 1] == "]]":
                break
        if len(options) < 2:
            raise WordingError("`[[...]]` needs at least two alternatives, divided by `|`")
        bodies, count = tuple(option.parts for option in options), len(options)

        def render(values: Values, rng: random.Random) -> str:
            body = bodies[int(rng.random() * count)]
            return "".join([part if type(part) is str else part(values, rng) for part in body])  # type: ignore[operator]

        used, shown = (option.used for option in options), (option.shown for option in options)
        return render, frozenset().union(*used), frozenset.intersection(*shown), start

    def slot(self, token: str) -> tuple[Part, frozenset[str]]:
        match = _SLOT.fullmatch(token)
        if not match:
            raise WordingError(f"cannot read {token}: a slot looks like {{name}}, {{name.form}} or {{number|thing}}")
        name, form, below, noun = match.groups()
        if name not in self.slots:
            raise WordingError(f"unknown slot {token}; there are {_listed(self.slots)}")
        place, kind = self.slots[name]
        if below is not None:
            return self.ratio(token, place, form or "", below, noun), frozenset({name, below})
        show = self.form(token, kind, form or "")
        if noun is None:
            return (lambda values, rng: show(values[place])), frozenset({name})
        if kind != "number":
            raise WordingError(f"{token}: `{name}` is no number")
        if "/" in noun:
            literal = thing(noun)
            return (lambda values, rng: counted(values[place], show, literal)), frozenset({name})
        if self.slots.get(noun, (0, ""))[1] != "thing":
            raise WordingError(f"{token}: `{noun}` is no slot for things; write a literal noun as one/many")
        other = self.slots[noun][0]
        return (lambda values, rng: counted(values[place], show, values[other])), frozenset({name, noun})

    def ratio(self, token: str, above: int, form: str, below: str, noun: str | None) -> Part:
        """``{part/parts}``: 3/4; ``{part.word/parts}``: three quarters."""
        numbers = {name for name, (_, kind) in self.slots.items() if kind == "number"}
        if form not in RATIOS or noun or below not in numbers or self.forms is not FORMS:
            raise WordingError(f"{token}: a ratio of two numbers is written {{a/b}}, {{a.word/b}} or {{a.Word/b}}")
        place, show = self.slots[below][0], RATIOS[form]
        return lambda values, rng: show(values[above], values[place])

    def form(self, token: str, kind: str, form: str) -> Callable[[Any], str]:
        forms = self.forms[kind]
        if form in forms:
            return forms[form]
        plain = forms.get(form[:1].lower() + form[1:]) if self.forms is FORMS else None
        if plain is None:
            offered = ", ".join(f or "the bare slot" for f in forms)
            raise WordingError(f"{token}: a {kind} has no form {form or 'without a name'!r} here; there are {offered}")
        return lambda value: _capital(plain(value))


def counted(value: int | float, show: Callable[[Any], str], noun: Thing) -> str:
    """``1 apple``, ``5 apples``."""
    return f"{show(value)} {noun.one if value == 1 else noun.many}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
