"""Mappings between the columns of files and the fields of orders and reference data."""
