"""Messages of libraries about clients that left, which are no defects."""

import logging


class ClientsThatLeft(logging.Filter):
    """Drops nothing yet."""
