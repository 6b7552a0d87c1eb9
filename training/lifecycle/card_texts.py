"""The sentences of the model card, German and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.card import Task


@dataclass(frozen=True)
class Texts:
    """One language. decimal: how a decimal point is written; date: how a day is."""

    decimal: str
    date: str
    title: str
    tasks: Mapping[Task, str]
    purposes: Mapping[Task, str]
    limits_of_use: Mapping[Task, str]
    in_short: str
    better: str
    not_sure: str
    worse: str
    nothing_measured: str
    few_customers: str
    live_before: str
    figures: str
    figures_hint: str
    model: str
    this_model: str
    limits: str
    limit: str
    at_most: str
    holds: str
    yes: str
    no: str
    groups: str
    group_behind: str
    no_group_behind: str
    pictures: str
    origin: str
    version_data: str
    horizon: str
    trained: str
    tested: str
    level: str
    fingerprint: str
    code: str
    use: str


TASKS_DE: Mapping[Task, str] = {
    "churn": "Abwanderungsrisiko", "value": "Kundenwert", "recommender": "Reiseempfehlungen",
    "channel": "Bevorzugter Kontaktweg", "clusters": "Kundengruppen",
}  # fmt: skip
TASKS_EN: Mapping[Task, str] = {
    "churn": "Churn risk", "value": "Customer value", "recommender": "Tour recommendations",
    "channel": "Preferred channel", "clusters": "Customer groups",
}  # fmt: skip

DE = Texts(
    decimal=",",
    date="%d.%m.%Y",
    title="Modellkarte",
    tasks=TASKS_DE,
    purposes={
        "churn": "Schätzt für jeden Kunden die Wahrscheinlichkeit, dass er im genannten Zeitraum nichts bucht.",
        "value": "Schätzt für jeden Kunden, wie oft und für wie viel Geld er im genannten Zeitraum bucht.",
        "recommender": "Ordnet Reisen danach, wie wahrscheinlich ein Kunde sie als Nächstes bucht.",
        "channel": "Schätzt, auf welchem Weg ein Kunde Nachrichten am ehesten liest.",
        "clusters": "Fasst Kunden mit ähnlichem Verhalten zu benannten Gruppen zusammen.",
    },
    limits_of_use={
        "churn": "Eine Wahrscheinlichkeit ist kein Urteil über einen Menschen. Wer selten, aber regelmäßig reist, "
        "gilt nicht als verloren. Für Kunden ohne Buchung sagt das Modell nichts.",
        "value": "Beträge sind Erwartungswerte mit Spannweite, keine Zusagen. Sie taugen zum Ordnen von Kunden, "
        "nicht zum Bepreisen einzelner.",
        "recommender": "Vorgeschlagen wird nur, was buchbar ist. Bei wenigen Kunden antwortet die Beliebtheit der "
        "Saison, und die Antwort sagt das.",
        "channel": "Bei wenigen Nachrichten gilt der Durchschnitt ähnlicher Kunden. Einwilligungen gehen immer vor.",
        "clusters": "Gruppen beschreiben Verhalten. Sie sind keine Eigenschaft eines Menschen und ändern sich.",
    },
    in_short="In Kürze",
    better="Das Modell ist nachweislich besser als {rival} (95-%-Bereich des Vorsprungs: {low} bis {high}).",
    not_sure="Ob das Modell besser ist als {rival}, lässt sich nicht sicher sagen (95-%-Bereich des Vorsprungs: "
    "{low} bis {high}).",
    worse="Das Modell ist schlechter als {rival} (95-%-Bereich des Vorsprungs: {low} bis {high}).",
    nothing_measured="Gegen eine einfachere Regel wurde nichts gemessen: Es antwortet die einfachste, oder im "
    "Prüfzeitraum geschah zu wenig.",
    few_customers="Geprüft wurde an nur {customers} Kunden; die Zahlen sind grob.",
    live_before="das bisherige Modell",
    figures="Güte auf Kunden und Zeiten, die das Modell nicht kannte",
    figures_hint="Daneben stehen einfache Regeln. In Klammern: der 95-%-Bereich.",
    model="Modell",
    this_model="dieses Modell",
    limits="Grenzen, die eingehalten werden müssen",
    limit="Größe",
    at_most="höchstens",
    holds="eingehalten",
    yes="ja",
    no="nein",
    groups="Wird eine Kundengruppe schlechter bedient?",
    group_behind="Schlechter als {rival}: {slices}.",
    no_group_behind="Keine Gruppe liegt nachweislich hinter {rival} ({count} Gruppen geprüft, nach Saison, Dauer der "
    "Kundenbeziehung, Region, Reisegesellschaft und Buchungsweg).",
    pictures="Bilder",
    origin="Herkunft",
    version_data="Gelernt aus allem, was bekannt war vor dem",
    horizon="Zeitraum der Vorhersage",
    trained="Trainiert am",
    tested="Geprüft auf",
    level="Stand des Ereignisprotokolls",
    fingerprint="Fingerabdruck der Daten",
    code="Programmstand",
    use="Was zu bedenken ist",
)  # fmt: skip

EN = Texts(
    decimal=".",
    date="%d %B %Y",
    title="Model card",
    tasks=TASKS_EN,
    purposes={
        "churn": "Estimates for each customer the probability of booking nothing within the stated time.",
        "value": "Estimates for each customer how often they will book, and for how much, within the stated time.",
        "recommender": "Orders tours by how likely a customer is to book them next.",
        "channel": "Estimates by which channel a customer is most likely to read a message.",
        "clusters": "Brings customers of similar behaviour together in named groups.",
    },
    limits_of_use={
        "churn": "A probability is no verdict on a person. Who travels rarely but regularly does not count as lost. "
        "Of customers without a booking the model says nothing.",
        "value": "Amounts are expectations with a range, not promises. They serve to order customers, not to price "
        "anybody.",
        "recommender": "Only what can be booked is suggested. With few customers the season's popularity answers, "
        "and the answer says so.",
        "channel": "With few messages the average of similar customers answers. Consent always comes first.",
        "clusters": "Groups describe behaviour. They are no property of a person, and they change.",
    },
    in_short="In short",
    better="The model is better than {rival} beyond doubt (95 % interval of its lead: {low} to {high}).",
    not_sure="Whether the model is better than {rival} cannot be said for sure (95 % interval of its lead: {low} to "
    "{high}).",
    worse="The model is worse than {rival} (95 % interval of its lead: {low} to {high}).",
    nothing_measured="Nothing was measured against a simpler rule: the simplest one answers, or too little happened "
    "in the test window.",
    few_customers="It was tested on {customers} customers only; the figures are rough.",
    live_before="the model that was live",
    figures="How good it is on customers and times it had not seen",
    figures_hint="Beside it stand simple rules. In brackets: the 95 % interval.",
    model="Model",
    this_model="this model",
    limits="Limits that must be kept",
    limit="Figure",
    at_most="at most",
    holds="kept",
    yes="yes",
    no="no",
    groups="Is any group of customers served worse?",
    group_behind="Worse than {rival}: {slices}.",
    no_group_behind="No group is behind {rival} beyond doubt ({count} groups looked at, by season, length of the "
    "relationship, region, party and sales channel).",
    pictures="Pictures",
    origin="Where it comes from",
    version_data="Learned from all that was known before",
    horizon="Time predicted",
    trained="Trained on",
    tested="Tested on",
    level="Level of the event log",
    fingerprint="Fingerprint of the data",
    code="Version of the code",
    use="What to bear in mind",
)  # fmt: skip

TEXTS: Mapping[str, Texts] = {"de": DE, "en": EN}
