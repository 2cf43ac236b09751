"""The address that the gateway listens on."""

import socket
from ipaddress import ip_address


class CannotListen(Exception):
    """The address is not to be had; str() is one sentence for people."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A socket of the address, not heard yet, so that a port in use is told before anything else is
    done. Raises CannotListen."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise CannotListen(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return listener


def in_url(host: str) -> str:
    """A host as URLs and Host headers name it; all addresses go by the name of this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host


def at(listener: socket.socket) -> str:
    """The host and the port of a URL that leads there."""
    address, port = listener.getsockname()[:2]
    return f"{in_url(address)}:{port}"
