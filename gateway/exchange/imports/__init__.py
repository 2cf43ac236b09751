"""Importing files as orders and reference data."""
