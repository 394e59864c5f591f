#!/bin/sh
# The gateway values: a run in a process of its own, a run missed at night, a run whose process is
# killed, and one customer scored again after something happened.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"

cat >"$work/fairline.conf" <<CONF
data_dir = "$work/data"
log_level = info
plan_interval = 1s
organisation { name = "Dawnfield" time_zone = "Asia/Seoul" }
value { currency = "USD" run_at = 03:00 }
CONF

# Customers who buy every few weeks, the later ones more seldom; the last purchases are some days
# ago.
python3 - "$work" <<'PY'
import datetime, random, sys
random.seed(4)
work = sys.argv[1]
today = datetime.date.today()
with open(work + "/people.csv", "w") as people, open(work + "/sales.csv", "w") as sales:
    people.write("external_id,name\n")
    sales.write("id,customer,date,amount,discount\n")
    n = 0
    for i in range(400):
        people.write("D-%d,Kim %d\n" % (i, i))
        day = today - datetime.timedelta(days=random.randint(200, 700))
        while day < today - datetime.timedelta(days=2):
            n += 1
            sales.write("S-%d,D-%d,%s,%d.00,%d.00\n" % (n, i, day, random.randint(5, 50), i % 3))
            if random.random() < 0.12:
                break
            day += datetime.timedelta(days=1 + int(random.expovariate(1 / (20.0 + i % 60))))
with open(work + "/one.csv", "w") as one:
    one.write("id,customer,date,amount,discount\n")
    one.write("N-1,D-7,%s,99.00,40.00\n" % (today - datetime.timedelta(days=1)))
PY

fairline import customers "$work/people.csv" >"$work/import.out" 2>&1 || cat "$work/import.out"
fairline import transactions "$work/sales.csv" >>"$work/import.out" 2>&1 || cat "$work/import.out"

done_runs() {
    fairline value runs -o json | jq -r '[.[] | select(.state == "done")] | length'
}
failed_runs() {
    fairline value runs -o json | jq -r '[.[] | select(.state == "failed")] | length'
}
score() {
    fairline value show "$1" -o json | jq -r 'if type == "array" then .[0] else . end | tostring'
}

# --- with the daemon down: in the command line's own process ---------------------------------------
is "a run of the command line itself" \
    "$(fairline value run -o json 2>/dev/null | jq -r '.[0] | "\(.state) \(.customers) \(.valued)"')" \
    "done 400 400"

# --- with the daemon up ----------------------------------------------------------------------------
start_daemon
is "no run was missed" "$(done_runs)" 1
is "a run of the value process, waited for" \
    "$(fairline value run --wait -o json 2>/dev/null | jq -r '.[0] | "\(.state) \(.customers) \(.valued) \(.changes)"')" \
    "done 400 400 0"
is "its scores are there" "$(fairline value runs -o json | jq -r '.[0].valued')" 400
ok "a date that is to come is refused" \
    sh -c '! "$0" -c "$1" value run --as-of 2999-01-01 2>"$2" && grep -q future "$2"' \
    "$build/fairline" "$work/fairline.conf" "$work/err"

# --- scored again after a purchase ------------------------------------------------------------------
before=$(score D-7)
other=$(score D-8)
fairline import transactions "$work/one.csv" >"$work/import.out" 2>&1 || cat "$work/import.out"
is_scored_again() {
    [ "$(score D-7)" != "$before" ] && echo yes
}
until_is 60 "a purchase is followed by a new score" yes is_scored_again
is "without another run" "$(done_runs)" 2
is "nobody waits any more" \
    "$(fairline status -o json | jq -r '.[0] | "\(.valuation) \(.to_be_scored)"')" "done 0"
is "and the others keep theirs" "$(score D-8)" "$other"

# --- scored again after a complaint, and the other way when it is settled ----------------------------
commitment() {
    fairline value show D-9 -o json | jq -r '.[0] | .commitment'
}
content=$(commitment)
yesterday=$(date -u -d yesterday +%Y-%m-%d)
echo "{\"type\": \"complaint\", \"id\": \"K-1\", \"customer\": \"D-9\", \"opened\": \"$yesterday\", \"text\": \"late\"}" \
    >"$work/complaint.json"
fairline import events "$work/complaint.json" >"$work/import.out" 2>&1 || cat "$work/import.out"
is_below() {
    jq -n "$(commitment) < $content"
}
is_above() {
    jq -n "$(commitment) > $content"
}
until_is 60 "a complaint lowers commitment" true is_below
echo "{\"type\": \"complaint\", \"id\": \"K-1\", \"customer\": \"D-9\", \"opened\": \"$yesterday\", \"settled\": \"$(date -u +%Y-%m-%d)\"}" \
    >"$work/complaint.json"
fairline import events "$work/complaint.json" >"$work/import.out" 2>&1 || cat "$work/import.out"
until_is 60 "and one that was settled soon raises it" true is_above

valuation_is() {
    fairline doctor -o json 2>/dev/null | jq -r '.[] | select(.what == "valuation") | .result'
}

# --- killed in the middle ----------------------------------------------------------------------------
# Kills the child of the gateway that values, as soon as it is seen; asks for one run after another
# until one was caught.
cat >"$work/kill.py" <<'PY'
import os, signal, subprocess, sys
parent, command = sys.argv[1], sys.argv[2:]
children = "/proc/%s/task/%s/children" % (parent, parent)
for _ in range(40):
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while run.poll() is None:
        with open(children) as listed:
            for pid in listed.read().split():
                try:
                    with open("/proc/%s/cmdline" % pid) as cmdline:
                        if "--value-fd" in cmdline.read():
                            os.kill(int(pid), signal.SIGKILL)
                except (OSError, ValueError):
                    pass
    text = run.stderr.read()
    if run.returncode:
        print(text.strip())
        break
PY
if [ -r "/proc/$daemon/task/$daemon/children" ]; then
    is "a run whose process is killed has failed" \
        "$(python3 "$work/kill.py" "$daemon" "$build/fairline" -c "$work/fairline.conf" value run --wait |
            grep -c "the value process died")" 1
else
    n=$((n + 1))
    echo "ok $n - a run whose process is killed has failed # SKIP the kernel lists no children"
fi
is "the gateway goes on" "$(daemon_is)" running
is "and so do runs" "$(fairline value run --wait -o json 2>/dev/null | jq -r '.[0].state')" done
is "none is left running" \
    "$(fairline value runs -o json | jq -r '[.[] | select(.state == "running")] | length')" 0

# --- missed at night ---------------------------------------------------------------------------------
stop_daemon
is "the gateway ends cleanly" "$code" 0
runs=$(done_runs)
# last_run_is STATE: as the store would have kept it
last_run_is() {
    python3 - "$work/data/fairline.db" "$1" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE value_run SET state = ? WHERE id = (SELECT max(id) FROM value_run)", sys.argv[2:])
db.commit()
PY
}
is "doctor is content with the last valuation" "$(valuation_is)" OK
last_run_is 2
is "and tells when it failed" "$(valuation_is)" WARN
last_run_is 1
python3 - "$work/data/fairline.db" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE value_run SET started_us = started_us - 3 * 86400 * 1000000, "
           "finished_us = finished_us - 3 * 86400 * 1000000")
db.commit()
PY
is "and when the nights were missed" "$(valuation_is)" WARN
start_daemon
until_is 120 "a run missed at night is made up" "$((runs + 1))" done_runs
fairline value run --wait >/dev/null 2>&1
is "once" "$(done_runs)" "$((runs + 2))"
stop_daemon

done_testing
