"""webhook.py --ready FILE --secret TEXT --record FILE - a receiver of webhooks that behaves as the
path says, and writes a line for each request it understood: path, key, whether the signature fits,
JSON.

/ok /500 /503 /429 /400 /410 /302   that status (503 and 429 with Retry-After)
/slow      reads and never answers          /close    reads and hangs up
/garbage   answers with what is no HTTP     /half     an answer that ends in the middle
/huge      200 with ten megabytes           /once     hangs up on a key's first time
"""
import argparse
import hashlib
import hmac
import json
import socketserver
import threading

options = argparse.ArgumentParser()
options.add_argument("--ready")
options.add_argument("--secret", action="append")
options.add_argument("--record")
options = options.parse_args()
lock = threading.Lock()
seen = set()


def fits(header, body):
    """Written from the README, not from the plugin."""
    fields = [f.split("=", 1) for f in header.split(",")]
    stamp = next(v for k, v in fields if k == "t")
    for secret in options.secret:
        mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if any(k == "v1" and hmac.compare_digest(v, mac) for k, v in fields):
            return True
    return False


class Receiver(socketserver.StreamRequestHandler):
    def answer(self, status, extra="", body=b'{"id":"r-1"}'):
        head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        self.wfile.write(head.encode() + body)

    def one(self):
        line = self.rfile.readline().decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = {}
        while True:
            field = self.rfile.readline().decode("latin-1").strip()
            if not field:
                break
            name, value = field.split(":", 1)
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        if line[0] == "HEAD":
            self.wfile.write(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
            return True
        key = headers["idempotency-key"]
        with lock:
            is_first = key not in seen
            seen.add(key)
            with open(options.record, "a") as record:
                print(line[1], key, fits(headers["fairline-signature"], body),
                      json.dumps(json.loads(body)), file=record)
        return self.behave(line[1].split("/")[1], is_first)

    def behave(self, how, is_first):
        if how.isdigit():
            extra = {"503": "Retry-After: 7\r\n", "429": "Retry-After: 90\r\n",
                     "302": "Location: /ok\r\n"}.get(how, "")
            self.answer(how, extra, b'{"error":"as you wished"}')
        elif how == "slow":
            self.rfile.read(1)
            return False
        elif how == "garbage":
            self.wfile.write(bytes(range(256)) * 8)
            return False
        elif how == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{")
            return False
        elif how == "close" or how == "once" and is_first:
            return False
        elif how == "huge":
            self.answer(200, "", b"x" * 10_000_000)
        else:
            self.answer(200)
        return True

    def handle(self):
        try:
            while self.one():
                pass
        except (ConnectionError, ValueError):
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


with Server(("127.0.0.1", 0), Receiver) as server:
    with open(options.ready + ".part", "w") as ready:
        print(server.server_address[1], file=ready)
    import os
    os.rename(options.ready + ".part", options.ready)
    server.serve_forever()
