#!/bin/sh
# The e-mail plugin against a badly behaved SMTP server: the right outcome and class for every
# fault, nothing sent that was not asked for, nothing called accepted that was not.
. "$(dirname "$0")/email-lib.sh"

# send [driver options --] [name=value ...]: delivers to the last peer
send() {
    flags=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        flags="$flags $1"
        shift
    done
    [ $# -eq 0 ] || shift
    # shellcheck disable=SC2086
    timeout 120 "$drive" $flags "$plugin" deliver host=127.0.0.1:"$port" tls=none timeout=1s \
        from_address=news@shop.test "$@" >"$out" 2>&1
}

# --- it never comes to a message ---------------------------------------------
port=$(python3 "$peers/ports.py" 1)
send --
ok "nobody listens: retry, transient" says '^call RETRY TRANSIENT could not connect'
ok "nobody listens: no report" says_not '^report'

bad --banner "554 5.7.1 go away"
send -n 2 --
ok "banner 554: retry, policy" says '^call RETRY POLICY .*554 go away'
stop_peer
bad --banner "421 4.3.2 later"
send --
ok "banner 421: retry, transient" says '^call RETRY TRANSIENT .*421'
stop_peer
bad --mute BANNER
send --
ok "no banner: retry within the time limit" says '^call RETRY TRANSIENT'
stop_peer
bad --drip 0.4
send --
ok "a reply a byte at a time: cut, retry" says '^call RETRY TRANSIENT .*did not end a reply'
stop_peer
bad --nonsense EHLO
send --
ok "nonsense to EHLO: retry" says '^call RETRY'
stop_peer

# --- during a message ---------------------------------------------------------
bad --nonsense RCPT
send -n 2 --
ok "nonsense to RCPT: deferred" says '^report 0 DEFERRED TRANSIENT'
ok "... and the next was not tried" says_not '^report 1'
stop_peer
bad --nonsense DATA
send --
ok "nonsense to DATA: deferred" says '^report 0 DEFERRED TRANSIENT'
stop_peer
bad --answer "DATA=250 2.0.0 done"
send --
ok "250 to DATA is not taken for an acceptance" says_not 'ACCEPTED'
stop_peer
bad --nonsense END
send --
ok "nonsense after the message: uncertain" says '^report 0 UNCERTAIN'
stop_peer
bad --mute END
send --
ok "no answer after the message: uncertain" says '^report 0 UNCERTAIN'
stop_peer
bad --mute END --chunking
send --
ok "no answer after the last chunk: uncertain" says '^report 0 UNCERTAIN'
stop_peer
bad --mute DATA
send --
ok "no answer to DATA: deferred" says '^report 0 DEFERRED TRANSIENT'
stop_peer
bad --split-status
send --
ok "a refusal in two lines with different status is read as one" \
    says '^report 0 FAILED POLICY 550 5.7.26'
stop_peer
bad --answer "MAIL=421 4.3.2 bye"
send -n 3 --
ok "421 to MAIL: this one deferred" says '^report 0 DEFERRED TRANSIENT 421'
ok "... and the others not tried" says_times 1 '^report'
ok "... retry with the server's words" says '^call RETRY TRANSIENT .*421 bye'
stop_peer
bad --close-after 2
send -n 5 --
ok "421 after two messages: two accepted" says_times 2 '^report [01] ACCEPTED'
ok "... one deferred" says '^report 2 DEFERRED TRANSIENT 421'
ok "... two not tried" says_times 3 '^report'
stop_peer

# --- recipients ----------------------------------------------------------------
for offer in "" --chunking; do
    # shellcheck disable=SC2086
    bad $offer
    send -n 11 -t "550@d.test,u@d.test,550.5.7.1@d.test,450@d.test,552.5.2.2@d.test,552@d.test,451.4.7.1@d.test,data-552.5.3.4@d.test,data-550.5.1.1@d.test,data-451@d.test,v@d.test" --
    ok "550${offer:+ ($offer)}: address" says '^report 0 BOUNCED ADDRESS 550'
    ok "the next is accepted" says '^report 1 ACCEPTED NONE 250'
    ok "550 5.7.1: policy, no bounce" says '^report 2 FAILED POLICY 550 5.7.1'
    ok "450: mailbox, later" says '^report 3 DEFERRED MAILBOX 450'
    ok "552 5.2.2: mailbox" says '^report 4 BOUNCED MAILBOX 552 5.2.2'
    ok "552: mailbox" says '^report 5 BOUNCED MAILBOX 552'
    ok "451 4.7.1: slow down" says '^report 6 DEFERRED THROTTLED 451 4.7.1'
    ok "552 5.3.4 for the message: content" says '^report 7 FAILED CONTENT 552 5.3.4'
    ok "550 5.1.1 for the message: address" says '^report 8 BOUNCED ADDRESS 550 5.1.1'
    ok "451 for the message: later" says '^report 9 DEFERRED TRANSIENT 451'
    ok "no BDAT, whatever is offered" test "$(grep -c ' BDAT' "$record/dialogue")" = 0
    ok "the last is accepted" says '^report 10 ACCEPTED'
    ok "two messages were taken" recorded_is 2
    stop_peer
done

bad
send -n 4 -t 'no-domain,a;b@d.test,x@d.test>,u@d.test' --
ok "an address that is none: bounced, never sent" says_times 3 '^report [0-2] BOUNCED ADDRESS 0 5.1.3'
ok "... the next is accepted" says '^report 3 ACCEPTED'
ok "... one RCPT" test "$(grep -c ' RCPT' "$record/dialogue")" = 1
stop_peer

# --- the connection breaks at every byte ------------------------------------------
# One connection for each byte: reports against what the server took.
agree() {
    python3 - "$record" "$out" <<'END'
import glob, os, re, sys
taken = set()
for name in glob.glob(os.path.join(sys.argv[1], "*.eml")):
    with open(name, "rb") as f:
        taken.add(int(re.search(rb"^Message-ID: <m(\d+)@", f.read(), re.M).group(1)))
said = {}
for line in open(sys.argv[2], encoding="utf-8"):
    if line.startswith("report "):
        _, item, outcome, *_ = line.split()
        if int(item) + 1 in said:
            sys.exit(f"item {item} has two reports")
        said[int(item) + 1] = outcome
for item in taken:
    if said.get(item) not in ("ACCEPTED", "UNCERTAIN"):
        sys.exit(f"message {item} was taken and called {said.get(item)}")
for item, outcome in said.items():
    if outcome == "ACCEPTED" and item not in taken:
        sys.exit(f"message {item} was called accepted and was not taken")
kinds = {k: list(said.values()).count(k) for k in set(said.values())}
if not {"ACCEPTED", "UNCERTAIN", "DEFERRED"} <= set(kinds):
    sys.exit(f"a kind of outcome is missing: {kinds}")
print(kinds)
END
}
for offer in "" --chunking; do
    for side in in out; do
        case $side in
        in) count=5600 ;;
        out) count=1200 ;;
        esac
        # shellcheck disable=SC2086
        bad $offer --drop-step-$side 1
        send -s 10 -n $count -b 2 --
        ok "broken at every byte ($side${offer:+, $offer}): said is what happened" agree
        stop_peer
    done
done

# --- a login that fails ---------------------------------------------------------------
for auth in fail none; do
    bad --auth $auth
    send -n 2 -- user=kim password=pw
    ok "auth $auth: retry, our side" says '^call RETRY OUR_SIDE .*login'
    ok "auth $auth: nothing was sent" recorded_is 0
    ok "auth $auth: no item burnt" says_not '^report'
    ok "auth $auth: the password is not in what is said" says_not 'pw'
    stop_peer
done
for mechanism in PLAIN LOGIN; do
    bad --auth ok --mechanisms $mechanism
    send -- user=kim password=pw
    ok "auth $mechanism: accepted" says '^report 0 ACCEPTED'
    stop_peer
done
bad --auth fail --mechanisms LOGIN
send -- user=kim password=pw
ok "auth LOGIN refused: our side" says '^call RETRY OUR_SIDE .*login'
ok "... nothing was sent" recorded_is 0
stop_peer

# --- TLS ----------------------------------------------------------------------------------
if certificates "$work/cert"; then
    good="--cert $work/cert/good.pem --key $work/cert/good.key"
    other="--cert $work/cert/other.pem --key $work/cert/other.key"
    ca=ca_file=$work/cert/ca.pem
    bad
    send -- tls=starttls "$ca"
    ok "no STARTTLS where it is asked for: our side" says '^call RETRY OUR_SIDE .*STARTTLS'
    ok "... nothing was sent" recorded_is 0
    send -- tls=optional "$ca"
    ok "no STARTTLS where it is optional: accepted" says '^report 0 ACCEPTED'
    stop_peer
    # shellcheck disable=SC2086
    bad $good
    send -- tls=starttls "$ca"
    ok "STARTTLS by address: accepted" says '^report 0 ACCEPTED'
    send -- tls=starttls "$ca" host=localhost:"$port"
    ok "STARTTLS by name: accepted" says '^report 0 ACCEPTED'
    send -- tls=starttls
    ok "STARTTLS, authority unknown: refused" says '^call RETRY OUR_SIDE .*certificate'
    ok "... nothing more was sent" recorded_is 2
    stop_peer
    # shellcheck disable=SC2086
    bad $other
    send -- tls=starttls "$ca" host=localhost:"$port"
    ok "STARTTLS, another's certificate: refused" says '^call RETRY OUR_SIDE .*mismatch'
    ok "... nothing was sent" recorded_is 0
    send -- tls=optional "$ca" host=localhost:"$port"
    ok "optional TLS takes it" says '^report 0 ACCEPTED'
    stop_peer
    # shellcheck disable=SC2086
    bad $good --inject
    send -- tls=starttls "$ca"
    ok "a line slipped in before TLS: cut" says '^call RETRY (POLICY|OUR_SIDE)'
    ok "... nothing was sent" recorded_is 0
    stop_peer
    for offer in "" --chunking; do
        # shellcheck disable=SC2086
        bad $good --implicit --auth ok $offer
        send -n 60 -s 20000 -b 30 -- tls=implicit "$ca" user=kim password=pw
        ok "implicit TLS${offer:+ ($offer)}: 60 accepted" says '^count ACCEPTED 60'
        ok "... 60 taken" recorded_is 60
        stop_peer
    done
    # shellcheck disable=SC2086
    bad $other --implicit
    send -- tls=implicit "$ca"
    ok "implicit TLS, another's certificate: refused" says '^call RETRY OUR_SIDE .*mismatch'
    stop_peer
    bad
    send -- tls=implicit "$ca"
    ok "implicit TLS to a server without: refused in time" says '^call RETRY OUR_SIDE'
    stop_peer
    # shellcheck disable=SC2086
    bad $good
    send -q -n 1000 -b 1 -- tls=starttls "$ca"
    ok "1,000 STARTTLS sessions, none hangs" says '^count ACCEPTED 1000'
    stop_peer
else
    skip "TLS" "openssl could not make certificates"
fi

# --- no second message out of a body ----------------------------------------------------------
for eol in LF CRLF CR; do
    case $eol in
    LF) e='\n' ;;
    CRLF) e='\r\n' ;;
    CR) e='\r' ;;
    esac
    for offer in "" --chunking; do
        # shellcheck disable=SC2059
        printf "hello$e.${e}MAIL FROM:<evil@x.test>${e}RCPT TO:<victim@x.test>${e}DATA${e}Subject: evil$e$e.$e" >"$work/body"
        # shellcheck disable=SC2086
        bad --lenient $offer
        send -B "$work/body" --
        ok "smuggling by $eol . $eol${offer:+ ($offer)}: one message" recorded_is 1
        ok "... one MAIL" test "$(grep -c ' MAIL' "$record/dialogue")" = 1
        ok "... CRLF alone, no long line" python3 -c '
import re, sys
data = open(sys.argv[1], "rb").read()
sys.exit(bool(re.search(rb"(?<!\r)\n|\r(?!\n)|[^\r\n]{999}|[\x80-\xff]", data)))' \
            "$record/000001.eml"
        stop_peer
    done
done

# --- the same identity on every try, and a stop between two messages ------------------------------
bad
send -i 7 --
send -i 7 -a 2 --
ok "a repeat has the same Message-ID" test \
    "$(cat "$record"/*.eml | grep -c '^Message-ID: <m0*7@shop.test>')" = 2
stop_peer
bad
send -n 10 -S 3 --
ok "stopped: the rest is not tried" says '^call RETRY NONE'
ok "... at most one more was sent" test "$(recorded)" -le 4
ok "... the session ends by QUIT" grep -q ' QUIT' "$record/dialogue"
stop_peer
bad --auth ok
timeout 20 "$drive" "$plugin" health host=127.0.0.1:"$port" tls=none from_address=a@shop.test \
    user=kim password=pw >"$out" 2>&1
ok "health: fine" says '^call OK'
ok "... and nothing was sent" recorded_is 0
ok "... QUIT was said" grep -q ' QUIT' "$record/dialogue"
stop_peer

# --- not stuck on delayed acknowledgements ------------------------------------------------------
for offer in "" -c; do
    # shellcheck disable=SC2086
    start_peer "$build/tests/peers/smtpcount" $offer -p "$work/ready.$((n_peers + 1))" \
        -l "$work/count$offer"
    send -q -n 2000 -s 4000 --
    ok "2,000 messages over one connection${offer:+, CHUNKING}" says '^count ACCEPTED 2000'
    ok "... none twice" test "$(sort -u "$work/count$offer" | wc -l)" = 2000
    ok "... above 200 a second" test "$(sed -n 's/^rate \([0-9]*\).*/\1/p' "$out")" -gt 200
    stop_peer
done

echo "1..$n_tests"
