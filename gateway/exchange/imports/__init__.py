"""Files into orders and reference data."""
