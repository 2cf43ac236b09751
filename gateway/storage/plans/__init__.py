"""Reads rows for compiled operations."""
