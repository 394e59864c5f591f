#!/bin/sh
# The daemon as an operator meets it: refusals, start, a campaign through the null channel, dead
# hosts, a dead core, reload, collecting, an overdue call, the end.  TAP.
build=${FL_TOP_BUILDDIR:?}
dir=$(mktemp -d /tmp/fairline-e2e-XXXXXX) || exit 99
daemon=
n=0
customers=${FL_E2E_CUSTOMERS:-4000}
FAIRLINE_LIBEXEC_DIR=$build
export FAIRLINE_LIBEXEC_DIR

finish() {
    [ -n "$daemon" ] && kill -KILL "$daemon" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT

# check NAME COMMAND...: one test
check() {
    name=$1
    shift
    n=$((n + 1))
    if "$@" >"$dir/out" 2>&1; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' "$dir/out" | tail -20
        tail -20 "$dir/log" 2>/dev/null | sed 's/^/# log: /'
    fi
}

# within COMMAND...: asks again until it is true, for at most a minute
within() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -gt 600 ] && return 1
        sleep 0.1
    done
}

fairline() {
    "$build/fairline" -c "$dir/fairline.conf" "$@"
}

# conf OPTIONS [WORKERS]: writes the configuration
conf() {
    cat >"$dir/fairline.conf" <<EOF
data_dir = "$dir/data"
plugin_dir = "$build/plugins/null/.libs"
plan_interval = 1s
drain_timeout = 20s
channel "drill" {
    plugin = "null"
    workers = ${2:-2}
    batch = 50
    call_timeout = 2s
    collect_interval = 1s
    retry_first = 1s
    options {
        journal = "$dir/journal"
        inbox = "$dir/inbox"
        $1
    }
}
EOF
}

start() {
    "$build/fairlined" -c "$dir/fairline.conf" 2>>"$dir/log" &
    daemon=$!
    within is_running 2
}

status() {
    fairline status -o jsonl
}

# is_running WORKERS: the channel has so many
is_running() {
    status | grep -q "\"state\":\"running\",\"workers\":$1,"
}

has_waiting() {
    status | grep -q "\"waiting\":$1,"
}

core_pid() {
    pgrep -P "$daemon" -f -- --core-fd
}

host_pids() {
    pgrep -P "$daemon" -f -- fairline-host
}

# campaign NAME: applies and schedules one to everybody
campaign() {
    mkdir -p "$dir/c/welcome"
    printf -- '---\nsubject: Hello\n---\n\nDear {{name}}, good day.\n' >"$dir/c/welcome/content.md"
    cat >"$dir/c/$1.conf" <<EOF
campaign "$1" {
    purpose = "marketing"
    channel = "drill"
    content = "welcome"
    schedule { at = "now" }
}
EOF
    fairline campaign apply "$dir/c/$1.conf" && fairline campaign schedule "$1" --yes
}

# journal_has N: so many different messages left
journal_has() {
    [ "$(cut -d' ' -f1 "$dir/journal" | sort -u | wc -l)" -eq "$1" ]
}

# Whatever left twice left under the same identity.
one_identity_each() {
    [ "$(cut -d' ' -f1,2 "$dir/journal" | sort -u | wc -l)" -eq \
        "$(cut -d' ' -f1 "$dir/journal" | sort -u | wc -l)" ]
}

journal_grows_beyond() {
    [ "$(wc -l <"$dir/journal")" -gt "$1" ]
}

# --- refusals -----------------------------------------------------------------
conf 'latency = "5"
        jurnal = "x"'
refuses_all() {
    "$build/fairlined" -c "$dir/fairline.conf" >"$dir/refusal" 2>&1
    [ $? -eq 78 ] && grep -q 'fairline.conf:.*latency' "$dir/refusal" &&
        grep -q 'fairline.conf:.*jurnal' "$dir/refusal" && [ ! -e "$dir/data" ]
}
check "a configuration with faults is refused, each with file and line" refuses_all
conf ''
check "--check accepts a good one" "$build/fairlined" -c "$dir/fairline.conf" --check

# --- start --------------------------------------------------------------------
check "it starts and answers" start
check "both workers are up" within is_running 2
is_private() {
    [ "$(stat -c %a "$dir/data/token.key")" = 600 ] && [ "$(stat -c %a "$dir/data/control")" = 600 ]
}
check "token key and control socket are private" is_private
refuses_second() {
    ! "$build/fairlined" -c "$dir/fairline.conf" 2>"$dir/second" && grep -q another "$dir/second"
}
check "a second daemon in the same folder is refused" refuses_second

# --- a campaign -----------------------------------------------------------------
awk -v n="$customers" 'BEGIN {
    print "external_id,name,email,consent.marketing.email"
    for (i = 0; i < n; i++) print "c" i ",Kim " i ",user" i "@example.org,yes"
}' >"$dir/people.csv"
check "customers are imported through the daemon" fairline import customers "$dir/people.csv"
check "a campaign is scheduled" campaign first
check "everybody gets it" within journal_has "$customers"
check "nobody gets it twice" [ "$(wc -l <"$dir/journal")" -eq "$customers" ]
check "nothing waits" within has_waiting 0

# --- dead hosts -----------------------------------------------------------------
conf 'latency = "1ms"'
: >"$dir/journal"
kill -HUP "$daemon"
check "workers are replaced by a reload" within is_running 2
campaign second >/dev/null 2>&1
within journal_grows_beyond 100
for pid in $(host_pids); do kill -KILL "$pid"; done
check "killed hosts are started again" within is_running 2
check "everybody still gets it" within journal_has "$customers"
check "what left twice has one identity" one_identity_each
check "nothing waits after that" within has_waiting 0

# --- a dead core ------------------------------------------------------------------
: >"$dir/journal"
campaign third >/dev/null 2>&1
within journal_grows_beyond 100
kill -KILL "$(core_pid)"
check "a killed core is started again" within is_running 2
check "everybody gets what was queued" within journal_has "$customers"
check "what left twice has one identity, over the death of core" one_identity_each
doubtful_window() {
    # two batches of 50 for each of two workers
    [ $(($(wc -l <"$dir/journal") - customers)) -le 200 ]
}
check "only what was in hand left twice" doubtful_window
check "nothing waits when core is back" within has_waiting 0

# --- reload -----------------------------------------------------------------------
conf 'jurnal = "x"'
kill -HUP "$daemon"
logged() {
    grep -q "$1" "$dir/log"
}
check "a reload with a fault is refused" within logged "the old configuration stays"
check "and the old one goes on" is_running 2
conf '' 3
kill -HUP "$daemon"
check "a good one takes effect" within is_running 3

# --- collecting ---------------------------------------------------------------------
printf 'Thank you, very good' >"$dir/inbox/answer.txt"
has_feedback() {
    fairline feedback list -o jsonl | grep -q 'very good'
}
check "what is in the inbox becomes feedback" within has_feedback
acknowledged() {
    [ -e "$dir/inbox/done/answer.txt" ]
}
check "and is acknowledged after it is stored" within acknowledged

# --- a plugin that hangs, and one message that kills ----------------------------------
conf "hang_every = \"$((customers * 3 / 8))\""
kill -HUP "$daemon"
within is_running 2
campaign fourth >/dev/null 2>&1
check "an overdue call is killed" within logged "a plugin's call is overdue"
conf 'crash_on = "user7@example.org"'
kill -HUP "$daemon"
within is_running 2
campaign fifth >/dev/null 2>&1
is_quarantined() {
    fairline queue list --state held -o jsonl | grep -q .
}
check "a message that kills two hosts is quarantined" within is_quarantined
check "the others leave" within has_waiting 1

# --- the end ------------------------------------------------------------------------------
conf 'latency = "1ms"'
kill -HUP "$daemon"
: >"$dir/journal"
within is_running 2
campaign sixth >/dev/null 2>&1
within journal_grows_beyond 100
kill -TERM "$daemon"
wait "$daemon"
code=$?
daemon=
check "it ends by itself when asked" [ "$code" -eq 0 ]
check "the control socket is gone" [ ! -e "$dir/data/control" ]
nothing_in_hand() {
    ! fairline status -o jsonl | grep -qE '"(begun|uncertain)":'
}
check "nothing is left in hand or in doubt" nothing_in_hand
check "the store is sound" fairline store check
echo "1..$n"
