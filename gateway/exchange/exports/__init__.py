"""Exporting orders and reference data as files of every format."""
