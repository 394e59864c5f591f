#!/usr/bin/env python3
"""An SMS gateway of a kind, with one fault.

usage: badhttp.py --ready FILE --record FILE [--as KIND] [--fault FAULT] [--after N] [--times N]

Writes its port to the ready file and a JSON line {"connection", "method", "path", "headers",
"body"} for each request it has read whole.  Ends when stdin does.

KIND   kannel   202 "0: Accepted for delivery", 403 for a wrong password
       crane    JSON, many recipients at once, signed; a GET asks for inbound messages
       harbour  a form in EUC-KR, answered in XML; XML asks for reports
FAULT  close    reads the request, then closes without a word
       mute     reads the request and says nothing
       early    closes before the request has come
       reset    answers the first request of a connection, closes on the second
       html     200 and a page of HTML
       endless  the right status and a body without end
       drip     a byte of the headers at a time, never done
       status:N the status N and nothing else; 503 and 429 with Retry-After: 7
       cut      half of the promised body
The fault begins after N requests (0) and ends after as many as --times says (never).
"""
import argparse
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

SECRET_PASSWORD = "gwpw"


class Gateway:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.n_requests = 0
        self.record = open(args.record, "a", encoding="utf-8")

    def note(self, connection, method, path, headers, body):
        with self.lock:
            self.n_requests += 1
            self.record.write(json.dumps({
                "connection": connection, "method": method, "path": path, "headers": headers,
                "body": body.decode("latin-1")}) + "\n")
            self.record.flush()
            return self.n_requests

    def is_faulty(self, n):
        first = self.args.after + 1
        return bool(self.args.fault) and first <= n < first + self.args.times

    # --- what a sound gateway says
    def kannel(self, _method, _path, headers, _body):
        if headers.get("x-kannel-password") != SECRET_PASSWORD:
            return 403, "text/html", "Authorization failed for sendsms"
        if not headers.get("x-kannel-to"):
            return 400, "text/html", "Missing receiver(s) number(s), rejected"
        return 202, "text/html", "0: Accepted for delivery"

    def crane(self, method, path, _headers, body):
        if path.startswith("/v1/account"):
            return 200, "application/json", json.dumps({"active": True})
        if method == "GET":
            after = int(urllib.parse.parse_qs(path.partition("?")[2]).get("after", ["0"])[0])
            messages = [{"id": "in%d" % i, "from": "01012345678", "to": "15771577",
                         "text": "회신 %d" % i} for i in range(after + 1, min(after + 3, 6))]
            return 200, "application/json", json.dumps(
                {"messages": messages, "next": after + len(messages)})
        results = []
        for i, message in enumerate(reversed(json.loads(body)["messages"])):
            to = message["to"].lstrip("+")
            if to.endswith("99"):
                results.append({"to": to, "state": "failed",
                                "error": {"code": 1001, "message": "no such number"}})
            else:
                results.append({"to": to, "id": "crane-%s" % to, "state": "queued",
                                "segments": message["segments"],
                                "price": {"amount": "9.9", "currency": "KRW"}})
        return 200, "application/json", json.dumps({"results": results})

    def harbour(self, _method, path, _headers, body):
        if path.startswith("/reports"):
            after = int(re.search(rb'after="(\d+)"', body).group(1))
            reports = "".join('<report serial="%d"><ref>token%d</ref><result>06</result></report>'
                              % (i, i) for i in range(after + 1, min(after + 3, 4)))
            return 200, "text/xml", "<reports>%s</reports>" % reports
        form = urllib.parse.parse_qs(body.decode("ascii"), encoding="cp949")
        if form["key"] != [SECRET_PASSWORD]:
            return 200, "text/xml", "<result><code>1100</code><message>no</message></result>"
        return 200, "text/xml", ("<?xml version='1.0'?><result><code>0000</code><serial>%s</serial>"
                                 "<fee>%s</fee></result>" % (form["phone"][0],
                                                             "30" if form["kind"] == ["LMS"] else "9"))

    # --- one connection
    def serve(self, sock, connection):
        sock.settimeout(60)
        data = b""
        served = 0
        try:
            while True:
                if self.args.fault == "early" and self.is_faulty(self.n_requests + 1):
                    self.note(connection, "EARLY", "", {}, b"")
                    return
                while b"\r\n\r\n" not in data:
                    more = sock.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                headers = {k.strip().lower(): v.strip()
                           for k, _, v in (line.partition(":") for line in lines[1:])}
                length = int(headers.get("content-length", 0))
                while len(data) < length:
                    more = sock.recv(65536)
                    if not more:
                        return
                    data += more
                body, data = data[:length], data[length:]
                method, path, _ = lines[0].split(" ")
                n = self.note(connection, method, path, headers, body)
                if self.is_faulty(n) and not (self.args.fault == "reset" and not served):
                    if not self.fail(sock):
                        return
                else:
                    status, kind, text = getattr(self, self.args.kind)(method, path, headers, body)
                    self.answer(sock, status, kind, text.encode())
                served += 1
        except OSError:
            pass
        finally:
            sock.close()

    def answer(self, sock, status, kind, body, more=""):
        sock.sendall(("HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
                      % (status, kind, len(body), more)).encode() + body)

    def fail(self, sock):
        """Does the fault; true when the connection goes on."""
        fault = self.args.fault
        good = 202 if self.args.kind == "kannel" else 200
        if fault == "html":
            self.answer(sock, 200, "text/html", b"<html><body>Please log in</body></html>")
            return True
        if fault.startswith("status:"):
            status = int(fault[7:])
            self.answer(sock, status, "text/plain", b"no",
                        "Retry-After: 7\r\n" if status in (429, 503) else "")
            return True
        if fault == "cut":
            sock.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 100\r\n\r\n0: Acc" % good)
        elif fault == "mute":
            sock.recv(1)
        elif fault == "endless":
            sock.sendall(b"HTTP/1.1 %d X\r\n\r\n" % good)
            while True:
                sock.sendall(b"0: Accepted " * 5000)
        elif fault == "drip":
            for byte in b"HTTP/1.1 202 X\r\nX-Long: " + b"x" * 100000:
                sock.sendall(bytes([byte]))
                time.sleep(0.05)
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", required=True)
    parser.add_argument("--record", required=True)
    parser.add_argument("--as", dest="kind", default="kannel")
    parser.add_argument("--fault", default="")
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--times", type=int, default=1 << 30)
    args = parser.parse_args()
    gateway = Gateway(args)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def accept():
        connection = 0
        while True:
            sock, _ = listener.accept()
            connection += 1
            threading.Thread(target=gateway.serve, args=(sock, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with open(args.ready + ".part", "w", encoding="ascii") as f:
        f.write("%d" % listener.getsockname()[1])
    os.rename(args.ready + ".part", args.ready)
    sys.stdin.read()


main()
