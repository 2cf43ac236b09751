"""The mutations of records that orders refer to."""

from collections.abc import Awaitable
from typing import Annotated, Any

import strawberry

from gateway.access.scopes import AccessScope
from gateway.api.changes import perform
from gateway.api.context import Info
from gateway.api.declared_fields import declared_field
from gateway.api.errors import UserError
from gateway.api.inputs import change_from
from gateway.api.mutations import DryRun, IfMatch, expected_etag
from gateway.api.record_inputs import (
    ACCOUNT,
    CURRENCY,
    CUSTOMER,
    ITEM,
    LINE_OBJECT,
    PAYMENT_TERMS,
    SHIPMENT_METHOD,
    TAX_CODE,
    UNIT_OF_MEASURE,
    RecordType,
)
from gateway.api.required_scopes import requires
from gateway.execution.declarations import MutationField
from gateway.orders import records
from gateway.storage.writing import Writer

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the record.")]


def _payload(name: str, kind: Any, field: str, description: str, field_description: str) -> Any:
    errors = "Every reason for a refusal; empty if there was none."
    members = {
        "__module__": __name__,
        "__annotations__": {field: kind | None, "user_errors": list[UserError]},
        field: strawberry.field(description=field_description, default=None),
        "user_errors": strawberry.field(description=errors, default_factory=list),
    }
    return strawberry.type(type(name, (), members), description=description)


def payload_of(of: RecordType, verb: str) -> Any:
    """The payload of create, update or upsert."""
    mutation = f"{verb}{of.name}" if verb != "upsert" else f"upsert{of.name}s"
    return _payload(
        f"{verb.title()}{of.name}Payload",
        of.type,
        result_of(of),
        f"The result of `{mutation}`.",
        f"The {of.noun} after the mutation; null if it was refused.",
    )


def result_of(of: RecordType) -> str:
    """The field of a payload that contains the record."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in of.name).lstrip("_")


def _create(of: RecordType) -> Any:
    payload, input_type = payload_of(of, "create"), of.create_input

    async def resolve(
        info: Info,
        input: Annotated[
            input_type,  # type: ignore[valid-type] # made at runtime
            strawberry.argument(description="The values of the new record."),
        ],
        dry_run: DryRun = False,
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return records.create_record(writer, of.record, change_from(input))

        return await perform(
            info, payload, change, dry_run=dry_run, root="input", result=result_of(of)
        )

    return _mutation(resolve, payload, f"Create {of.one}. Its {of.record.key} must be new.")


def _update(of: RecordType) -> Any:
    payload, input_type = payload_of(of, "update"), of.update_input

    async def resolve(
        info: Info,
        id: Id,
        input: Annotated[
            input_type,  # type: ignore[valid-type] # made at runtime
            strawberry.argument(description="The fields that change."),
        ],
        if_match: IfMatch = strawberry.UNSET,
        dry_run: DryRun = False,
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            etag = expected_etag(info, if_match)
            return records.update_record(writer, of.record, id, change_from(input), etag)

        return await perform(
            info, payload, change, dry_run=dry_run, root="input", result=result_of(of)
        )

    return _mutation(
        resolve,
        payload,
        f"Change {of.one}, all or nothing. Existing orders keep the values that they copied.",
    )


def _delete(of: RecordType) -> Any:
    payload = _payload(
        f"Delete{of.name}Payload",
        strawberry.ID,
        "deleted_id",
        f"The result of `delete{of.name}`.",
        f"Id of the deleted {of.noun}; null if the mutation was refused.",
    )

    async def resolve(
        info: Info, id: Id, if_match: IfMatch = strawberry.UNSET, dry_run: DryRun = False
    ) -> Any:
        def change(writer: Writer) -> Awaitable[Any]:
            return records.delete_record(writer, of.record, id, expected_etag(info, if_match))

        return await perform(info, payload, change, dry_run=dry_run, result="deleted_id")

    return _mutation(resolve, payload, f"Delete {of.one} that no order or other record refers to.")


def _mutation(resolve: Any, payload: Any, description: str) -> Any:
    resolve.__annotations__["return"] = payload | None
    return declared_field(resolve, description, MutationField())


@requires(AccessScope.REFERENCE_WRITE)
@strawberry.type
class RecordMutation:
    create_account = _create(ACCOUNT)
    update_account = _update(ACCOUNT)
    delete_account = _delete(ACCOUNT)
    create_currency = _create(CURRENCY)
    update_currency = _update(CURRENCY)
    delete_currency = _delete(CURRENCY)
    create_customer = _create(CUSTOMER)
    update_customer = _update(CUSTOMER)
    delete_customer = _delete(CUSTOMER)
    create_item = _create(ITEM)
    update_item = _update(ITEM)
    delete_item = _delete(ITEM)
    create_line_object = _create(LINE_OBJECT)
    update_line_object = _update(LINE_OBJECT)
    delete_line_object = _delete(LINE_OBJECT)
    create_payment_terms = _create(PAYMENT_TERMS)
    update_payment_terms = _update(PAYMENT_TERMS)
    delete_payment_terms = _delete(PAYMENT_TERMS)
    create_shipment_method = _create(SHIPMENT_METHOD)
    update_shipment_method = _update(SHIPMENT_METHOD)
    delete_shipment_method = _delete(SHIPMENT_METHOD)
    create_tax_code = _create(TAX_CODE)
    update_tax_code = _update(TAX_CODE)
    delete_tax_code = _delete(TAX_CODE)
    create_unit_of_measure = _create(UNIT_OF_MEASURE)
    update_unit_of_measure = _update(UNIT_OF_MEASURE)
    delete_unit_of_measure = _delete(UNIT_OF_MEASURE)
