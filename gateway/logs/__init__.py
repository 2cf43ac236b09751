"""What the gateway logs, and where the lines go."""
