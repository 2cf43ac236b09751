"""The GraphQL schema. No other package imports strawberry."""
