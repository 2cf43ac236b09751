"""Checks documents outside of a request."""

from graphql import GraphQLError, parse

from gateway.api.context import Context
from gateway.api.plan_runner import PlanRunner
from gateway.api.schema import RULES, VALID
from gateway.execution.document_validation import validation_errors
from gateway.execution.documents import Document
from gateway.execution.limits import TooLarge, check_document, check_text


class InvalidDocument(ValueError):
    """A document that cannot run, with the reasons."""

    def __init__(self, *faults: str) -> None:
        super().__init__(faults[0])
        self.faults = faults


def valid_document(plans: PlanRunner, text: str, context: Context) -> Document:
    """The document with this text, which is noted as valid. Raises InvalidDocument."""
    try:
        check_text(text, context.limits)
        tree = parse(text)
        check_document(tree, context.limits)
    except GraphQLError as error:
        raise InvalidDocument(error.message) from None
    except TooLarge as too_large:
        raise InvalidDocument(str(too_large)) from None
    errors = VALID.errors(text, lambda: validation_errors(plans.core, tree, RULES))
    if errors:
        raise InvalidDocument(*(error.message for error in errors))
    return Document(plans.core, tree, lambda _size: None)
