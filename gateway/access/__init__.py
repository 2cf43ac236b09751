"""Identifies callers by API keys and tokens, with what each may do and see."""
