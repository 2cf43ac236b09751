"""Keys that admins change through GraphQL, and the log of these changes."""

import logging
from typing import Any

import pytest

from tests.support.gates import Gate
from tests.support.served import wait_until
from tests.support.world import COMPANY

CREATE = """mutation ($dryRun: Boolean!) {
  createApiKey(input: {name: "Shop", scopes: ["orders:read"], company: "World"}, dryRun: $dryRun) {
    secret apiKey { id } userErrors { code } } }"""
ROTATE = """mutation ($id: ID!) { rotateApiKey(id: $id) {
  secret apiKey { id } userErrors { code } } }"""
REVOKE = """mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { id } userErrors { code } } }"""


def test_only_admins_administer_keys(gate: Gate) -> None:
    create = """mutation ($input: CreateApiKeyInput!, $dryRun: Boolean!) {
      createApiKey(input: $input, dryRun: $dryRun) {
        secret apiKey { id name scopes isLimitedToCustomers createdBy } userErrors { code path } } }"""
    wanted = {"name": "New", "scopes": ["orders:read"], "company": COMPANY, "customers": ["C1"]}
    refused = gate.post("company", create, input=wanted, dryRun=False)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    tried = gate.post("admin", create, COMPANY, input=wanted, dryRun=True)["data"]["createApiKey"]
    assert (tried["secret"], tried["userErrors"]) == (None, [])
    created = gate.post("admin", create, COMPANY, input=wanted, dryRun=False)["data"][
        "createApiKey"
    ]
    gate.keys["new"] = created["secret"]
    assert created["apiKey"]["createdBy"] == "Admin"
    assert gate.ask("new", "{ customers { totalCount } }") == {"customers": {"totalCount": 1}}
    names = [each["name"] for each in gate.ask("admin", "{ apiKeys { name } }", COMPANY)["apiKeys"]]
    assert names.count("New") == 1
    revoke = "mutation ($id: ID!) { revokeApiKey(id: $id) { userErrors { code } } }"
    gate.post("admin", revoke, COMPANY, id=created["apiKey"]["id"])
    wait_until(lambda: "errors" in gate.post("new", "{ viewer { name } }"))
    again = gate.post("admin", revoke, COMPANY, id=created["apiKey"]["id"])["data"]["revokeApiKey"]
    assert again == {"userErrors": [{"code": "WRONG_STATUS"}]}


def test_each_change_of_a_key_is_logged_with_its_author_and_without_the_key(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    def change(query: str, **variables: Any) -> tuple[str, str | None]:
        """The id of a key, and the key if it is new."""
        [payload] = gate.post("admin", query, COMPANY, **variables)["data"].values()
        assert payload["userErrors"] == []
        return payload["apiKey"]["id"], payload.get("secret")

    with caplog.at_level(logging.INFO, "gateway.keys"):
        change(CREATE, dryRun=True)
        old, first = change(CREATE, dryRun=False)
        new, second = change(ROTATE, id=old)
        change(REVOKE, id=new)
    assert [(each.message, each.key_id, each.actor) for each in caplog.records] == [
        ("key created", old, "Admin"),
        ("key created", new, "Admin"),
        ("key rotated", old, "Admin"),
        ("key revoked", new, "Admin"),
    ]
    logged = str([vars(each) for each in caplog.records])
    assert not any(each in logged for each in (first, second, gate.keys["admin"]))
