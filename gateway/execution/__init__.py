"""How an operation runs, whatever its schema is about. README.md describes the path."""
