"""The API document: it is complete, its examples hold, and whatever it allows is answered as it says."""

import json
import re
from collections import Counter

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.access import ROLES
from serving.resources.examples.people import ANNA, BERND
from serving.resources.examples.segments import LOYAL

NOT_OF_THE_API = re.compile(r"/crm.*|/widget.*|/docs\.json|/schema\.json|/static_content|/")
"""Pages, and what the framework says of itself."""


@pytest.fixture(scope="module")
def document(service):
    return service.ask("GET", "/openapi.json", "analyst").json()


@pytest.fixture(scope="module")
def operations(document):
    """(METHOD, path, what the document says of it)."""
    return [
        (method.upper(), path, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]


@pytest.fixture(scope="module")
def living(document, service, regular, another, segment_of):
    """The document with ids of Nordlicht in its examples, so that they are answered."""
    tour = service.post("/recommend", "crm", {"customer_id": regular, "n": 1}).json()["items"][0]
    segment_of(LOYAL, [regular])
    text = json.dumps(document)
    for made_up, real in (
        (ANNA, regular),
        (BERND, another),
        ("nordsee-2027-05-08", tour["departure_id"]),
        ("nordsee-2027", tour["tour_id"]),
    ):
        text = text.replace(made_up, real)
    return json.loads(text)


def concrete(path, told):
    """The path with the examples of its parameters."""
    for parameter in told["parameters"]:
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", parameter["example"])
    return path


def bodies(told):
    """The example bodies; [None] for who takes none."""
    content = told.get("requestBody", {}).get("content", {})
    return [one["value"] for kind in content.values() for one in kind["examples"].values()] or [None]


def content_of(document):
    """(where, schema, example) of everything that has an example."""
    for path, methods in document["paths"].items():
        for told in methods.values():
            for parameter in told["parameters"]:
                if "example" in parameter:
                    yield f"{path} {parameter['name']}", parameter["schema"], parameter["example"]
            parts = [("body", told.get("requestBody", {})), *told["responses"].items()]
            for name, part in parts:
                for kind in part.get("content", {}).values():
                    for title, example in kind.get("examples", {}).items():
                        yield f"{path} {name} {title}", kind["schema"], example["value"]
    for name, response in document["components"]["responses"].items():
        for kind in response["content"].values():
            yield name, kind["schema"], kind["example"]


# --- complete


def test_every_route_that_is_served_is_in_the_document(served, operations):
    of_the_api = {
        (method, path)
        for method, path in served
        if method not in {"HEAD", "OPTIONS"} and not NOT_OF_THE_API.fullmatch(path)
    }
    assert of_the_api == {(method, path) for method, path, _ in operations}
    assert len(of_the_api) > 20


def test_what_is_told_of_an_operation_is_complete(document, operations):
    names = [told["operationId"] for _, _, told in operations]
    assert len(set(names)) == len(names)
    for method, path, told in operations:
        assert told["summary"], path
        if not told["x-roles"]:
            assert told["security"] == [], path
            continue
        assert {"400", "401", "403", "429", "503"} <= set(told["responses"]), path
        assert ("413" in told["responses"]) == (method == "POST"), path
        assert set(re.findall(r"{(\w+)}", path)) == {
            one["name"] for one in told["parameters"] if one["in"] == "path"
        }
        assert path == "/openapi.json" or all(
            content["examples"]
            for status, answer in told["responses"].items()
            if status.startswith("2")
            for content in answer.get("content", {}).values()
        ), path
    for status in ("TooManyRequests", "ServiceUnavailable"):
        assert "Retry-After" in document["components"]["responses"][status]["headers"]


def test_every_example_is_as_its_schema_says(document):
    checked = 0
    for where, schema, example in content_of(document):
        validator = jsonschema.Draft202012Validator(
            {**schema, "components": document["components"]}, format_checker=jsonschema.FormatChecker()
        )
        assert not [error.message for error in validator.iter_errors(example)], where
        checked += 1
    assert checked > 80


def test_a_wrong_example_would_be_noticed(document):
    schema = document["paths"]["/invite"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, {**schema, "components": document["components"]})


# --- closed


def test_nothing_is_answered_without_a_token_or_to_another_role(service, operations):
    tried = 0
    for method, path, told in operations:
        if not told["x-roles"]:
            continue
        at, body = concrete(path, told), bodies(told)[0]
        for prefix in ("", "/v1"):
            answer = service.ask(method, prefix + at, json=body)
            assert (answer.status_code, answer.headers["content-type"]) == (
                401,
                "application/problem+json",
            ), path
        for role in set(ROLES) - set(told["x-roles"]):
            assert service.ask(method, at, role, json=body).status_code == 403, (path, role)
            tried += 1
    assert tried > 60


def test_no_route_gives_an_operators_data_to_another(service, living, another):
    """Every operation with ids of Nordlicht, asked by every role of another operator."""
    personal = personal_texts(service)
    for path, methods in living["paths"].items():
        for method, told in methods.items():
            for role in told["x-roles"]:
                for body in bodies(told):
                    answer = service.ask(
                        method, concrete(path, told), token=service.token(role, "fremd"), json=body,
                        params={"q": another} if path == "/customers" else None,
                    )  # fmt: skip
                    assert answer.status_code < 500 or answer.status_code == 503, (path, answer.text)
                    if path != "/openapi.json":
                        assert not [text for text in personal if text in answer.text], (path, role)
                    if "{" in path:
                        assert answer.status_code == 404, (path, answer.text)


def personal_texts(service):
    """Names, addresses and tours that only Nordlicht has. Ids that were asked for may be named in an error."""
    from sqlalchemy import select

    from activity_log import schema

    people, tour = schema.person_profile.c, schema.tour.c
    with service.database.reading() as connection:
        mails = (
            connection.execute(
                select(people.email).where(people.operator_id == "nordlicht", people.email.is_not(None))
            )
            .scalars()
            .all()
        )
        tours = (
            connection.execute(select(tour.name_de).where(tour.operator_id == "nordlicht")).scalars().all()
        )
    assert len(mails) > 100
    assert tours
    return {*mails, *tours}


# --- versions


def test_every_path_answers_below_v1_too(service, living):
    for path, methods in living["paths"].items():
        for method, told in methods.items():
            role = next(iter(told["x-roles"]), None)
            if path in ("/events", "/feedback", "/recommend/batch"):
                continue  # asking twice is not the same, or slow
            at, body = concrete(path, told), bodies(told)[0]
            plain, versioned = (service.ask(method, prefix + at, role, json=body) for prefix in ("", "/v1"))
            assert plain.status_code == versioned.status_code, path
            if path in ("/openapi.json", "/segments"):
                assert plain.json() == versioned.json()


def test_there_is_no_other_version(service):
    for path in ("/v2/recommend", "/v1", "/v1/v1/segments", "/v12/segments", "/V1/segments"):
        answer = service.ask("GET", path, "crm")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
        assert service.ask("GET", path).status_code == 401


# --- answered as it says

FUZZ = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def checks_of(case, mode):
    """What is asked wrongly is refused, but what is posted to /events: there it is put aside with its reason."""
    refused = mode is GenerationMode.NEGATIVE and case.path != "/events"
    return [*CHECKS, negative_data_rejection] if refused else CHECKS


@pytest.fixture(scope="module")
def api(living, service):
    """The operations that need a token; health is asked by machines that know nothing else."""
    paths = {path: told for path, told in living["paths"].items() if next(iter(told.values()))["x-roles"]}
    project = ProjectConfig(
        base_url=service.address,
        generation=GenerationConfig(with_security_parameters=False),  # the tests bring tokens of their own
    )
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(living | {"paths": paths}, config=config)


def is_asked_something(told):
    """Whether there is a body or a query that could be wrong."""
    return "requestBody" in told or any(one["in"] == "query" for one in told["parameters"])


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_asked_is_answered_as_the_document_says(api, service, mode):
    statuses = Counter()
    for found in api.get_all_operations():
        operation = found.ok()
        told = operation.definition.raw
        if mode is GenerationMode.NEGATIVE and not is_asked_something(told):
            continue
        roles = told["x-roles"]
        # made-up rules are put in force where they change nobody's lists
        operator_id = "leer" if operation.path.startswith("/rules") else "nordlicht"
        tokens = [service.token(role, operator_id) for role in roles]

        @FUZZ
        @given(case=operation.as_strategy(generation_mode=mode), token=st.sampled_from(tokens))
        def ask(case, token):
            case.headers = {name: value for name, value in case.headers.items() if name == "Accept-Language"}
            response = case.call(headers={"Authorization": f"Bearer {token}"})
            statuses[case.path, response.status_code] += 1
            case.validate_response(response, checks=checks_of(case, mode))

        ask()
    asked = {path for path, _ in statuses}
    assert len(asked) > (18 if mode is GenerationMode.POSITIVE else 9)
    if mode is GenerationMode.POSITIVE:
        assert sum(count for (_, status), count in statuses.items() if status < 400) > 100


def test_every_example_that_can_be_asked_is_answered(living, service, regular):
    """With real ids in them, the example requests succeed, and what comes is as the document says."""
    for path, methods in living["paths"].items():
        for method, told in methods.items():
            for body in bodies(told):
                for role in told["x-roles"]:
                    operator_id = "leer" if path.startswith("/rules") else "nordlicht"
                    customer_id = regular if role == "widget" else None
                    token = service.token(role, operator_id, customer_id=customer_id)
                    answer = service.ask(method, concrete(path, told), token=token, json=body)
                    if path in ("/recommendations/{recommendation_id}", "/rules/{rule_id}/withdraw"):
                        assert answer.status_code == 404
                        continue
                    assert answer.is_success, (path, role, answer.text)
                    content = told["responses"][str(answer.status_code)].get("content", {})
                    if "application/json" in content and path != "/openapi.json":
                        schema = content["application/json"]["schema"] | {"components": living["components"]}
                        jsonschema.Draft202012Validator(schema).validate(answer.json())
