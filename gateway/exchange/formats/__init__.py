"""Between bytes and sheets of cells, in both directions."""
