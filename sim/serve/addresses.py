"""Addresses as they are given on the command line."""


class UsageError(Exception):
    """What was asked for cannot be served; the text says what to change."""


def host_port(text: str) -> tuple[str, int]:
    """Parse ``HOST:PORT``; port 0 lets the system choose.

    Raises:
        UsageError: The text is something else.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise UsageError(f"address {text!r} is not HOST:PORT; give for example 127.0.0.1:5020")
    return host.strip("[]") or "127.0.0.1", int(port)
