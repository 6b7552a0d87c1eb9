"""Starting the service, and the keys of its tokens, from the command line."""

import json

import pytest

from activity_log.settings import load_settings
from busflow.commands.running import LOOPBACK, reach_of, serve_command, serve_environment
from serving.access import AccessDeniedError, TokenKeys


def test_serve_listens_to_this_machine_only_unless_told_otherwise(busflow):
    told = " ".join(busflow("serve", "--help").stdout.replace("│", " ").split())
    assert "127.0.0.1, is reached from this machine only" in told
    assert f"[default: {LOOPBACK}]" in told


@pytest.mark.parametrize(
    ("host", "warned"),
    [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("::", True), ("192.0.2.7", True)],
)
def test_an_open_address_is_said_to_be_one(host, warned):
    assert ("WARNING: open to other machines, in plain HTTP" in reach_of(host)) == warned


@pytest.mark.parametrize("host", ["localhost", "", "1.2.3", "insight.example"])
def test_what_is_no_address_is_wrong_use(busflow, host):
    ended = busflow("serve", "--host", host)
    assert (ended.code, f"--host '{host}': use an IP address" in ended.last_word) == (2, True)


@pytest.mark.parametrize("workers", ["0", "257", "many"])
def test_so_many_workers_are_wrong_use(busflow, workers):
    assert busflow("serve", "--workers", workers).code == 2


def test_the_service_is_told_how_many_workers_and_how_long_to_keep_connections(home, monkeypatch):
    environment = serve_environment(load_settings(workers=3))
    assert json.loads(environment["BENTOML_CONFIG_OVERRIDES"]) == {"services": {"busflow": {"workers": 3}}}
    assert environment["BUSFLOW_WORKERS"] == "3"
    assert environment["BENTOML_HOME"] == str(home / "bentoml")
    monkeypatch.setenv("BENTOML_HOME", "/elsewhere")
    assert serve_environment(load_settings())["BENTOML_HOME"] == "/elsewhere"
    command = serve_command(LOOPBACK, 3000)
    assert command[command.index("--timeout-keep-alive") + 1] == "75"
    assert command[command.index("--timeout-graceful-shutdown") + 1] == "30"


def minted(busflow) -> str:
    return str(busflow("token", "-o", "reisen", "--role", "crm").stdout.strip())


def listed(busflow) -> list[dict[str, object]]:
    return list(json.loads(busflow("keys", "list", "--json").stdout))


def test_keys_rotate_and_retire_and_their_tokens_with_them(busflow, home):
    assert busflow("operator", "add", "reisen").code == 0
    old = minted(busflow)
    [first] = listed(busflow)
    new = json.loads(busflow("keys", "rotate", "--json").stdout)
    assert [key["signs"] for key in listed(busflow)] == [False, True]
    young = minted(busflow)
    assert {TokenKeys(home / "keys").verify(token).operator_id for token in (old, young)} == {"reisen"}

    refused = busflow("keys", "retire", "--kid", new["kid"])
    assert (refused.code, "run `busflow keys rotate` first" in refused.last_word) == (2, True)
    assert (
        json.loads(busflow("keys", "retire", "--before", "2999-01-01", "--json").stdout)[0]["kid"]
        == first["kid"]
    )
    assert [key["kid"] for key in listed(busflow)] == [new["kid"]]
    with pytest.raises(AccessDeniedError):
        TokenKeys(home / "keys").verify(old)
    assert TokenKeys(home / "keys").verify(young).role == "crm"


@pytest.mark.parametrize("options", [[], ["--kid", "x", "--before", "2026-01-01"], ["--before", "soon"]])
def test_which_keys_to_retire_has_to_be_said(busflow, options):
    assert busflow("keys", "retire", *options).code == 2
