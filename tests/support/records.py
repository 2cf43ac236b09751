"""Reads the records that orders refer to."""

from tests.support.served import Client


def record_id(client: Client, connection: str, **by: str) -> str:
    [(name, value)] = by.items()
    document = f'{{ {connection}(filter: {{{name}: {{eq: "{value}"}}}}) {{ nodes {{ id }} }} }}'
    [node] = client.ask(document)[connection]["nodes"]
    return str(node["id"])
