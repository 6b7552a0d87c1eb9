"""Who the story is about.

Anna Petersen books the Nordsee every May, from Hamburg, for two; this May she did not, and we may be losing her.
Bernd Hansen travels with her and never books. Clara Lüders books whatever comes. Mallory has put markup into the
name. Anton to Viktor Petersen share the family name and fill the list of hits; Kerstin has no trip booked.
"""

from datetime import UTC, date, datetime

from serving.replies import ModelInfo, Person, Reason

NOW = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)  # already the first of June in Hamburg
MODEL = ModelInfo(name="churn-nordlicht", version="7", trained_at=NOW)
MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

ANNA, BERND, CLARA, MALLORY = "c-anna", "c-bernd", "c/clara?", "c-mallory"
NAMES = {
    ANNA: ("Anna", "Petersen"),
    BERND: ("Bernd", "Hansen"),
    CLARA: ("Clara", "Lüders"),
    MALLORY: (MARKUP, "Mallory"),
    **{f"c-{name.lower()}": (name, "Petersen") for name in ("Anton", "Kerstin", "Viktor")},
}
PHONES = {ANNA: "+49 40 123456", BERND: "+49 461 98765"}


def in_language(language: str, german: str, english: str) -> str:
    return english if language == "en" else german


def reason(kind: str, text: str) -> Reason:
    return Reason(kind=kind, text=text, evidence={})


def person(customer_id: str, birth_date: date | None = None, *, consent: bool = False) -> Person:
    given, family = NAMES[customer_id]
    return Person(
        given_name=given,
        family_name=family,
        email=f"{family.lower()}@example.org",
        phone=PHONES.get(customer_id),
        birth_date=birth_date,
        postcode="22767",
        locale="de",
        marketing_consent=consent,
    )


def full_name(customer_id: str) -> str:
    return " ".join(NAMES[customer_id])
