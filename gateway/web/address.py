"""The address that the gateway listens on."""

import socket


class CannotListen(Exception):
    """The address is unavailable. The message is a sentence for the user."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to the address but does not listen yet, so that a port in use is reported
    before any other work. Raises CannotListen."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise CannotListen(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return listener


def in_url(host: str) -> str:
    """A host as written in URLs and Host headers; localhost if it means all addresses."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host


def host_and_port(listener: socket.socket) -> str:
    """The host and port of a URL that reaches the listener."""
    address, port = listener.getsockname()[:2]
    return f"{in_url(address)}:{port}"
