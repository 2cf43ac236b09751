"""File formats: reading bytes as sheets of cells, and writing rows as bytes."""
