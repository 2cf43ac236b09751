"""A company to play with: Northwind."""
