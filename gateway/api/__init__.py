"""What clients see: the GraphQL schema. The only package that imports strawberry."""
