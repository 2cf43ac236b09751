"""Explains how an operation runs."""

import json
from decimal import Decimal
from typing import Any

from graphql import GraphQLError, parse

from gateway.api.context import Context
from gateway.api.plan_runner import PlanRunner
from gateway.api.schema import RULES
from gateway.execution.document_validation import validation_errors
from gateway.execution.documents import Document, PreparedOperation
from gateway.execution.limits import TooLarge, check_document, check_text
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
        check_text(text, context.limits)
        tree = parse(text)
        check_document(tree, context.limits)
    except GraphQLError as error:
        raise CannotExplain(error.message) from None
    except TooLarge as too_large:
        raise CannotExplain(str(too_large)) from None
    errors = validation_errors(plans.core, tree, RULES)
    if errors:
        raise CannotExplain(errors[0].message)
    operation = Document(plans.core, tree, lambda _: None).operation(context.operation_name)
    if operation is None:
        raise CannotExplain("Name one of the document's operations with --operation.")
    return operation
