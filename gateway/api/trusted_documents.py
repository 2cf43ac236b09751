"""Trusted documents: checks them, and compiles them before the first request."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.api.context import Context
from gateway.api.plan_runner import PlanRunner
from gateway.api.valid_documents import InvalidDocument, valid_document
from gateway.execution.documents import PreparedOperation
from gateway.execution.limits import TooLarge
from gateway.execution.manifests import BadManifest, ManifestEntry
from gateway.execution.measurement import Measured
from gateway.execution.outline import outline
from gateway.execution.plan import NotPlanned

ALL = "`gateway documents check` prints all faults."


@dataclass(frozen=True)
class CheckedOperation:
    """An operation of a trusted document."""

    name: str
    """With its kind, such as "query Orders"."""
    cost: int
    """With pages of the default size, where a variable sets the size."""
    most: int
    """With the largest pages."""
    plan: str
    """As text, or why there is none."""


@dataclass(frozen=True)
class CheckedDocument:
    """A document of a manifest, with its operations, or with the reasons why it cannot run."""

    id: str
    operations: Sequence[CheckedOperation] = ()
    faults: Sequence[str] = ()


def checked_document(plans: PlanRunner, entry: ManifestEntry, context: Context) -> CheckedDocument:
    try:
        operations = _operations(plans, entry, context)
    except InvalidDocument as invalid:
        return CheckedDocument(entry.id, faults=invalid.faults)
    return CheckedDocument(entry.id, [_checked(plans, each, context) for each in operations])


def check_trusted(plans: PlanRunner, entries: Sequence[ManifestEntry], context: Context) -> None:
    """Raises BadManifest if a document of manifests cannot run."""
    for entry in entries:
        try:
            _operations(plans, entry, context)
        except InvalidDocument as invalid:
            message = f"The trusted document {entry.id} cannot run: {invalid} {ALL}"
            raise BadManifest(message) from None


def trust_documents(plans: PlanRunner, entries: Sequence[ManifestEntry], context: Context) -> None:
    """Compile the documents of manifests. Raises BadManifest if one of them cannot run."""
    check_trusted(plans, entries, context)
    for entry in entries:
        plans.trust(entry.text)


def _operations(
    plans: PlanRunner, entry: ManifestEntry, context: Context
) -> list[PreparedOperation]:
    """The operations of a document, each within all limits. Raises InvalidDocument."""
    operations = valid_document(plans, entry.text, context).operations()
    for operation in operations:
        measured = Measured(plans.core, operation.document, operation.node, {})
        try:
            size = measured.size(context.pages, context.limits)
            measured.check(size, context.pages, context.limits)
        except TooLarge as too_large:
            raise InvalidDocument(str(too_large)) from None
    return operations


def _checked(plans: PlanRunner, operation: PreparedOperation, context: Context) -> CheckedOperation:
    node = operation.node
    name = (
        node.operation.value if node.name is None else f"{node.operation.value} {node.name.value}"
    )
    largest = dict.fromkeys(operation.sizes, context.pages.largest)
    cost, most = (_cost(plans, operation, context, sizes) for sizes in ({}, largest))
    return CheckedOperation(name, cost, most, _plan(plans, operation))


def _cost(
    plans: PlanRunner, operation: PreparedOperation, context: Context, sizes: dict[str, int]
) -> int:
    measured = Measured(plans.core, operation.document, operation.node, sizes)
    return measured.size(context.pages, context.limits).cost


def _plan(plans: PlanRunner, operation: PreparedOperation) -> str:
    try:
        return outline(plans.compiled(operation, next(operation.combinations())).plan)
    except NotPlanned as reason:
        return f"graphql-core runs this, since {reason}."
