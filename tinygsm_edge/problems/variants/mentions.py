"""The numbers a question speaks of: where they stand, what they are worth, how they are written, what they count.

A *mention* is one numeral ("48", "$12.50", "80%", "1,200") or number word ("three", "twenty-five"). Mentions that must
not move (years, clock times, fractions, ordinals, "one", conversion factors such as the 12 of "12 inches in a foot",
body parts, ranges) are found too and marked fixed, because they explain numbers of the program. So do words such as
"dozen", "week" and "twice": :func:`explained_by_words` lists what each of them explains.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_NAMES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
          "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety")
UNITS = _NAMES.split()[:20]
TENS = {word: 10 * n for n, word in enumerate(_NAMES.split()[20:], start=2)}
SMALL = {word: n for n, word in enumerate(UNITS)} | TENS
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_WORD = "|".join(sorted([*SMALL, *SCALES], key=len, reverse=True))
_NUMBER = re.compile(
    r"(?P<numeral>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]*\d)|\d+(?:\.\d+)?|(?<![\d\w])\.\d+)"
    rf"|\b(?P<words>(?:{_WORD})(?:(?:[ -]|(?<=hundred) and |(?<=thousand) and )(?:{_WORD}))*)\b",
    re.IGNORECASE,
)

PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
         "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "fifteenth": 15, "twentieth": 20}
_PART = re.compile(rf"[ -]({'|'.join(PARTS)})s?\b", re.I)

# What a word may put into the program without any number standing in the question.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"half|halves|halved|halve|half-price|bogo", "2 1/2"),
    (r"twice|doubl\w*|both|pairs?|couples?|twins?|alternate|every other|bicycles?|bikes?|second", "2"),
    (r"thrice|tripl\w*|triangles?|triangular|tricycles?|trio", "3"),
    (r"quadrupl\w*|squares?|rectang\w*|legs?|cars?|tires?|wheels?", "4"),
    (r"quintupl\w*|nickels?|weekdays?|work ?weeks?", "5"),
    (r"weekends?", "2"),
    (r"dimes?|decades?", "10"),
    (r"centur\w+|percent\w*|cents?|penn(?:y|ies)|centimet\w+|cm", "100 1/100"),
    (r"quarters?|quarterly", "4 1/4 25 3 3/4"),
    (r"dozens?", "12"),
    (r"weeks?|weekly|daily|every day|each day|days?", "7"),
    (r"days?|daily", "24"),
    (r"hours?|hourly|minutes?|seconds?", "60 1/60"),
    (r"hours?|seconds?", "3600"),
    (r"half(?: of)? an hour|half hour|half-hour", "30"),
    (r"years?|yearly|annual\w*|birthdays?", "12 52 365 366"),
    (r"months?|monthly|january|february|march|april|may|june|july|august|september|october|november|december",
     "12 4 30 31 28 29"),
    (r"feet|foot|inch(?:es)?", "12 1/12"),
    (r"yards?", "3 36"),
    (r"miles?", "5280"),
    (r"pounds?|lbs?|ounces?|oz", "16"),
    (r"gallons?|quarts?|pints?|cups?", "4 2 8 16"),
    (r"kilo\w*|kg|km|grams?|milli\w*|ml|liters?|litres?|tons?|tonnes?", "1000 1/1000"),
    (r"tons?", "2000"),
    (r"spiders?|octopus\w*", "8"),
    (r"thirds?", "3 2 1/3 2/3"),
    (r"alphabet", "26"),
    (r"tenths?", "10"),
    (r"fourths?", "4 1/4 3/4"),
    (r"fifths?", "5 1/5 4/5"),
    (r"one-half|one half", "2"),
)
_WORD_RULES = tuple((re.compile(rf"\b(?:{pattern})\b", re.I), frozenset(map(Fraction, values.split())))
                    for pattern, values in _WORDS)

# (unit counted, unit it makes up): a mention worth exactly that many is a fact about units, not a number of the story.
CONVERSIONS = {("inch", "f"): 12, ("feet", "yard"): 3, ("foot", "yard"): 3, ("inches", "yard"): 36,
               ("feet", "mile"): 5280, ("minute", "hour"): 60, ("second", "minute"): 60, ("hour", "day"): 24,
               ("day", "week"): 7, ("day", "year"): 365, ("day", "month"): 30, ("week", "month"): 4,
               ("week", "year"): 52, ("month", "year"): 12, ("cent", "dollar"): 100, ("penn", "dollar"): 100,
               ("ounce", "pound"): 16, ("ounce", "cup"): 8, ("ounce", "gallon"): 128, ("quart", "gallon"): 4,
               ("pint", "quart"): 2, ("cup", "pint"): 2, ("cup", "quart"): 4, ("cup", "gallon"): 16,
               ("teaspoon", "tablespoon"): 3, ("tablespoon", "cup"): 16,
               ("gram", "kilo"): 1000, ("kilo", "ton"): 1000, ("pound", "ton"): 2000, ("meter", "kilo"): 1000,
               ("centi", "meter"): 100, ("milli", "liter"): 1000, ("year", "decade"): 10, ("year", "century"): 100,
               ("item", "dozen"): 12, ("egg", "dozen"): 12}

# What has its number by nature, by law or by mint.
_BODY = re.compile(r"[ -](?:\w+ )?(?:legs?|wheels?|sides?|sided|eyes?|ears?|arms?|hands?|fingers?|toes?|tentacles?|"
                   r"wings?|paws?|hoo[fv]\w*|strings|innings|suits|letters|degrees?|grades?|stars?|dimensional|"
                   r"(?:dollar )?bills?|(?:cent )?(?:coins?|stamps)|(?:or|to) \w+)\b", re.I)
_LABEL = re.compile(r"\b(?:grade|level|route|highway|room|number|no\.|team|group|section|class|box|machine|store|shop|"
                    r"house|floor|type|version|chapter|page|size|age|year|day|week|month|hour|round|player|lane|line|"
                    r"phase|stage|step|game|test|january|february|march|april|june|july|august|september|october|"
                    r"november|december|#)[ -]?$", re.I)
_TIME = re.compile(r"\s?(?::\d\d|[ap]\.?m\b|[ap]\.m\.|o.clock)|(?:st|nd|rd|th)\b", re.I)
_METRIC = re.compile(r"(?:kg|g|mg|cm|mm|km|m|ft|lbs?|oz|ml|l|mph|kmh|hrs?|mins?|k?wh)\b", re.I)
_RANGE = re.compile(r"\s?[-–—]\s?\$?\d|\s?/\s?\d|'|’\d|\"|\s?[:x*+=^]\s?\d|\s?[x*+=]\s", re.I)


@dataclass(frozen=True, slots=True)
class Mention:
    """A number of the question. ``kind``: count, money, percent, age or times; ``low``/``high`` are whole units."""

    start: int
    end: int
    text: str
    value: Fraction
    kind: str = "count"
    fixed: bool = False
    explains: frozenset[Fraction] = frozenset()
    noun: str = ""
    ceiling: int | None = None

    @property
    def decimals(self) -> int:
        return len(self.text.partition(".")[2]) if self.text[-1].isdigit() else 0

    @property
    def is_word(self) -> bool:
        return self.text[-1].isalpha()


def explained_by_words(question: str) -> frozenset[Fraction]:
    """Every constant that a word of the question can account for ("dozen": 12)."""
    found: set[Fraction] = set()
    for pattern, values in _WORD_RULES:
        if pattern.search(question):
            found |= values
    if "%" in question:
        found |= {Fraction(100), Fraction(1, 100)}
    return frozenset(found)


def words_explaining(question: str, value: Fraction) -> int:
    """How many words of the question can account for a constant of this value."""
    return sum(len(pattern.findall(question)) for pattern, values in _WORD_RULES if value in values)


def numbers_in(question: str) -> Iterator[Fraction]:
    """The values of all numerals and number words, whatever they stand for."""
    for match in _NUMBER.finditer(question):
        value = Fraction(match.group().replace(",", "")) if match["numeral"] else words_value(match.group())
        if value is not None:
            yield value


def find_mentions(question: str) -> list[Mention]:
    """The mentions of a question from left to right."""
    return list(_mentions(question))


def _mentions(question: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(question):
        text = match.group()
        value = Fraction(text.replace(",", "")) if match["numeral"] else words_value(text)
        before, after = question[:match.start()], question[match.end():]
        if value is None:
            yield Mention(match.start(), match.end(), text, Fraction(-1), fixed=True)
            continue
        fraction = _fraction(value, before, after)
        if fraction is not None:
            yield Mention(match.start(), match.end(), text, value, fixed=True, explains=fraction)
            continue
        noun = re.match(r"(?:%|[ -]|\s)*((?:percent\s+)?[a-z]*)", after, re.I)
        kind = _kind(before, after)
        fixed = _is_fixed(text, value, before, after, kind, question)
        yield Mention(match.start(), match.end(), text, value, kind, fixed, frozenset({value}),
                      noun.group(1).lower() if noun else "", _ceiling(value, before, after, question))


def words_value(text: str) -> Fraction | None:
    """What number words are worth ("two hundred and five": 205), or None for words that do not make one number."""
    total, current, last = 0, 0, 10**12
    for word in re.split(r"[ -]+(?:and )?", text.lower()):
        if word in SCALES:
            if not current and not total:
                current = 1
            scale = SCALES[word]
            current *= scale
            if scale > 100:
                total, current = total + current, 0
            last = 100
            continue
        step = SMALL.get(word)
        # After "twenty" only one to nine may follow, after "five" only a scale.
        if step is None or step >= (10 if last in TENS.values() else 1 if last < 100 else 100):
            return None
        current, last = current + step, step
    return Fraction(total + current)


def number_words(value: int) -> str | None:
    """1..999 in words ("twenty-five", "two hundred"); None where words would read oddly."""
    if 0 <= value < 20:
        return UNITS[value]
    if value < 100:
        ten = next(word for word, n in TENS.items() if n == value // 10 * 10)
        return ten if value % 10 == 0 else f"{ten}-{UNITS[value % 10]}"
    if value < 1000 and value % 100 == 0:
        return f"{UNITS[value // 100]} hundred"
    return None


def _fraction(value: Fraction, before: str, after: str) -> frozenset[Fraction] | None:
    """What a fraction explains, where the number is part of one: "3/4", "two-thirds", "2 1/2", "1 and a half"."""
    over = re.match(r"\s?/\s?(\d+)(?:st|nd|rd|ths?)?\b", after)
    under = re.search(r"(\d+)\s?/\s?$", before)
    part = _PART.match(after)
    if over and int(over[1]):
        top, bottom = value, Fraction(int(over[1]))
    elif under and value:
        top, bottom = Fraction(int(under[1])), value
    elif part:
        name = part[1].lower()
        top, bottom = value, Fraction(PARTS[name])
    elif re.match(r"\s(?:\w+\s)?and\s(?:a|one)[ -](?:half|quarter|third)|\s\d+/\d", after, re.I):
        top, bottom = 2 * value + 1, Fraction(2)
    else:
        return None
    share = top / bottom
    return frozenset({value, top, bottom, share, 1 - share, abs(bottom - top), 1 + share, bottom + top, Fraction(1)})


def _kind(before: str, after: str) -> str:
    if re.match(r"\s?%|[ -]?per ?cent", after, re.I):
        return "percent"
    if re.search(r"\$\s?$", before) or re.match(r"[ -](?:dollars?|cents?|bucks)\b", after, re.I):
        return "money"
    if re.match(r"[ -](?:years?|months?)[ -](?:old|of age)|[ -]years? (?:older|younger)", after, re.I):
        return "age"
    if re.match(r"[ -](?:feet|foot|inch(?:es)?|cm|centimeters|meters|ft)(?: \w+)? (?:tall|high)", after, re.I):
        return "age"
    return "times" if re.match(r"[ -](?:times|x)\b", after, re.I) else "count"


def _is_fixed(text: str, value: Fraction, before: str, after: str, kind: str, question: str) -> bool:
    if (value <= 1 and value.denominator == 1) or (kind == "percent" and value == 100):
        return True
    if text[-1].isdigit():
        if re.search(r"[\w#:/^'’+*=][.,]?$|\d\s?[-–—/]\s?\$?$|(?:^|[\s(])[-–−]\s?\$?$", before) or (
                re.match(r"[A-Za-z]", after) and not _METRIC.match(after)):
            return True
        if len(text) == 4 and 1900 <= value <= 2100 and not before.endswith("$"):
            return True
        if re.search(r"\.$", before) or re.match(r"\.\d", after):
            return True
        if _TIME.match(after) or _RANGE.match(after):
            return True
    if any(word in SCALES for word in re.split(r"[ -]+", text.lower())) and re.search(r"(?:\ba|\d) $", before, re.I):
        return True
    if re.match(rf"[ -](?:{_WORD}|dozen)\b", after, re.I) and text[-1].isdigit() and "dozen" not in after[:8].lower():
        return True
    if _LABEL.search(before) or _BODY.match(after):
        return True
    return _is_conversion(value, after, question)


def _is_conversion(value: Fraction, after: str, question: str) -> bool:
    unit = re.match(r"[ -]?([a-z]+)", after, re.I)
    if unit is None:
        return False
    name, lower = unit[1].lower(), question.lower()
    return any(value == factor and name.startswith(small) and re.search(rf"\b{large}", lower)
               for (small, large), factor in CONVERSIONS.items())


def _ceiling(value: Fraction, before: str, after: str, question: str) -> int | None:
    """The most that a count may be without becoming absurd: 24 hours, 7 days of a week, 11 inches after feet."""
    if re.search(r"\b(?:foot|feet|ft),? (?:and )?$", before):
        return 11
    unit = re.match(r"[ -]?(?:more |full |whole |school |work(?:ing)? )?"
                    r"(hour|minute|second|day|night|week|month|time)", after, re.I)
    if unit is None:
        return None
    lower = question.lower()
    limits = {"hour": (24,), "minute": (60,), "second": (60,), "month": (12,), "time": (7, 10),
              "day": (7,) * ("week" in lower) + (31,), "night": (7,) * ("week" in lower) + (31,),
              "week": (4,) * ("month" in lower) + (52,)}[unit[1].lower()]
    return next((limit for limit in limits if value <= limit), None)
