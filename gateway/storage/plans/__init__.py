"""The rows that compiled operations read."""
