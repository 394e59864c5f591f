"""Text messages to a real Kannel, against ab with the same requests on the same URL; and the whole
loop: a campaign out, every receipt back through the front and stored."""
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time

from gateway import BUILD, TOP, Gateway, free_port

MESSAGES = int(os.environ.get("FL_BENCH_SMS", "5000"))
PARALLEL = 4
LOOP = min(MESSAGES, 1000)
ROUNDS = 3
KEY = "callback-secret-of-the-benchmark"
TEXT = "안녕하세요, 고객님. 아기의 첫 생일을 축하합니다."


class Kannel:
    """With a fake centre whose phones take everything."""

    def __init__(self, inbound_url):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fairline-kannel-"))
        ports = [free_port() for _ in range(5)]
        self.url = "http://127.0.0.1:%d/cgi-bin/sendsms" % ports[2]
        environment = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        subprocess.run(["sh", str(TOP / "tests/peers/kannel-up.sh"), str(self.dir), "fake",
                        *map(str, ports[:4]), inbound_url], check=True, env=environment,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.phones = subprocess.Popen(
            ["python3", str(TOP / "tests/peers/fakephone.py"), str(ports[3]), str(ports[4]),
             str(self.dir / "phones")], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.phones.terminate()
        self.phones.wait()
        subprocess.run(["sh", str(TOP / "tests/peers/kannel-down.sh"), str(self.dir)], check=False)
        subprocess.run(["rm", "-rf", str(self.dir)], check=False)


def plugin_rate(kannel):
    out = subprocess.run(
        [str(BUILD / "tests/peers/plugin-drive"), "-q", "-n", str(MESSAGES), "-B",
         str(kannel.dir / "text"), "-t", "+8210%d", "-i", "10000000",
         str(BUILD / "plugins/sms/.libs/sms.so"), "deliver", "url=" + kannel.url, "username=gw",
         "password=gwpw", "country_code=82", "parallel=%d" % PARALLEL],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    if "count ACCEPTED %d\n" % MESSAGES not in out:
        raise RuntimeError("not all were accepted:\n" + out)
    return float(re.search(r"^rate (\d+)", out, re.M).group(1))


def ab_rate(kannel):
    out = subprocess.run(
        ["ab", "-q", "-k", "-c", str(PARALLEL), "-n", str(MESSAGES), "-p",
         str(kannel.dir / "text"), "-T", "text/plain; charset=UTF-8", "-H", "X-Kannel-Username: gw",
         "-H", "X-Kannel-Password: gwpw", "-H", "X-Kannel-To: +821012345678", "-H",
         "X-Kannel-Coding: 2", kannel.url],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    if "Non-2xx" in out:
        raise RuntimeError("ab was refused:\n" + out)
    return float(re.search(r"Requests per second:\s+([\d.]+)", out).group(1))


def commits_rate():
    """What SQLite alone reaches with one row, one commit, on the same disk in the same minute."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fairline-commits-"))
    store = sqlite3.connect(folder / "x.db", isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = FULL")
    store.execute("CREATE TABLE receipt (key TEXT PRIMARY KEY)")
    begin = time.monotonic()
    n = 0
    while time.monotonic() - begin < 3:
        store.execute("INSERT INTO receipt VALUES (?)", ("dlr:%d" % n,))
        n += 1
    rate = n / (time.monotonic() - begin)
    store.close()
    subprocess.run(["rm", "-rf", str(folder)], check=False)
    return rate


def loop(figures, say):
    """From the start of the daemon until the last receipt is stored."""
    web = free_port()
    hook = "http://127.0.0.1:%d/h/sms" % web
    with Kannel("%s/mo?key=%s" % (hook, KEY)) as kannel:
        gateway = Gateway('plugin = "null"', 'front { listen = "127.0.0.1:%d" }' % web,
                          "http://127.0.0.1:%d" % web)
        for name, text in (("password", "gwpw"), ("secret", KEY)):
            (gateway.dir / name).write_text(text + "\n")
            (gateway.dir / name).chmod(0o600)
        conf = gateway.conf.read_text()
        gateway.conf.write_text(conf + (
            'channel "sms" {\n plugin = "sms"\n batch = 200\n workers = 2\n options {\n'
            ' url = "%s"\n username = "gw"\n password_file = "%s"\n country_code = "82"\n'
            ' callback_url = "%s"\n callback_secret_file = "%s"\n }\n}\n'
            % (kannel.url, gateway.dir / "password", hook, gateway.dir / "secret")))
        people = gateway.dir / "people.csv"
        people.write_text("external_id,name,language,phone,consent.marketing.sms\n" + "".join(
            "c%d,Customer %d,ko,+8210%08d,yes\n" % (i, i, 10000000 + i) for i in range(LOOP)))
        (gateway.dir / "news").mkdir()
        (gateway.dir / "news/content.md").write_text("---\nsubject: \"x\"\n---\n\n%s\n" % TEXT)
        (gateway.dir / "news.conf").write_text(
            'campaign "news" {\n purpose = "marketing"\n channel = "sms"\n content = "news"\n'
            ' schedule { at = "now" }\n}\n')
        gateway.cli("import", "customers", str(people))
        gateway.cli("campaign", "apply", str(gateway.dir / "news.conf"))
        gateway.cli("campaign", "schedule", "news", "--yes")
        gateway.cli("run", "plan", "--once")
        begin = time.monotonic()
        gateway.start()
        try:
            gateway.wait_ready()
            while gateway.states().get("delivered", 0) < LOOP:
                if time.monotonic() - begin > 300:
                    raise RuntimeError("%s\n%s" % (gateway.states(), gateway.tail()))
                time.sleep(0.25)  # a count costs the core a scan
            seconds = time.monotonic() - begin
        finally:
            gateway.stop()
        subprocess.run(["rm", "-rf", str(gateway.dir)], check=False)
    # Kannel calls twice for each message: the centre has it, the phone has it.
    figures["sms_loop_per_s"] = LOOP / seconds
    figures["sms_receipts_per_s"] = 2 * LOOP / seconds
    figures["sms_commits_per_s"] = commits_rate()
    figures["sms_receipts_vs_commits"] = (
        figures["sms_receipts_per_s"] / figures["sms_commits_per_s"])
    say("there and back    %8.0f messages/s, %.0f receipts/s; %.0f bare commits/s"
        % (figures["sms_loop_per_s"], figures["sms_receipts_per_s"],
           figures["sms_commits_per_s"]))


def bench(figures, say):
    rounds = {"fairline": [], "ab": []}
    for _ in range(ROUNDS):
        with Kannel("http://127.0.0.1:9/") as kannel:
            (kannel.dir / "text").write_text(TEXT)
            rounds["ab"].append(ab_rate(kannel))
            say("ab                %8.0f requests/s" % rounds["ab"][-1])
            rounds["fairline"].append(plugin_rate(kannel))
            say("fairline          %8.0f messages/s" % rounds["fairline"][-1])
    figures["sms_per_s"] = statistics.median(rounds["fairline"])
    figures["sms_ab_per_s"] = statistics.median(rounds["ab"])
    figures["sms_vs_ab"] = figures["sms_per_s"] / figures["sms_ab_per_s"]
    loop(figures, say)
