"""A gateway under test: its folder, its daemon, its command line.  For crash tests and benchmarks."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("FL_TOP_BUILDDIR", "build")).resolve()
TOP = pathlib.Path(os.environ.get("FL_TOP_SRCDIR", ".")).resolve()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds=20):
    """Ready means that the peer greets."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("the peer ended with %s" % process.returncode)
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as s:
                s.settimeout(2)
                if s.recv(3) == b"220":
                    return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("no peer on port %d" % port)


def children_of(pid):
    """Processes below `pid`, with their command lines."""
    found = {}
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            parents[int(entry.name)] = int(stat[1])
            found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, IndexError):
            continue
    below = {}
    grew = True
    while grew:
        grew = False
        for child, parent in parents.items():
            if child not in below and (parent == pid or parent in below) and found[child]:
                below[child] = found[child]
                grew = True
    return below


class CountingSink:
    """smtpcount: knows what it took; `log` has "MESSAGE-ID RECIPIENT" lines."""

    def __init__(self, log=None, chunking=False):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fairline-sink-"))
        port_file = folder / "port"
        command = [str(BUILD / "tests/peers/smtpcount"), "-p", str(port_file)]
        command += ["-l", str(log)] if log else []
        command += ["-c"] if chunking else []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the counting sink does not listen")
            time.sleep(0.01)
        self.port = int(port_file.read_text())
        port_file.unlink()
        folder.rmdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Gateway:
    """`channel` is the text inside channel "mail" { }."""

    def __init__(self, channel, top_level="", web_base=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fairline-"))
        os.chmod(self.dir, 0o755)
        self.conf = self.dir / "fairline.conf"
        self.log = self.dir / "fairlined.log"
        self.process = None
        self.conf.write_text(
            'data_dir = "%s"\n%s\n'
            'organisation {\n name = "Hill Farm Dairy"\n postal_address = "1 Hill Road, Seoul"\n'
            ' contact = "care@shop.test"\n language = "en"\n time_zone = "Asia/Seoul"\n'
            ' country = "KR"\n web_base = "%s"\n}\nchannel "mail" {\n%s\n}\n'
            % (self.dir / "data", top_level, web_base, channel)
        )
        os.environ["FAIRLINE_PLUGIN_DIR"] = ":".join(
            str(p) for p in sorted(BUILD.glob("plugins/*/.libs"))
        )
        os.environ["FAIRLINE_HOST_PROGRAM"] = str(BUILD / "fairline-host")

    def cli(self, *args, check=True):
        done = subprocess.run(
            [str(BUILD / "fairline"), "-c", str(self.conf), *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if check and done.returncode:
            raise RuntimeError("fairline %s: %d: %s" % (" ".join(args), done.returncode, done.stderr))
        return done

    def json(self, *args):
        return json.loads(self.cli(*args, "-o", "json").stdout)

    def states(self):
        """Messages by state."""
        return {row["state"]: row["messages"] for row in self.json("queue", "show")}

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BUILD / "fairlined"), "-c", str(self.conf)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )

    def wait_ready(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError("fairlined ended: " + self.tail())
            done = self.cli("status", "-o", "json", check=False)
            if done.returncode == 0 and '"running"' in done.stdout:
                return
            time.sleep(0.05)
        raise RuntimeError("fairlined is not ready: " + self.tail())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def kill_all(self):
        """SIGKILL to the parent and everything below it, as a power cut would."""
        below = children_of(self.process.pid)
        for pid in [self.process.pid, *below]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def tail(self, lines=15):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def prepare(self, customers, body_paragraphs=1, campaign="bulk"):
        """Imports `customers` and applies a campaign that goes to all of them at once."""
        rows = ["external_id,name,language,email,consent.marketing.email,attribute.city"]
        for i in range(customers):
            rows.append("c%06d,Customer %d,en,c%06d@cust.test,yes,Seoul" % (i, i, i))
        people = self.dir / "people.csv"
        people.write_text("\n".join(rows) + "\n")
        content = self.dir / "bulk"
        content.mkdir()
        paragraph = (
            "Dear {{name}}, the milk you get in {{attributes.city}} comes from cows that stand on "
            "grass for as long as the year allows, and we wanted to tell you how this season went "
            "and what it means for your breakfast table in the weeks to come.\n\n"
        )
        (content / "content.md").write_text(
            "---\nsubject: News for {{name}}\n---\n\n# Hello {{name}}\n\n" + paragraph * body_paragraphs
        )
        (self.dir / "bulk.conf").write_text(
            'campaign "%s" {\n purpose = "marketing"\n channel = "mail"\n content = "bulk"\n'
            ' schedule { at = "now" }\n}\n' % campaign
        )
        self.cli("import", "customers", str(people), "--yes")
        self.cli("campaign", "apply", str(self.dir / "bulk.conf"))
        self.cli("campaign", "schedule", campaign, "--yes")
