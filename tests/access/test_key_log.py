"""The log of who changes which key."""

import asyncio
import logging
from typing import Any

import pytest
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.served import serving

CREATE = """mutation ($dryRun: Boolean!) {
  createApiKey(input: {name: "Shop", scopes: ["orders:read"]}, dryRun: $dryRun) {
    secret apiKey { id } userErrors { code } } }"""
ROTATE = """mutation ($id: ID!) { rotateApiKey(id: $id) {
  secret apiKey { id } userErrors { code } } }"""
REVOKE = """mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { id } userErrors { code } } }"""


def test_each_change_of_a_key_is_logged_with_its_author_and_without_the_key(
    world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.keys")
    database = Database(world_url, poolclass=NullPool)
    admin = KeyRequest("Admin", frozenset({AccessScope.ADMIN}))
    row, secret = asyncio.run(create_key(database, admin, creator="command line"))
    headers = {"authorization": f"Bearer {secret}"}
    with serving(Settings(database_url=world_url, auth="required")) as client:

        def change(query: str, **variables: Any) -> tuple[str, str | None]:
            """The id of a key, and the key if it is new."""
            [payload] = client.send(query, headers, **variables)["data"].values()
            assert payload["userErrors"] == []
            return payload["apiKey"]["id"], payload.get("secret")

        change(CREATE, dryRun=True)
        old, first = change(CREATE, dryRun=False)
        new, second = change(ROTATE, id=old)
        change(REVOKE, id=new)
    assert [(each.message, each.key_id, each.actor) for each in caplog.records] == [
        ("key created", row.id, "command line"),
        ("key created", old, "Admin"),
        ("key created", new, "Admin"),
        ("key rotated", old, "Admin"),
        ("key revoked", new, "Admin"),
    ]
    logged = str([vars(each) for each in caplog.records])
    assert not any(each in logged for each in (secret, first, second))
