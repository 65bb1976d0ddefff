"""Names for money and percentages of a question: prices, wages, payments, discounts, shares."""

from collections.abc import Sequence

from tinygsm_edge.problems.worked.english import (
    Word,
    complement,
    noun_phrase,
    phrase_before,
    rate_after,
    rate_before,
    segment_start,
    subject_noun,
    topic,
)
from tinygsm_edge.problems.worked.names import COMPARATIVES, Names, short
from tinygsm_edge.problems.worked.words import (
    CONTAINERS,
    MONEY_NOUNS,
    PAY_VERBS,
    PRICE_VERBS,
    SPEND_VERBS,
    TIME_UNITS,
    money_noun,
    participle,
    singular,
    word_set,
)

_HANDED = word_set("given received borrowed raised collected used found withdrawn added")


def percent(sentence: Sequence[Word], at: int, after: int) -> Names:
    """Names for the percentage at ``at``; ``after`` is the word behind the sign."""
    found: Names = []
    phrase, end = noun_phrase(sentence, after)
    word = sentence[after].text if after < len(sentence) else ""
    before = phrase_before(sentence, at)
    if word == "off" or phrase[:1] == ["discount"]:
        return [["discount", "percent"], [*short(before), "discount", "percent"]]
    if phrase:
        found.append([*short(phrase), "percent"])
    elif word in COMPARATIVES:
        found += [["percent", word], [*short(before, 1), "percent", word]]
    elif word in ("of", "are", "is", "were", "was"):
        whole, end = complement(sentence, after)
        if whole and end < len(sentence) and sentence[end].text in ("on", "in", "at", "from", "with", "without"):
            _, end = complement(sentence, end, (sentence[end].text,))
        told, _ = noun_phrase(sentence, end + 1) if end < len(sentence) and sentence[end].tag == "be" else ([], end)
        if (end < len(sentence) and sentence[end].text in ("have", "has", "had")) or _acts(sentence, end):
            told, _ = noun_phrase(sentence, next(i for i in range(end, len(sentence) + 1) if not _acts(sentence, i)))
        found += [[*short(told), "percent"]] if told else []
        found += [[*short(whole), "percent"]] if whole else []
    found += [[*short(before), "percent"]] if before else []
    return found or [["percent"]]


def _acts(sentence: Sequence[Word], at: int) -> bool:
    return at < len(sentence) and sentence[at].tag in ("verb", "be", "adverb")


def money(sentence: Sequence[Word], at: int, after: int) -> Names:
    """Names for the sum of money at ``at``; ``after`` is the word behind it (and behind "dollars")."""
    text = [word.text for word in sentence]
    next_word = text[after] if after < len(text) else ""
    before = phrase_before(sentence, at)
    if next_word in ("off", "discount"):
        return [["discount"], [*short(before), "discount"]]
    if next_word in ("left", "remaining"):
        return [["money", "left"]]
    if next_word in ("more", "less", "fewer", "extra", "cheaper"):
        subject = subject_noun(sentence, at)
        return [["dollars", next_word], [*short(subject), "dollars", next_word]]
    phrase, end = noun_phrase(sentence, after)
    per = rate_after(sentence, after) or rate_after(sentence, end)
    verb = next((word.text for word in reversed(sentence[:at]) if word.tag == "verb"), "")
    if phrase and phrase[-1] in MONEY_NOUNS:
        tail = ["per", per[-1]] if per and per != ["each"] else []
        return [[*short(phrase), *tail], [*short(before, 1), *short(phrase), *tail]]
    if per and per != ["each"]:
        return _money_rate(sentence, at, verb, per)
    if phrase and phrase[-1] not in CONTAINERS:
        return [short(phrase), [*short(phrase), "dollars"]]
    goal, _ = complement(sentence, after, ("on", "for", "to", "in", "from"))
    if next_word == "to" and not goal and (verb in SPEND_VERBS | PRICE_VERBS or not sentence[:at]):
        goal = next(
            (noun_phrase(sentence, i)[0] for i in range(after + 1, len(sentence)) if sentence[i].tag == "noun"), []
        )
        return [[*short(goal), "cost"], [*short(goal), "money"]]
    price = _price(sentence, at, verb, before, rate_before(sentence, at), per == ["each"])
    return price or _sum_of_money(sentence, at, verb, before, goal)


def _money_rate(sentence: Sequence[Word], at: int, verb: str, per: list[str]) -> Names:
    """ "$7 per hour", "$3 for each cake"."""
    subject = short(subject_noun(sentence, at), 1)
    if per[-1] in TIME_UNITS:
        paid = money_noun(verb) in ("earnings", "charge") or verb in ("paid", "pay", "pays", "gets")
        kind = "pay" if paid and "rent" not in subject else "cost"
        return [["pay" if paid else "cost", "per", per[-1]], [*subject, kind, "per", per[-1]]]
    kind = (
        "earnings"
        if money_noun(verb) == "earnings"
        else "cost"
        if per[-1] in ("person", "child", "student")
        else "price"
    )
    return [[*per[-1:], kind], [*short(per), kind], [*subject, kind, "per", per[-1]]]


def _price(sentence: Sequence[Word], at: int, verb: str, before: list[str], each: list[str], apiece: bool) -> Names:
    """ "Each hat costs $5", "a hat for $5", "the rent is $900"; [] when the money is no price."""
    near = sentence[at - 1].text if at else ""
    if before and before[-1] in MONEY_NOUNS:
        return [[*_owner(sentence, at, before), *short(before)]]
    if near in ("is", "are", "was", "were") and not each:
        before = topic(sentence[segment_start(sentence, at) :]) or before
        if before and before[-1] in MONEY_NOUNS:
            return [short(before)]
    noun = each or before or topic(sentence)
    named = (
        near in ("for", "at", "cost", "costs", "costing")
        or near in ("is", "are", "was", "were")
        or verb in PRICE_VERBS
        or apiece
    )
    if named and noun and (near != "at" or singular(noun[-1]) not in TIME_UNITS):
        many = near == "for" and not (each or apiece) and _counted_before(sentence, at)
        if many:
            return [[*short(noun), "cost"], [*short(noun), "price"]]
        one = [*short(noun)[:-1], singular(noun[-1])]
        return [[*one, "price"], [*one, "cost"], [*short(noun, 3), "price"]]
    return []


def _counted_before(sentence: Sequence[Word], at: int) -> bool:
    """Whether the things before "for $25" are a number of them ("50 contacts for $25")."""
    return next((word.tag == "number" for word in reversed(sentence[:at]) if word.tag not in ("noun", "of")), False)


def _owner(sentence: Sequence[Word], at: int, phrase: list[str]) -> list[str]:
    """Whose the money is that a phrase names ("Ann's rent is"); [] for nobody's."""
    for place in range(at - 1, 0, -1):
        if sentence[place].text == phrase[0] and sentence[place - 1].tag == "name":
            return [sentence[place - 1].text]
    return []


def _sum_of_money(sentence: Sequence[Word], at: int, verb: str, before: list[str], goal: list[str]) -> Names:
    """Money that is earned, spent, had."""
    earned = money_noun(verb)
    if earned:
        return [[earned], [*short(goal), earned], [*short(before, 1), earned]]
    if verb in PAY_VERBS:
        return [[*short(goal), "cost"], [*short(goal), "payment"]] if goal else [["payment"], ["money", "paid"]]
    if verb in SPEND_VERBS and (goal or before):
        return [[*short(goal or before), "cost"], [*short(goal or before), "spending"]]
    if verb in SPEND_VERBS:
        return [["money", "spent"]]
    if participle(verb) in _HANDED:
        return [["money", participle(verb)], [*short(before), "money"]]
    return [["money"], [*short(before), "money"], ["dollars"]]
