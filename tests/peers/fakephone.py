#!/usr/bin/env python3
"""fakephone.py CENTRE CONTROL RECORD - the phones behind a Kannel whose centre is `fake`.

Speaks the line protocol of fakesmsc to the port CENTRE.  Each message that arrives is a line
"FROM TO CODING TEXT" in RECORD, with UCS-2 and headers decoded.  A line that comes to the port
CONTROL is sent as it is: "FROM TO text WORDS".
"""
import socket
import sys
import threading
import urllib.parse

centre = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
record = open(sys.argv[3], "a", encoding="utf-8")


def receive():
    for line in centre.makefile("rb"):
        fields = line.rstrip(b"\n").split(b" ")
        sender, to, coding = (f.decode() for f in fields[:3])
        payload = b" ".join(fields[3:])
        if coding == "text":
            text = payload.decode("utf-8", "replace")
        elif coding == "ucs-2":
            text = urllib.parse.unquote_to_bytes(payload.replace(b"+", b" ")).decode("utf-16-be")
        else:  # udh HEADER data BODY
            text = "%s %s" % (fields[3].decode(), urllib.parse.unquote_to_bytes(
                fields[5].replace(b"+", b" ")).decode("utf-16-be", "replace"))
        record.write("%s %s %s %s\n" % (sender, to, coding, text.replace("\n", "|")))
        record.flush()


threading.Thread(target=receive, daemon=True).start()
control = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    peer, _ = control.accept()
    for line in peer.makefile("rb"):
        centre.sendall(line)
    peer.close()
