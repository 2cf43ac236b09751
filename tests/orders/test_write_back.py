"""Every input field is written and read back: on creation, in a patch, cleared, and through a file. The
fields come from the input types of the schema, so that a field which lacks a declaration fails."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLSchema, build_schema, get_named_type

from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.exporting import exported, imported
from tests.support.paths import SCHEMA_FILE
from tests.support.requests import Fields, line, order, sold
from tests.support.served import Client, serving
from tests.support.world import load_world

SCHEMA: GraphQLSchema = build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))
PARTS = ("addressLine1", "addressLine2", "city", "state", "country", "postCode")
VALUES: Fields = {
    "String": "something",
    "Decimal": "3",
    "Int": 7,
    "Date": "2020-02-29",
    "Boolean": True,
    "LineRounding": "ONE_STEP",
    "SalesOrderLineType": "RESOURCE",
    "PostalAddressInput": {part: part[:10] for part in PARTS} | {"country": "DE"},
}
"""By type; a reference names the last record of its kind."""
OWN_VALUES: Fields = {
    "email": "me@example.com",
    "phoneNumber": "+1 555",
    "partialShipping": False,
    "lineObjectNumber": "RESOURCE",
    "item": {"number": "TIMED"},
    "account": {"number": "6110"},
    "customer": {"number": "C1"},
    "billToCustomer": {"number": "C1"},
    "unitOfMeasure": {"code": "PCS"},
}
BESIDE: dict[str, Fields] = {
    "lineType": {"lineObjectNumber": "RESOURCE"},
    "lineObjectNumber": {"lineType": "RESOURCE"},
}
"""Other fields that a line needs for this field to be valid."""
NAMES_OBJECT = {"item", "account", "lineType", "lineObjectNumber"}
"""Null in these fields does not change what a line sells."""
STRUCTURE = {"id", "lines"}


def inputs(name: str) -> dict[str, str]:
    """The fields of an input type, each with the name of its type."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return {
        field: get_named_type(argument.type).name
        for field, argument in kind.fields.items()
        if field not in STRUCTURE
    }


CREATED_HEADER, CREATED_LINE = inputs("CreateSalesOrderInput"), inputs("SalesOrderLineInput")
PATCHED_HEADER = inputs("UpdateSalesOrderInput")
PATCHED_LINE = inputs("UpdateSalesOrderLineInput")


def key_of(kind: str) -> str:
    """The field by which people refer to a record, from the type of a reference."""
    return "number" if "number" in inputs(kind) else "code"


def selected(fields: dict[str, str]) -> str:
    """A selection of the output fields with the names of these input fields."""
    inner = {"PostalAddressInput": " ".join(PARTS)}
    return " ".join(
        name if not kind.endswith("Input") else f"{name} {{ {inner.get(kind) or key_of(kind)} }}"
        for name, kind in fields.items()
    )


SELECTION = f"id number {selected(CREATED_HEADER)} lines {{ id {selected(CREATED_LINE)} }}"
CREATE = f"""mutation ($input: CreateSalesOrderInput!) {{ it: createSalesOrder(input: $input) {{
  salesOrder {{ {SELECTION} }} userErrors {{ code path message }} }} }}"""
UPDATE = f"""mutation ($id: ID!, $input: UpdateSalesOrderInput!) {{
  it: updateSalesOrder(id: $id, input: $input) {{
    salesOrder {{ {SELECTION} }} userErrors {{ code path message }} }} }}"""
READ = f"query ($number: String!) {{ it: salesOrderByNumber(number: $number) {{ {SELECTION} }} }}"


@dataclass(frozen=True)
class Desk:
    client: Client
    url: str

    def value(self, name: str, kind: str) -> Any:
        """A value for a field that is not its default."""
        if name in OWN_VALUES or kind in VALUES:
            return OWN_VALUES.get(name, VALUES.get(kind))
        target, key = kind.removesuffix("RefInput"), key_of(kind)
        query = SCHEMA.query_type
        assert query is not None
        connection = f"{target}Connection"
        [field] = [n for n, f in query.fields.items() if get_named_type(f.type).name == connection]
        nodes = self.client.ask(f"{{ it: {field}(last: 1) {{ nodes {{ {key} }} }} }}")["it"][
            "nodes"
        ]
        assert nodes, f"the world has no {target}"
        return {key: nodes[0][key]}

    def create(self, given: Fields) -> Fields:
        return self._written(CREATE, input=given)

    def update(self, created: Fields, patch: Fields) -> Fields:
        return self._written(UPDATE, id=created["id"], input=patch)

    def _written(self, document: str, **variables: Any) -> Fields:
        """The order that is written, as it is read afterwards."""
        answer = self.client.ask(document, **variables)["it"]
        assert answer["userErrors"] == [], variables
        stored = self.read(answer["salesOrder"]["number"])
        assert stored == answer["salesOrder"]
        return stored

    def read(self, number: str) -> Fields:
        return dict(self.client.ask(READ, number=number)["it"])


@pytest.fixture(scope="module")
def desk(templates: Templates) -> Iterator[Desk]:
    url = templates.copy("world", load_world)
    with serving(Settings(database_url=url)) as client:
        yield Desk(client, url)


def header_order(name: str, **fields: Any) -> Fields:
    """An order of PAYER, who has hardly any defaults, with this header; a discount needs a line with a
    price."""
    lines = [line(quantity="5")] if name.startswith("discount") else []
    return order(*lines, **{"customer": {"number": "PAYER"}} | fields)


def line_order(name: str, **fields: Any) -> Fields:
    """An order of one line with these fields, which sells an item unless the field names its object."""
    base = {"quantity": "5"} if name in NAMES_OBJECT else line("BOXED", quantity="5")
    return order(base | BESIDE.get(name, {}) | fields)


HEADER_FIELDS = [pytest.param(name, kind, id=name) for name, kind in CREATED_HEADER.items()]
LINE_FIELDS = [pytest.param(name, kind, id=name) for name, kind in CREATED_LINE.items()]
PATCHED_HEADER_FIELDS = [pytest.param(name, kind, id=name) for name, kind in PATCHED_HEADER.items()]
PATCHED_LINE_FIELDS = [pytest.param(name, kind, id=name) for name, kind in PATCHED_LINE.items()]


@pytest.mark.parametrize(("name", "kind"), HEADER_FIELDS)
def test_a_new_order_has_the_value_of_each_header_field(desk: Desk, name: str, kind: str) -> None:
    value = desk.value(name, kind)
    assert desk.create(header_order(name, **{name: value}))[name] == value


@pytest.mark.parametrize(("name", "kind"), LINE_FIELDS)
def test_a_new_line_has_the_value_of_each_field(desk: Desk, name: str, kind: str) -> None:
    value = desk.value(name, kind)
    [created] = desk.create(line_order(name, **{name: value}))["lines"]
    assert created[name] == value


def is_cleared(value: Any, default: Any) -> bool:
    """Whether null gave a field no value, or that of an order which does not name it."""
    is_empty = not any(value.values()) if isinstance(value, dict) else value is None
    return is_empty or bool(value == default)


@pytest.mark.parametrize(("name", "kind"), PATCHED_HEADER_FIELDS)
def test_a_patch_sets_and_clears_each_header_field(desk: Desk, name: str, kind: str) -> None:
    value = desk.value(name, kind)
    plain = desk.create(header_order(name))
    changed = desk.update(plain, {name: value})
    assert plain[name] != value
    assert changed[name] == value
    if name == "customer":
        refusal = desk.client.ask(UPDATE, id=plain["id"], input={name: None})["it"]["userErrors"]
        assert [(each["code"], each["path"]) for each in refusal] == [("REQUIRED", ["input", name])]
    else:
        assert is_cleared(desk.update(plain, {name: None})[name], plain[name])


@pytest.mark.parametrize(("name", "kind"), PATCHED_LINE_FIELDS)
def test_a_patch_sets_and_clears_each_field_of_a_line(desk: Desk, name: str, kind: str) -> None:
    value = desk.value(name, kind)
    plain = desk.create(order(line("BOXED", quantity="5")))
    default = plain["lines"][0] | {"quantity": "0"}
    key = plain["lines"][0]["id"]

    def patch(**fields: Any) -> Any:
        updated = desk.update(plain, {"lines": {"update": [{"id": key} | fields]}})
        return updated["lines"][0][name]

    assert plain["lines"][0][name] != value
    assert patch(**BESIDE.get(name, {}), **{name: value}) == value
    assert name in NAMES_OBJECT or is_cleared(patch(**{name: None}), default[name])


def test_a_file_of_orders_has_every_field(desk: Desk, templates: Templates, tmp_path: Path) -> None:
    """Orders that are exported from one database and imported into another are read back unchanged."""
    makers: list[tuple[Callable[..., Fields], dict[str, str]]] = [
        (header_order, CREATED_HEADER),
        (line_order, CREATED_LINE),
    ]
    created = [
        desk.create(maker(name, **{name: desk.value(name, kind)}))
        for maker, fields in makers
        for name, kind in fields.items()
    ]
    created.append(desk.create(order(sold("CHARGE"))))
    other = templates.copy("world", load_world)

    async def copy() -> None:
        source, target = Database(desk.url), Database(other)
        path = tmp_path / "sales-orders.jsonl"
        path.write_bytes(await exported(source))
        job, counts = await imported(target, path)
        assert job.problems == 0, counts
        await source.dispose()
        await target.dispose()

    asyncio.run(copy())
    with serving(Settings(database_url=other)) as client:
        copied = Desk(client, other)
        for one in created:
            assert without_ids(copied.read(one["number"])) == without_ids(one)


def without_ids(created: Fields) -> Fields:
    lines = [{**each, "id": None} for each in created["lines"]]
    return {**created, "id": None, "lines": lines}
