"""The operations A, B and C each as one SQL statement that returns the JSON text: the least
work that a database can do. The peer `limit` and the bare SQLite statement run these."""

from collections.abc import Sequence
from dataclasses import dataclass

Field = tuple[str, str, str]
"""Key, column and kind. A kind that ends in ? may be null."""

HEADER: list[Field] = [
    ("id", "id", "plain"),
    ("number", "number", "text"),
    ("externalDocumentNumber", "external_document_number", "text?"),
    ("orderDate", "order_date", "plain"),
    ("postingDate", "posting_date", "plain"),
    ("status", "status", "plain"),
    ("customerName", "customer_name", "text"),
    ("totalAmountExcludingTax", "total_amount_excluding_tax", "decimal"),
    ("totalTaxAmount", "total_tax_amount", "decimal"),
    ("totalAmountIncludingTax", "total_amount_including_tax", "decimal"),
    ("requestedDeliveryDate", "requested_delivery_date", "plain?"),
    ("lastModifiedDateTime", "last_modified_date_time", "instant"),
]
CUSTOMER: list[Field] = [
    ("id", "id", "plain"),
    ("number", "number", "text"),
    ("displayName", "display_name", "text"),
    ("email", "email", "text?"),
]
ITEM: list[Field] = CUSTOMER[:3]
LINE: list[Field] = [
    ("id", "id", "plain"),
    ("sequence", "sequence", "integer"),
    ("lineType", "line_type", "plain"),
    ("description", "description", "text?"),
    ("quantity", "quantity", "decimal"),
    ("unitPrice", "unit_price", "decimal"),
    ("discountPercent", "discount_percent", "decimal"),
    ("taxPercent", "tax_percent", "decimal"),
    ("netAmount", "net_amount", "decimal"),
    ("netTaxAmount", "net_tax_amount", "decimal"),
    ("netAmountIncludingTax", "net_amount_including_tax", "decimal"),
    ("shipmentDate", "shipment_date", "plain?"),
]


@dataclass(frozen=True)
class Dialect:
    """The SQL by which a database writes JSON. In each pattern {} is the column. A pattern returns JSON
    text, or only the inside of a quoted string."""

    between_quotes: dict[str, str]
    json: dict[str, str]
    concatenation: tuple[str, str, str]
    joined: str
    parameter: str
    result: str

    def concat(self, parts: list[str]) -> str:
        """The SQL that concatenates several texts, with neighbouring literals joined."""
        merged: list[str] = []
        for part in parts:
            if merged and merged[-1].endswith("'") and part.startswith("'"):
                merged[-1] = merged[-1][:-1] + part[1:]
            else:
                merged.append(part)
        opening, between, closing = self.concatenation
        return opening + between.join(merged) + closing

    def value(self, kind: str, column: str) -> list[str]:
        if kind in self.between_quotes:
            return ["'\"'", self.between_quotes[kind].format(column), "'\"'"]
        return [self.json[kind].format(column)]

    def object(self, alias: str, fields: list[Field], more: Sequence[str] = ()) -> str:
        parts = ["'{'"]
        for number, (key, column, kind) in enumerate(fields):
            comma = "," if number else ""
            parts += [f"'{comma}\"{key}\":'", *self.value(kind, f"{alias}.{column}")]
        return self.concat([*parts, *more, "'}'"])

    def list(self, rows: str) -> str:
        """The SQL of a JSON list of the objects `j` in the statement `rows`, in its order."""
        joined = self.concat(["'['", f"coalesce({self.joined}, '')", "']'"])
        return f"SELECT {joined} FROM ({rows}) AS list"


POSTGRESQL = Dialect(
    between_quotes={
        "plain": "{}",
        "decimal": "trim_scale({})",
        "instant": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    },
    json={
        "text": "to_json({})",
        "text?": "coalesce(to_json({})::text, 'null')",
        "plain?": "coalesce('\"' || {} || '\"', 'null')",
        "integer": "{}",
    },
    concatenation=("concat(", ", ", ")"),
    joined="string_agg(j, ',')",
    parameter="$",
    result="convert_to(({}), 'UTF8')",
)
SQLITE = Dialect(
    between_quotes={
        "plain": "{}",
        "decimal": "iif({0} % 100000, rtrim(printf('%d.%05d', {0} / 100000, {0} % 100000), '0'),"
        " {0} / 100000)",
        "instant": "replace(substr({}, 1, 19), ' ', 'T') || 'Z'",
    },
    json={
        "text": "json_quote({})",
        "text?": "json_quote({})",
        "plain?": "coalesce('\"' || {} || '\"', 'null')",
        "integer": "{}",
    },
    concatenation=("", " || ", ""),
    joined="group_concat(j, ',')",
    parameter="?",
    result="({})",
)
"""The pattern for decimals relies on the benchmark having no negative amounts."""


def statement(dialect: Dialect, workload: str) -> str:
    """The SQL of A (company, id), B or C (company, day, maximum number of rows)."""
    company, key, most = (f"{dialect.parameter}{number}" for number in (1, 2, 3))
    made = dialect.object("o", HEADER) if workload == "C" else _order(dialect)
    found = f"SELECT {made} AS j FROM sales_orders AS o WHERE o.company_id = {company}"
    if workload == "A":
        sql = f"{found} AND o.id = {key}"
    else:
        latest = f"ORDER BY o.order_date DESC, o.id DESC LIMIT {most}"
        sql = dialect.list(f"{found} AND o.order_date = {key} {latest}")
    return f"SELECT {dialect.result.format(sql)}"


def _order(dialect: Dialect) -> str:
    """An order with its customer, its lines and their items."""
    customer = (
        f"SELECT {dialect.object('c', CUSTOMER)} FROM customers AS c"
        " WHERE c.company_id = o.company_id AND c.id = o.customer_id"
    )
    item = (
        f"SELECT {dialect.object('i', ITEM)} FROM items AS i"
        " WHERE i.company_id = l.company_id AND i.id = l.item_id"
    )
    line = dialect.object("l", LINE, ["',\"item\":'", f"coalesce(({item}), 'null')"])
    lines = dialect.list(
        f"SELECT {line} AS j FROM sales_order_lines AS l WHERE l.company_id = o.company_id"
        " AND l.sales_order_id = o.id ORDER BY l.sequence"
    )
    relations = ["',\"customer\":'", f"({customer})", "',\"lines\":'", f"({lines})"]
    return dialect.object("o", HEADER, relations)
