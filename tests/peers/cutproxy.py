"""cutproxy.py LISTEN TARGET BYTES cut|stall FILE - carries one connection after the other on
127.0.0.1 to port TARGET; after BYTES of a client's it closes both sides, or stops carrying and
waits.  FILE is made when that happens.  Prints "ready" when it listens."""
import pathlib
import socket
import sys
import threading

listen, target, limit, mode, marker = sys.argv[1:]
limit = int(limit)


def answers(server, client):
    try:
        while data := server.recv(65536):
            client.sendall(data)
    except OSError:
        pass


def carry(client):
    server = socket.create_connection(("127.0.0.1", int(target)))
    threading.Thread(target=answers, args=(server, client), daemon=True).start()
    left = limit
    try:
        while data := client.recv(65536):
            server.sendall(data[:left])
            left -= len(data)
            if left <= 0:
                pathlib.Path(marker).touch()
                if mode == "stall":
                    client.recv(1 << 20)
                    threading.Event().wait()
                break
    except OSError:
        pass
    for s in (client, server):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


door = socket.socket()
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
door.bind(("127.0.0.1", int(listen)))
door.listen()
print("ready", flush=True)
while True:
    carry(door.accept()[0])
