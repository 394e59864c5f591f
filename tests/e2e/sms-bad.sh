#!/bin/sh
# The SMS plugin against a scripted gateway: the right outcome and class for every fault, nothing
# asked for twice, and never more than one message in doubt where a gateway goes silent.
. "$(dirname "$0")/email-lib.sh"
plugin=$build/plugins/sms/.libs/sms.so
[ -e "$plugin" ] || { echo "1..0 # SKIP the SMS plugin is missing"; exit 0; }
path=/cgi-bin/sendsms

# gateway [--as KIND] [--fault FAULT]...: starts a badhttp; sets port and record
gateway() {
    record=$work/record.$((n_peers + 1))
    start_peer python3 "$peers/badhttp.py" --ready "$work/ready.$((n_peers + 1))" \
        --record "$record" "$@"
}

# send [driver options --] [name=value ...]: delivers to the last gateway
send() {
    flags=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        flags="$flags $1"
        shift
    done
    [ $# -eq 0 ] || shift
    # shellcheck disable=SC2086
    timeout 120 "$drive" -t +8210%d -i 10000001 $flags "$plugin" deliver \
        "url=http://127.0.0.1:$port$path" username=gw password=gwpw country_code=82 timeout=1s \
        "$@" >"$out" 2>&1
}

# verb VERB [name=value ...]
verb() {
    what=$1
    shift
    timeout 60 "$drive" "$plugin" "$what" "url=http://127.0.0.1:$port$path" username=gw \
        password=gwpw timeout=1s "$@" >"$out" 2>&1
}

recorded() { wc -l <"$record"; }
# field EXPRESSION: of each request that was read, as python sees it
field() {
    python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    r = json.loads(line)
    print(eval(sys.argv[2]))' "$record" "$1"
}

# --- sound ------------------------------------------------------------------------------------
gateway
send -n 40 -k -- cost_per_part=9.9 parallel=4
ok "forty are accepted" says '^count ACCEPTED 40'
ok "each begins before it leaves" says_times 40 '^begin '
ok "cost and parts are reported" says '^cost 39 2 units 19800000 KRW'
ok "four connections at most, kept open" test "$(field 'r["connection"]' | sort -u | wc -l)" -le 4
ok "the login is in no URL" test "$(field 'r["path"]' | grep -c gwpw)" = 0
verb health
ok "health: fine" says '^call OK'
verb health password=wrong
ok "health with a wrong password: our side" says '^call FAILED OUR_SIDE .*Authorization failed'
stop_peer

# --- it never comes to a request ------------------------------------------------------------------
port=$(python3 "$peers/ports.py" 1)
send -n 3 --
ok "nobody listens: retry, nothing begun, nothing reported" says '^call RETRY TRANSIENT could not reach'
ok "... no report" says_not '^report'
ok "... nothing begun" says_not '^begin'
gateway --fault early
send -n 3 --
ok "closed before the request was read: not called accepted" says_not 'ACCEPTED'
ok "... one message at most is in doubt" says_times 1 '^begin'
stop_peer

# --- a request that left and got no answer ---------------------------------------------------------
for fault in close mute cut drip endless; do
    gateway --fault $fault
    send -n 10 -- parallel=8
    ok "$fault: uncertain" says '^report 0 UNCERTAIN TRANSIENT'
    ok "$fault: one request, not repeated" test "$(recorded)" = 1
    ok "$fault: the others are not begun" says_times 2 '^(begin|report)'
    ok "$fault: and wait" says '^call RETRY TRANSIENT the gateway does not answer'
    stop_peer
done
for method in POST GET; do
    gateway --fault reset
    case $method in
    POST) send -n 10 -- parallel=1 ;;
    GET)
        cat >"$work/get.json" <<'END'
{"name": "get", "send": {"method": "GET",
 "url": "{url}?to={to}&text={text}",
 "headers": {"X-Kannel-Password": "{password}", "X-Kannel-To": "{to}"},
 "response": {"type": "text", "success": {"status": 202}}}}
END
        send -n 10 -- parallel=1 api=mapping "mapping=$work/get.json"
        ;;
    esac
    ok "$method, a kept connection breaks: the second is uncertain" says '^report 1 UNCERTAIN'
    ok "$method, ... and was asked for once" test "$(recorded)" = 2
    stop_peer
done
gateway --fault close --after 20
send -n 100 -- parallel=4
ok "silent after twenty: four in doubt at most" test "$(grep -c UNCERTAIN "$out")" -le 5
ok "... each request that was read has its report" \
    test "$(recorded)" = "$(grep -c '^report' "$out")"
stop_peer

# --- nonsense and refusals -----------------------------------------------------------------------
gateway --fault html
send --
ok "a page of HTML: uncertain" says '^report 0 UNCERTAIN UNKNOWN 200'
stop_peer
gateway --as crane --fault html
path= send -- api=mapping "mapping=$top/etc/sms/crane.json"
ok "a page of HTML for JSON: uncertain" says '^report 0 UNCERTAIN UNKNOWN 200'
stop_peer
gateway --fault status:500 --times 1
send -n 3 -- parallel=1
ok "500: deferred" says '^report 0 DEFERRED TRANSIENT 500'
ok "500: the others go on" says '^count ACCEPTED 2'
stop_peer
for status in 429 503; do
    case $status in
    429) class=THROTTLED ;;
    503) class=TRANSIENT ;;
    esac
    gateway --fault status:$status
    send -n 3 --
    ok "$status: deferred" says "^report 0 DEFERRED $class $status"
    ok "$status: the others wait" says "^call RETRY $class the gateway refuses"
    ok "$status: were not begun" says_times 1 '^begin'
    stop_peer
done
gateway --fault status:504
send --
ok "504, a proxy speaks: uncertain" says '^report 0 UNCERTAIN TRANSIENT 504'
stop_peer
gateway --fault status:404
send -n 3 --
ok "404, a wrong URL: our side, the batch ends" says '^call RETRY OUR_SIDE the gateway refuses: HTTP 404'
ok "... one was tried" test "$(recorded)" = 1
stop_peer
gateway
send -n 5 -- password=wrong
ok "a wrong password: our side, in the gateway's words" \
    says '^call RETRY OUR_SIDE the gateway refuses: HTTP 403: Authorization failed'
ok "... one was tried" test "$(recorded)" = 1
ok "... the password is not in what is said" says_not 'wrong|gwpw'
stop_peer

# --- refused before anything leaves -----------------------------------------------------------------
gateway
send -n 2 -t +821012345678,0101234 --
ok "no E.164 number: the address's fault" says '^report 1 BOUNCED ADDRESS .*is no number'
ok "... the other one leaves" says '^report 0 ACCEPTED'
send -k -s 9000 -- max_parts=8
ok "too many parts: the content's fault, with the count" \
    says '^report 0 FAILED CONTENT .*takes [0-9]* parts, max_parts is 8'
send -k -- charset=gsm
ok "a character the alphabet lacks: the content's fault" says '^report 0 FAILED CONTENT .*U\+C548'
ok "nothing of this was sent" test "$(recorded)" = 1
send -S 3 -n 50 -- parallel=1
ok "stopped: what is left is not begun" test "$(recorded)" -le 6
ok "... retry" says '^call RETRY NONE asked to stop'
stop_peer

# --- long texts cut here --------------------------------------------------------------------------
gateway
send -k -s 600 -- split=yes cost_per_part=9.9
ok "cut here: four requests for one message" test "$(recorded)" = 4
ok "... one report of four parts" says '^cost 0 4 units 39600000 KRW'
ok "... each part has its header" test \
    "$(field 'r["headers"].get("x-kannel-udh", "")[6:]' | tr '\n' ' ')" = "810401 810402 810403 810404 "
stop_peer
gateway --fault status:500 --after 2
send -k -s 600 -- split=yes
ok "refused after two parts: for a person" says '^report 0 UNCERTAIN .*2 of 4 parts were accepted'
ok "... and not tried further" test "$(recorded)" = 3
stop_peer

# --- other gateways by mapping ---------------------------------------------------------------------
path=
crane="api=mapping mapping=$top/etc/sms/crane.json"
gateway --as crane
# shellcheck disable=SC2086
send -n 60 -k -t +821000000001,+821000000002,+821000000099 -- $crane
ok "crane: sixty in two requests" test "$(recorded)" = 2
ok "crane: forty accepted" says '^count ACCEPTED 40'
ok "crane: twenty bounced" says '^report 2 BOUNCED ADDRESS 1001'
ok "crane: answers out of order find their recipients" \
    says '^report 0 ACCEPTED .*crane-821000000001'
ok "crane: its own cost" says '^cost 0 2 units 9900000 KRW'
ok "crane: the signature is right" python3 - "$record" <<'END'
import hashlib, hmac, json, re, sys
for line in open(sys.argv[1], encoding="utf-8"):
    r = json.loads(line)
    time, sig = re.search(r"t=(\d+), sig=(\w+)", r["headers"]["authorization"]).groups()
    text = "%s\n%s\n%s\n%s" % (r["method"], r["path"], time,
                               hashlib.sha256(r["body"].encode("latin-1")).hexdigest())
    want = hmac.new(b"gwpw", text.encode(), "sha256").hexdigest()
    assert sig == want, (sig, want)
END
# shellcheck disable=SC2086
verb collect $crane
ok "crane: inbound by polling, page after page" says_times 5 '^inbound'
ok "crane: each page is stored before the next" says_times 5 "^commit"
# shellcheck disable=SC2086
verb health $crane
ok "crane: health" says '^call OK'
stop_peer
harbour="api=mapping mapping=$top/etc/sms/harbour.json charset=euc-kr cost_long=35"
gateway --as harbour
# shellcheck disable=SC2086
send -k -s 40 -- $harbour number_format=national country_code=82
ok "harbour: accepted, with its number" says '^report 0 ACCEPTED .*[|] 01010000001 [|]'
ok "harbour: 90 bytes of EUC-KR are an SMS" test "$(field '"&kind=SMS&" in r["body"]')" = True
ok "harbour: the fee of its answer" says '^cost 0 1 units 9000000 KRW'
# shellcheck disable=SC2086
send -k -s 300 -- $harbour
ok "harbour: more is an LMS" test "$(field '"&kind=LMS&" in r["body"]' | tail -1)" = True
# shellcheck disable=SC2086
send -- $harbour password=wrong
ok "harbour: a code in the answer: our side" says '^call RETRY OUR_SIDE'
# shellcheck disable=SC2086
verb collect $harbour
ok "harbour: receipts by polling" says_times 3 '^receipt dlr:token'
stop_peer
sed 's/{text}/{txt}/' "$top/etc/sms/crane.json" >"$work/broken.json"
port=1
verb check api=mapping "mapping=$work/broken.json"
ok "a fault in a mapping: file, line, field, reason" \
    says 'call FAILED OUR_SIDE .*/broken.json:13: send.each cannot be filled: \{txt\} is no field'

echo "1..$n_tests"
