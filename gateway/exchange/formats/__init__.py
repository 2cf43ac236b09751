"""File formats: reading bytes as sheets of cells, and writing rows as bytes.

A new import format needs a module of its own that reads a FileSource as sheets, and a case in
detection.py."""
