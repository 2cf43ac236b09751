"""The filter inputs of all types, made from their declared fields.

The tables list the names of all filter inputs, and `make_filters` makes them. A new operator needs its
description here and its SQL in storage/comparisons.py."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import ID, Maybe
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from gateway.api.declared_fields import PostalAddress
from gateway.api.entities import ENTITIES, EntityType
from gateway.execution.declarations import (
    ColumnField,
    ComputedField,
    Declaration,
    GroupField,
    PagedField,
    ToManyField,
    ToOneField,
)
from gateway.storage.conditions import MAX_LIST
from gateway.storage.tables.column_types import Base
from gateway.storage.tables.import_jobs import ImportJobStatus, ImportPolicy
from gateway.storage.tables.model_columns import lookup_column, value_type
from gateway.storage.tables.reference_enums import (
    AccountType,
    CustomerBlocked,
    CustomerType,
    ItemType,
    LineObjectKind,
    TaxRounding,
)
from gateway.storage.tables.sales_orders import LineRounding, SalesOrderLineType, SalesOrderStatus

CONDITIONS: dict[str, tuple[str, Any]] = {
    "IDCondition": ("ID", ID),
    "StringCondition": ("String", str),
    "NullableStringCondition": ("String", str),
    "IntCondition": ("Int", int),
    "NullableIntCondition": ("Int", int),
    "BooleanCondition": ("Boolean", bool),
    "DecimalCondition": ("Decimal", Decimal),
    "NullableDecimalCondition": ("Decimal", Decimal),
    "DateCondition": ("Date", dt.date),
    "NullableDateCondition": ("Date", dt.date),
    "DateTimeCondition": ("DateTime", dt.datetime),
    "NullableDateTimeCondition": ("DateTime", dt.datetime),
    "AccountTypeCondition": ("AccountType", AccountType),
    "CustomerBlockedCondition": ("CustomerBlocked", CustomerBlocked),
    "CustomerTypeCondition": ("CustomerType", CustomerType),
    "ImportJobStatusCondition": ("ImportJobStatus", ImportJobStatus),
    "ImportPolicyCondition": ("ImportPolicy", ImportPolicy),
    "ItemTypeCondition": ("ItemType", ItemType),
    "LineObjectKindCondition": ("LineObjectKind", LineObjectKind),
    "LineRoundingCondition": ("LineRounding", LineRounding),
    "SalesOrderLineTypeCondition": ("SalesOrderLineType", SalesOrderLineType),
    "SalesOrderStatusCondition": ("SalesOrderStatus", SalesOrderStatus),
    "TaxRoundingCondition": ("TaxRounding", TaxRounding),
}
"""The conditions on columns: the scalar or enum, and its type in Python."""

FILTERS = {
    "Account": "AccountFilter",
    "Currency": "CurrencyFilter",
    "Customer": "CustomerFilter",
    "ImportJob": "ImportJobFilter",
    "ImportProblem": "ImportProblemFilter",
    "Item": "ItemFilter",
    "ItemUnitOfMeasure": "ItemUnitOfMeasureFilter",
    "LineObject": "LineObjectFilter",
    "PaymentTerms": "PaymentTermsFilter",
    "SalesOrder": "SalesOrderFilter",
    "SalesOrderLine": "SalesOrderLineFilter",
    "ShipmentMethod": "ShipmentMethodFilter",
    "TaxCode": "TaxCodeFilter",
    "UnitOfMeasure": "UnitOfMeasureFilter",
}
"""The filter of each type."""

NULLABLE_FILTERS = {
    "Account": "NullableAccountFilter",
    "Currency": "NullableCurrencyFilter",
    "Customer": "NullableCustomerFilter",
    "Item": "NullableItemFilter",
    "LineObject": "NullableLineObjectFilter",
    "PaymentTerms": "NullablePaymentTermsFilter",
    "ShipmentMethod": "NullableShipmentMethodFilter",
    "TaxCode": "NullableTaxCodeFilter",
    "UnitOfMeasure": "NullableUnitOfMeasureFilter",
}
"""The filter on an object that may be missing, for each type with an optional reference to it."""

LIST_FILTERS = {
    "ImportProblem": "ImportProblemListFilter",
    "ItemUnitOfMeasure": "ItemUnitOfMeasureListFilter",
    "SalesOrder": "SalesOrderListFilter",
    "SalesOrderLine": "SalesOrderLineListFilter",
}
"""The filter on a list of objects, for each type that another type has a list of."""

ADDRESS_FILTER = "PostalAddressFilter"

EQUALITY = {
    "eq": "Equal to this.",
    "ne": "Not equal to this; matches where there is no value.",
    "in_": f"Equal to one of these, at most {MAX_LIST:,}.",
    "not_in": f"Equal to none of these, at most {MAX_LIST:,}; matches where there is no value.",
}
NUMBERS = {
    "lt": "Less than this.",
    "lte": "Less than this or equal to it.",
    "gt": "Greater than this.",
    "gte": "Greater than this or equal to it.",
}
TIMES = {
    "lt": "Before this.",
    "lte": "Before this or equal to it.",
    "gt": "After this.",
    "gte": "After this or equal to it.",
}
TEXTS = {
    "lt": "Before this by code point.",
    "lte": "Before this by code point, or equal to it.",
    "gt": "After this by code point.",
    "gte": "After this by code point, or equal to it.",
}
SEARCH = {
    "contains": "Contains this text, in upper or lower case.",
    "starts_with": "Starts with this text, in upper or lower case.",
    "contains_folded": "Contains this text, in upper or lower case and with or without accents:"
    " cafe finds Café.",
}
CASELESS = " `eq`, `ne`, `in` and `notIn` ignore case."
"""Added to the description of conditions on numbers and codes."""
DAY = "On this day in UTC, from midnight to midnight."
MISSING = "Whether there is no such object. The fields of a missing object are null."
COMBINATIONS = {
    "and_": "All of these hold; true if the list is empty.",
    "or_": "At least one of these holds; false if the list is empty.",
    "not_": "This does not hold.",
}
QUANTIFIERS = {
    "some": "At least one of them matches.",
    "every": "All of them match; true if there are none.",
    "none": "None of them matches.",
}
LISTS = {"in_", "not_in", "and_", "or_"}
"""The fields that take a list."""

OPERATORS_OF: dict[Any, dict[str, str]] = {
    str: EQUALITY | TEXTS | SEARCH,
    Decimal: EQUALITY | NUMBERS,
    int: EQUALITY | NUMBERS,
    dt.date: EQUALITY | TIMES,
    dt.datetime: EQUALITY | TIMES,
}
"""The operators for each Python type; other types have EQUALITY. storage/comparisons.py makes their
SQL."""

Inputs = Mapping[str, Any]
"""The classes of the inputs, by name."""

Fields = dict[str, tuple[Any, str]]
"""Type and description of input fields by name."""


def make_filters() -> Inputs:
    """All inputs in the tables. They refer to each other, so all classes are made before any of them
    gets its fields."""
    filters = [*FILTERS.values(), *NULLABLE_FILTERS.values(), *LIST_FILTERS.values()]
    names = [*CONDITIONS, ADDRESS_FILTER, *filters]
    inputs = {name: type(name, (), {"__module__": __name__}) for name in names}
    for name, (scalar, kind) in CONDITIONS.items():
        _define(inputs[name], f"Conditions on a value of type {scalar}.", _condition(name, kind))
    _define(inputs[ADDRESS_FILTER], "Conditions on an address.", _address(inputs))
    for target, name in FILTERS.items():
        fields = _of(COMBINATIONS, inputs[name]) | _filter(ENTITIES[target], inputs)
        _define(inputs[name], f"Conditions on objects of type {target}.", fields)
    for target, name in NULLABLE_FILTERS.items():
        fields = _of(COMBINATIONS, inputs[name]) | _filter(ENTITIES[target], inputs)
        fields["is_null"] = (bool, MISSING)
        _define(
            inputs[name], f"Conditions on an object of type {target} that may be missing.", fields
        )
    for target, name in LIST_FILTERS.items():
        description = f"How many {target} objects of a list must match."
        _define(inputs[name], description, _of(QUANTIFIERS, inputs[FILTERS[target]]))
    return inputs


def _define(cls: type, description: str, fields: Fields) -> None:
    """Make `cls` an input with fields that may be absent but not null."""
    maybe: Any = Maybe
    for field, (kind, text) in fields.items():
        name = to_camel_case(field.rstrip("_"))
        setattr(cls, field, strawberry.field(name=name, description=text, default=None))
        cls.__annotations__[field] = maybe[kind]
    everything = f"{description} All that are present must hold."
    strawberry.input(cls, description=everything)


def _of(operators: Mapping[str, str], kind: Any) -> Fields:
    return {name: (list[kind] if name in LISTS else kind, text) for name, text in operators.items()}


def _condition(name: str, kind: Any) -> Fields:
    fields = _of(OPERATORS_OF.get(kind, EQUALITY), kind)
    if kind is dt.datetime:
        fields["on"] = (dt.date, DAY)
    if name.startswith("Nullable"):
        fields["is_null"] = (bool, "Whether there is no value.")
    return fields


def _address(inputs: Inputs) -> Fields:
    definition = get_object_definition(PostalAddress, strict=True)
    text = inputs["NullableStringCondition"]
    return {part.python_name: (text, part.description or "") for part in definition.fields}


def _filter(entity: EntityType, inputs: Inputs) -> Fields:
    return {
        field: (
            inputs[_input_of(entity.model, field, declaration)],
            entity.descriptions[field]
            + (CASELESS if lookup_column(entity.model, field) != field else ""),
        )
        for field, declaration in entity.declared.items()
        if not isinstance(declaration, ComputedField)
    }


def _input_of(model: type[Base], name: str, declaration: Declaration) -> str:
    match declaration:
        case ColumnField():
            return _condition_on(model, name)
        case GroupField():
            return ADDRESS_FILTER
        case ToOneField(target, key):
            return (NULLABLE_FILTERS if value_type(model, key)[1] else FILTERS)[target]
        case ToManyField(target) | PagedField(target):
            return LIST_FILTERS[target]
    raise TypeError(f"{declaration} cannot be filtered by")


def _condition_on(model: type[Base], column: str) -> str:
    kind, nullable = value_type(model, column)
    if column in ("id", "etag"):
        return "IDCondition"
    scalars = {str: "String", int: "Int", bool: "Boolean", dt.date: "Date", dt.datetime: "DateTime"}
    return f"{'Nullable' if nullable else ''}{scalars.get(kind, kind.__name__)}Condition"
