#!/usr/bin/env python3
"""kill -9 at random moments while messages go to a counting SMTP sink, as TAP.

usage: crash.py [KILLS [MESSAGES [SEED]]]

Kills the core, a host, or the whole group.  At each restart the store's invariants hold; at the
end no message is lost, duplicates stay within the doubtful window of the kills, and every duplicate
carries the Message-ID of the first.
"""
import collections
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from gateway import CountingSink, Gateway, children_of  # noqa: E402

WORKERS = 4
BATCH = 8
BATCHES_IN_HAND = 2  # FL_DISPATCH_BATCHES
RATE = 800

tests = 0


def result(is_ok, what, detail=""):
    global tests
    tests += 1
    print("%s %d - %s" % ("ok" if is_ok else "not ok", tests, what))
    if not is_ok and detail:
        print("\n".join("# " + line for line in str(detail).splitlines()))
    sys.stdout.flush()
    return is_ok


def role_of(command):
    if "fairline-host" in command:
        return "host"
    if "core" in command:
        return "core"
    return "other"


def victims(gateway, role):
    return [pid for pid, command in children_of(gateway.process.pid).items() if role_of(command) == role]


def kill_once(gateway, rng):
    """Returns what was killed, or None when there was nothing of that kind just now."""
    what = rng.choice(["core", "host", "group"])
    if what == "group":
        gateway.kill_all()
        check = gateway.cli("store", "check", check=False)
        if check.returncode:
            raise RuntimeError("store check after a group kill: " + check.stdout + check.stderr)
        gateway.start()
        return what
    found = victims(gateway, what)
    if not found:
        return None
    try:
        os.kill(rng.choice(found), signal.SIGKILL)
    except ProcessLookupError:
        return None
    return what


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    rng = random.Random(seed)
    print("# seed %d, %d kills, %d messages" % (seed, kills, messages))
    folder = tempfile.TemporaryDirectory(prefix="fairline-crash-")
    seen = pathlib.Path(folder.name) / "sink.log"
    sink = CountingSink(seen)
    gateway = Gateway(
        ' plugin = "email"\n workers = %d\n batch = %d\n rate = %d\n'
        ' retry_first = "1s"\n retry_max = "2s"\n'
        ' options {\n  transport = "smtp"\n  host = "127.0.0.1:%d"\n  tls = "none"\n'
        '  domain = "shop.test"\n  from_address = "news@shop.test"\n }' % (WORKERS, BATCH, RATE, sink.port),
        'plan_interval = "1s"',
    )
    done = collections.Counter()
    try:
        gateway.prepare(messages)
        gateway.start()
        gateway.wait_ready()
        pause = messages / RATE / (kills + 1)
        deadline = time.monotonic() + 600
        while sum(done.values()) < kills and time.monotonic() < deadline:
            time.sleep(rng.uniform(0, 2 * pause))
            what = kill_once(gateway, rng)
            if what:
                done[what] += 1
            elif gateway.process.poll() is not None:
                raise RuntimeError("fairlined ended by itself with %s" % gateway.process.returncode)
        result(sum(done.values()) == kills, "%d kills: %s" % (kills, dict(done)))
        gateway.wait_ready(90)
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            states = gateway.states()
            if states.get("accepted", 0) + states.get("failed", 0) + states.get("held", 0) >= messages:
                break
            time.sleep(0.3)
        result(states.get("accepted", 0) == messages, "all %d messages are accepted" % messages,
               "%s\n%s" % (states, gateway.tail()))
        gateway.stop()
        check = gateway.cli("store", "check", check=False)
        result(check.returncode == 0, "the store's invariants hold at the end", check.stdout + check.stderr)
        arrived = collections.defaultdict(list)
        for line in seen.read_text().splitlines():
            message_id, recipient = line.split()[:2]
            arrived[recipient].append(message_id)
        result(len(arrived) == messages, "none is lost", "%d recipients were reached" % len(arrived))
        duplicates = sum(len(ids) - 1 for ids in arrived.values())
        window = WORKERS * BATCH * BATCHES_IN_HAND
        bound = done["host"] * BATCH * BATCHES_IN_HAND + (done["core"] + done["group"]) * window
        result(duplicates <= bound, "%d duplicates are within the doubtful window (%d)" % (duplicates, bound))
        print("# %d duplicates in %d kills: %.2f a kill, window %d" % (duplicates, kills, duplicates / kills, window))
        others = [r for r, ids in arrived.items() if len(set(ids)) != 1]
        result(not others, "every duplicate has the same Message-ID", others[:5])
    except Exception as error:  # the plan must be printed whatever happens
        result(False, "the run goes through", "%s\n%s" % (error, gateway.tail(40)))
    finally:
        if gateway.process and gateway.process.poll() is None:
            gateway.kill_all()
        sink.__exit__()
        shutil.rmtree(gateway.dir, ignore_errors=True)
        folder.cleanup()
    print("1..%d" % tests)


main()
