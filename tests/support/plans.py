"""Runs operations and reports how they ran: by a plan or by graphql-core."""

import json
from typing import Any

import httpx2

from tests.support.served import Client

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def sent(
    client: Client, query: str, variables: Any = None, name: str | None = None
) -> tuple[str, str]:
    """How an operation ran, and its answer."""
    body = {"query": query, "variables": variables, "operationName": name}
    response: httpx2.Response = client.http.post(client.url + "/graphql", json=body)
    return response.headers["x-execution"], response.text


def planned(client: Client, query: str, variables: Any = None, name: str | None = None) -> Any:
    """The data of an operation, which must be the same from graphql-core and, twice, from a plan. A
    blank turns a document that was sent before into a new one."""
    while (first := sent(client, query, variables, name))[0] == "plan":
        query += " "
    assert first[0] == "graphql-core"
    for _ in range(2):
        assert sent(client, query, variables, name) == ("plan", first[1])
    answer = json.loads(first[1])
    assert "errors" not in answer
    return answer["data"]


ORDER = 'order: salesOrderByNumber(number: "NW-10248")'
