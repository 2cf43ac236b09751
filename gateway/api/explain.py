"""Explains how an operation runs."""

import json
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from gateway.api.context import Context
from gateway.api.plan_runner import PlanRunner
from gateway.api.valid_documents import InvalidDocument, valid_document
from gateway.execution.documents import PreparedOperation
from gateway.execution.limits import TooLarge
from gateway.execution.measurement import Measured
from gateway.execution.outline import outline
from gateway.execution.plan import NotPlanned


class CannotExplain(ValueError):
    """The operation cannot run; the message says why."""


def json_object(text: str) -> dict[str, Any]:
    """The variables in a JSON object; raises CannotExplain."""
    try:
        variables = json.loads(text, parse_float=Decimal)
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise CannotExplain('Variables are a JSON object such as {"first": 10}.')
    return variables


def explain_operation(
    plans: PlanRunner, text: str, variables: dict[str, Any], context: Context
) -> str:
    """The plan of an operation, the source generated from it, and its SQL; or why it has no plan.

    Raises CannotExplain."""
    operation = _operation(plans, text, context)
    try:
        context.measure(Measured(plans.core, operation.document, operation.node, variables))
        coerced = operation.coercion.coerced(variables)
        compiled, arguments = plans.prepared(operation, coerced, context)
    except TooLarge as too_large:
        raise CannotExplain(str(too_large)) from None
    except NotPlanned as reason:
        return f"graphql-core runs this, since {reason}.\n"
    except (GraphQLError, ValueError) as error:
        return f"graphql-core runs this, which reports an error: {error}\n"
    parts = [f"# Plan\n\n{outline(compiled.plan)}\n"]
    for program in compiled.programs:
        parts.append(f"# Source\n\n{program.program.source}")
        for number, sql in enumerate(plans.store.sql(program, arguments)):
            parts.append(f"# SQL {number}\n\n{sql}\n")
    return "\n".join(parts)


def _operation(plans: PlanRunner, text: str, context: Context) -> PreparedOperation:
    """The operation of a valid document; raises CannotExplain."""
    try:
        document = valid_document(plans, text, context)
    except InvalidDocument as invalid:
        raise CannotExplain(invalid.faults[0]) from None
    operation = document.operation(context.operation_name)
    if operation is None:
        raise CannotExplain("Name one of the document's operations with --operation.")
    return operation
