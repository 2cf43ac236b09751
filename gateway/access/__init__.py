"""Who is calling: API keys, tokens, and what each caller may do and see."""
