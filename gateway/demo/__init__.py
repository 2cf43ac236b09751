"""The demo company, Northwind."""
