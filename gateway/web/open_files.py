"""The limit of open files, which also limits connections."""

import logging
import resource

log = logging.getLogger("gateway.connections")

RESERVED = 200
"""Open files that are not accepted connections: the database, uploads, processes, and connections that
are being refused."""

MOST_CONNECTIONS = 10_000
"""The default, whatever the limit of open files."""


def most_connections(wanted: int | None) -> int:
    """The number of connections to accept: `wanted`, or fewer if the limit of open files cannot be
    raised enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted is None:
        return connections_within(soft, MOST_CONNECTIONS)
    if connections_within(soft, wanted) < wanted:
        soft = wanted + RESERVED if hard == resource.RLIM_INFINITY else min(hard, wanted + RESERVED)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    possible = connections_within(soft, wanted)
    if possible < wanted:
        log.warning(
            "accepting %d connections instead of %d: at most %d files may be open (ulimit -n)",
            possible,
            wanted,
            soft,
        )
    return possible


def connections_within(open_files: int, wanted: int) -> int:
    """The number of connections within a limit of open files: at most `wanted`, and at least half of a
    small limit."""
    if open_files == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(open_files - RESERVED, open_files // 2))
