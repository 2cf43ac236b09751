"""Between the columns of a file and the fields of orders and reference data."""
