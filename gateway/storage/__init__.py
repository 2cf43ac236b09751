"""Where orders are kept: the only package that speaks SQL."""
