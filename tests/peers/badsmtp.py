"""A badly behaved SMTP server, by script.  Standard library only.

    badsmtp.py --ready FILE [--record DIR] [fault ...]

Writes its port to FILE once it listens.  What it accepts goes to DIR/NNNNNN.eml, with the envelope
in DIR/NNNNNN.env; every command it gets goes to DIR/dialogue.  It stops when its parent closes
its standard input.

    --banner TEXT       greets with TEXT ("554 go away")
    --drip SECONDS      sends each reply a byte at a time, this far apart
    --drop-in N         closes the connection when it has read N bytes of it
    --drop-out N        closes the connection when it has written N bytes to it
    --drop-step-in N, --drop-step-out N
                        the same, at N bytes on the first connection, 2N on the second, ...
    --drop-times N      ... only for the first N connections
    --mute VERB         never answers VERB ("END" is the end of the message)
    --nonsense VERB     answers VERB with nonsense
    --answer VERB=TEXT  answers VERB with TEXT ("MAIL=421 bye"); may be given again
    --close-after N     says 421 to MAIL and closes after N messages of a connection
    --split-status      answers the end of a message in two lines with different status
    --auth ok|fail|none whether a login is offered and taken (none)
    --mechanisms LIST   what is offered ("PLAIN LOGIN")
    --chunking          offers CHUNKING
    --lenient           takes a bare LF around a dot for the end of a message
    --cert F --key F    offers STARTTLS; with --implicit speaks TLS at once
    --inject            sends a line in clear behind the reply to STARTTLS

The recipient chooses the answer too: "550@d" or "452.4.2.2@d" is refused at RCPT with that code and
status, "data-552@d" at the end of the message.
"""
import argparse
import os
import re
import socket
import ssl
import sys
import threading
import time

LIMIT = 64 << 20


class Dropped(Exception):
    pass


class Recorder:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.count = 0
        self.connections = 0

    def connected(self):
        with self.lock:
            self.connections += 1
            return self.connections

    def command(self, connection, line):
        if not self.folder:
            return
        with self.lock, open(os.path.join(self.folder, "dialogue"), "ab") as f:
            f.write(b"%d %s\n" % (connection, line))

    def message(self, sender, recipients, data):
        with self.lock:
            self.count += 1
            number = self.count
        if not self.folder:
            return number
        base = os.path.join(self.folder, f"{number:06d}")
        with open(base + ".env", "w", encoding="ascii", errors="backslashreplace") as f:
            f.write(sender + "\n" + "".join(r + "\n" for r in recipients))
        with open(base + ".tmp", "wb") as f:
            f.write(data)
        os.rename(base + ".tmp", base + ".eml")
        return number


class Session:
    def __init__(self, sock, args, recorder, context):
        self.sock, self.args, self.recorder, self.context = sock, args, recorder, context
        self.number = recorder.connected()
        self.buffer = b""
        self.read = self.written = 0
        self.drops = not args.drop_times or self.number <= args.drop_times
        self.drop_in, self.drop_out = args.drop_in, args.drop_out
        if args.drop_step_in:
            self.drop_in = self.number * args.drop_step_in
        if args.drop_step_out:
            self.drop_out = self.number * args.drop_step_out
        self.is_tls = False
        self.messages = 0
        self.reset()

    def reset(self):
        self.sender, self.recipients, self.data, self.end_answer = None, [], b"", None

    # --- the wire ---
    def fill(self):
        limit = self.drop_in
        if self.drops and limit is not None and self.read >= limit:
            raise Dropped
        want = 65536
        if self.drops and limit is not None:
            want = min(want, limit - self.read)
        chunk = self.sock.recv(want)
        if not chunk or self.read > LIMIT:
            raise Dropped
        self.read += len(chunk)
        self.buffer += chunk

    def line(self):
        while b"\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def exactly(self, n):
        while len(self.buffer) < n:
            self.fill()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def send(self, text):
        data = text.replace("\n", "\r\n").encode() + b"\r\n"
        limit = self.drop_out
        if self.drops and limit is not None and self.written + len(data) >= limit:
            self.sock.sendall(data[: limit - self.written])
            raise Dropped
        self.written += len(data)
        if self.args.drip:
            for i in range(len(data)):
                self.sock.sendall(data[i : i + 1])
                time.sleep(self.args.drip)
        else:
            self.sock.sendall(data)

    def answer(self, verb, text):
        if verb in self.args.mute:
            while True:
                self.fill()
        if verb in self.args.nonsense:
            text = "certainly, dear"
        text = self.args.answers.get(verb, text)
        self.send(text)
        if text.startswith("421"):
            raise Dropped
        return text

    # --- commands ---
    def ehlo(self):
        lines = ["bad.test", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "SIZE 1000000"]
        if self.args.chunking:
            lines.append("CHUNKING")
        if self.args.auth != "none":
            lines.append("AUTH " + self.args.mechanisms)
        if self.context and not self.is_tls:
            lines.append("STARTTLS")
        self.answer("EHLO", "\n".join(
            ("250-" if i + 1 < len(lines) else "250 ") + s for i, s in enumerate(lines)))

    def starttls(self):
        self.send("220 2.0.0 go ahead" + ("\n250 injected" if self.args.inject else ""))
        self.sock = self.context.wrap_socket(self.sock, server_side=True)
        self.is_tls = True
        self.buffer = b""
        self.reset()

    def auth(self, line):
        if b"LOGIN" in line.upper():
            self.send("334 VXNlcm5hbWU6")
            self.line()
            self.send("334 UGFzc3dvcmQ6")
            self.line()
        if self.args.auth == "ok":
            self.answer("AUTH", "235 2.7.0 welcome")
        else:
            self.answer("AUTH", "535 5.7.8 no such login")

    def mail(self, line):
        if self.args.close_after is not None and self.messages >= self.args.close_after:
            self.send("421 4.3.2 going down")
            raise Dropped
        self.reset()
        self.sender = line.decode("ascii", "backslashreplace")
        self.answer("MAIL", "250 2.1.0 ok")

    def rcpt(self, line):
        text = line.decode("ascii", "backslashreplace")
        refused = re.search(r"<(\d{3})(?:\.(\d\.\d+\.\d+))?@", text)
        late = re.search(r"<data-(\d{3})(?:\.(\d\.\d+\.\d+))?@", text)
        if refused:
            code, status = refused.groups()
            self.answer("RCPT", f"{code} {status + ' ' if status else ''}as you wish")
            return
        if late:
            code, status = late.groups()
            self.end_answer = f"{code} {status + ' ' if status else ''}as you wish"
        self.recipients.append(text)
        self.answer("RCPT", "250 2.1.5 ok")

    def finish(self):
        if self.args.split_status:
            text = "550-5.7.1 refused\n550 5.7.26 for two reasons"
        elif self.end_answer:
            text = self.end_answer
        else:
            number = self.recorder.message(self.sender, self.recipients, self.data)
            text = f"250 2.0.0 Ok: queued as N{number}"
        self.messages += 1
        self.reset()
        self.answer("END", text)

    def data_verb(self):
        if not self.recipients:
            self.send("554 5.5.1 no valid recipients")
            return
        if not self.answer("DATA", "354 go on").startswith("354"):
            return
        end = re.compile(rb"(?:^|\r?\n)\.\r?\n" if self.args.lenient else rb"(?:^|\r\n)\.\r\n")
        body = b""
        while True:
            found = end.search(self.buffer)
            if found:
                break
            self.fill()
        body, self.buffer = self.buffer[: found.start()], self.buffer[found.end() :]
        self.data = re.sub(rb"(^|\r\n)\.", rb"\1", body) + b"\r\n"
        self.finish()

    def bdat(self, line):
        words = line.split()
        chunk = self.exactly(int(words[1]))
        if not self.recipients:
            self.send("503 5.5.1 no valid recipients")
            return
        self.data += chunk
        if len(words) > 2 and words[2].upper() == b"LAST":
            self.finish()
        else:
            self.answer("BDAT", "250 2.0.0 got it")

    def run(self):
        if self.args.implicit:
            self.sock = self.context.wrap_socket(self.sock, server_side=True)
            self.is_tls = True
        self.answer("BANNER", self.args.banner)
        while True:
            line = self.line()
            verb = line[:4].upper().decode("ascii", "replace")
            hidden = b"AUTH ..." if verb == "AUTH" else line
            self.recorder.command(self.number, hidden)
            if verb in ("EHLO", "HELO"):
                self.ehlo()
            elif line.upper() == b"STARTTLS" and self.context:
                self.starttls()
            elif verb == "AUTH":
                self.auth(line)
            elif verb == "MAIL":
                self.mail(line)
            elif verb == "RCPT":
                self.rcpt(line)
            elif verb == "DATA":
                self.data_verb()
            elif verb == "BDAT":
                self.bdat(line)
            elif verb == "RSET":
                self.reset()
                self.answer("RSET", "250 2.0.0 ok")
            elif verb == "QUIT":
                self.answer("QUIT", "221 2.0.0 bye")
                return
            else:
                self.send("500 5.5.2 what?")


def serve(sock, args, recorder, context):
    session = Session(sock, args, recorder, context)
    try:
        session.run()
    except (Dropped, OSError, ValueError, IndexError):
        pass
    finally:
        session.sock.close()


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--ready", required=True)
    p.add_argument("--record")
    p.add_argument("--banner", default="220 bad.test ESMTP")
    p.add_argument("--drip", type=float, default=0)
    p.add_argument("--drop-in", type=int)
    p.add_argument("--drop-out", type=int)
    p.add_argument("--drop-step-in", type=int)
    p.add_argument("--drop-step-out", type=int)
    p.add_argument("--drop-times", type=int, default=0)
    p.add_argument("--mute", action="append", default=[])
    p.add_argument("--nonsense", action="append", default=[])
    p.add_argument("--answer", action="append", default=[])
    p.add_argument("--close-after", type=int)
    p.add_argument("--split-status", action="store_true")
    p.add_argument("--auth", choices=["ok", "fail", "none"], default="none")
    p.add_argument("--mechanisms", default="PLAIN LOGIN")
    p.add_argument("--chunking", action="store_true")
    p.add_argument("--lenient", action="store_true")
    p.add_argument("--cert")
    p.add_argument("--key")
    p.add_argument("--implicit", action="store_true")
    p.add_argument("--inject", action="store_true")
    args = p.parse_args()
    args.answers = dict(a.split("=", 1) for a in args.answer)
    return args


def main():
    args = arguments()
    context = None
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
    recorder = Recorder(args.record)
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    with open(args.ready + ".tmp", "w", encoding="ascii") as f:
        f.write(str(listener.getsockname()[1]) + "\n")
    os.rename(args.ready + ".tmp", args.ready)

    def accept():
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(sock, args, recorder, context),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


main()
