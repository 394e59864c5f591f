"""wait-reply.py PORT:PREFIX ... - returns when each port greets with its prefix; 1 after 20 s."""
import socket
import sys
import time

deadline = time.monotonic() + 20


def greets(port, prefix):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
            s.settimeout(2)
            return s.recv(512).startswith(prefix.encode())
    except OSError:
        return False


for spec in sys.argv[1:]:
    port, prefix = spec.split(":", 1)
    while not greets(int(port), prefix):
        if time.monotonic() > deadline:
            sys.exit(f"wait-reply: port {port} did not greet with {prefix!r}")
        time.sleep(0.02)  # between two attempts of a probe, not instead of one
