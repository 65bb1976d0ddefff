"""Which numbers of a question became which literals of its program, and which of them may safely move.

A literal is traced by its value, so whatever leaves that value open counts against moving it: two equal numbers in the
text, a word that explains the same constant, a step whose result happens to equal a number of the text. Then the
numbers behind both readings are *pinned*: they keep their values in question and program, which is right under either.
"""

import operator
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tinygsm_edge.problems.variants.mentions import Mention, explained_by_words
from tinygsm_edge.problems.variants.straight_line import Program

Group = tuple[Mention, ...]
Trace = tuple[tuple[int, Fraction, Fraction], ...]


_OF_TWO = re.compile(r"\b(?:both|either|neither|others?|latter|former|twins?|together)\b", re.I)
_PEOPLE = re.compile(r" (?:\w+ )?(?:people|friends|girls|boys|brothers|sisters|kids|children|siblings|wom[ae]n|m[ae]n|"
                     r"students|classmates|of them)\b", re.I)
_LIST = re.compile(r"((?:[^,.?!]{1,40}, )+)(?:and |or |([^,.?!]{1,40} (?:and|or) ))")
# Words that no story uses in vain: their factor must show in the program.
_ACTING = {2: re.compile(r"\b(?:half|halves|twice|doubl\w+)\b", re.I), 12: re.compile(r"\bdozens?\b", re.I),
           3: re.compile(r"\b(?:thrice|tripl\w+)\b", re.I), 4: re.compile(r"\bquadrupl\w+\b", re.I)}
_ORDINAL = re.compile(r"\b(?:second|third|fourth|fifth|sixth|2nd|3rd|[4-9]th|respectively|last|final)\b", re.I)


def trace_literals(question: str, program: Program, mentions: list[Mention]) -> dict[Group, Trace] | None:
    """Movable mentions (grouped when they speak of the same thing) with the literals they became; None: unexplained."""
    words = explained_by_words(question)
    standing = words | {value for mention in mentions for value in (mention.explains if mention.fixed else ())}
    groups = _groups([mention for mention in mentions if not mention.fixed])
    traces: dict[Group, list[tuple[int, Fraction, Fraction]]] = {}
    doubtful: set[Group] = set()
    for index, literal in enumerate(program.literals):
        direct = [(group, Fraction(1), Fraction(0)) for group in groups if group[0].value == literal.value]
        found = direct or [(group, *form) for group in groups for form in _percent_forms(group[0], literal.value)]
        inline = not literal.name and literal.value in words
        if len(found) == 1 and not (inline and direct):
            group, scale, offset = found[0]
            traces.setdefault(group, []).append((index, scale, offset))
        elif found:
            doubtful |= {group for group, _, _ in found}
        elif literal.value not in standing and not _plain_one(program, literal.node, literal.value):
            return None
    return {group: tuple(trace) for group, trace in traces.items() if group not in doubtful}


def _groups(mentions: list[Mention]) -> list[Group]:
    """Mentions by value; :func:`pinned_groups` decides whether equal ones may move together."""
    by_value: dict[tuple[Fraction, bool], list[Mention]] = {}
    for mention in mentions:
        by_value.setdefault((mention.value, mention.kind == "percent"), []).append(mention)
    return [tuple(group) for group in by_value.values()]


def _same_thing(group: Group, question: str) -> bool:
    """Whether a number is said twice of the same things: "5 boxes ... the 5 boxes"."""
    first, rest = group[0], group[1:]
    again = re.compile(r"\b(?:the|these|those|all|his|her|their) $", re.I)
    return all(mention.noun and mention.noun == first.noun and again.search(question[:mention.start])
               for mention in rest)


def _percent_forms(mention: Mention, value: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """How a percentage may stand in the program: as a share, or as the share that is left or added to the whole."""
    if mention.kind == "percent":
        share = mention.value / 100
        for scale, offset in ((1, 0), (-1, 1), (1, 1)):
            if value == scale * share + offset:
                yield Fraction(scale, 100), Fraction(offset)


def _plain_one(program: Program, node: int, value: Fraction) -> bool:
    """A 1 that is added to or taken from something ("she and her friends", "all but the share")."""
    return value == 1 and any(operation.apply is not None and node in (operation.left, operation.right)
                              and operation.apply.__name__ in ("add", "sub") for operation in program.nodes)


def pinned_groups(question: str, program: Program, values: Sequence[Fraction], mentions: list[Mention],
            traces: dict[Group, Trace]) -> set[Group]:
    """The groups that must not move: unclear which of several equal numbers a step used, or tied to the words."""
    owner = {program.literals[index].node: group for group, trace in traces.items() for index, _, _ in trace}
    behind = [frozenset(owner[leaf] for leaf in leaves if leaf in owner) for leaves in program.ancestors()]
    words = explained_by_words(question)
    pinned = {group for group in traces if len(group) > 1 and not _same_thing(group, question)}
    pinned |= {group for group in traces if _tied_to_words(group[0], question)}
    named = sorted(set(program.names.values()))
    told = {mention.value: mention for mention in mentions}
    inline = [literal.node for literal in program.literals if not literal.name]
    for node in program.uses + inline:
        rivals = [other for other in named if other != node and values[other] == values[node]]
        mention = told.get(values[node])
        foreign = mention is not None and not any(mention in group for group in behind[node])
        if rivals or foreign or values[node] in words:
            pinned |= behind[node].union(*(behind[other] for other in rivals))
    traced = {mention for group in traces for mention in group}
    idle = {mention.value for mention in mentions if mention not in traced and mention.value > 1}
    for node, value in enumerate(values):
        if value in idle and program.nodes[node].apply is not None:
            pinned |= behind[node]
    pinned |= {group for group in traces if _counts_addends(program, values, group[0])}
    acting = {Fraction(factor) for factor, word in _ACTING.items() if word.search(question)}
    # Said more often than used: one of the equal numbers is idle.
    idle |= {group[0].value for group, trace in traces.items() if len(trace) < len(group)}
    return pinned | _behind_hidden_steps(program, values, behind, traces, idle | acting)


def _behind_hidden_steps(program: Program, values: Sequence[Fraction], behind: Sequence[frozenset[Group]],
                         traces: dict[Group, Trace], unused: set[Fraction]) -> set[Group]:
    """The groups that one or two steps left out of the program may rest on. Such steps would be hidden behind a given
    number that happens to equal their result, and would use numbers or words of the text that the program does not."""
    written = {literal.value for literal in program.literals}
    givens = [literal for literal in program.literals if literal.name]
    ancestors = program.ancestors()
    suspects: set[Group] = set()
    for node, value in enumerate(values):
        for factor in unused:
            once = _made(value, factor)
            # A first step with a factor that is written elsewhere is too common to be a sign; a second one is none.
            seen = (set() if factor in written else once) | {
                result for other in unused - {factor} for step in once for result in _made(step, other)}
            # What rests on the given itself cannot lie behind the step that the given hides.
            hit = {given.value for given in givens if given.value in seen and given.node not in ancestors[node]}
            if hit:
                suspects |= behind[node] | {group for group in traces if group[0].value in hit}
    return suspects


def _made(one: Fraction, other: Fraction) -> set[Fraction]:
    """What an operation can make of two numbers."""
    return {one + other, abs(one - other), one * other} | {a / b for a, b in ((one, other), (other, one)) if b}


def _counts_addends(program: Program, values: Sequence[Fraction], mention: Mention) -> bool:
    """Whether a number may be the count of things that the program adds up one by one (an average, "three shops")."""
    if mention.kind != "count":
        return False
    return any(
        mention.value == program.addends(index) > 2
        or (node.apply is operator.truediv and mention.value == values[node.right] == program.addends(node.left))
        for index, node in enumerate(program.nodes))


def _tied_to_words(mention: Mention, question: str) -> bool:
    """A count that the text goes on to enumerate ("two sisters ... the other", "three days ... on the third")."""
    if mention.kind != "count" or mention.value > 6 or mention.decimals:
        return False
    if (mention.value == 2 and _OF_TWO.search(question)) or _ORDINAL.search(question):
        return True
    # "all four", "the three": said of things told one by one before.
    before, after = question[:mention.start], question[mention.end:]
    if re.search(r"\b(?:the|all|these|those) $", before, re.I) or ":" in after[:30]:
        return True
    if mention.value == 2 and _PEOPLE.match(after) and re.search(r"[A-Z]\w+ and (?:h\w+ \w+ )?[A-Z]", question):
        return True
    lengths = {match[1].count(",") + 1 + bool(match[2]) for match in _LIST.finditer(question)}
    return mention.value in lengths or re.match(r"[^.?!,]{0,40}?[:,]? [A-Z]\w+(?:, | and )[A-Z]", after) is not None
