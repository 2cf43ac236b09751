"""The log of the gateway."""
