"""The limits of a deployment that sets none."""

from gateway.orders.service import Rules
from gateway.settings import Settings

RULES = Rules(largest_order=Settings.model_fields["max_lines"].default)
