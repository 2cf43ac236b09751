"""What compiled operations read."""
