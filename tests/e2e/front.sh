#!/bin/sh
# The front with the real gateway: pages, forms, callbacks of plugins, and what becomes of them when
# core, a host or the front itself dies.  TAP.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "no python3"
command -v jq >/dev/null || skip_all "no jq"
FAIRLINE_LIBEXEC_DIR=$build
export FAIRLINE_LIBEXEC_DIR
port=$(python3 "$top/tests/peers/ports.py" 1)
url=http://127.0.0.1:$port

cat >"$work/fairline.conf" <<EOT
data_dir = "$work/data"
plan_interval = 1s
organisation { name = "Hill Dairy" web_base = "$url" }
front { listen = "127.0.0.1:$port" }
channel "drill" {
    plugin = null
    collect_interval = 1h
    call_timeout = 2s
    options { journal = "$work/journal" http_faults = yes }
}
EOT

# status CURL-ARGUMENTS...: the HTTP status; the answer is in $work/head and $work/body
status() {
    : >"$work/head" >"$work/body"
    curl -s --max-time 60 -D "$work/head" -o "$work/body" -w '%{http_code}' "$@"
}

# header NAME: of the last answer
header() {
    tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip"
}

lines() {
    wc -l <"$1"
}

pid_of() {
    pgrep -P "$daemon" -f -- "--$1-fd"
}

# kill_role ROLE: once there is one
kill_role() {
    while ! kill -KILL "$(pid_of "$1")" 2>/dev/null; do
        kill -0 "$daemon" || return 1
        sleep 0.1
    done
}

front_state() {
    fairline status -o json | jq -r '.[0].front'
}

channel_state() {
    fairline status -o json | jq -r '.[0].channels[0].state'
}

# texts PREFIX: those of the feedback that begin so
texts() {
    fairline feedback list --limit 100000 -o json | jq -r ".[].text | select(startswith(\"$1-\"))" | sort
}

# kept FILE PREFIX: every acknowledged text is there, and none twice
kept() {
    texts "$2" >"$work/stored"
    [ -z "$(uniq -d "$work/stored")" ] || { echo "stored twice:"; uniq -d "$work/stored"; return 1; }
    sort "$1" | comm -23 - "$work/stored" >"$work/lost"
    [ ! -s "$work/lost" ] || { echo "acknowledged and lost:"; cat "$work/lost"; return 1; }
}

start_daemon
until_is 30 "the front serves" 200 status "$url/healthz"
is "status says so" "$(front_state)" running

# --- pages ----------------------------------------------------------------------
printf 'external_id,name,email,consent.marketing.email\nc1,Kim,kim@example.org,yes\nc2,Lee,lee@example.org,yes\n' >"$work/people.csv"
mkdir -p "$work/c/welcome"
printf -- '---\nsubject: Hello\n---\n\nDear {{name}}, good day.\n' >"$work/c/welcome/content.md"
printf 'campaign "first" {\n purpose = "marketing"\n channel = "drill"\n content = "welcome"\n schedule { at = "now" }\n}\n' >"$work/c/first.conf"
ok "customers" fairline import customers "$work/people.csv"
ok "a campaign" fairline campaign apply "$work/c/first.conf"
ok "is scheduled" fairline campaign schedule first --yes
journal() {
    lines "$work/journal"
}
until_is 30 "both get it" 2 journal
until_is 30 "and that is known" 2 messages accepted
message=$(head -1 "$work/journal" | cut -d' ' -f1)
sign() {
    "$build/tests/peers/sign-token" "$work/data" "$1" "$message"
}
page=$(sign page)
opt_out=$(sign unsubscribe)

is "the message as a page" "$(status "$url/m/$page")" 200
ok "says what was written" grep -q "good day" "$work/body"
is "is for no cache" "$(header cache-control)" no-store
ok "runs nothing" sh -c "tr -d '\r' <'$work/head' | grep -i '^content-security-policy: ' | grep -q \"default-src 'none'\""
is "tells no site where it was" "$(header x-content-type-options)" nosniff
is "says nothing of the program" "$(header server)" ""
size=$(header content-length)
is "HEAD has no body" "$(status -I "$url/m/$page")" 200
is "and the same length" "$(header content-length)" "$size"
is "the inbox" "$(status "$url/i/$page")" 200
is "preferences" "$(status "$url/p/$page")" 200
is "the feed" "$(status "$url/f/$page")" 200
is "a token that is not ours" "$(status "$url/m/$(echo "$page" | tr 'a-y' 'b-z')")" 404
is "no page" "$(status "$url/nothing")" 404
is "below the path of web_base there is none" "$(status "$url/sub/m/$page")" 404
is "a method that is none of ours" "$(status -X DELETE "$url/m/$page")" 405
is "and which are" "$(header allow)" "GET, HEAD, POST"
is "two requests on one connection" \
    "$(curl -s -o "$work/body" -o "$work/body" -w '%{num_connects}' "$url/healthz" "$url/healthz")" 10

# --- forms ------------------------------------------------------------------------
consent() {
    fairline customer show c1 -o json >"$work/customer1"
    fairline customer show c2 -o json >"$work/customer2"
    cat "$work/customer1" "$work/customer2" | grep -c withdrawn
}
is "a form is taken" "$(status --data-urlencode 'words=first-words & more' "$url/k/$page")" 303
is "and the browser sent on" "$(status -L -d words=more-words "$url/k/$page")" 200
is "it is stored" "$(texts first)" "first-words & more"
is "looking at the opt-out changes nothing" "$(status "$url/u/$opt_out")$(consent)" 2000
is "one click opts out" "$(status -F List-Unsubscribe=One-Click "$url/u/$opt_out")" 200
is "at once" "$(consent)" 1
is "a form with a stranger's token" "$(status -d words=x "$url/k/$opt_out")" 404

is "64 writers at once" "$(python3 "$top/tests/peers/posts.py" "$port" "/k/$page" many 64 64 "$work/many")" 64
is "are all acknowledged" "$(lines "$work/many")" 64
ok "and stored once each" kept "$work/many" many
is "and no more than that" "$(texts many | wc -l)" 64

# --- callbacks ----------------------------------------------------------------------
is "a plugin answers" "$(status "$url/h/drill/ping")$(cat "$work/body")" 200pong
is "is given the body" "$(status -d abc "$url/h/drill/echo")$(cat "$work/body")" 200abc
is "may set header fields" "$(status "$url/h/drill/slow")$(header x-slow)" 200yes
is "hands over what comes" "$(status -d 'hook-words' "$url/h/drill/inbound")" 200
is "which is stored" "$(texts hook)" "hook-words"
is "and receipts" "$(status -H "Authorization: null" -d "null-$message" "$url/h/drill/receipt")" 200
is "which count" "$(messages delivered)" 1
is "what it does not know" "$(status "$url/h/drill/nothing")" 404
is "a channel that is none" "$(status "$url/h/nobody/ping")" 404
is "a plugin that dies" "$(status "$url/h/drill/crash")" 503
is "says when to come again" "$(header retry-after)" 10
until_is 30 "and is back" 200 status "$url/h/drill/ping"
is "a plugin that hangs" "$(status "$url/h/drill/hang")" 503
until_is 30 "is replaced" 200 status "$url/h/drill/ping"
for i in 1 2 3 4 5 6 7 8; do
    curl -s -o "$work/slow.$i" -w '%{http_code}\n' "$url/h/drill/slow" >>"$work/slow" &
    eval "slow$i=\$!"
done
wait "$slow1" "$slow2" "$slow3" "$slow4" "$slow5" "$slow6" "$slow7" "$slow8"
is "callbacks at the same time wait for each other" "$(sort -u "$work/slow")" 200

# --- behind nginx, as the documentation has it ------------------------------------------
if command -v nginx >/dev/null; then
    proxy=$(python3 "$top/tests/peers/ports.py" 1)
    {
        echo "daemon off; master_process off; pid $work/nginx.pid; error_log $work/nginx.log;"
        echo "events { } http {"
        for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/$kind;"; done
        sed -e "s/127.0.0.1:8080/127.0.0.1:$port/; s/listen 443 ssl/listen 127.0.0.1:$proxy/" \
            -e '/listen \[::\]/d; /^ *ssl_/d' "$top/etc/nginx/fairline.conf"
        echo "}"
    } >"$work/nginx.conf"
    nginx -e "$work/nginx.log" -c "$work/nginx.conf" &
    nginx=$!
    before_end() {
        kill "$nginx" 2>/dev/null
        wait "$nginx"
    }
    until_is 30 "nginx passes a page on" 200 status "http://127.0.0.1:$proxy/m/$page"
    is "a form" "$(status -d words=nginx-words "http://127.0.0.1:$proxy/k/$page")" 303
    is "and a callback" "$(status -d abc "http://127.0.0.1:$proxy/h/drill/echo")$(cat "$work/body")" 200abc
    ok "on one connection after the other" sh -c "[ \"\$(curl -s -o '$work/body' -w '%{http_code}' \
        'http://127.0.0.1:$proxy/m/$page' -o '$work/body' 'http://127.0.0.1:$proxy/i/$page')\" = 200200 ]"
fi

# --- core dies ------------------------------------------------------------------------
kill -STOP "$daemon" # so that it is not back at once
kill_role core
until_is 30 "without core the front says so" 503 status "$url/m/$page"
is "and when to come again" "$(header retry-after)" 10
is "also for a callback" "$(status "$url/h/drill/ping")" 503
kill -CONT "$daemon"
until_is 30 "and goes on with a new one" 200 status "$url/m/$page"
until_is 30 "callbacks too" 200 status "$url/h/drill/ping"

# grown FILE N: FILE has N lines at least
grown() {
    [ "$(lines "$1")" -ge "$2" ] && echo yes
}
: >"$work/core"
python3 "$top/tests/peers/posts.py" "$port" "/k/$page" core 300 16 "$work/core" >"$work/tried" &
posts=$!
until_is 30 "texts are written" yes grown "$work/core" 50
kill_role core
until_is 60 "also after core was killed" yes grown "$work/core" 150
kill_role core
ok "twice" wait "$posts"
ok "what was acknowledged is there, once" kept "$work/core" core

# --- the front dies ---------------------------------------------------------------------
: >"$work/front"
python3 "$top/tests/peers/posts.py" "$port" "/k/$page" front 300 16 "$work/front" >"$work/tried" &
posts=$!
until_is 30 "texts are written" yes grown "$work/front" 50
kill_role front
until_is 60 "also after the front was killed" yes grown "$work/front" 150
kill_role front
ok "twice" wait "$posts"
ok "what was acknowledged is there, once" kept "$work/front" front
is "the channel did not notice" "$(channel_state)" running

# --- reload and end -----------------------------------------------------------------------
fronts() {
    grep -c 'msg="front ready"' "$work/fairlined.log"
}
until_is 30 "the front is back" running front_state
before=$(fronts)
: >"$work/reload"
python3 "$top/tests/peers/posts.py" "$port" "/k/$page" reload 300 8 "$work/reload" >"$work/tried" &
posts=$!
until_is 30 "texts are written" yes grown "$work/reload" 50
sed -i 's/^front {/front { body_max = 2M/' "$work/fairline.conf"
kill -HUP "$daemon"
until_is 30 "a reload that concerns the front gives a new one" $((before + 1)) fronts
ok "and texts go on being written" wait "$posts"
is "none was refused" "$(cat "$work/tried")" 300
kill -HUP "$daemon"
reloads() {
    grep -c 'msg="configuration reloaded"' "$work/fairlined.log"
}
until_is 30 "one that does not" 2 reloads
is "leaves it alone" "$(fronts)" $((before + 1))
curl -s -o "$work/slow.last" -w '%{http_code}' "$url/h/drill/slow" >"$work/last" &
last=$!
in_flight() {
    ss -Htn state established "( sport = :$port )" | wc -l
}
until_is 30 "a request is in hand" 1 in_flight
stop_daemon
wait "$last"
is "the gateway ends" $code 0
is "when it is answered" "$(cat "$work/last")" 200
is "nobody listens any more" "$(status "$url/healthz")" 000
done_testing
