"""Messages of libraries about disconnected clients, which are not defects."""

import logging


class ClientsThatLeft(logging.Filter):
    """Drops nothing yet."""
