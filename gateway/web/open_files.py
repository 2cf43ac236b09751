"""The limit of open files, of which each connection is one."""

import logging
import resource

log = logging.getLogger("gateway.connections")

RESERVED = 200
"""Open files for everything but connections: the database, uploads, processes, and connections that are
being refused."""

MOST_CONNECTIONS = 10_000
"""Without a setting, however many files may be open."""


def most_connections(wanted: int | None) -> int:
    """How many connections to accept: `wanted`, if the limit of open files, raised if need be, allows that
    many."""
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
    """How many of the wanted connections fit a limit of open files; at least half of it, if it is small."""
    if open_files == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(open_files - RESERVED, open_files // 2))
