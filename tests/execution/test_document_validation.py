"""The documents that need not be validated again."""

from graphql import GraphQLError

from gateway.execution.document_validation import ValidDocuments


class Validation:
    """Counts the documents that are validated, and finds the same errors in each."""

    def __init__(self, *errors: GraphQLError) -> None:
        self.errors = list(errors)
        self.runs = 0

    def __call__(self) -> list[GraphQLError]:
        self.runs += 1
        return self.errors


def test_a_valid_document_is_validated_once() -> None:
    documents, validation = ValidDocuments(), Validation()
    assert documents.errors("{ a }", validation) == []
    assert documents.errors("{ a }", validation) == []
    assert validation.runs == 1
    documents.errors("{ b }", validation)
    assert validation.runs == 2


def test_an_invalid_document_has_its_errors_each_time() -> None:
    documents, validation = ValidDocuments(), Validation(GraphQLError("Unknown."))
    for _ in range(2):
        assert documents.errors("{ a }", validation) == validation.errors
    assert validation.runs == 2


def test_the_document_that_has_not_come_for_longest_is_forgotten_first() -> None:
    documents, validation = ValidDocuments(most=2), Validation()
    for text in ("a", "b", "a", "c"):
        documents.errors(text, validation)
    assert validation.runs == 3
    documents.errors("a", validation)
    assert validation.runs == 3
    documents.errors("b", validation)
    assert validation.runs == 4
