"""Errors as clients see them: refusals as data, and top-level errors with a code and without internals.

The code and the text of every refusal are in orders/refusals.py."""

import logging
import uuid

import strawberry
from graphql import GraphQLError, GraphQLFormattedError, GraphQLSyntaxError, VariableNode
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.utils.str_converters import to_camel_case

from gateway.access.caller import MissingScope
from gateway.orders.problems import Problem, ProblemCode, encodable
from gateway.orders.transitions import Transition
from gateway.storage.conditions import BadFilter
from gateway.storage.failures import NotWritable, Overloaded, Unavailable
from gateway.storage.paging import BadCursor
from gateway.storage.scope import CompanyNotFound

log = logging.getLogger("gateway")

CODES: dict[type[Exception], str] = {
    BadCursor: "BAD_CURSOR",
    BadFilter: "BAD_USER_INPUT",
    CompanyNotFound: "COMPANY_NOT_FOUND",
    MissingScope: "FORBIDDEN",
    NotWritable: "NOT_WRITABLE",
    Overloaded: "OVERLOADED",
    Unavailable: "UNAVAILABLE",
}
"""Errors whose messages clients may see, and their codes."""


def code_of(error: BaseException | None) -> str | None:
    """The code of an error whose message clients may see; None for any other."""
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), None)


TEMPORARY = frozenset({"NOT_WRITABLE", "OVERLOADED", "UNAVAILABLE"})
"""The codes of failures that pass by themselves."""


class RequestError(GraphQLError):
    """An operation that cannot be answered because of the request. `path` leads to the wrong
    argument."""

    def __init__(self, message: str, code: str, path: tuple[str, ...] = ()) -> None:
        place = {"argumentPath": list(path)} if path else {}
        super().__init__(message, extensions={"code": code, **place})


def argument_path(error: GraphQLError) -> list[str]:
    """The path to the argument of a field whose resolver refused it; empty for any other error."""
    match error.original_error:
        case BadCursor(argument=argument):
            return [argument]
        case BadFilter(path=path):
            return ["filter", *(to_camel_case(step.rstrip("_")) for step in path)]
        case RequestError(extensions=extensions):
            return list((extensions or {}).get("argumentPath", ()))
    return []


def present(error: GraphQLError) -> GraphQLFormattedError:
    """`error` as a client sees it. A crash is logged under an id, and the client gets only the id."""
    formatted = error.formatted
    formatted["message"] = encodable(error.message)
    formatted["extensions"] = {**(error.extensions or {})}
    if path := formatted["extensions"].get("argumentPath"):
        formatted["extensions"]["argumentPath"] = [encodable(part) for part in path]
    cause = error.original_error
    if (code := code_of(cause)) is not None:
        formatted["extensions"]["code"] = code
    elif "argumentPath" in formatted["extensions"] and error.path is not None:
        formatted["extensions"].setdefault("code", "BAD_USER_INPUT")
    elif error.path is None and (cause is None or isinstance(cause, GraphQLError)):
        formatted["extensions"].setdefault("code", _code(error))
    elif error.path is None and isinstance(cause, ValueError):
        formatted["message"] = "A value in the document cannot be read."
        formatted["extensions"]["code"] = "GRAPHQL_VALIDATION_FAILED"
    elif error.path is not None and is_about_arguments(error):
        formatted["extensions"]["code"] = "BAD_USER_INPUT"
    elif "code" not in formatted["extensions"]:
        incident = uuid.uuid4().hex
        log.error("incident %s: %s", incident, error, exc_info=cause)
        formatted["message"] = "The gateway failed to answer this. It is logged under the incident."
        formatted["extensions"] = {"code": "INTERNAL_ERROR", "incident": incident}
    return formatted


def is_about_arguments(error: GraphQLError) -> bool:
    """Whether an error of a field is about a variable: graphql-core and Strawberry detect some faults
    only when they read the arguments."""
    if isinstance(error.original_error or error, StrawberryInputCoercionError):
        return True
    is_core = error.original_error is None or isinstance(error.original_error, GraphQLError)
    return is_core and any(isinstance(node, VariableNode) for node in error.nodes or ())


def _code(error: GraphQLError) -> str:
    is_syntax = isinstance(error, GraphQLSyntaxError)
    return "GRAPHQL_PARSE_FAILED" if is_syntax else "GRAPHQL_VALIDATION_FAILED"


@strawberry.type(description="A value in the message of a UserError.")
class UserErrorParameter:
    name: str = strawberry.field(
        description="The name of the value, which is the same in all errors of one kind."
    )
    value: str = strawberry.field(description="The value as it appears in the message.")


@strawberry.type(description="One reason why a change was refused.")
class UserError:
    message: str = strawberry.field(description="An explanation for people.")
    code: ProblemCode = strawberry.field(description="The kind of refusal, for programs.")
    path: list[str] = strawberry.field(
        description="The path to the value in the arguments: names and list indexes, outermost first."
    )
    parameters: list[UserErrorParameter] = strawberry.field(
        description="The values in the message, for translations. `first` names the mutations that"
        " would make the change possible."
    )
    rejected_value: str | None = strawberry.field(description="The value as the gateway read it.")
    suggestions: list[str] = strawberry.field(
        description="Values that would be accepted, the best first; for a number, its bounds."
    )


MUTATIONS = {
    Transition.UPDATE: "updateSalesOrder",
    Transition.SUBMIT_FOR_REVIEW: "submitSalesOrderForReview",
    Transition.APPROVE: "approveSalesOrder",
    Transition.REJECT: "rejectSalesOrder",
    Transition.RELEASE: "releaseSalesOrder",
    Transition.REOPEN: "reopenSalesOrder",
    Transition.SHIP: "shipSalesOrder",
    Transition.INVOICE: "invoiceSalesOrder",
    Transition.SHIP_AND_INVOICE: "shipAndInvoiceSalesOrder",
    Transition.REGISTER_PAYMENT: "registerSalesOrderPayment",
    Transition.CANCEL: "cancelSalesOrder",
    Transition.HOLD: "holdSalesOrder",
    Transition.RESUME: "resumeSalesOrder",
    Transition.DELETE: "deleteSalesOrder",
}
"""The mutation that carries out each transition."""

OUTSIDE_INPUT = {"id", "if_match"}
"""The arguments other than the input."""


def user_error(problem: Problem, root: str | None) -> UserError:
    """`problem` as data; a path into the input starts with the argument `root`."""
    names = [to_camel_case(name) for name in problem.path]
    if root is not None and problem.path[0] not in OUTSIDE_INPUT:
        names.insert(0, root)
    first = " or ".join(MUTATIONS[transition] for transition in problem.first)
    instead = " or ".join(MUTATIONS[transition] for transition in problem.instead)
    advice = f" First {first}." if first else f" Use {instead}." if instead else ""
    return UserError(
        message=problem.message + advice,
        code=problem.code,
        path=names,
        parameters=[
            UserErrorParameter(name=to_camel_case(name), value=value)
            for name, value in (*problem.parameters, ("first", first), ("instead", instead))
            if value or name not in ("first", "instead")
        ],
        rejected_value=problem.rejected_value,
        suggestions=[*problem.suggestions, *(MUTATIONS[each] for each in problem.instead)],
    )
