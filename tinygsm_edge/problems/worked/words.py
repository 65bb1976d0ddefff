"""What :mod:`.naming` knows about English: closed word classes, everyday verbs, singular forms.

A tagger would be more exact, but these lists are small, quick and enough for sentences of grade-school problems: what
is neither a function word, a verb, an adverb nor a number is taken for a noun or an adjective.
"""

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


DETERMINERS = word_set("""
    a all an another any both certain each either entire every few following her his its last many much my neither next
    no one other others our own previous same several some such that the their these this those what which whole whose
    your
""")
PRONOUNS = word_set("""
    anybody else everybody everyone everything he hers herself him himself i it itself me nobody she someone something
    theirs them themselves there they us we who whom you
""")
PREPOSITIONS = word_set("""
    about above across after against along among around as at because before behind below beside between beyond by
    despite down during except for from in inside instead into like minus near of off on onto out outside over per plus
    since than through throughout till times to toward towards under until up upon via with within without x
""")
CONJUNCTIONS = word_set("""
    although and because but hence how if meaning means or since so that then therefore though thus unless when where
    whereas which while why
""")
ADVERBS = word_set("""
    able about actually additional afterward afterwards again ago ahead almost already also altogether always apart
    apiece approximately aside away back better bigger cheaper combined currently deep each earlier enough equally even
    evenly eventually everyday exactly extra far farther faster fewer finally first further greater heavier here high
    higher home however initially instead just larger later least left leftover less let's lets long longer lower more
    most nd nearly no normally not now old older once online only originally overall rd remaining respectively roughly
    second separately shorter smaller soon st still straight tall taller th third thrice today together tomorrow tonight
    too total twice typically usually very well wide worse worth yes yesterday younger
""")
AUXILIARIES = word_set("""
    am are aren't be been being can could did didn't do does doesn't don't had has hasn't have haven't having he'd he'll
    he's is isn't it'll it's may might must shall she'd she'll she's should that's there's they'd they'll they're was
    wasn't we'll we're were weren't will would
""")
VERBS = word_set("""
    accept accepted accepts accumulated achieved add added adding adds advertises allow allows answered answers ask
    asked asks assigned assume assumes ate attend attended attending attends average averages awarded bake baked bakes
    baking be became become becomes began begin begins belong belongs bike biked bikes blew bloomed borrow borrowed
    borrows bought break breaks bring bringing brings broke brought build building builds built burn burned burns burnt
    buy buying buys calculate called calls came camping caps carried carries carry catch catches caught change changed
    changes charge charged charges charging checked choose chose clean cleaned cleaning cleans climb climbed climbs
    collect collected collecting collects combine combines come comes coming complete completed completes compute
    considered considering consume consumed consumes contain contained containing contains contribute contributed
    contributes convert cook cooked cooking cooks cost costing costs count counted counts cover covered covering covers
    created creates cried crossed cut cuts cutting cycled dances decide decided decides decreased decreases deliver
    delivered delivers demanded deposit deposited deposits designed determine did die died dies dig digs discovered
    distributed divide divided divides donate donated donates doubled doubles dove downloads drank draw draws drew
    drinks drive drives driving drop dropped drops drove earn earned earning earns eat eaten eating eats eliminated end
    ended ending ends enter entered equal equally equals escaped estimate exchange exchanged exercises expects fall
    falls feed feeding feeds feels fell figure fill filled fills find finding finds finish finished finishes fired fit
    fits fixed fixes flew flies follows forgot found gain gained gains gather gathered gathers gave get gets getting
    gifted gifts give given gives giving go goes going gone got graduate grew grow growing grown grows handed happened
    hatch hatched held help helped helps hid hides hike hiked hired hires hit hits hold holding holds hosts houses
    ignoring improve included includes including increase increased increases invest invested invests invite invited
    invites jog jogged jogging jogs join joined joins jump jumped jumps keep keeps kept kill killed knew knit knits
    knitted know knows laid lasted lasts launched lay lays learned learns leave leaves leaving lend lent lift lifts
    likes listed listened listening lists live lived lives living loaded loads loaned located look looking looks lose
    loses losing lost lowers made maintain make makes making manage managed marked mean means measure measured measures
    meet melted met miss missed misses mixed moved moves mow mowed mows multiply named need needed needing needs noticed
    occurs offer offered offers open opened opens order ordered ordering orders owe owed owes own owned owns pack packed
    packs paid paint painted paints participated pass passed passes pay paying pays perform performed photographed pick
    picked picking picks pitched place placed plan planned planning plans plant planted plants played playing plays
    pledged popped poses posted poured pours practice practiced practices predicted preferred prefers prepare prepared
    prepares presented printed prints produce produced produces promised proposed provide provides published pulled
    pulls purchase purchased purchases purchasing pushed put puts putting quit rained raise raised raises ran reach
    reached reaches read reading reads receive received receives receiving recorded recycled recycles reduce reduced
    refuses remain remained remains remove removed removes rent rented rents replace replaced represent represents
    require required requires rescued rests return returned returns rides rode rolled rows run running runs said sang
    save saved saves saving say says scheduled score scored scores seated see seen sees sell selling sells send sends
    sent serve served serves serving sewn sews share shared shares shelf shipped shoots shot show showed signed sings
    sit sits sleep sleeping sleeps slept slices smiled snowed snows sold solved sorted spend spending spends spent split
    splits spotted spread stacked stands start started starting starts stay stayed stays steals stole stop stopped
    stored stores strikes studied study studying subtract supposed survived swallowed swam swept swim swims take taken
    takes taking talk talked taught teach teaches tell tells think threw throw throws tied tips took tossed totaling
    totalling totals trained trains transported travel traveled traveling travels treated tried tries try turn turned
    turns type typed types upgraded use used uses using vacuumed vacuums visit visited visiting visits volunteered voted
    wait waited waits wakes walk walked walking walks want wanted wanting wants wash washed washes washing wasted watch
    watched watches watching wear wears weigh weighed weighing weighs went were win winning wins wish wishes won work
    worked working works wrapped wraps write writes writing written wrote yielded yields
""")
# Also nouns: verbs only after a pronoun, a name or "to".
NOUN_OR_VERB = word_set("""
    answers average baking bike bikes break breaks building burns camping caps catch change charge cleaning cooking
    costs cover cut deposit dies donate downloads draw draws drinks drive end estimate exchange exercises fall feed
    fills fit flies gifts help hits holds houses increase jumps laps leaves lift lifts lists lives loads look
    measure meet miss offer order orders pack packs paint painting pass passes picks place plan plans plant plants play
    plays posts practice pulls purchase purchases read reading records rent rest returns rides rolls rows run runs save
    savings score scores share shares shelf shipments shot shots show shows sleep slices start stop stops stores study
    swim swimming talk tips totals trains tries trip trips turn turns type types visit visits walk walks wash washing
    watches wins work works
""")
TIME_NAMES = word_set("""
    afternoon april august autumn breakfast christmas december dinner easter evening fall february friday halloween
    january july june lunch march monday morning night noon november october saturday september spring summer sunday
    thanksgiving thursday tuesday wednesday weekday weekdays weekend weekends winter
""")
TIME_UNITS = word_set("day decade hour minute month night second week year")
UNITS = TIME_UNITS | word_set("""
    acre calorie cent centimeter cm cup degree feet foot ft g gallon gram hp inch kg kilo kilogram kilometer km l lb lbs
    liter m meter mg mile milliliter ml mm mph ounce oz pint point pound quart tablespoon tbs teaspoon ton watt yard
""")
# Nouns that say little until one is told of what.
CONTAINERS = word_set("""
    amount bag bale bar barrel basket batch bottle bowl box bucket bunch bundle bushel can carton case color container
    crate cubic cup dozen ear feet foot fraction glass group half head item jar kind load loaf lot number pack package
    packet pair part percent percentage piece pile plate portion quarter ratio rest roll row sack scoop serving set
    share sheet slice square stack stick sum tank third tin total tray tub type unit
""")
WEAK_ADJECTIVES = word_set("""
    actual additional approximately available average beautiful big certain complete consecutive current delicious
    different entire equal extra favorite fellow first fresh full highest identical individual lowest more new nice
    original other own pairs regular remaining same second separate single such total whole
""")
MONEY_VERBS = {
    "earn": "earnings",
    "make": "earnings",
    "save": "savings",
    "owe": "debt",
    "win": "winnings",
    "donate": "donation",
    "lose": "loss",
    "charge": "charge",
    "invest": "investment",
    "deposit": "deposit",
}
SPEND_VERBS = word_set(
    "spend spends spent spending pay pays paid paying cost costs costing buy buys bought buying "
    "purchase purchased purchases owe owes owed"
)
PAY_VERBS = word_set("paid pay paying pays")
MONEY_NOUNS = word_set("""
    allowance balance bill bonus budget charge cost costs debt deposit discount earnings expenses fare fee income money
    payment price prize profit rate rent revenue salary savings spending tax tip total wage worth
""")
MEASURED_NOUNS = word_set("""
    age area bill budget capacity change cost difference discount distance earnings expenses fee height income length
    pay payment percentage perimeter price profit rate ratio revenue salary savings score speed tax time tip value
    volume weight width
""")
PRICE_VERBS = word_set("charge charged charges cost costing costs priced sell selling sells sold")

_STEMS = {
    verb: base
    for base, forms in {
        "earn": "earns earned earning",
        "make": "makes made",
        "save": "saves saved saving",
        "owe": "owes owed",
        "win": "wins won",
        "donate": "donates donated",
        "lose": "loses lost",
        "charge": "charges charged charging",
        "invest": "invests invested",
        "deposit": "deposits deposited",
    }.items()
    for verb in [base, *forms.split()]
}
_IRREGULAR = {
    "feet": "foot",
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "teeth": "tooth",
    "geese": "goose",
    "knives": "knife",
    "leaves": "leaf",
    "loaves": "loaf",
    "lives": "life",
    "shelves": "shelf",
    "halves": "half",
    "wolves": "wolf",
    "scarves": "scarf",
    "dice": "die",
    "pies": "pie",
    "cookies": "cookie",
    "movies": "movie",
    "brownies": "brownie",
    "calories": "calorie",
    "ties": "tie",
    "smoothies": "smoothie",
    "selfies": "selfie",
    "shoes": "shoe",
    "toes": "toe",
    "buses": "bus",
    "gas": "gas",
    "bus": "bus",
    "glass": "glass",
    "lens": "lens",
    "tennis": "tennis",
    "pants": "pants",
    "shorts": "shorts",
    "clothes": "clothes",
    "series": "series",
    "species": "species",
    "jeans": "jeans",
    "scissors": "scissors",
    "zombies": "zombie",
    "canoes": "canoe",
    "horses": "horse",
    "houses": "house",
    "roses": "rose",
    "nurses": "nurse",
    "purses": "purse",
    "vases": "vase",
    "cases": "case",
    "pieces": "piece",
    "moose": "moose",
}


def singular(word: str) -> str:
    """The singular of a lower-case noun: boxes, box; cherries, cherry; glass, glass."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes", "toes")):
        return word[:-2]
    return word[:-1]


_PARTICIPLES = {
    "took": "taken",
    "ate": "eaten",
    "gave": "given",
    "drove": "driven",
    "wrote": "written",
    "got": "received",
    "drank": "drunk",
    "ran": "run",
    "grew": "grown",
    "broke": "broken",
    "threw": "thrown",
    "stole": "stolen",
    "drew": "drawn",
    "swam": "swum",
    "rode": "ridden",
    "gives": "given",
    "takes": "taken",
    "buys": "bought",
    "sells": "sold",
    "eats": "eaten",
    "uses": "used",
    "makes": "made",
    "spends": "spent",
    "gets": "received",
    "receives": "received",
    "loses": "lost",
    "finds": "found",
    "picks": "picked",
    "collects": "collected",
    "give": "given",
    "has": "",
    "had": "",
    "flew": "flown",
    "began": "",
}
_PAST = re.compile(
    r"\w+ed$|^(?:bought|sold|made|spent|paid|won|lost|caught|read|used|left|kept|sent|built|found|"
    r"brought|put|laid|lent|taught|cut|baked|saved|eaten|given|taken|written|grown|broken|sewn)$"
)


def participle(verb: str) -> str:
    """The past participle of a verb in its past form; "" for any other form."""
    return _PARTICIPLES.get(verb, verb if _PAST.match(verb) else "")


def money_noun(verb: str) -> str:
    """What money is called that someone earns, saves, owes ...; "" for a verb without such a noun."""
    return MONEY_VERBS.get(_STEMS.get(verb, ""), "")
