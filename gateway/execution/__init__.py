"""Runs operations of any schema. README.md describes the path of an operation."""
