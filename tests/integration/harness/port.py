"""Ports for servers that are started a moment later."""

import pathlib
import random
import socket


def free_port() -> int:
    """Below those that the kernel gives to whoever connects, which would take it before the server does."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10000, first) if first > 12000 else 0
        try:
            with socket.create_server(("127.0.0.1", port)) as held:
                return held.getsockname()[1]
        except OSError:
            continue
