"""The database. No other package uses SQL."""
