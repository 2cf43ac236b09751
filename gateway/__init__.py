"""A GraphQL gateway over sales orders."""
