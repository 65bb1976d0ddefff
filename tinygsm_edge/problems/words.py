"""What :mod:`tinygsm_edge.problems.naming` knows about English: closed word classes, everyday verbs, singular forms.

A tagger would be more exact, but these lists are small, quick and enough for sentences of grade-school problems: what
is neither a function word, a verb, an adverb nor a number is taken for a noun or an adjective.
"""

import re

DETERMINERS = frozenset("""a an the this that these those his her its their my our your some any no all both another
other others such what which whose one each every either neither same certain several many much few own whole entire
following previous next""".split())
PRONOUNS = frozenset("""he she it they we you i him them us me himself herself themselves itself who whom everyone
everybody someone anybody nobody there hers theirs else everything something""".split())
PREPOSITIONS = frozenset("""of in on at to for from with by per into onto over under after before during until till
within without between among through across around about above below behind inside outside against toward towards out
off up down along near upon since than as like plus minus times via beyond beside throughout except instead despite
because x""".split())
CONJUNCTIONS = frozenset("""and or but so if when while where that then because although though since unless whereas
how why therefore thus hence means meaning which""".split())
ADVERBS = frozenset("""not also only just too very now already still even again always usually exactly about almost
more less fewer extra most least first second third finally later earlier ago away back together altogether once twice
thrice respectively currently originally initially approximately roughly nearly however today yesterday tomorrow tonight
here additional everyday instead overall normally typically actually further farther longer faster older younger taller
shorter bigger larger smaller heavier higher lower cheaper better worse greater old tall long wide deep high enough able
apart home online ahead aside afterwards afterward well soon left leftover remaining total combined each apiece
straight eventually separately evenly equally worth no yes let's lets""".split())
AUXILIARIES = frozenset("""is are was were be been being am has have had having do does did will would can could should
may might must shall isn't aren't wasn't weren't doesn't don't didn't hasn't haven't he's she's it's they're there's
he'll she'll they'll we'll it'll she'd he'd they'd that's we're""".split())
VERBS = frozenset("""accept accepts accepted add adds added adding allow allows ask asks asked ate attend attends
attended attending average averages bake bakes baked baking be became become becomes began begin begins belong belongs
bike bikes biked borrow borrowed borrows break breaks bring brings brought broke build builds built building burn
burns burned buy buys bought buying calculate calls called came carries carried carry catch catches caught change
changed changes charge charges charged charging chose choose clean cleans cleaned cleaning climb climbs climbed
collect collects collected collecting combine combines come comes coming complete completes completed consume consumes
consumed contain contains contained containing contribute contributed contributes convert cook cooks cooked cooking
cost costing cover covers covered covering count counts counted cut cuts cutting decide decides decided deliver
delivers delivered deposit deposits deposited die died dies dig digs divide divides divided donate donates donated dove
doubles doubled drank draw draws drew drinks drove drive drives driving drop drops dropped earn earns earned earning
eat eats eaten eating enter entered equal equals estimate exercises expects fall falls fell feed feeds feeding fill
fills filled find finds finding finish finishes finished fit fits flew found gain gains gained gather gathers gathered
gave get gets getting give gives given giving go goes gone going got graduate grew grow grows grown growing hatch
hatched held help helped helps hike hiked hires hired hit hits hold holds holding improve increase increased increases
invest invested invests invite invited invites join joined joins keep keeps kept kill killed knew know knows laid last
lasts lasted lay lays leave leaves leaving lend lent lift lifts live lives lived living look looks lose loses lost
losing made make makes making manage managed measure measures measured meet met miss missed misses mow mowed mows
multiply need needs needed needing offer offered offers open opened opens order ordered orders owe owed owes own owned
owns pack packed packs paid paint painted paints pass passed passes pay pays paying perform performed pick picked picks
picking place placed plan planned planning plans plant planted plants played plays playing poured pours practice
practiced practices prepare prepared prepares produce produced produces provide provides purchase purchased purchases
purchasing put puts putting raise raised raises ran reach reached reaches read reads reading receive received receives
receiving reduce reduced remain remained remains remove removed removes rent rented rents replace replaced represent
represents require required requires return returned returns rode run runs running said sang save saved saves saving
say says score scored scores see sees seen sell sells selling send sends sent serve served serves share shared shares
shelf show showed sit sits sleep sleeps slept sold spend spends spending spent split splits start started starts
starting stay stayed stays stop stopped stopped study studied studying subtract swam swim swims take takes taken taking
talk talked taught teach teaches tell tells think threw throw throws took travel traveled travels traveling tries
try tried turn turned turns type types typed use used uses using visit visited visits visiting wait waited waits walk
walked walks walking want wanted wants wash washed washes washing watch watched watches watching wear wears weigh
weighs weighed weighing went were win wins winning won wish wishes work worked works working write writes written wrote
writing wants divide compute determine figure work means mean making bringing totaling totals totalling given
includes including included considered considering know gained assigned assume assumes discovered decides needs
distributed divided equally gifted gifts handed listened listening lists listed located loses ended ends end ending
made marked melted mixed moved moves named noticed participated pledged predicted preferred printed prints promised
recorded recycled recycles refuses rolled sees sewn sews signed sings slices stands stored stores strikes
swallowed swept tossed trained trains transported treated upgraded vacuumed vacuums volunteered voted wakes wasted
wrapped wraps yields yielded burnt fired fixed fixes forgot hid hides jog jogs jogged jump jumped jumps knit knits
knitted ordering photographed planted pulled pulls pushed rides rows sorted spread stole steals walked washes add
exchanged exchange collects attends accumulated achieved advertises answered answers awarded blew bloomed camping caps
checked cleaned costs created creates cried crossed cycled dances decreased decreases demanded designed
did downloads eliminated escaped feels flies follows gets happened hosts houses ignoring increased jogging
kept knows launched learned learns leaving lent likes loads loaded loaned looking lowers maintain
occurs paying pitched popped poses posted prefers presented proposed published purchased quit rained reads
rescued rests scheduled seated serving shipped shot shoots sleeping smiled snowed snows solved spotted stacked
supposed survived swims tells tied tips uses visiting weighs wanting picks put""".split())
# Also nouns: verbs only after a pronoun, a name or "to".
NOUN_OR_VERB = frozenset("""change costs cut drinks end exercises gifts houses leaves lists loads orders order pack
packs plants plant rest rides rows runs score scores shares slices start stores tips trains type types visits walk
walks watches works work plans plan charge share caps play plays shot shots pass passes lift lifts place measure
trains miss practice show study building painting savings paint laps purchase purchases returns rent average shelf
hits wins hits holds dies feed flies answers jumps pulls meet lives catch records help draw draws shipments fall
deposit donate wash run drive bike cover exchange increase rolls save camping offer burns last stops stop look read
washing spread reading baking cooking cleaning swim shows downloads estimate posts fit sleep swimming turns
turn tries split talk totals picks break breaks bikes trip trips visit change fills""".split())
TIME_NAMES = frozenset("""monday tuesday wednesday thursday friday saturday sunday january february march april june
july august september october november december morning afternoon evening night noon weekend weekday weekends weekdays
spring summer autumn fall winter halloween christmas easter thanksgiving breakfast lunch dinner""".split())
TIME_UNITS = frozenset("second minute hour day night week month year decade".split())
UNITS = TIME_UNITS | frozenset("""mile kilometer km meter m centimeter cm foot feet ft inch yard pound lb lbs kilogram kg gram g
ounce oz ton liter l milliliter ml gallon quart pint cup teaspoon tablespoon tbs calorie degree cent watt mph mg
kilo hp point acre mm""".split())
# Nouns that say little until one is told of what.
CONTAINERS = frozenset("""pair piece set slice box bag pack package packet bottle can jar carton case bunch group batch
loaf roll bar part number amount dozen half quarter third basket bucket crate pile row stack bushel serving scoop
bundle container load kind type color portion share percentage percent fraction lot rest total sum ratio unit item
glass tin tub sheet stick bowl plate tray tank bale cup barrel sack head ear foot feet square cubic""".split())
WEAK_ADJECTIVES = frozenset("""new different full whole entire individual average single regular actual nice fresh
delicious favorite beautiful big first second certain separate equal available more additional remaining total
approximately complete extra other same single original lowest highest fellow consecutive identical such
current own pairs""".split())
MONEY_VERBS = {"earn": "earnings", "make": "earnings", "save": "savings", "owe": "debt", "win": "winnings",
               "donate": "donation", "lose": "loss", "charge": "charge", "invest": "investment", "deposit": "deposit"}
SPEND_VERBS = frozenset("spend spends spent spending pay pays paid paying cost costs costing buy buys bought buying "
                        "purchase purchased purchases owe owes owed".split())
PAY_VERBS = frozenset("pay pays paid paying".split())
MONEY_NOUNS = frozenset("""price cost costs fee salary rent wage allowance budget income bill tip discount tax debt savings earnings
payment profit revenue total balance deposit charge rate spending expenses worth fare bonus money prize""".split())
MEASURED_NOUNS = frozenset("""cost price weight length time distance area volume profit income age value height width
difference fee salary revenue speed perimeter earnings savings budget percentage capacity rate ratio discount tax tip
expenses payment pay change bill""".split())
PRICE_VERBS = frozenset("cost costs costing sell sells sold selling priced charge charges charged".split())

_STEMS = {verb: base for base, forms in {
    "earn": "earns earned earning", "make": "makes made making", "save": "saves saved saving", "owe": "owes owed",
    "win": "wins won", "donate": "donates donated", "lose": "loses lost", "charge": "charges charged charging",
    "invest": "invests invested", "deposit": "deposits deposited"}.items() for verb in [base, *forms.split()]}
_IRREGULAR = {"feet": "foot", "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
              "teeth": "tooth", "geese": "goose", "knives": "knife", "leaves": "leaf", "loaves": "loaf", "lives": "life",
              "shelves": "shelf", "halves": "half", "wolves": "wolf", "scarves": "scarf", "dice": "die", "pies": "pie",
              "cookies": "cookie", "movies": "movie", "brownies": "brownie", "calories": "calorie", "ties": "tie",
              "smoothies": "smoothie", "selfies": "selfie", "shoes": "shoe", "toes": "toe", "buses": "bus",
              "gas": "gas", "bus": "bus", "glass": "glass", "lens": "lens", "tennis": "tennis", "pants": "pants", "shorts": "shorts", "clothes": "clothes",
              "series": "series", "species": "species", "jeans": "jeans", "scissors": "scissors", "zombies": "zombie",
              "canoes": "canoe", "horses": "horse", "houses": "house", "roses": "rose", "nurses": "nurse",
              "purses": "purse", "vases": "vase", "cases": "case", "pieces": "piece", "moose": "moose"}


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


_PARTICIPLES = {"took": "taken", "ate": "eaten", "gave": "given", "drove": "driven", "wrote": "written", "got": "received",
                "drank": "drunk", "ran": "run", "grew": "grown", "broke": "broken", "threw": "thrown", "stole": "stolen",
                "drew": "drawn", "swam": "swum", "rode": "ridden", "gives": "given", "takes": "taken", "buys": "bought", "sells": "sold", "eats": "eaten",
                "uses": "used", "makes": "made", "spends": "spent", "gets": "received", "receives": "received",
                "loses": "lost", "finds": "found", "picks": "picked", "collects": "collected", "give": "given", "has": "", "had": "", "flew": "flown", "began": ""}
_PAST = re.compile(r"\w+ed$|^(?:bought|sold|made|spent|paid|won|lost|caught|read|used|left|kept|sent|built|found|"
                   r"brought|put|laid|lent|taught|cut|baked|saved|eaten|given|taken|written|grown|broken|sewn)$")


def participle(verb: str) -> str:
    """The past participle of a verb in its past form; "" for any other form."""
    return _PARTICIPLES.get(verb, verb if _PAST.match(verb) else "")


def money_noun(verb: str) -> str:
    """What money is called that someone earns, saves, owes ...; "" for a verb without such a noun."""
    return MONEY_VERBS.get(_STEMS.get(verb, ""), "")
