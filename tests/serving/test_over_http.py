"""The service over real HTTP: contracts, both languages, bad input, one error shape, and that it stays closed."""

import http.client
import json
import re
import time
from datetime import UTC, date, datetime, timedelta

import jwt
import pytest
from pydantic import TypeAdapter

from serving import replies
from serving.access import ROLES, TokenKeys
from serving.key_ring import KeyRing

from .conftest import SITE

PUBLIC = {"/healthz", "/livez", "/readyz", "/.well-known/jwks.json", "/widget.js", "/widget/demo"}
PUBLIC_FOLDERS = ("/widget/static", "/crm/static")
THE_CRMS_OWN_DOOR = "/crm"


def problem_of(response, status):
    """The one error shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail"}
    assert body.get("errors", [{}]) != []
    problem = replies.Problem.model_validate(body)
    assert problem.status == status
    assert problem.detail
    return problem.detail


@pytest.fixture(scope="module")
def routes(served):
    """Every (method, path) the running application has, with ids in them."""
    found = [(method, re.sub(r"{[^}]*}", "c-x", path)) for method, path in served]
    assert {"/recommend", "/events", "/metrics", "/crm", "/docs.json", "/"} <= {path for _, path in found}
    return found


def test_everything_is_closed_without_a_token_except_what_is_stated(service, routes):
    for method, path in routes:
        if path in PUBLIC or path.startswith(PUBLIC_FOLDERS):
            continue
        response = service.ask(method, path)
        if path.startswith(THE_CRMS_OWN_DOOR):
            assert response.status_code in {401, 403, 303}, (method, path)
        else:
            assert response.status_code == 401, (method, path)
            assert response.headers["www-authenticate"] == "Bearer"


def test_what_is_stated_public_is_open(service):
    for path in PUBLIC:
        assert service.ask("GET", path).status_code == 200, path


@pytest.mark.parametrize(
    "path",
    [
        "/crm/../recommend",
        "/widget/../customers",
        "/widget/..%2fcustomers",
        "/livez/../events",
        "/%2e/metrics",
    ],
)
def test_no_detour_leads_in(service, path):
    connection = http.client.HTTPConnection(service.address.removeprefix("http://"), timeout=10)
    connection.request("GET", path)  # sent as it is: other clients would straighten the path
    assert connection.getresponse().status in {401, 404}
    connection.close()


def test_the_page_of_the_framework_which_calls_others_is_not_served(service):
    for role in ROLES:
        problem_of(service.ask("GET", "/", role), 404)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_a_wrong_token_is_401(service, token):
    assert "not valid" in problem_of(service.ask("POST", "/recommend", token=token, json={}), 401)


def test_a_token_of_another_installation_is_401(service, tmp_path):
    from activity_log.clock import utc_now

    foreign = TokenKeys(tmp_path).mint("nordlicht", "crm", now=utc_now())
    problem_of(service.ask("GET", "/customers", token=foreign), 401)


def test_a_wrong_role_is_403_and_says_which_may(service):
    detail = problem_of(service.post("/recommend", "analyst", {}), 403)
    assert detail == "role 'analyst' may not use /recommend; crm, marketing, widget may"


def test_an_operator_nobody_registered_is_403_everywhere(service):
    ghost = {role: service.token(role, "ghost") for role in ROLES}
    asked = [
        ("POST", "/recommend", "crm", {}),
        ("POST", "/also_booked", "crm", {"tour_id": "x"}),
        ("POST", "/churn_risk", "crm", {"customer_ids": ["x"]}),
        ("POST", "/customer_insight", "crm", {"customer_id": "x"}),
        ("POST", "/events", "ingest", [service.event("ghost-1", "ConsentGranted", "backoffice")]),
        ("POST", "/feedback", "widget", shown("r-ghost", "x")),
        ("GET", "/customers?q=a", "crm", None),
        ("GET", "/customers/x/timeline", "crm", None),
    ]
    for method, path, role, body in asked:
        answer = service.ask(method, path, token=ghost[role], json=body)
        assert "unknown operator 'ghost'" in problem_of(answer, 403), path


def test_a_widget_may_not_ask_for_somebody_else(service, regular, another):
    own = service.token("widget", customer_id=regular)
    problem_of(service.ask("POST", "/recommend", token=own, json={"customer_id": another}), 403)
    problem_of(service.post("/recommend", "widget", {"customer_id": another}), 403)
    answer = replies.RecommendationModel.model_validate_json(
        service.ask("POST", "/recommend", token=own, json={}).content
    )
    assert answer.customer_id == regular


def test_a_token_is_never_logged(service):
    token = service.token("crm")
    service.ask("POST", "/recommend", token=token, json={"n": "many"})
    service.ask("GET", f"/crm?token={token}", token=token)
    service.ask("GET", "/customers", token=token + "x")
    assert token.rpartition(".")[2] not in service.log.read_text()
    assert "eyJ" not in service.log.read_text()


def test_a_wrong_body_is_not_logged(service):
    service.post("/churn_risk", "crm", {"customer_ids": {"name": "Frieda Geheim"}})
    assert "Geheim" not in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


# --- what is answered


def test_recommend(service, regular):
    answer = service.post("/recommend", "crm", {"customer_id": regular, "n": 4})
    model = replies.RecommendationModel.model_validate_json(answer.content)
    assert answer.status_code == 200
    assert model.customer_id == regular
    assert model.model is not None
    assert model.model.name == "nordlicht.recommender"
    assert [item.position for item in model.items] == [1, 2, 3, 4]
    assert all(item.departs_on > date.today() and item.seats_left > 0 for item in model.items)  # noqa: DTZ011
    assert all(item.reason.text for item in model.items)
    assert len({item.family_id for item in model.items}) == 4


def test_recommend_to_a_stranger_rests_on_the_season(service):
    model = replies.RecommendationModel.model_validate_json(service.post("/recommend", "widget", {}).content)
    assert model.basis == "season_popularity"
    assert {item.reason.kind for item in model.items} == {"season_popularity"}


@pytest.mark.parametrize(("language", "words"), [("de", ("Gäste", "gebucht")), ("en", ("guests", "booked"))])
def test_reasons_come_in_the_callers_language(service, language, words):
    answer = service.post("/recommend", "widget", {"n": 2}, language=f"{language}-XX, fr;q=0.2")
    for item in answer.json()["items"]:
        assert any(word in item["reason"]["text"] for word in words)


def test_also_booked(service, regular):
    tour_id = suggested(service, regular)[0]["tour_id"]
    model = replies.RecommendationModel.model_validate_json(
        service.post("/also_booked", "widget", {"tour_id": tour_id, "n": 3}).content
    )
    assert model.basis == "also_booked"
    assert 1 <= len(model.items) <= 3
    for item in model.items:
        assert item.reason.evidence["customers_both"] <= item.reason.evidence["customers"]
        assert str(item.reason.evidence["customers_both"]) in item.reason.text


def test_churn_risk(service, regular, another):
    answer = service.post("/churn_risk", "analyst", {"customer_ids": [regular, another]})
    risks = TypeAdapter(list[replies.ChurnRisk]).validate_json(answer.content)
    assert [risk.customer_id for risk in risks] == [regular, another]
    for risk in risks:
        assert 0 <= risk.probability <= 1
        assert risk.band == (
            "high" if risk.probability >= 0.65 else "medium" if risk.probability >= 0.35 else "low"
        )
        assert risk.reasons


def test_customer_insight_shows_the_person_to_the_crm_only(service, regular):
    to_crm, to_analyst = (
        replies.CustomerInsight.model_validate_json(
            service.post("/customer_insight", role, {"customer_id": regular}, language="en").content
        )
        for role in ("crm", "analyst")
    )
    assert to_crm.person is not None
    assert to_analyst.person is None
    assert to_crm.person.family_name not in to_analyst.model_dump_json()
    assert to_crm.behavior == to_analyst.behavior
    assert to_crm.behavior.total_bookings > 0
    assert to_crm.timeline[0].occurred_at >= to_crm.timeline[-1].occurred_at


def test_customers_are_found_and_their_years_paged_through(service, regular):
    insight = service.post("/customer_insight", "crm", {"customer_id": regular}).json()
    found = service.ask("GET", "/customers", "crm", params={"q": insight["person"]["family_name"]})
    hits = TypeAdapter(list[replies.CustomerHit]).validate_json(found.content)
    assert any(hit.family_name == insight["person"]["family_name"] for hit in hits)
    by_id = TypeAdapter(list[replies.CustomerHit]).validate_json(
        service.ask("GET", "/customers", "crm", params={"q": regular}).content
    )
    assert [hit.customer_id for hit in by_id] == [regular]

    entries, cursor = [], None
    while cursor is not None or not entries:
        response = service.ask(
            "GET", f"/customers/{regular}/timeline", "crm", params={"cursor": cursor} if cursor else {}
        )
        page = replies.TimelinePage.model_validate_json(response.content)
        entries += page.entries
        cursor = page.next_cursor
    assert len({entry.event_id for entry in entries}) == len(entries) > 50
    assert [entry.occurred_at for entry in entries] == sorted((e.occurred_at for e in entries), reverse=True)


def test_health_and_metrics(service):
    for path in ("/healthz", "/livez", "/readyz"):
        assert service.ask("GET", path).status_code == 200
    assert 'busflow_events_total{operator="nordlicht"' in service.ask("GET", "/metrics", "analyst").text
    problem_of(service.ask("GET", "/metrics", "crm"), 403)


def test_a_widget_on_a_listed_site_can_read_answers_and_errors(service):
    asks_first = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    assert service.ask("OPTIONS", "/recommend", headers=asks_first).status_code == 204
    own = service.token("widget")
    for token, body, status in ((own, {}, 200), (own, {"n": 0}, 400), ("expired", {}, 401)):
        answer = service.ask("POST", "/recommend", token=token, json=body, headers={"Origin": SITE})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == SITE
        assert "Origin" in answer.headers["vary"]


def test_a_widget_on_any_other_site_gets_nothing(service):
    elsewhere = {"Origin": "https://elsewhere.example"}
    answer = service.ask("POST", "/recommend", "widget", json={}, headers=elsewhere)
    assert "BUSFLOW_ORIGINS" in problem_of(answer, 403)
    assert "access-control-allow-origin" not in answer.headers
    asked = service.ask(
        "OPTIONS", "/recommend", headers=elsewhere | {"Access-Control-Request-Method": "POST"}
    )
    assert "BUSFLOW_ORIGINS" in problem_of(asked, 403)


def test_our_own_pages_and_programs_need_no_listing(service):
    for headers in ({}, {"Origin": service.address}):
        answer = service.ask("POST", "/recommend", "widget", json={}, headers=headers)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


def test_the_widgets_script_is_everybodys_and_says_so_once(service):
    answer = service.ask("GET", "/widget.js", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize(
    ("path", "role"),
    [("/customers?q=a", "crm"), ("/metrics", "analyst"), ("/customers?q=a", None), ("/nowhere", "crm"),
     ("/crm", None), ("/widget.js", None), ("/widget/demo", None), ("/crm/static/crm.css", None), ("/livez", None)],
)  # fmt: skip
def test_every_reply_keeps_browsers_from_harm_each_header_once(service, path, role):
    headers = service.ask("GET", path, role).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert len(headers.get_list("referrer-policy")) == 1
    assert len(headers.get_list("cache-control")) <= 1
    assert len(headers.get_list("x-request-id")) == 1
    assert "strict-transport-security" not in headers, "this is plain HTTP"
    if headers["content-type"].startswith(("application/", "text/html")) and path != "/widget/demo":
        assert headers["cache-control"] == "no-store"


def test_behind_a_trusted_proxy_with_tls_browsers_are_told_to_stay_with_it(service):
    headers = service.ask("GET", "/livez", headers={"X-Forwarded-Proto": "https"}).headers
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_anybody_can_verify_our_tokens_with_the_published_keys(service):
    answer = service.ask("GET", "/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    token = service.token("crm")
    key = jwt.PyJWKSet.from_dict(answer.json())[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="busflow")["operator"] == "nordlicht"


def within_a_second(happens):
    """Whether something holds a second after an event at the latest: the service looks at the log all the time."""
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        if happens():
            return True
    return False


def test_a_rotation_is_noticed_without_a_restart(service):
    old, ring = service.token("crm"), KeyRing(service.settings.keys_dir)
    kid = ring.rotate(datetime.now(UTC)).kid
    new = service.token("crm")
    assert jwt.get_unverified_header(new)["kid"] == kid
    for token in (old, new):
        assert within_a_second(
            lambda token=token: service.ask("GET", "/customers?q=zz", token=token).status_code == 200
        )


# --- bad input: one shape, naming the field


BAD_BODIES = [
    ("/recommend", "crm", {"n": 0}, "n: Input should be greater than or equal to 1"),
    ("/recommend", "crm", {"n": -3}, "n: Input should be greater than or equal to 1"),
    ("/recommend", "crm", {"n": 10**12}, "n: Input should be less than or equal to 50"),
    ("/recommend", "crm", {"n": 10**400}, "n: "),
    ("/recommend", "crm", {"n": "three"}, "n: Input should be a valid integer"),
    ("/recommend", "crm", {"n": 2.5}, "n: "),
    ("/recommend", "crm", {"n": None}, "n: "),
    ("/recommend", "crm", {"customer_id": 7}, "customer_id: Input should be a valid string"),
    ("/recommend", "crm", {"customer_id": ""}, "customer_id: "),
    ("/recommend", "crm", {"costumer_id": "c-1"}, "costumer_id: Extra inputs are not permitted"),
    ("/recommend", "crm", {"viewed_tours": "x"}, "viewed_tours: "),
    ("/recommend", "crm", {"viewed_tours": ["x"] * 101}, "viewed_tours: "),
    ("/recommend", "crm", {"filters": {"colour": "red"}}, "filters.colour: Extra inputs are not permitted"),
    ("/recommend", "crm", {"filters": {"highest_price": -1}}, "filters.highest_price: "),
    ("/recommend", "crm", {"filters": {"departs_from": "soon"}}, "filters.departs_from: "),
    ("/recommend", "crm", [], "body: Input should be an object"),
    ("/also_booked", "crm", {}, "tour_id: Field required"),
    ("/churn_risk", "crm", {"customer_ids": []}, "customer_ids: "),
    ("/churn_risk", "crm", {"customer_ids": ["x"] * 1001}, "customer_ids: "),
    ("/churn_risk", "crm", {"customer_ids": [1]}, "customer_ids.0: "),
    ("/customer_insight", "crm", {"customer_id": None}, "customer_id: "),
    ("/feedback", "crm", {"recommendation_id": "r", "kind": "liked", "tour_id": "t", "position": 1}, "kind: "),
    ("/feedback", "crm", {"recommendation_id": "r", "kind": "shown", "tour_id": "t", "position": 0}, "position: "),
    ("/feedback", "crm", {"recommendation_id": "r", "kind": "shown", "tour_id": "  ", "position": 1}, "tour_id: "),
]  # fmt: skip


@pytest.mark.parametrize(("path", "role", "body", "detail"), BAD_BODIES)
def test_a_bad_body_is_answered_with_the_field_that_is_wrong(service, path, role, body, detail):
    answer = service.post(path, role, body)
    assert problem_of(answer, 400).startswith(detail)
    first = answer.json()["errors"][0]
    assert f"{first['field']}: {first['detail']}".startswith(detail)


NO_JSON = [b"{nope", b"\xff\xfe", b"a=b", b"[" * 60_000, b'{"n": NaN}', b'{"customer_id": "\\ud800"}']


@pytest.mark.parametrize("body", NO_JSON)
@pytest.mark.parametrize(
    ("path", "role"), [("/recommend", "crm"), ("/churn_risk", "crm"), ("/feedback", "crm")]
)
def test_what_is_not_json_is_400(service, path, role, body):
    problem_of(service.ask("POST", path, role, content=body), 400)


@pytest.mark.parametrize("body", NO_JSON[:5])
def test_events_that_are_not_json_are_400_and_nothing_is_taken_in(service, body):
    assert "nothing was taken in" in problem_of(service.ask("POST", "/events", "ingest", content=body), 400)


@pytest.mark.parametrize("label", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_mislabelled_body_is_read_as_the_json_it_is(service, label):
    answer = service.ask("POST", "/recommend", "widget", content=b'{"n": 2}', headers={"Content-Type": label})
    assert len(answer.json()["items"]) == 2


@pytest.mark.parametrize(
    ("path", "role", "size", "told"),
    [
        ("/recommend", "crm", 64 * 1024, "64 kB"),
        ("/feedback", "crm", 64 * 1024, "64 kB"),
        ("/churn_risk", "crm", 1024**2, "1 MB"),
        ("/events", "ingest", 16 * 1024**2, "16 MB"),
    ],
)
def test_a_body_that_is_too_large_is_413_one_that_is_not_is_read(service, path, role, size, told):
    detail = problem_of(service.ask("POST", path, role, content=b" " * (size + 1)), 413)
    assert detail == f"the body is larger than {told}; send it in parts"
    problem_of(service.ask("POST", path, role, content=b" " * size), 400)


def test_too_many_events_at_once_are_413(service):
    assert "10001 events" in problem_of(service.post("/events", "ingest", [1] * 10_001), 413)


@pytest.mark.parametrize(
    ("method", "path", "role", "use"),
    [
        ("GET", "/recommend", "crm", "POST"),
        ("PUT", "/recommend", "crm", "POST"),
        ("GET", "/events", "ingest", "POST"),
        ("DELETE", "/customers", "crm", "GET"),
    ],
)
def test_a_wrong_method_is_405_and_says_which_to_use(service, method, path, role, use):
    response = service.ask(method, path, role)
    detail = problem_of(response, 405)
    assert detail.startswith(f"{path} does not take {method}; use ")
    assert use in detail
    assert use in response.headers["allow"]


def test_options_says_what_may_be_done(service):
    for path, allowed in (("/recommend", "POST"), ("/customers", "GET"), ("/segments/x/members", "GET")):
        answer = service.ask("OPTIONS", path, "crm")
        assert (answer.status_code, answer.content) == (204, b"")
        assert allowed in answer.headers["allow"]


def test_head_is_get_without_a_body(service):
    answer = service.ask("HEAD", "/customers?q=a", "crm")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/nowhere", "/recommend/x", "/customers/c-x", "/customers/c-x/timeline/y"])
def test_an_unknown_path_is_404_and_says_what_there_is(service, path):
    detail = problem_of(service.ask("GET", path, "crm"), 404)
    assert detail.startswith(f"there is no {path}; there are /also_booked")


def test_unknown_customers_are_404_and_all_named(service, regular):
    assert "c-nobody" in problem_of(service.post("/recommend", "crm", {"customer_id": "c-nobody"}), 404)
    assert "c-nobody" in problem_of(
        service.post("/customer_insight", "crm", {"customer_id": "c-nobody"}), 404
    )
    assert "c-nobody" in problem_of(service.ask("GET", "/customers/c-nobody/timeline", "crm"), 404)
    ids = ["c-nobody", regular, "c-noone"]
    detail = problem_of(service.post("/churn_risk", "crm", {"customer_ids": ids}), 404)
    assert detail == "unknown customer: c-nobody, c-noone"


def test_a_customer_of_another_operator_is_unknown(service, regular):
    stranger = {"crm": service.token("crm", "fremd")}
    for path, body in (
        ("/recommend", {"customer_id": regular}),
        ("/churn_risk", {"customer_ids": [regular]}),
        ("/customer_insight", {"customer_id": regular}),
    ):
        problem_of(service.ask("POST", path, token=stranger["crm"], json=body), 404)
    problem_of(service.ask("GET", f"/customers/{regular}/timeline", token=stranger["crm"]), 404)
    assert service.ask("GET", f"/customers?q={regular}", token=stranger["crm"]).json() == []


def test_an_unknown_tour_is_404_and_named(service):
    assert "'atlantis-2027'" in problem_of(
        service.post("/also_booked", "crm", {"tour_id": "atlantis-2027"}), 404
    )


def test_a_made_up_cursor_is_400(service, regular):
    for cursor in ("bad", "MQ==", "=" * 3, "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE="):
        answer = service.ask("GET", f"/customers/{regular}/timeline", "crm", params={"cursor": cursor})
        assert "next_cursor" in problem_of(answer, 400)


def test_an_operator_without_a_model_gets_503_or_the_next_departures(service):
    token = service.token("crm", "leer")
    assert "no live recommender" in problem_of(
        service.ask("POST", "/also_booked", token=token, json={"tour_id": "x"}), 503
    )
    answer = service.ask("POST", "/recommend", token=token, json={}).json()
    assert (answer["basis"], answer["items"], answer["model"]) == ("next_departures", [], None)
    assert answer["basis_note"]


# --- events in


def test_one_event_a_batch_and_the_same_again(service):
    first, second = (
        service.event(
            f"in-{n}", "ConsentGranted", "backoffice", person_profile_id="p-000001", purpose="newsletter"
        )
        for n in (1, 2)
    )
    for body, accepted, duplicates in ((first, 1, 0), ([first, second, second], 1, 2), ([], 0, 0)):
        response = service.post("/events", "ingest", body)
        assert response.status_code == 202
        receipt = replies.EventsReceipt.model_validate_json(response.content)
        assert (receipt.accepted, receipt.duplicates, receipt.quarantined) == (accepted, duplicates, [])


def consent(service, event_id, **changes):
    good = service.event(
        event_id, "ConsentGranted", "backoffice", person_profile_id="p-000001", purpose="newsletter"
    )
    return good | changes


def payment(service, event_id, **changes):
    data = {
        "booking_id": "b",
        "payer_profile_id": "p-000001",
        "amount": "10.00",
        "currency": "EUR",
        "method": "card",
    }
    return service.event(event_id, "PaymentCompleted", "commerce", **(data | changes))


def test_bad_events_of_a_batch_are_put_aside_with_their_reason_and_the_others_accepted(service):
    far = (date.today() + timedelta(days=400)).isoformat() + "T00:00:00Z"  # noqa: DTZ011
    bad = {
        "bad-type": (consent(service, "bad-type", type="PhoneRang"), "type: unknown event type 'PhoneRang'"),
        "bad-operator": (consent(service, "bad-operator", operatorid="fremd"), "operatorid: "),
        "bad-naive": (consent(service, "bad-naive", time="2026-05-01T10:00:00"), "time: "),
        "bad-far": (consent(service, "bad-far", time=far), "time: "),
        "bad-amount": (payment(service, "bad-amount", amount="-5.00"), "data.amount: "),
        "bad-missing": (payment(service, "bad-missing", method=None), "data.method: "),
        "bad-source": (consent(service, "bad-source", source="commerce"), "source: "),
    }
    batch = [document for document, _ in bad.values()]
    receipt = service.post("/events", "ingest", [*batch, "junk", consent(service, "good-among-bad")]).json()
    assert (receipt["accepted"], receipt["discarded"]) == (1, 0)
    reasons = {item["id"]: item["reason"] for item in receipt["quarantined"]}
    assert set(reasons) == {*bad, None}
    for event_id, (_, reason) in bad.items():
        assert reasons[event_id].startswith(reason), event_id


def test_communication_with_nobody_is_discarded_and_counted(service):
    message = service.event(
        "contact-1", "MessageRead", "communications", message_id="m", contact_id="c", channel="email"
    )
    assert service.post("/events", "ingest", message).json()["discarded"] == 1
    again = service.post("/events", "ingest", message).json()
    assert (again["discarded"], again["duplicates"]) == (0, 1)


def suggested(service, customer_id, n=50):
    return service.post("/recommend", "crm", {"customer_id": customer_id, "n": n}).json()["items"]


def test_a_departure_sold_out_by_an_event_is_gone_within_a_second(service, another):
    first = suggested(service, another)[0]
    sold_out = service.event(
        "sold-out", "DepartureUpdated", "commerce",
        departure_id=first["departure_id"], tour_id=first["tour_id"], departs_on=first["departs_on"],
        boarding_point_ids=["any"], seats_total=40, seats_left=0, price=first["price"], currency="EUR",
    )  # fmt: skip
    assert service.post("/events", "ingest", sold_out).json()["accepted"] == 1
    assert within_a_second(
        lambda: first["departure_id"] not in {item["departure_id"] for item in suggested(service, another)}
    )


def test_a_departure_booked_is_gone_from_that_customers_list_within_a_second(service, regular, another):
    from activity_log import schema

    with service.database.reading() as connection:
        table = schema.person_profile
        query = table.select().where(table.c.customer_id == regular)
        person = connection.execute(query).one().person_profile_id
    first = suggested(service, regular)[0]
    booking = service.event(
        "booked-now", "BookingConfirmed", "commerce", booking_id="b-now", booker_profile_id=person,
        tour_id=first["tour_id"], departure_id=first["departure_id"], departure_date=first["departs_on"],
        total_amount="500.00", currency="EUR", sales_channel="web", travellers=[{"person_profile_id": person}],
    )  # fmt: skip
    assert service.post("/events", "ingest", booking).json()["accepted"] == 1
    assert within_a_second(
        lambda: first["departs_on"] not in {item["departs_on"] for item in suggested(service, regular)}
    )
    assert first["departure_id"] not in {item["departure_id"] for item in suggested(service, regular)}
    given_back = service.event(
        "given-back", "BookingCancelled", "commerce", booking_id="b-now", booker_profile_id=person,
        refund_amount="500.00",
    )  # fmt: skip
    service.post("/events", "ingest", given_back)
    assert within_a_second(lambda: suggested(service, regular)[0]["departure_id"] == first["departure_id"])


# --- feedback


def shown(recommendation_id, tour_id, kind="shown"):
    return {"recommendation_id": recommendation_id, "kind": kind, "tour_id": tour_id, "position": 1}


def test_feedback_is_logged_once_however_often_it_is_said(service):
    from activity_log import schema

    answer = service.post("/recommend", "widget", {"n": 1}).json()
    tour_id, recommendation_id = answer["items"][0]["tour_id"], answer["recommendation_id"]
    for kind in ("shown", "clicked", "shown", "clicked"):
        response = service.post("/feedback", "widget", shown(recommendation_id, tour_id, kind))
        assert (response.status_code, response.content) == (204, b"")
    with service.database.reading() as connection:
        table = schema.event
        logged = connection.execute(
            table.select().where(table.c.event_id.startswith(recommendation_id))
        ).all()
    assert sorted(row.type for row in logged) == ["RecommendationClicked", "RecommendationShown"]
    assert json.loads(logged[0].data)["tour_id"] == tour_id


# --- promotion while running


def test_promotion_and_rollback_go_live_without_a_restart_or_a_failed_request(service):
    """The service looks for another champion every ten seconds; four visitors ask all the while."""
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    from activity_log.clock import utc_now
    from models.registry import CHAMPION, ModelRegistry

    registry = ModelRegistry(service.settings)
    before = registry.version("nordlicht", "recommender", CHAMPION)
    name, client = "nordlicht.recommender", registry._client
    same = client.get_model_version(name, before)
    newer = str(client.create_model_version(name, same.source, same.run_id).version)
    stop = threading.Event()

    def visit() -> list[tuple[int, str]]:
        seen = []
        while not stop.is_set():
            response = service.post("/recommend", "widget", {"n": 1})
            seen.append((response.status_code, response.json().get("model", {}).get("version", "")))
            time.sleep(0.05)
        return seen

    def wait_for(version: str) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            told = service.post("/recommend", "widget", {"n": 1}).json()["model"]["version"]
            if told == version:
                return True
            time.sleep(0.5)
        return False

    assert wait_for(before)
    with ThreadPoolExecutor(4) as pool:
        visits = [pool.submit(visit) for _ in range(4)]
        try:
            registry.promote("nordlicht", "recommender", newer, utc_now(), by="anna", why="a test")
            promoted = wait_for(newer)
            back = registry.roll_back("nordlicht", "recommender", utc_now(), by="bernd", why="a test")
            returned = wait_for(before)
        finally:
            stop.set()
        seen = [answer for one in visits for answer in one.result()]
    assert (promoted, back, returned) == (True, before, True)
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {before, newer}
