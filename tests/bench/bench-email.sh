#!/bin/sh
# bench-email.sh - what the e-mail plugin does in a second: messages built, and messages over one
# connection to smtp-sink, to a server that offers CHUNKING, and with TLS.  Fails below the floor:
# 12,000 built, 1,000 sent over one connection.
. "$(dirname "$0")/../e2e/email-lib.sh"
messages=${1:-20000}
status=0

# rate NAME FLOOR: reads the rate from $out
rate() {
    value=$(sed -n 's/^rate \([0-9]*\).*/\1/p' "$out")
    echo "$1: ${value:-none} messages/s"
    [ "${value:-0}" -ge "$2" ] || { echo "below the floor of $2"; cat "$out"; status=1; }
}

send() {
    timeout 300 "$drive" -q -n "$messages" -s 4000 -t 'u%d@cust.test' "$plugin" deliver \
        from_address=news@shop.test host=127.0.0.1:"$port" "$@" >"$out" 2>&1
}

"$build/tests/bench/bench-email" | tee "$work/built"
awk '/^build/ && $(NF - 1) < 12000 {slow = 1} END {exit slow}' "$work/built" ||
    { echo "below the floor of 12000"; status=1; }

sink=$(PATH=$PATH:/usr/sbin command -v smtp-sink)
if [ -n "$sink" ]; then
    port=$(python3 "$peers/ports.py" 1)
    user=
    [ "$(id -u)" != 0 ] || user="-u nobody"
    # shellcheck disable=SC2086
    "$sink" $user 127.0.0.1:"$port" 200 >"$work/sink" 2>&1 </dev/null &
    peer_pids="$peer_pids $!"
    python3 "$peers/wait-reply.py" "$port:220"
    send tls=none
    rate "smtp-sink, one connection" 1000
fi
for offer in "" -c; do
    # shellcheck disable=SC2086
    start_peer "$build/tests/peers/smtpcount" $offer -p "$work/ready.$((n_peers + 1))" \
        -l "$work/log$offer"
    send tls=none
    rate "smtpcount${offer:+ with CHUNKING}, one connection" 1000
    stop_peer
done
exit $status
