"""How an operation runs: knows graphql-core and no orders."""
