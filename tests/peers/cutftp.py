#!/usr/bin/env python3
"""A proxy before an FTP control connection that fails at a command.

    cutftp.py READY SERVER_PORT [COMMAND before|after|hold]

Writes its port to READY.  At the first line that begins with COMMAND: `before` closes without
passing it on; `after` passes it on, waits for the reply, and closes without giving it back; `hold`
passes it on, waits for the reply, writes READY.held, and gives nothing back.  Once: later
connections are served.  Data connections are not seen: EPSV names the server's own port.
"""
import os
import socket
import sys
import threading

ready, server_port = sys.argv[1], int(sys.argv[2])
command, way = (sys.argv[3].encode(), sys.argv[4]) if len(sys.argv) > 4 else (None, "")
state = {"done": command is None}


def replies(server):
    """Whole replies, each as bytes."""
    data = b""
    for line in server.makefile("rb"):
        data += line
        if len(line) > 3 and line[:3].isdigit() and line[3:4] == b" ":
            yield data
            data = b""


def give_back(server, client, gate):
    try:
        for reply in replies(server):
            with gate["lock"]:
                if gate["way"] == "hold":
                    with open(ready + ".held.part", "w", encoding="ascii") as f:
                        f.write("held\n")
                    os.rename(ready + ".held.part", ready + ".held")
                    continue
                if gate["way"]:
                    break
            client.sendall(reply)
    except OSError:
        pass
    for s in (client, server):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client):
    server = socket.create_connection(("127.0.0.1", server_port))
    gate = {"way": "", "lock": threading.Lock()}
    threading.Thread(target=give_back, args=(server, client, gate), daemon=True).start()
    try:
        for line in client.makefile("rb"):
            if not state["done"] and line.startswith(command):
                state["done"] = True
                if way == "before":
                    break
                with gate["lock"]:
                    gate["way"] = way
            server.sendall(line)
        else:
            server.shutdown(socket.SHUT_WR)
            return
    except OSError:
        pass
    for s in (client, server):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


listener = socket.create_server(("127.0.0.1", 0))
with open(ready + ".part", "w", encoding="ascii") as f:
    f.write(f"{listener.getsockname()[1]}\n")
os.rename(ready + ".part", ready)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
