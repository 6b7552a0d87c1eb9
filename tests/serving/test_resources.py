"""The resources over real HTTP: one side of a customer, segments page by page, batches, the search's pages."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from serving import replies


def get(service, path, role="crm", **parameters):
    answer = service.ask("GET", path, role, params=parameters, language="en")
    assert answer.status_code == 200, answer.text
    return answer


def following(answer):
    """The query of the next page, as the Link header says; None at the end."""
    return answer.links["next"]["url"] if "next" in answer.links else None


# --- one side of a customer


def test_each_side_says_what_the_whole_profile_says(service, regular):
    whole = service.post("/customer_insight", "analyst", {"customer_id": regular}, language="en").json()
    rfm, clv, insights = (get(service, f"/customers/{regular}/{side}", "marketing").json() for side in (
        "rfm", "clv", "insights",
    ))  # fmt: skip
    assert {rfm["customer_id"], clv["customer_id"], insights["customer_id"]} == {regular}
    assert rfm["score"] == whole["rfm"]
    assert rfm["lifetime_revenue"] == whole["behavior"]["lifetime_revenue"]
    assert rfm["total_bookings"] == whole["behavior"]["total_bookings"]
    assert rfm["note"] is None
    assert clv["spend"]["expected"] == pytest.approx(whole["value"]["spend"]["expected"], rel=1e-3)
    assert clv["model"] == whole["value"]["model"]
    assert [one["kind"] for one in insights["insights"]] == [one["kind"] for one in whole["insights"]]


def test_where_nothing_can_be_said_it_is_said_why(service):
    person = service.event(
        "stranger-1", "PersonProfileUpdated", "backoffice", person_profile_id="p-stranger", given_name="Neu",
        family_name="Ankömmling", locale="de", marketing_consent=False,
    )  # fmt: skip
    assert service.post("/events", "ingest", person).json()["accepted"] == 1
    stranger = get(service, "/customers", q="Ankömmling").json()[0]["customer_id"]
    rfm = get(service, f"/customers/{stranger}/rfm").json()
    assert (rfm["score"], bool(rfm["note"])) == (None, True)
    assert get(service, f"/customers/{stranger}/clv").json()["note"]
    assert get(service, f"/customers/{stranger}/insights").json()["insights"] == []
    assert get(service, f"/customers/{stranger}/segments").json() == []


@pytest.mark.parametrize("side", ["rfm", "clv", "insights", "segments", "timeline"])
def test_an_unknown_customer_has_no_side(service, side):
    answer = service.ask("GET", f"/customers/c-nobody/{side}", "crm")
    assert (answer.status_code, answer.json()["detail"]) == (404, "unknown customer: c-nobody")


def test_no_name_comes_with_a_side(service, regular):
    name = get(service, "/customers", q=regular).json()[0]["family_name"]
    for side in ("rfm", "clv", "insights", "segments"):
        assert name not in get(service, f"/customers/{regular}/{side}", "analyst").text


# --- segments


@pytest.fixture(scope="module")
def guests(service, segment_of):
    """A segment of the first twelve people a search finds."""
    found = [one["customer_id"] for one in get(service, "/customers", q="er", limit=12).json()]
    segment_of("guests-of-the-fair", found)
    return sorted(found)


def test_a_segment_is_told_in_the_callers_language(service, guests):
    listed = TypeAdapter(list[replies.SegmentSummary]).validate_json(
        get(service, "/segments", "analyst").content
    )
    fair = next(one for one in listed if one.segment_id == "guests-of-the-fair")
    assert (fair.name, fair.kind, fair.size, fair.entered, fair.left) == (
        "Loyal yearly travellers", "list", 12, 12, 0,
    )  # fmt: skip
    alone = get(service, "/segments/guests-of-the-fair", "analyst")
    assert replies.SegmentSummary.model_validate_json(alone.content) == fair
    german = service.ask("GET", "/segments/guests-of-the-fair", "crm", language="de").json()
    assert german["name"] == "Treue Jahresreisende"


def test_members_come_page_by_page_and_names_to_the_crm_only(service, guests):
    path, seen = "/segments/guests-of-the-fair/members", []
    page = get(service, path, limit=5)
    while page is not None:
        seen += page.json()["members"]
        query = following(page)
        assert (query is None) == (page.json()["next_cursor"] is None)
        page = service.ask("GET", path + query, "crm") if query else None
    assert [one["customer_id"] for one in seen] == guests
    assert all(one["given_name"] and one["family_name"] for one in seen)
    to_marketing = get(service, path, "marketing").json()["members"]
    assert {(one["given_name"], one["family_name"]) for one in to_marketing} == {(None, None)}


def test_a_member_is_told_which_segments_they_are_in(service, guests):
    (found,) = (
        one for one in get(service, f"/customers/{guests[0]}/segments").json()
        if one["segment_id"] == "guests-of-the-fair"
    )  # fmt: skip
    assert found["kind"] == "list"
    assert found["member_since"]


def test_overlaps_are_counted(service, guests, segment_of):
    segment_of("half-of-them", guests[:6])
    pair = next(one for one in get(service, "/segments/overlaps").json() if "half-of-them" in one.values())
    assert {pair["one"], pair["other"]} == {"guests-of-the-fair", "half-of-them"}
    assert (pair["both"], pair["jaccard"]) == (6, 0.5)


def test_an_unknown_segment_is_404_and_the_nearest_is_named(service, guests):
    for path in ("/segments/guests-of-the-fear", "/segments/guests-of-the-fear/members"):
        answer = service.ask("GET", path, "crm")
        assert answer.status_code == 404
        assert "did you mean guests-of-the-fair" in answer.json()["detail"]


# --- search


def test_hits_come_page_by_page_and_nobody_twice(service):
    page, seen = get(service, "/customers", q="er", limit=7), []
    for _ in range(4):
        seen += [one["customer_id"] for one in page.json()]
        page = service.ask("GET", "/customers" + following(page), "crm")
    assert len(seen) == len(set(seen)) == 28
    whole = [one["customer_id"] for one in get(service, "/customers", q="er", limit=28).json()]
    assert seen == whole


def test_typos_are_forgiven(service, regular):
    person = get(service, "/customers", q=regular).json()[0]
    given, family = person["given_name"], person["family_name"]
    typed = f"{family[:-2]}{family[-1]}{family[-2]}, {given}"
    assert regular in [one["customer_id"] for one in get(service, "/customers", q=typed).json()]


@pytest.mark.parametrize("cursor", ["x", "MQ", "LTE=", "w7w=", "OTk5OTk5OTk5", "YQ=="])
def test_a_made_up_cursor_is_400(service, cursor):
    answer = service.ask("GET", "/customers", "crm", params={"q": "a", "cursor": cursor})
    assert answer.status_code == 400
    assert "use the next_cursor of a page" in answer.json()["detail"]


@pytest.mark.parametrize("cursor", ["x", "MQ", "AAA="])
def test_a_made_up_cursor_of_members_is_400(service, cursor, guests):
    path = "/segments/guests-of-the-fair/members"
    assert service.ask("GET", path, "crm", params={"cursor": cursor}).status_code == 400


def test_what_is_wrong_with_the_query_is_named(service):
    answer = service.ask("GET", "/customers", "crm", params={"q": "a", "limit": 0, "colour": "red"})
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"limit", "colour"}


# --- many at once


def test_a_batch_of_suggestions_is_what_each_would_get(service, regular, another):
    body = {"customer_ids": [regular, "c-nobody", another, regular], "n": 3}
    batch = service.post("/recommend/batch", "marketing", body).json()
    assert [one["customer_id"] for one in batch] == [regular, "c-nobody", another]
    alone = service.post("/recommend", "marketing", {"customer_id": another, "n": 3}).json()
    assert batch[2]["recommendation"]["items"] == alone["items"]
    assert batch[1]["recommendation"] is None
    assert (batch[1]["problem"]["status"], batch[1]["problem"]["detail"]) == (
        404,
        "unknown customer: c-nobody",
    )
    assert service.post("/recommend/batch", "widget", body).status_code == 403


def test_a_batch_of_profiles_shows_persons_to_the_crm_only(service, regular):
    to_crm, to_analyst = (
        service.post("/customer_insight/batch", role, {"customer_ids": [regular, "c-nobody"]}).json()
        for role in ("crm", "analyst")
    )
    assert to_crm[0]["insight"]["person"]["family_name"]
    assert to_analyst[0]["insight"]["person"] is None
    assert to_analyst[1]["problem"]["status"] == 404


@pytest.mark.parametrize(
    ("path", "most"), [("/recommend/batch", 1_000), ("/customer_insight/batch", 100), ("/churn_risk", 1_000)]
)
def test_batches_are_bounded(service, path, most):
    answer = service.post(path, "crm", {"customer_ids": ["c-nobody"] * (most + 1)})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "customer_ids"


def test_risks_without_reasons_are_the_same_risks(service, regular, another):
    asked = {"customer_ids": [regular, another]}
    told, bare = (
        service.post("/churn_risk", "analyst", asked | more).json() for more in ({}, {"reasons": False})
    )
    for one, other in zip(told, bare, strict=True):
        assert one["reasons"]
        assert other["reasons"] == []
        assert other["band"] == one["band"]
        assert other["probability"] == pytest.approx(one["probability"], abs=1e-4)


# --- invitations


def test_an_invitation_over_http(service):
    tour_id = service.post("/recommend", "crm", {"n": 1}).json()["items"][0]["tour_id"]
    answer = service.post("/invite", "marketing", {"tour_id": tour_id, "n": 4}, language="en")
    invitation = replies.Invitation.model_validate_json(answer.content)
    assert [one.rank for one in invitation.invited] == [1, 2, 3, 4]
    assert invitation.tour_id == tour_id
    assert all(one.reason.text for one in invitation.invited)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tour_id": "a", "departure_id": "b"},
        {"tour_id": "a", "n": 0},
        {"tour_id": "a", "channel": "pigeon"},
    ],
)
def test_an_invitation_names_one_departure_or_tour(service, body):
    assert service.post("/invite", "marketing", body).status_code == 400


def test_nobody_is_invited_to_what_is_over_or_sold_out(service):
    tour = service.post("/recommend", "crm", {"n": 9}).json()["items"][-1]
    state = {
        "departure_id": "full-one", "tour_id": tour["tour_id"], "departs_on": tour["departs_on"],
        "boarding_point_ids": ["somewhere"], "seats_total": 40, "seats_left": 0, "price": "100.00", "currency": "EUR",
    }  # fmt: skip
    over = state | {"departure_id": "past-one", "departs_on": "2024-05-01", "seats_left": 3}
    for number, one in enumerate((state, over)):
        event = service.event(f"full-{number}", "DepartureScheduled", "commerce", **one)
        assert service.post("/events", "ingest", event).json()["accepted"] == 1
        answer = service.post("/invite", "marketing", {"departure_id": one["departure_id"]})
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert answer.json()["detail"].endswith("nobody can be invited")


def test_without_a_model_an_invitation_says_when_to_ask_again(service):
    answer = service.ask("POST", "/also_booked", token=service.token("crm", "leer"), json={"tour_id": "x"})
    assert answer.status_code == 503
    assert timedelta(seconds=int(answer.headers["retry-after"])) > timedelta(0)
