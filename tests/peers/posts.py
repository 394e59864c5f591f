"""posts.py PORT PATH PREFIX WANTED THREADS FILE - writes to the gateway by its form until WANTED
texts are acknowledged, every text once and never again; FILE gets the acknowledged ones, a line each.
Prints how many were tried."""
import http.client
import sys
import threading
import time
import urllib.parse

port, path, prefix, wanted, threads, out = sys.argv[1:]
lock = threading.Lock()
acknowledged = open(out, "w")
counts = {"tried": 0, "refused": 0}
ATTEMPTS_MAX = 10000
PAUSE_S = 0.05  # what a patient client does when it is turned away


def write(text):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        connection.request("POST", path, urllib.parse.urlencode({"words": text}),
                           {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        response.read()
        connection.close()
        return 200 <= response.status < 400
    except (OSError, http.client.HTTPException):
        return False


def work():
    while True:
        with lock:
            open_ones = counts["tried"] - counts["refused"]
            if open_ones >= int(wanted) or counts["tried"] >= ATTEMPTS_MAX:
                return
            counts["tried"] += 1
            text = f"{prefix}-{counts['tried']}"
        if write(text):
            with lock:
                acknowledged.write(text + "\n")
                acknowledged.flush()
        else:
            with lock:
                counts["refused"] += 1
            time.sleep(PAUSE_S)


workers = [threading.Thread(target=work) for _ in range(int(threads))]
for w in workers:
    w.start()
for w in workers:
    w.join()
print(counts["tried"])
