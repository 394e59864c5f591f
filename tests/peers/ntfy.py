"""A server as ntfy's, as far as a plugin needs it: publish as JSON or as plain body, poll a topic.

Prints server=URL and "ready", then serves until it is ended.  Topics named "status-N" answer with
status N, "nonsense" with no JSON, "drop" with nothing at all."""
import http.server
import json
import sys
import threading
import time
import urllib.parse

messages = []
lock = threading.Lock()


def publish(topic, text, title, extra=None):
    with lock:
        message = {"id": f"m{len(messages):08d}", "time": int(time.time()), "event": "message",
                   "topic": topic, "message": text, **(extra or {})}
        if title:
            message["title"] = title
        messages.append(message)
    return message


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        topic = urllib.parse.urlsplit(self.path).path.strip("/")
        if topic:
            message = publish(topic, body.decode(), self.headers.get("Title"))
        else:
            asked = json.loads(body)
            topic = asked["topic"]
            if topic.startswith("status-"):
                return self.answer(int(topic[7:]), b'{"error":"as asked"}')
            if topic == "nonsense":
                return self.answer(200, b"<html>")
            if topic == "drop":
                self.close_connection = True
                return self.connection.close()
            message = publish(topic, asked.get("message", ""), asked.get("title"),
                              {k: asked[k] for k in ("actions", "click") if k in asked})
        self.answer(200, json.dumps(message).encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/v1/health":
            return self.answer(200, b'{"healthy":true}')
        topic, _, what = url.path.strip("/").partition("/")
        since = urllib.parse.parse_qs(url.query).get("since", ["all"])[0]
        if what != "json":
            return self.answer(404, b"{}")
        with lock:
            found = [m for m in messages if m["topic"] == topic and (since == "all" or m["id"] > since)]
        self.answer(200, "".join(json.dumps(m) + "\n" for m in found).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(f"server=http://127.0.0.1:{server.server_address[1]}\nready", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
