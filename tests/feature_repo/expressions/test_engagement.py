"""What Anna reads, says and agrees to; Bernd hears of us and stays silent."""

from itertools import count

import pytest

from feature_repo.expressions.engagement import CHANNELS
from feature_repo.groups import ENGAGEMENT
from tests.feature_repo.stories import LogOf, Sight, Story

JUNE_24 = "2024-06-01"
CAMPAIGNS = {"m1", "m4", "m5", *(f"{channel}{number}" for channel in CHANNELS for number in (0, 1))} - {
    "email1"
}


def letters_and_talks() -> Story:
    story = Story()
    story.knows("anna", "bernd", "emil")
    story.knows("carla", "dora", marketing_consent=True)

    def writes(to: str, message: str, sent: str, read: str | None = None, channel: str = "letter") -> None:
        data = {"message_id": message, "contact_id": to, "person_profile_id": to, "channel": channel}
        if message in CAMPAIGNS:
            data["campaign_id"] = "spring"
        story.tell("MessageDelivered", sent, **data)
        if read:
            story.tell("MessageRead", read, **data)

    writes("anna", "m1", "2022-12-01", "2022-12-02", "email")
    writes("anna", "m2", "2023-05-01", "2023-07-01")  # delivered long ago, read lately
    writes("anna", "m3", "2023-12-01", "2023-12-03")
    writes("anna", "m3", "2023-12-01", "2023-12-04")  # told twice
    writes("anna", "m4", "2024-05-20", "2024-05-22", "email")
    writes("anna", "m5", "2024-05-25")
    writes("anna", "m8", "2022-01-03", "2022-01-01")  # the post tells late that it delivered
    for place, channel in enumerate(CHANNELS, start=1):
        for number in range(place + 1):
            writes("dora", f"{channel}{number}", "2024-02-01", "2024-02-02" if number else None, channel)
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

    story.tell(
        "CheckoutAbandoned", "2023-06-01", session_id="s0", tour_id="t", step="pay", person_profile_id="anna"
    )
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
            "messages_delivered": 6,
            "messages_read": 5,
            "messages_delivered_email": 2,
            "messages_delivered_letter": 4,
            "messages_read_email": 2,
            "messages_read_letter": 3,
            "campaigns_delivered_email": 2,
            "campaigns_delivered_letter": 1,
            "campaigns_read_email": 2,
            "campaigns_read_letter": 0,
            **{
                f"{kind}_{what}_{channel}": 0
                for kind in ("messages", "campaigns")
                for what in ("delivered", "read")
                for channel in ("whatsapp", "sms", "phone", "push")
            },
            "messages_delivered_365d": 3,
            "messages_read_365d": 3,
            "read_rate": 5 / 6,
            "read_rate_365d": 2 / 3,
            "average_read_delay_hours": (24 + 61 * 24 + 48 + 48 + 0) / 5,
            "days_since_last_message": 6 + 14 / 24,
            "days_since_last_read": 9 + 14 / 24,
            "most_read_channel": "letter",
            "conversations": 4,
            "conversations_365d": 3,
            "complaints": 2,
            "complaints_365d": 1,
            "days_since_last_complaint": 151 + 14 / 24,
            "average_satisfaction": (1 + 2 + 5) / 3,
            "last_satisfaction": 5,
            "average_nps": (2 + 9) / 2,
            "last_nps": 9,
            "abandoned_checkouts": 4,
            "abandoned_checkouts_90d": 2,
            "abandoned_checkouts_365d": 3,
            "days_since_last_abandoned_checkout": 30 + 14 / 24,
            "marketing_consent": True,
        }
    )


def test_who_is_silent_has_read_nothing_and_rated_nothing(sight: Sight):
    row = sight.of("bernd", JUNE_24)
    assert (row["messages_delivered"], row["messages_read"], row["read_rate_365d"]) == (1, 0, 0.0)
    unknown = {
        "days_since_last_read", "most_read_channel", "average_read_delay_hours", "days_since_last_complaint",
        "average_satisfaction", "last_satisfaction", "average_nps", "last_nps",
        "days_since_last_abandoned_checkout",
    }  # fmt: skip
    assert {name for name, value in row.items() if value is None} == unknown


def test_each_channel_has_its_own_counts(sight: Sight):
    row = sight.of("dora", JUNE_24)
    delivered = [row[f"messages_delivered_{channel}"] for channel in CHANNELS]
    read = [row[f"messages_read_{channel}"] for channel in CHANNELS]
    assert (delivered, read) == ([2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6])
    assert (row["messages_delivered"], row["messages_read"]) == (27, 21)
    of_campaigns = [
        (row[f"campaigns_delivered_{channel}"], row[f"campaigns_read_{channel}"]) for channel in CHANNELS
    ]
    assert of_campaigns == [(1, 0), *[(2, 1)] * 5]
    assert row["most_read_channel"] == CHANNELS[-1]


def test_who_never_got_a_message_has_no_rate(sight: Sight):
    row = sight.of("emil", JUNE_24)
    assert (row["read_rate"], row["read_rate_365d"], row["days_since_last_message"]) == (None, None, None)
    assert (row["messages_delivered"], row["messages_read_365d"]) == (0, 0)


def test_a_message_to_one_and_its_reading_by_the_other_are_answered_once_they_are_one(log_of: LogOf):
    story = Story()
    story.knows("frida", "frida2")
    about = {"message_id": "m", "contact_id": "c", "channel": "whatsapp"}
    story.tell("MessageDelivered", "2024-01-01T10:00:00", person_profile_id="frida", **about)
    story.tell("MessageRead", "2024-01-01T13:00:00", person_profile_id="frida2", **about)
    story.tell("MessageRead", "2024-02-01T13:00:00", person_profile_id="frida", known="2024-05-01", **about)
    story.merges("frida", "frida2", "2024-04-01")
    names = ("messages_delivered", "messages_read", "read_rate", "average_read_delay_hours")
    moments = ("2024-03-01", "2024-04-15", JUNE_24)
    sight = log_of(story).at(*moments, groups=[ENGAGEMENT])
    seen = [tuple(sight.of("frida", when)[name] for name in names) for when in moments]
    assert seen == [(1, 0, 0.0, None), (1, 1, 1.0, 3.0), (1, 1, 1.0, 3.0)]
    late = [sight.of("frida", when)["days_since_last_read"] for when in moments]
    assert late == [None, pytest.approx(104 + 11 / 24), pytest.approx(120 + 11 / 24)]


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
