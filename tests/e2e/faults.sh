#!/bin/sh
# Whatever can be wrong: configuration, customers, content, campaigns, plugins, hosts, staff in a
# hurry, a mail server that is away.  Each is told in a sentence, changes nothing, loses nothing.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
command -v jq >/dev/null || skip_all "jq is not installed"
sink=
before_end() { [ -z "$sink" ] || kill "$sink" 2>/dev/null; }
journal=$work/journal

# conf OPTIONS [CHANNEL-SETTINGS]: the configuration with one null channel and these knobs
conf() {
    cat >"$work/fairline.conf" <<EOF
data_dir = "$work/data"
plan_interval = 100ms
drain_timeout = 5s
organisation {
    name = "Hill Farm Dairy"
    time_zone = "Asia/Seoul"
}
channel "drill" {
    plugin = "null"
    batch = 5
    call_timeout = 1s
    collect_interval = 1h
    retry_first = 200ms
    retry_max = 1s
    ${2:-}
    options {
        journal = "$journal"
        $1
    }
}
EOF
}

# told FILE TEXT...: every text stands in the file
told() {
    file=$1
    shift
    for text; do
        grep -qF -- "$text" "$file" || { echo "missing: $text"; cat "$file"; return 1; }
    done
}

# refused CODE COMMAND...: ends with this code; what it says is in $work/said
refused() {
    wanted=$1
    shift
    got=0
    "$@" >"$work/said" 2>&1 || got=$?
    [ "$got" = "$wanted" ] || { echo "exit $got, expected $wanted"; cat "$work/said"; return 1; }
}

logged() {
    grep -c "$1" "$work/fairlined.log"
}

# campaign NAME: applies one to everybody and lets it run
campaign() {
    printf 'campaign "%s" {\n purpose = "marketing"\n channel = "drill"\n content = "news"\n schedule { at = "now" }\n}\n' \
        "$1" >"$work/$1.conf"
    fairline campaign apply "$work/$1.conf" >/dev/null && fairline campaign schedule "$1" --yes
}

# in_state CAMPAIGN STATE: how many
in_state() {
    fairline queue show --campaign "$1" -o json |
        jq -r "[.[] | select(.state == \"$2\") | .messages] | add // 0"
}

# states CAMPAIGN: "accepted 39, held 1"
states() {
    fairline queue show --campaign "$1" -o json |
        jq -r '[.[] | "\(.state) \(.messages)"] | sort | join(", ")'
}

# ready SINCE WANTED: have so many more hosts become ready?
ready() {
    [ "$(logged 'msg="host ready"')" -ge $(($1 + $2)) ] && echo yes
}

# reload HOSTS: the new knobs are in force when so many hosts were started again
reload() {
    since=$(logged 'msg="host ready"')
    kill -HUP "$daemon"
    until_is 20 "the configuration is in force" yes ready "$since" "$1"
}

left() {
    wc -l <"$journal"
}

left_once() {
    [ "$(cut -d' ' -f1 "$journal" | sort | uniq -d | wc -l)" = 0 ]
}

# --- a wrong configuration ------------------------------------------------------------
cat >"$work/fairline.conf" <<EOF
data_dir = "$work/data"
plan_intervall = 1s
drain_timeout = 5
organisation {
    name = "Dairy"
    time_zone = "Moon/Base"
}
channel "drill" {
    plugin = "null"
    workers = 1000
}
channel "more" {
    batch = 1
}
EOF
ok "the daemon refuses a wrong configuration" refused 78 "$build/fairlined" -c "$work/fairline.conf"
ok "with every fault: file, line, key, what was expected" told "$work/said" \
    'fairline.conf:2: plan_intervall: unknown key (did you mean "plan_interval"?)' \
    'fairline.conf:3: drain_timeout "5": expected a duration' \
    'fairline.conf:6: time_zone "Moon/Base": expected a time zone' \
    'fairline.conf:10: workers "1000": expected a whole number within 1..64' \
    'fairline.conf:12: plugin: missing in channel "more"'
cp "$work/said" "$work/daemon-said"
ok "the command line refuses it alike" refused 78 fairline config check
is "with the same faults" "$(grep -c 'fairline.conf:[0-9]' "$work/said")" \
    "$(grep -c 'fairline.conf:[0-9]' "$work/daemon-said")"
cat >"$work/fairline.conf" <<EOF
data_dir = "$work/data"
channel "none" {
    plugin = "nosuch"
}
channel "drill" {
    plugin = "null"
    options {
        latency = "5"
        jurnal = "$journal"
    }
}
channel "mail" {
    plugin = "email"
}
EOF
ok "wrong options of plugins are refused" refused 78 "$build/fairlined" -c "$work/fairline.conf"
ok "all of them at once" told "$work/said" 'fairline.conf:2: plugin "nosuch": no file "nosuch.so"' \
    'fairline.conf:8: latency "5": expected a duration' \
    'fairline.conf:9: jurnal: unknown key in channel "drill" (did you mean "journal"?)' \
    'fairline.conf:12: from_address: missing in channel "mail"'
ok "also by config check" refused 78 fairline config check
ok "nothing was made" [ ! -e "$work/data" ]

# --- wrong customers, content, campaigns ------------------------------------------------
conf ''
awk 'BEGIN {
    print "external_id,name,email,consent.marketing.email"
    for (i = 1; i <= 40; i++) print "c" i ",Kim,u" i "@cust.test,yes"
}' >"$work/people.csv"
mkdir "$work/news" "$work/bad"
printf -- '---\nsubject: News\n---\n\nDear {{name}}, good day.\n' >"$work/news/content.md"
ok "customers are imported" fairline import customers "$work/people.csv"
ok "content is stored" fairline content apply "$work/news"
everything() {
    fairline customer list -o jsonl --limit 0
    fairline content list -o jsonl
    fairline campaign list -o jsonl
    fairline queue show -o jsonl
}
everything >"$work/before"
unchanged() {
    everything >"$work/after"
    cmp "$work/before" "$work/after"
}
cat >"$work/bad.csv" <<'EOF'
external_id,name,email,consent.marketing.email,anchor.birth
d1,Lee,d1@cust.test,yes,2024-02-29
d2,Lee,not an address,yes,
d3,Lee,d3@cust.test,perhaps,2023-02-30
,Lee,d4@cust.test,yes,
d1,Lee,d5@cust.test,yes,
EOF
ok "a wrong CSV is refused" refused 65 fairline import customers "$work/bad.csv"
ok "every fault with its line" told "$work/said" 'bad.csv:3: email "not an address"' \
    'bad.csv:4: consent.marketing.email "perhaps"' 'bad.csv:4: anchor.birth "2023-02-30"' \
    'bad.csv:5: external_id: missing' 'bad.csv:6: external_id "d1"' '5 faults; nothing was changed'
printf -- '---\nsubjekt: News\n---\n\nDear {{name}, good {{#day}}\n\n{{/night}}\n' \
    >"$work/bad/content.md"
printf 'x\n' >"$work/bad/what.xyz"
ok "wrong content is refused" refused 65 fairline content apply "$work/bad"
ok "every fault with its place" told "$work/said" 'bad/content.md:2: subjekt: unknown key' \
    'bad/content.md:5: ' 'bad/content.md:7: "night"' 'bad/what.xyz: unknown file name'
cat >"$work/bad.conf" <<'EOF'
campaign "fine" {
    purpose = "marketing"
    channel = "drill"
    content = "news"
    schedule { at = "now" }
}
campaign "spring" {
    purpos = "marketing"
    channel = "dril"
    content = "bad"
    schedule { at = "yesterday" }
}
EOF
ok "a wrong campaign is refused" refused 65 fairline campaign apply "$work/bad.conf"
ok "every fault, of its content too" told "$work/said" 'bad.conf:8: purpos: unknown key' \
    'bad.conf:7: purpose: missing' 'bad.conf:9: channel "dril": no such channel' \
    'bad.conf:11: at "yesterday": expected a time' 'bad/content.md:7: "night"'
sed -i 's/purpos /purpose /; s/"dril"/"drill"/; s/"bad"/"absent"/; s/yesterday/now/' "$work/bad.conf"
ok "a campaign without content is refused" refused 65 fairline campaign apply "$work/bad.conf"
ok "with the campaign's line" told "$work/said" 'bad.conf:7: content "absent": campaign "spring"'
ok "nothing in the store was changed by any of them" unchanged

# --- plugins that do not fit ------------------------------------------------------------
# check_refuses FILE TEXT
check_refuses() {
    refused 1 fairline plugin check "$1" && told "$work/said" "$2"
}
for bad in "major 2.1, expected 1.x" "minor it is newer than this Fairline" \
    "size bytes long, expected at least" "symbol is no channel plugin"; do
    if [ -e "$build/tests/unit/.libs/bad-${bad%% *}.so" ]; then
        ok "a plugin of another shape is refused: ${bad%% *}" check_refuses \
            "$build/tests/unit/.libs/bad-${bad%% *}.so" "${bad#* }"
    fi
done
cp "$build/plugins/null/.libs/null.so" "$work/open.so"
chmod 666 "$work/open.so"
ok "a plugin that everybody may write is refused" check_refuses "$work/open.so" \
    "may be written by group or others (mode 0666), expected to be writable by its owner alone"
chmod 644 "$work/open.so"
ok "and taken when only its owner may" fairline plugin check "$work/open.so"

# --- reload -----------------------------------------------------------------------------
start_daemon
workers() {
    fairline channel status -o json | jq -r '[.[] | select(.name == "drill" and .state == "running")] | .[0].workers // 0'
}
until_is 20 "one worker is up" 1 workers
conf 'latency = "x"' 'workers = 2'
kill -HUP "$daemon"
until_is 20 "a reload with a fault is refused" 1 logged 'msg="the old configuration stays" .*latency'
is "and the old one stays" "$(workers)" 1
conf '' 'workers = 2'
reload 1
until_is 20 "a good one takes effect" 2 workers

# --- a plugin that goes wrong -----------------------------------------------------------
# trouble NAME KNOBS STATES [WORKERS]: what becomes of 40 messages
trouble() {
    conf "$2" "workers = ${4:-2}"
    : >"$journal"
    reload "${4:-2}"
    campaign "$1" >/dev/null 2>&1
    until_is 30 "$1: $3" "$3" states "$1"
}
trouble crash 'crash_on = "u7@cust.test" crash_when = "before"' "accepted 39, held 1"
is "the guilty one is held" "$(fairline queue list --state held -o json | jq -r '.[].customer')" c7
ok "and why is a sentence" sh -c "'$build/fairline' -c '$work/fairline.conf' why c7 crash | grep -qi 'quarantine\|killed\|died'"
is "the others left, each once" "$(cut -d' ' -f1 "$journal" | sort -u | wc -l)" 39
conf '' 'workers = 2'
reload 2
held=$(fairline queue list --state held -o json | jq -r '.[0].id')
ok "it cannot be released by mistake" refused 1 fairline queue release "$held"
ok "and is told what can be done" told "$work/said" "queue resolve"
ok "a person decides" fairline queue resolve "$held" --as retry
until_is 20 "and it leaves" "accepted 40" states crash
trouble hang 'hang_every = "15"' "accepted 40"
ok "overdue calls were killed" grep -q "a plugin's call is overdue" "$work/fairlined.log"
trouble double 'duplicate_every = "1" lie_every = "2"' "accepted 40"
is "what was reported twice left once" "$(left)" 40
ok "lies are told to the operator" grep -q "the plugin reports an item it was not given" "$work/fairlined.log"
trouble refuse 'fail_every = "4" fail_class = "mailbox"' "accepted 30, bounced 10" 1
trouble defer 'defer_every = "3"' "accepted 40"
is "what was deferred left once" "$(left)" 40
trouble silent 'silent_every = "1"' "uncertain 40"
is "what is never answered is tried four times" "$(left)" 160
is "under one identity" "$(cut -d' ' -f1,2 "$journal" | sort -u | wc -l)" 40
id=$(fairline queue list --campaign silent -o json | jq -r '.[0].id')
ok "a person says it was sent" fairline queue resolve "$id" --as sent
is "and it counts as that" "$(states silent)" "accepted 1, uncertain 39"

# --- staff in a hurry -----------------------------------------------------------------------
conf 'latency = "200ms"' 'workers = 2'
: >"$journal"
reload 2
waits_for_some() {
    [ "$(in_state "$1" accepted)" -ge 1 ] && echo yes
}
campaign hurry >/dev/null 2>&1
until_is 20 "a campaign runs" yes waits_for_some hurry
ok "it is held" fairline queue hold --campaign hurry
unfinished() {
    fairline queue list --campaign "$1" -o json | jq -r '[.[] | select(.state != "held")] | length'
}
until_is 20 "what was in hand ends" 0 unfinished hurry
gone=$(left)
is "what left is accepted, the rest held" "$(states hurry)" \
    "accepted $gone, held $((40 - gone))"
ok "it is released" fairline queue release --campaign hurry
until_is 20 "and all of it leaves" "accepted 40" states hurry
ok "no message left twice, of $gone before and the rest after" left_once
: >"$journal"
campaign pause >/dev/null 2>&1
until_is 20 "another runs" yes waits_for_some pause
ok "it is paused" fairline campaign pause pause --reason "a wrong price"
in_hand() {
    fairline queue show --campaign pause -o json |
        jq -r '[.[] | select(.state == "begun" or .state == "claimed") | .messages] | add // 0'
}
until_is 20 "what was in hand ends" 0 in_hand
gone=$(left)
is "what left is what is accepted" "$(in_state pause accepted)" "$gone"
ok "it goes on" fairline campaign resume pause
until_is 20 "to the end" "accepted 40" states pause
is "each left once" "$(left)" 40
: >"$journal"
campaign stop >/dev/null 2>&1
until_is 20 "a third runs" yes waits_for_some stop
ok "it is cancelled" fairline campaign cancel stop --reason "a wrong price" --yes
until_is 20 "nothing waits" 0 unfinished stop
is "what left is accepted, the rest cancelled" "$(states stop)" \
    "accepted $(left), cancelled $((40 - $(left)))"
ok "the store is whole" fairline store check
stop_daemon
is "the end is clean" "$code" 0

# --- a mail server that is down ---------------------------------------------------------------
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sink_conf() {
    cat >"$work/fairline.conf" <<EOF
data_dir = "$work/data"
plan_interval = 100ms
organisation { name = "Hill Farm Dairy" }
channel "drill" {
    plugin = "email"
    retry_first = 200ms
    retry_max = 500ms
    options {
        host = "127.0.0.1:$1"
        tls = "none"
        from_address = "desk@shop.test"
    }
}
EOF
}
sink_conf "$port"
start_daemon
campaign mail >/dev/null 2>&1
until_is 20 "a mail server that is down defers everything" "deferred 40" states mail
deferred_for() {
    fairline message show "$(fairline queue list --campaign mail -o json | jq -r '.[0].id')" -o json |
        jq -r '[.. | strings | select(test("connect"; "i"))] | length > 0'
}
until_is 20 "and says why" true deferred_for
: >"$work/mails"
"$build/tests/peers/smtpcount" -p "$work/port" -l "$work/mails" </dev/zero >/dev/null 2>&1 &
sink=$!
port_known() { [ -s "$work/port" ] && echo yes; }
until_is 20 "the mail server comes up" yes port_known
sink_conf "$(cat "$work/port")"
kill -HUP "$daemon"
until_is 30 "everything is accepted" "accepted 40" states mail
is "every mailbox got one" "$(cut -d' ' -f2 "$work/mails" | sort -u | wc -l)" 40
is "and only one" "$(wc -l <"$work/mails")" 40
ok "the store is whole at the end" fairline store check
stop_daemon
is "the end is clean again" "$code" 0
done_testing
