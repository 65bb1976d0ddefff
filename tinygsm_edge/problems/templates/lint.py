"""What a template must keep beyond compiling: rules on wordings and programs, tried on many draws."""

import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tinygsm_edge.cores import usable_cores
from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import answers_equal
from tinygsm_edge.problems.templates.expression import ExpressionError, exact_result, names_in, parse_program, tidy
from tinygsm_edge.problems.templates.lexicon import LIBRARY, load_lexicon
from tinygsm_edge.problems.templates.loader import TemplateError, read_templates
from tinygsm_edge.problems.templates.template import Template, acceptable, pick_distinct
from tinygsm_edge.problems.templates.yaml_nodes import read_nodes

DRAWS = 100
_MIN_WORDINGS, _MIN_SHARE = 3, 0.1
_FEWEST_TRIES = 1000  # before the share of draws that `where` lets through is judged
_ENDINGS = ("?", ".", "!")
# What may not be seen in a rendered question, and how it is put to the author.
_BLEMISHES = [
    (re.compile(r"[{}\x00]|\[\[|\]\]"), "a brace or bracket is left over"),
    (re.compile(r"\$\$"), "a double dollar sign (`.money` brings its own)"),
    (re.compile(r"\$\d[\d,]*\.\d(?!\d)"), "dollars with one decimal (use `.money`)"),
    (re.compile(r"\d\.\d{5,}"), "a number with more than four decimals"),
    (re.compile(r"(?<![\d.,/$:-])\b1 (?!(?:plus|times|minus|across|always|as|is|has|was)\b)[a-z]+(?<![su])s\b"),
     "1 with a plural (use {number|noun/nouns}, or start the range at 2)"),
    (re.compile(r"\ba (?:[aeio]\w+|u[mn](?!i)\w+|8|11\b|18\b)"), "`a` where `an` belongs"),
    (re.compile(r"\ban (?:[bcdfgjklmnpqrstvwxyz]\w+|[2-79]|10)"), "`an` where `a` belongs"),
    (re.compile(r"(?:^|(?<![ap]\.m)[.?!] )[a-z]"), "a sentence begins with a small letter"),
    (re.compile(r"\b(\w+) \1\b(?<!that that)(?<!had had)"), "a word stands twice in a row"),
    (re.compile(r" [,.?!]|[,?!]{2}|\.\.(?!\.)"), "stray punctuation"),
]  # fmt: skip
_FALSE_ARTICLE = re.compile(r"\ban? (?:one|once|use|eu)", re.IGNORECASE)


def lint(paths: Sequence[Path] = (), draws: int = DRAWS, workers: int | None = None) -> list[str]:
    """Every fault of the given files (default: the library) as ``file:line: id: what``; an empty list is a clean bill.

    Ids are compared over the given files and the library together. Files are checked side by side by ``workers``
    processes, by default one for each processor.
    """
    library = sorted(LIBRARY.glob("*.yaml"))
    wanted = [Path(path) for path in paths] or library
    known = {path.resolve() for path in wanted}
    places = _places([path for path in library if path.resolve() not in known])
    count = min(workers or usable_cores(), len(wanted))
    check_file = partial(_lint_file, draws=draws)
    if count == 1:
        checked = list(map(check_file, wanted))
    else:
        with ProcessPoolExecutor(count, get_context("spawn")) as pool:
            checked = list(pool.map(check_file, wanted))
    faults: list[str] = []
    for found, ids in checked:
        faults += found
        for name, place in ids:
            if name in places:
                faults.append(f"{place}: {name}: the id is taken by {places[name]}")
            places.setdefault(name, place)
    return faults


def _places(paths: Sequence[Path]) -> dict[str, str]:
    """Where each id of the files stands; what cannot be read is passed over, since nobody asked about it."""
    places: dict[str, str] = {}
    for path in paths:
        with suppress(UserError, AttributeError, KeyError, TypeError):
            root = read_nodes(path).value
            for node in root["templates"].value:
                places[str(node.value["id"].value)] = f"{path}:{node.line}"
    return places


def _lint_file(path: Path, draws: int) -> tuple[list[str], list[tuple[str, str]]]:
    """The faults of one file, and its ids with their places."""
    faults: list[str] = []
    ids: list[tuple[str, str]] = []
    try:
        for template in read_templates(path, load_lexicon()):
            if isinstance(template, TemplateError):
                faults.append(str(template))
                continue
            ids.append((template.id, template.place))
            faults += check(template, draws)
    except UserError as error:
        faults.append(str(error))
    return faults, ids


def check(template: Template, draws: int = DRAWS) -> list[str]:
    """The faults of one template; each kind is named once, with an example."""
    file = template.place.rpartition(":")[0]
    faults: dict[tuple[int, str], str] = {}
    for line, kind, example in [*_still(template), *_drawn(template, draws)]:
        line = line or int(template.place.rpartition(":")[2])
        faults.setdefault((line, kind), f"{file}:{line}: {template.id}: {kind}" + (f": {example}" if example else ""))
    return list(faults.values())


def _still(template: Template) -> Iterator[tuple[int, str, str]]:
    """Faults that show without a draw: line (0: the template's), what, example."""
    if len(template.wordings) < _MIN_WORDINGS:
        yield 0, f"{len(template.wordings)} wordings; there must be at least {_MIN_WORDINGS}", ""
    numbers = {slot.name for slot in template.numbers} | set(template.lets)
    for line, wording in zip(template.wording_lines, template.wordings, strict=True):
        for name in sorted(template.program.used & numbers):
            if name not in wording.shown and not _shown_otherwise(template, name, wording.shown):
                yield line, f"the program uses {{{name}}}, which this wording does not show (in every alternative)", ""


def _shown_otherwise(template: Template, name: str, shown: frozenset[str]) -> bool:
    """Whether a let made from the number is shown instead, or the one number that the let ``name`` is made from."""
    reads = template.let_reads
    return any(name in reads[let] for let in template.lets if let in shown) or (
        name in reads and len(reads[name]) == 1 and reads[name] <= shown
    )


def _drawn(template: Template, draws: int) -> Iterator[tuple[int, str, str]]:
    rng = random.Random(template.id)
    passed = 0
    tried = 0
    for _ in range(max(_FEWEST_TRIES, draws * round(1 / _MIN_SHARE))):
        tried += 1
        numbers = template.pick_numbers(rng)
        try:
            outcome = template.run(numbers)
        except UserError as error:
            yield 0, "the arithmetic fails", str(error).rpartition(": the arithmetic fails ")[2]
            return
        if outcome is None:
            continue
        passed += 1
        trace = [tidy(value) for value in outcome[1]]
        if min(trace) < 0:
            yield 0, "a value in the program is negative", f"{min(trace)} for {_given(template, numbers)}"
        elif not acceptable(outcome[1], template.answer):
            yield 0, f"the answer is not `{template.answer}`", f"{trace[-1]} for {_given(template, numbers)}"
        else:
            yield from _rendered(template, [*numbers, *outcome[0]], trace[-1], passed, rng)
        if passed == draws:
            break
    # Some slack, so that a template right at the limit does not pass on one machine and fall on another edit.
    if passed < draws and passed < 0.9 * _MIN_SHARE * tried:
        yield 0, "`where` is too strict", f"{passed / tried:.1%} of draws pass, {_MIN_SHARE:.0%} must (use `let`)"


def _given(template: Template, numbers: Sequence[float]) -> str:
    return ", ".join(f"{slot.name}={value}" for slot, value in zip(template.numbers, numbers, strict=True))


def _rendered(
    template: Template, numbers: list[int | float], answer: int | float, turn: int, rng: random.Random
) -> Iterator[tuple[int, str, str]]:
    """Faults of one rendered problem; wordings take turns."""
    index = turn % len(template.wordings)
    line = template.wording_lines[index]
    values = [*numbers, *pick_distinct(template.others, rng)]
    problem = template.render(values, index, answer, 0, rng)
    text = problem.question
    if not text.endswith(_ENDINGS):
        yield line, "the question does not end on a question mark or full stop", text[-60:]
    elif "?" not in text and not _ASKS.search(text):
        yield line, "the question asks nothing: no question mark", text[-60:]
    for pattern, what in _BLEMISHES:
        for found in pattern.finditer(text):
            if not _FALSE_ARTICLE.match(found.group()):
                yield line, what, f"...{text[max(0, found.start() - 25) : found.end() + 15]}..."
    yield from _solved(problem.solution or "", answer)


_ASKS = re.compile(
    r"(?:^|[.;,:] )(?:Find|Work out|Calculate|Determine|Figure out|Compute|Tell|Give|Say|State|Express|Convert|Write|"
    r"Name|What|How)\b",
    re.IGNORECASE,
)


def _solved(solution: str, answer: int | float) -> Iterator[tuple[int, str, str]]:
    """Runs the rendered program a second way, in exact arithmetic, and looks for variables that are never read."""
    source = solution.removesuffix("\nreturn result")
    try:
        steps = parse_program(source)
        exact = exact_result(steps)
    except (ExpressionError, ArithmeticError) as error:
        yield 0, "the rendered program does not run", str(error)
        return
    if not answers_equal(tidy(float(exact)), answer):
        yield 0, "floating-point rounding decides (`//`, `%` or round on decimals)", f"{exact} or {answer}"
    read = set().union(*(names_in(tree) for _, tree, _ in steps))
    assigned = [name for name, _, _ in steps]
    for name in assigned:
        if name != "result" and name not in read:
            yield 0, "a program variable is never used", name
    # The same name from two slots, or from a slot and a fixed word, would make the program mean another thing.
    for earlier, (name, tree, _) in enumerate(steps):
        if name in assigned[:earlier] and name not in names_in(tree):
            yield 0, "a program variable is assigned anew without being read", name
