"""The column types and the tables."""
