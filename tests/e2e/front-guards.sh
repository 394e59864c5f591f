#!/bin/sh
# What the front lets in over HTTP and what not: requests that can be read in two ways, slow clients,
# many clients, clients that guess.  TAP.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "no python3"
FAIRLINE_LIBEXEC_DIR=$build
export FAIRLINE_LIBEXEC_DIR
port=$(python3 "$top/tests/peers/ports.py" 1)

raw() {
    python3 "$top/tests/peers/rawhttp.py" "$port" "$@"
}

# conf SETTINGS: of the section front
conf() {
    cat >"$work/fairline.conf" <<EOT
data_dir = "$work/data"
plan_interval = 1h
organisation { name = "Dairy" web_base = "http://127.0.0.1:$port" }
front {
    listen = "127.0.0.1:$port"
    body_max = 64k
    $1
}
channel "drill" { plugin = null }
EOT
}

# reload: and wait for the front that has the new settings
reload() {
    before=$(fronts)
    kill -HUP "$daemon"
    until_is 30 "a new front after the reload" $((before + 1)) fronts
}

fronts() {
    grep -c 'msg="front ready"' "$work/fairlined.log"
}

front_is() {
    curl -s -o "$work/body" -w '%{http_code}' "http://127.0.0.1:$port/h/drill/ping"
}

# each FILE: a test for each of its lines "NAME EXPECTED GOT"
each() {
    while read -r name expected got; do
        is "$name" "$got" "$expected"
    done <"$1"
}

conf 'request_timeout = 20s'
start_daemon
until_is 30 "the front serves" 200 front_is
raw guards >"$work/guards" 2>&1
each "$work/guards"
is "every probe was made" "$(wc -l <"$work/guards")" "$(raw count)"
is "nothing of it is an error of ours" "$(grep -c 'level=error' "$work/fairlined.log")" 0

# Slow clients: the reload takes effect without a restart.
conf 'request_timeout = 500ms'
reload
raw slow >"$work/slow" 2>&1
each "$work/slow"

# Many clients, one address: nobody is trusted, so the header says nothing.
conf 'trusted_proxy = "" connections_per_address = 10'
reload
is "connections of one address are counted" "$(raw many 30)" 10
conf 'connections_per_address = 10'
reload
is "those of the proxy are not" "$(raw many 30)" 30

# Who finds nothing again and again has to wait; his neighbour has not.
is "guessing is slowed down" "$(raw misses 203.0.113.5 198.51.100.7 | cut -d' ' -f2-)" "429 404"
is "by network for IPv6" "$(raw misses 2001:db8:1:2::5 2001:db8:1:2:ffff::7 | cut -d' ' -f2-)" "429 429"
done_testing
