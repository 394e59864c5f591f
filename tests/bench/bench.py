#!/usr/bin/env python3
"""Whole commands against a peer in the same run; prints a table, writes bench.json.

usage: bench.py OUTPUT [NAME...]   names: mail one_connection import plan render front letter fax sms fit
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
import bench_sms  # noqa: E402
from gateway import BUILD, CountingSink, Gateway, children_of, free_port, wait_for_port  # noqa: E402

MESSAGES = int(os.environ.get("FL_BENCH_MESSAGES", "50000"))
PARAGRAPHS = 9  # of the campaign: about 5 KB of text and HTML together
figures = {}


def say(text):
    print("   " + text, file=sys.stderr, flush=True)


class Sink:
    """Postfix's smtp-sink."""

    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["smtp-sink", "-u", "nobody", "127.0.0.1:%d" % self.port, "1000"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def peak_kib(pid):
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def cpu_ticks(pids):
    total = 0
    for pid in pids:
        try:
            stat = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
            total += int(stat[11]) + int(stat[12])
        except OSError:
            pass
    return total


def channel(port, workers, batch=100):
    return (
        ' plugin = "email"\n workers = %d\n batch = %d\n options {\n  transport = "smtp"\n'
        '  host = "127.0.0.1:%d"\n  tls = "none"\n  domain = "shop.test"\n'
        '  from_address = "news@shop.test"\n }' % (workers, batch, port)
    )


def campaign(port, workers, messages, batch=100, after=None):
    """Messages a second from the start of the daemon until the last one is accepted."""
    gateway = Gateway(channel(port, workers, batch), 'plan_interval = "1s"')
    gateway.prepare(messages, PARAGRAPHS)
    gateway.cli("run", "plan", "--once")
    begin = time.monotonic()
    gateway.start()
    try:
        gateway.wait_ready()
        while gateway.states().get("accepted", 0) < messages:
            if time.monotonic() - begin > 600:
                raise RuntimeError("%s\n%s" % (gateway.states(), gateway.tail()))
            time.sleep(0.25)  # a count costs the core a scan
        rate = messages / (time.monotonic() - begin)
        if after:
            after(gateway)
    finally:
        gateway.stop()
    subprocess.run(["rm", "-rf", str(gateway.dir)], check=False)
    return rate


def measure_processes(gateway):
    below = children_of(gateway.process.pid)
    figures["core_peak_mib"] = max(
        (peak_kib(p) / 1024 for p, c in below.items() if "fairline-host" not in c), default=0)
    figures["host_peak_mib"] = max(
        (peak_kib(p) / 1024 for p, c in below.items() if "fairline-host" in c), default=0)
    pids = [gateway.process.pid, *below]
    before, seconds = cpu_ticks(pids), 10
    time.sleep(seconds)
    figures["idle_cpu_percent"] = (cpu_ticks(pids) - before) * 100 / os.sysconf("SC_CLK_TCK") / seconds


def smtp_source(port, messages):
    begin = time.monotonic()
    subprocess.run(["smtp-source", "-s", "4", "-d", "-m", str(messages), "-l", "5000",
                    "127.0.0.1:%d" % port], check=True)
    return messages / (time.monotonic() - begin)


def nodemailer(port, messages):
    folder = BUILD / "bench-node"
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((HERE / name).read_bytes())
    (folder / "nodemailer.js").write_bytes((HERE / "nodemailer.js").read_bytes())
    if not (folder / "node_modules" / "nodemailer").exists():
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    out = subprocess.run(["node", "nodemailer.js", str(port), str(messages), str(PARAGRAPHS)],
                         cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(out)


def bench_mail():
    rounds = {"fairline": [], "smtp_source": [], "nodemailer": []}
    for i in range(3):
        with Sink() as sink:
            rounds["smtp_source"].append(smtp_source(sink.port, MESSAGES))
            say("smtp-source       %8.0f messages/s" % rounds["smtp_source"][-1])
            rounds["fairline"].append(
                campaign(sink.port, 4, MESSAGES, after=measure_processes if i == 2 else None))
            say("fairline          %8.0f messages/s" % rounds["fairline"][-1])
            rounds["nodemailer"].append(nodemailer(sink.port, min(MESSAGES, 10000)))
            say("nodemailer        %8.0f messages/s" % rounds["nodemailer"][-1])
    ours = statistics.median(rounds["fairline"])
    figures["mail_per_s"] = ours
    figures["smtp_source_per_s"] = statistics.median(rounds["smtp_source"])
    figures["nodemailer_per_s"] = statistics.median(rounds["nodemailer"])
    figures["mail_vs_smtp_source"] = ours / figures["smtp_source_per_s"]
    figures["mail_vs_nodemailer"] = ours / figures["nodemailer_per_s"]


def bench_one_connection():
    sinks = {"one_connection_per_s": Sink,
             "one_connection_chunking_per_s": lambda: CountingSink(chunking=True)}
    for name, make in sinks.items():
        with make() as sink:
            figures[name] = campaign(sink.port, 1, 10000)
            say("%-30s %8.0f messages/s" % (name, figures[name]))


def bench_program(name, *args):
    """A program that prints JSON objects; its figures get its name in front."""
    program = BUILD / "tests/bench" / ("bench-" + name)
    out = subprocess.run([str(program), *args], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        if not line.startswith("{"):
            continue
        say(line)
        for key, value in json.loads(line).items():
            if isinstance(value, (int, float)):
                figures[key if key.startswith(name) else name + "_" + key] = value


NGINX = """daemon off; master_process off; worker_processes 1; pid %(dir)s/pid; error_log %(dir)s/error;
events { worker_connections 1024; }
http { access_log off; server { listen 127.0.0.1:%(port)d; root %(dir)s; default_type text/html; }
client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p; fastcgi_temp_path %(dir)s/f;
uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s; }
"""


class Nginx:
    """Serves the file `page` under /page with one process."""

    def __init__(self, page):
        self.dir = tempfile.mkdtemp(prefix="fairline-nginx-")
        self.port = free_port()
        (pathlib.Path(self.dir) / "page").write_bytes(page)
        conf = pathlib.Path(self.dir) / "conf"
        conf.write_text(NGINX % {"dir": self.dir, "port": self.port})
        os.chmod(self.dir, 0o755)
        self.process = subprocess.Popen(["nginx", "-c", str(conf), "-e", self.dir + "/error"])
        for _ in range(200):
            try:
                return urllib.request.urlopen("http://127.0.0.1:%d/page" % self.port).close()
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("nginx does not answer: " + pathlib.Path(self.dir, "error").read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir)


WRK_POST = """wrk.method = "POST"
wrk.body = "words of a customer"
"""


def wrk(url, connections, script=None):
    """Requests a second and the 99th percentile in ms; an answer that is not 2xx is a fault."""
    command = ["wrk", "-t1", "-c%d" % connections, "-d5s", "--latency", url]
    command[1:1] = ["-s", script] if script else []
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError("not every request was served:\n" + out)
    value, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", out).groups()
    p99_ms = float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", out).group(1)), p99_ms


def message_of(gateway, journal):
    """The token of the page of the first message that left."""
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") >= 10):
        if time.monotonic() > deadline:
            raise RuntimeError("nothing was sent: " + gateway.tail())
        time.sleep(0.05)
    message = journal.read_text().split()[0]
    return subprocess.run(
        [str(BUILD / "tests/peers/sign-token"), str(gateway.dir / "data"), "page", message],
        check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def bench_front():
    """A customer's page, made anew for each request, against nginx with the same bytes from a file;
    and callbacks, each stored before it is answered."""
    port = free_port()
    base = "http://127.0.0.1:%d" % port
    journal = pathlib.Path(tempfile.mkdtemp(prefix="fairline-journal-")) / "journal"
    gateway = Gateway(' plugin = "null"\n options { journal = "%s" }' % journal,
                      'plan_interval = "1s"\nlog_level = "warn"\nfront { listen = "127.0.0.1:%d" }' % port, base)
    post = journal.parent / "post.lua"
    post.write_text(WRK_POST)
    gateway.prepare(10, PARAGRAPHS)
    gateway.start()
    try:
        gateway.wait_ready()
        url = base + "/m/" + message_of(gateway, journal)
        with urllib.request.urlopen(url) as answer:
            page = answer.read()
        with Nginx(page) as nginx:
            rate, p99 = wrk("http://127.0.0.1:%d/page" % nginx.port, 64)
            say("%-30s %8.0f requests/s, p99 %.1f ms" % ("nginx, %d bytes" % len(page), rate, p99))
            figures["front_nginx_per_s"] = rate
        for name, at in ("front_page", url), ("front_health", base + "/healthz"):
            rate, p99 = wrk(at, 64)
            say("%-30s %8.0f requests/s, p99 %.1f ms" % (name, rate, p99))
            figures[name + "_per_s"], figures[name + "_p99_ms"] = rate, p99
        figures["front_page_vs_nginx"] = figures["front_page_per_s"] / figures["front_nginx_per_s"]
        rate, p99 = wrk(base + "/h/mail/inbound", 16, str(post))
        say("%-30s %8.0f stored/s, p99 %.1f ms" % ("front_hooks", rate, p99))
        figures["front_hooks_per_s"], figures["front_hooks_p99_ms"] = rate, p99
        front = [p for p in children_of(gateway.process.pid)
                 if "--front-fd" in pathlib.Path("/proc/%d/cmdline" % p).read_text()]
        figures["front_peak_mib"] = peak_kib(front[0]) / 1024
    finally:
        gateway.stop()
        shutil.rmtree(journal.parent)


LETTERS = 1000
FAXES = 200
LETTER = """안녕하세요, **고객님**. 한 해 동안 이용해 주셔서 *감사합니다*. 10월 31일까지 모든 상품을 20% 할인하여
드립니다. 자세한 내용은 [누리집](https://shop.test/autumn)에 있습니다.

- 전 상품 20% 할인
- 5만원 이상 무료 배송

앞으로도 좋은 관계를 이어가겠습니다.
"""


def letter_items(path):
    token = "abcdefghijklmnopqrstuvwxyz234567abc%05d"
    path.write_text(json.dumps([{
        "message_id": i + 1, "to_address": "세종대로 110\n서울특별시 중구\n%05d\nKR" % (10000 + i),
        "to_name": "김민수 %d" % i, "language": "ko", "subject": "가을 감사제 안내",
        "campaign": "bench", "token_card": token % (20000 + i),
        "page_url": "https://shop.test/m/" + token % (40000 + i),
        "parts": [{"type": "text/markdown", "text": LETTER}]} for i in range(LETTERS)]))


def bench_letter():
    """Whole jobs on disk - laid out, sorted, synced - against a loop that only draws pages."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        letter_items(folder / "items.json")
        for i in range(3):
            out = subprocess.run([BUILD / "tests/bench/bench-letter", str(LETTERS),
                                  folder / "bare.pdf"], check=True, capture_output=True, text=True)
            bare.append(float(out.stdout))
            say("a bare loop       %8.0f pages/s" % bare[-1])
            begin = time.monotonic()
            out = subprocess.run(
                [BUILD / "fairline-host", "--inproc", BUILD / "plugins/letter/.libs/letter.so",
                 "--option", "directory=%s/%d" % (folder, i), "--option", "sender_name=Hangyeol",
                 "--option", "sender_address=99 Yulgok-ro | Seoul", "deliver",
                 folder / "items.json"], check=True, capture_output=True)
            ours.append(LETTERS / (time.monotonic() - begin))
            if out.stdout.count(b'"outcome":"accepted"') != LETTERS:
                raise RuntimeError(out.stderr.decode()[-500:])
            say("fairline          %8.0f pages/s" % ours[-1])
    figures["letter_pages_per_s"] = statistics.median(ours)
    figures["letter_bare_pages_per_s"] = statistics.median(bare)
    figures["letter_vs_bare"] = figures["letter_pages_per_s"] / figures["letter_bare_pages_per_s"]


def bench_fax():
    """Faxes from Markdown to TIFF G4 against ghostscript, which gets like pages laid out already."""
    ours, peer = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([BUILD / "tests/bench/bench-letter", str(FAXES), folder / "like.pdf"],
                       check=True, capture_output=True)
        for _ in range(3):
            begin = time.monotonic()
            subprocess.run(["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=tiffg4",
                            "-r204x196", "-sOutputFile=%s/gs-%%d.tif" % folder,
                            folder / "like.pdf"], check=True)
            peer.append(FAXES / (time.monotonic() - begin))
            say("ghostscript       %8.0f pages/s" % peer[-1])
            out = subprocess.run([BUILD / "tests/bench/bench-fax", str(FAXES), folder],
                                 input=LETTER, check=True, capture_output=True, text=True)
            ours.append(float(out.stdout))
            say("fairline          %8.0f pages/s" % ours[-1])
    figures["fax_pages_per_s"] = statistics.median(ours)
    figures["fax_ghostscript_pages_per_s"] = statistics.median(peer)
    figures["fax_vs_ghostscript"] = statistics.median(ours) / statistics.median(peer)


def bench_text_messages():
    bench_sms.bench(figures, say)


CDNOW = pathlib.Path(os.environ.get("FL_SHARED_DATA", "")) / "clv/cdnow_customers_summary.csv"
CDNOW_TIMES = 100
CDNOW_LOG_LIKELIHOOD = -9582.4
SIMULATED = 1000000
SCIPY_PYTHON = "/usr/bin/python3"  # Debian's scipy is for Debian's Python


def has_scipy():
    done = subprocess.run([SCIPY_PYTHON, "-c", "import scipy"], capture_output=True, check=False)
    if done.returncode:
        say("no python3-scipy, the peer of the fit is skipped")
    return done.returncode == 0


def bench_fit_against(rows, name, ours):
    """Puts the seconds of scipy, by the method of lifetimes, beside ours."""
    peer = json.loads(subprocess.run([SCIPY_PYTHON, HERE / "fit_scipy.py", rows], check=True,
                                     capture_output=True, text=True).stdout)
    say("scipy %s" % peer)
    figures[name + "_scipy_s"] = peer["fit_s"]
    figures[name + "_vs_scipy"] = peer["fit_s"] / ours["s"]
    figures[name + "_score_vs_scipy"] = peer["score_s"] / ours["score_s"]


def bench_fit_rows(folder, name, times):
    rows = folder / (name + ".csv")
    out = subprocess.run([BUILD / "tests/bench/bench-value", CDNOW, str(times), rows], check=True,
                         capture_output=True, text=True).stdout
    say(out.strip())
    ours = json.loads(out)
    for key in ("s", "two_threads_s", "group_s", "plain_s", "score_s", "residual_s"):
        figures["%s_%s" % (name, key)] = ours[key]
    figures[name + "_vs_plain"] = ours["plain_s"] / ours["s"]
    figures[name + "_score_vs_plain"] = ours["plain_score_s"] / ours["score_s"]
    if times == 1 and abs(ours["log_likelihood"] - CDNOW_LOG_LIKELIHOOD) > 0.05:
        raise RuntimeError("log-likelihood of CDNOW: %f" % ours["log_likelihood"])
    if has_scipy():
        bench_fit_against(rows, name, ours)


def bench_fit():
    """BG/NBD on CDNOW, on a hundred times as many (each moved by up to three days), both against
    scipy and against a plain C loop under Nelder and Mead, and on a million simulated
    customers.  Ours climbs from three starts, the peers from one."""
    out = subprocess.run([BUILD / "tests/bench/bench-value", "simulate", str(SIMULATED)], check=True,
                         capture_output=True, text=True).stdout
    say(out.strip())
    for key in ("group_s", "s", "cpu_s", "two_threads_s"):
        figures["fit_million_" + key] = json.loads(out)[key]
    if not CDNOW.exists():
        say("no FL_SHARED_DATA/clv: CDNOW skipped")
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bench_fit_rows(folder, "fit_cdnow", 1)
        bench_fit_rows(folder, "fit_cdnow100", CDNOW_TIMES)


BENCHES = {
    "mail": bench_mail,
    "one_connection": bench_one_connection,
    "import": lambda: bench_program("import"),
    "plan": lambda: bench_program("plan"),
    "render": lambda: bench_program("render"),
    "sms": bench_text_messages,
    "front": bench_front,
    "letter": bench_letter,
    "fax": bench_fax,
    "fit": bench_fit,
    "appraise": lambda: bench_program("appraise"),
}

# What must be reached: name, bound, and whether more is better.
GOALS = [
    ("mail_vs_smtp_source", 0.3, True),
    ("mail_vs_nodemailer", 4, True),
    ("one_connection_per_s", 1000, True),
    ("one_connection_chunking_per_s", 1000, True),
    ("import_vs_bare", 0.5, True),
    ("plan_vs_bare", 2, False),
    ("plan_worth_vs_plan", 2.5, False),
    ("front_page_vs_nginx", 0.05, True),
    ("front_hooks_per_s", 100, True),
    ("front_peak_mib", 64, False),
    ("letter_vs_bare", 0.8, True),
    ("fax_vs_ghostscript", 0.5, True),
    ("core_peak_mib", 64, False),
    ("host_peak_mib", 64, False),
    ("fit_million_s", 0.5, False),
    ("fit_cdnow_vs_plain", 5, True),
    ("fit_cdnow100_vs_plain", 50, True),
    ("fit_cdnow100_vs_scipy", 5, True),
    ("appraise_s", 10, False),
    ("appraise_bytes_a_customer", 300, False),
    ("appraise_rescore_ms", 1, False),
    ("sms_vs_ab", 0.3, True),
    ("sms_receipts_vs_commits", 0.1, True),
]


def main():
    output = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or BENCHES:
        say("-- " + name)
        BENCHES[name]()
    old = json.loads(output.read_text()) if output.exists() and sys.argv[2:] else {}
    output.write_text(json.dumps({**old, **figures}, indent=1, sort_keys=True) + "\n")
    print("%-34s %14s  %s" % ("figure", "value", "goal"))
    goals = {name: (bound, more) for name, bound, more in GOALS}
    missed = 0
    for name in sorted(figures):
        goal = ""
        if name in goals:
            bound, more = goals[name]
            is_met = figures[name] >= bound if more else figures[name] <= bound
            missed += not is_met
            goal = "%s %g: %s" % ("at least" if more else "at most", bound, "met" if is_met else "MISSED")
        print("%-34s %14.2f  %s" % (name, figures[name], goal))
    print("written to %s" % output)
    return 1 if missed else 0


sys.exit(main())
