"""German given names by their short forms, as data: whoever is called Hans may be entered as Johannes."""

_SHORT_FORMS = """
alex: alexander alexandra
andi: andreas andrea
angie: angelika angela
anneliese: annelies
anni: anna anneliese annemarie
babsi: barbara
bea: beate beatrix
bernd: bernhard
berni: bernhard bernd
bert: albert herbert norbert robert hubert
betty: elisabeth bettina
biggi: birgit brigitte
chris: christian christoph christine christina
christel: christine christa
conny: cornelia
doro: dorothea
eddi: eduard edmund
ede: eduard
elli: elisabeth elfriede elke
erni: ernst
evi: eva
flo: florian
franz: franziskus
franzi: franziska
freddy: alfred friedrich manfred
fred: alfred manfred friedrich
fritz: friedrich
gabi: gabriele gabriela
gaby: gabriele gabriela
geli: angelika
gerd: gerhard
gert: gerhard
gitta: brigitte
gitte: brigitte
grete: margarete
gretel: margarete
guenni: guenter guenther
gundi: gudrun adelgunde
gusti: august auguste
hanna: johanna
hanne: hannelore johanna
hannes: johannes
hanni: johanna hannelore
hans: johannes johann
heidi: heidemarie adelheid
heini: heinrich
heiner: heinrich
heinz: heinrich
helli: helmut
henny: henriette
hias: matthias
inge: ingeborg ingrid
irmi: irmgard
jochen: joachim
jogi: joachim
jupp: josef
kalle: karl
kaethe: katharina
kathi: katharina katrin
kati: katharina katrin
klaus: nikolaus
lene: helene magdalena
leni: helene magdalena
lilo: lieselotte
liesel: elisabeth
lisa: elisabeth
lisbeth: elisabeth
lotte: charlotte lieselotte
lutz: ludwig
manni: manfred
marlies: marieluise
max: maximilian
mia: maria
michi: michael michaela
mike: michael
moni: monika
nico: nikolaus
niko: nikolaus
olli: oliver
peppi: josef
petzi: petra
poldi: leopold
reini: reinhard reinhold
reni: renate irene
resi: therese theresia
rolf: rudolf
rosi: rosemarie rosa roswitha
rudi: rudolf
sepp: josef
siggi: siegfried sigrid
sigi: siegfried sigrid
steffi: stefanie stephanie
susi: susanne
theo: theodor
thea: dorothea
tina: christina martina bettina
tom: thomas
toni: anton antonia
traudel: waltraud gertrud
traudl: waltraud gertrud
trude: gertrud
uli: ulrich ulrike
ulla: ursula
uschi: ursula
volki: volker
waldi: waldemar
walli: walburga
willi: wilhelm wilfried
willy: wilhelm wilfried
wolf: wolfgang
wolfi: wolfgang
zenzi: kreszenz
"""


def _read(text: str) -> dict[str, frozenset[str]]:
    lines = (line.partition(":") for line in text.strip().splitlines())
    return {short: frozenset(full.split()) for short, _, full in lines}


SHORT_FORMS = _read(_SHORT_FORMS)
"""The full names, folded, that each short form may stand for."""

TWO_NAMES = frozenset(
    frozenset(pair)
    for pair in (
        ("peter", "petra"),
        ("ulrich", "ulrike"),
        ("friedrich", "friederike"),
        ("heinrich", "henrike"),
        ("dieter", "dietrich"),
        ("reinhard", "reinhold"),
        ("bernhard", "gerhard"),
    )
)
"""Given names so near to each other that they would pass for a slip, and are not: husband and wife may have them."""


def is_short_form(one: str, other: str) -> bool:
    """Whether one folded given name may be the short form of the other, or both may be of a third.

    >>> is_short_form("hans", "johannes"), is_short_form("gabi", "gaby"), is_short_form("anna", "bernd")
    (True, True, False)
    """
    ones, others = SHORT_FORMS.get(one, frozenset()), SHORT_FORMS.get(other, frozenset())
    return one in others or other in ones or bool(ones & others)


def full_form(name: str) -> str:
    """Return the first full name a short form may stand for; any other name as it is."""
    return min(SHORT_FORMS.get(name, (name,)))
