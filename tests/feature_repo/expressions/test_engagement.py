"""What Anna reads, says and agrees to; Bernd hears of us and stays silent."""

from itertools import count

import pytest

from feature_repo.groups import ENGAGEMENT
from tests.feature_repo.stories import LogOf, Sight, Story

JUNE_24 = "2024-06-01"


def letters_and_talks() -> Story:
    story = Story()
    story.knows("anna", "bernd", "emil")
    story.knows("carla", "dora", marketing_consent=True)

    def writes(to: str, message: str, sent: str, read: str | None = None, channel: str = "letter") -> None:
        data = {"message_id": message, "contact_id": to, "person_profile_id": to, "channel": channel}
        story.tell("MessageDelivered", sent, **data)
        if read:
            story.tell("MessageRead", read, **data)

    writes("anna", "m1", "2022-12-01", "2022-12-02", "email")
    writes("anna", "m2", "2023-05-01", "2023-07-01")  # delivered long ago, read lately
    writes("anna", "m3", "2023-12-01", "2023-12-03")
    writes("anna", "m3", "2023-12-01", "2023-12-04")  # told twice
    writes("anna", "m4", "2024-05-20", "2024-05-22", "email")
    writes("anna", "m5", "2024-05-25")
    writes("bernd", "m6", "2024-05-20")
    story.tell(  # nobody's: the contact filter
        "MessageDelivered", "2024-05-20", message_id="m7", contact_id="shop", channel="email"
    )

    numbers = count()

    def talks(
        who: str, when: str, satisfaction: int | None = None, nps: int | None = None, id_: str = ""
    ) -> None:
        data = {"conversation_id": f"t{next(numbers)}", "contact_id": who, "person_profile_id": who}
        said = {"channel": "phone", "satisfaction": satisfaction, "nps": nps}
        story.tell("ConversationResolved", when, id_=id_, **data, **said)

    talks("anna", "2022-01-01", satisfaction=1, nps=2)
    talks("anna", "2024-01-01", satisfaction=2, nps=9)
    talks("anna", "2024-02-01", satisfaction=5)
    talks("anna", "2024-03-01")
    talks("emil", "2024-01-01", satisfaction=4, id_="z-later-id")
    talks("emil", "2024-01-01", satisfaction=3, id_="a-earlier-id")

    for when in ("2024-03-02T23:59:59", "2024-03-03T00:00:00", "2024-05-01"):  # 90 days before June: 3 March
        session = {"session_id": when, "tour_id": "nordsee-24", "step": "seats"}
        story.tell("CheckoutAbandoned", when, **session, person_profile_id="anna")
    story.tell("CheckoutAbandoned", "2024-05-01", session_id="s", tour_id="nordsee-24", step="seats")

    story.tell("ConsentGranted", "2024-01-01", person_profile_id="anna", purpose="marketing")
    story.tell("ConsentRevoked", "2024-02-01", person_profile_id="carla", purpose="marketing")
    story.tell("ConsentRevoked", "2024-02-01", person_profile_id="dora", purpose="newsletter")
    story.tell("ConsentGranted", "2024-01-01", person_profile_id="emil", purpose="marketing")
    story.knows("emil", when="2024-02-01", marketing_consent=False)
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    return log_of(letters_and_talks()).at(JUNE_24, "2023-06-01", "2024-01-15", groups=[ENGAGEMENT])


def test_what_anna_read_said_and_agreed_to(sight: Sight):
    assert sight.of("anna", JUNE_24) == pytest.approx(
        {
            "operator_id": "reisen",
            "messages_delivered": 5,
            "messages_read": 4,
            "messages_delivered_365d": 3,
            "messages_read_365d": 3,
            "read_rate_365d": 2 / 3,
            "days_since_last_read": 9 + 14 / 24,
            "most_read_channel": "letter",
            "conversations_365d": 3,
            "complaints_365d": 1,
            "average_satisfaction": (1 + 2 + 5) / 3,
            "last_satisfaction": 5,
            "last_nps": 9,
            "abandoned_checkouts_90d": 2,
            "marketing_consent": True,
        }
    )


def test_who_is_silent_has_read_nothing_and_rated_nothing(sight: Sight):
    row = sight.of("bernd", JUNE_24)
    assert (row["messages_delivered"], row["messages_read"], row["read_rate_365d"]) == (1, 0, 0.0)
    unknown = {
        "days_since_last_read", "most_read_channel", "average_satisfaction", "last_satisfaction", "last_nps"
    }  # fmt: skip
    assert {name for name, value in row.items() if value is None} == unknown


def test_the_read_rate_never_exceeds_one(sight: Sight):
    """In July Anna reads what came in May of the year before: it is no answer to this year's letters."""
    rates = [row["read_rate_365d"] for row in sight.rows.values() if row["read_rate_365d"] is not None]
    assert rates
    assert all(0 <= rate <= 1 for rate in rates)
    assert sight.of("anna", "2024-01-15")["messages_read_365d"] == 2


@pytest.mark.parametrize(
    ("who", "granted"),
    [("anna", True), ("bernd", False), ("carla", False), ("dora", True), ("emil", False)],
)
def test_the_latest_word_on_marketing_counts_whoever_brings_it(sight: Sight, who: str, granted: bool):
    assert sight.of(who, JUNE_24)["marketing_consent"] is granted


def test_before_the_latest_word_the_one_before_counts(sight: Sight):
    assert [sight.of(who, "2024-01-15")["marketing_consent"] for who in ("anna", "carla", "emil")] == [
        True
    ] * 3
    assert [sight.of(who, "2023-06-01")["marketing_consent"] for who in ("anna", "carla")] == [False, True]


def test_of_two_ratings_of_one_moment_the_greater_event_id_is_the_latest(sight: Sight):
    assert sight.of("emil", JUNE_24)["last_satisfaction"] == 4
