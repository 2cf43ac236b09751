"""The HTTP header If-Match, which stands in for the argument `ifMatch` of a single mutation (RULES.md
6.3)."""

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode

from gateway.api.errors import RequestError
from gateway.execution.selection import fields_by_name

ARGUMENT = "ifMatch"


def check_header(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> None:
    """Raises RequestError unless it is clear which record of a valid operation the header refers to."""
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    names = [
        node.name.value
        for nodes in fields_by_name([operation], fragments).values()
        for node in nodes
        if node.name.value != "__typename"
    ]
    if len(names) != 1:
        message = "The header If-Match is for a single mutation. Give each mutation its ifMatch."
        raise RequestError(message, "BAD_USER_INPUT")
    root = schema.mutation_type
    if root is not None and ARGUMENT not in root.fields[names[0]].args:
        message = f"{names[0]} has no argument ifMatch, so it takes no header If-Match."
        raise RequestError(message, "BAD_USER_INPUT")
