#!/bin/sh
# The e-mail plugin against a real Postfix and Dovecot, and with Maildirs: out, back, and nothing
# twice.
. "$(dirname "$0")/email-lib.sh"

plug() { timeout 120 "$drive" "$@" >"$out" 2>&1; }
count_files() { find "$1" -type f | wc -l; }
files_are() { [ "$(count_files "$2")" = "$1" ]; }

# --- Maildir, out and in --------------------------------------------------------
box=$work/box
local="transport=maildir from_address=news@shop.test maildir=$box"
# shellcheck disable=SC2086
{
    plug -n 5 -k -t 'u%d@cust.test' "$plugin" deliver $local
    ok "Maildir: five delivered" says '^count DELIVERED 5'
    ok "... each in a Maildir of its own" files_are 5 "$box"
    ok "... in new" test -n "$(find "$box/u3@cust.test/new" -type f)"
    plug -n 5 -k -t 'u%d@cust.test' -a 2 "$plugin" deliver $local
    ok "a repeat replaces" files_are 5 "$box"
    file=$(find "$box/u3@cust.test/new" -type f)
    mv "$file" "$box/u3@cust.test/cur/${file##*/}:2,S"
    plug -n 5 -k -t 'u%d@cust.test' -a 2 "$plugin" deliver $local
    ok "... and does not double what was read" files_are 5 "$box"
    plug -t '../../etc@cust.test,.hidden@cust.test,a/b@cust.test' -n 3 "$plugin" deliver $local
    ok "an address is never a path" test "$(find "$box" -path '*etc*' -type f | wc -l)" -le 1
    ok "... nothing outside" test ! -e "$work/etc@cust.test"
    plug -n 200 -t 'u%d@cust.test' "$plugin" deliver $local maildir="$work/one" maildir_each=no
    ok "one Maildir for all: 200 accepted" says '^count ACCEPTED 200'
    ok "... 200 files" files_are 200 "$work/one"
    mkdir "$work/in"
    plug -C 2 -o "$work/in" "$plugin" collect $local inbound=maildir inbound_maildir="$work/one"
    ok "Maildir in: 200 collected" says_times 200 '^inbound'
    ok "... each with a key of its own" test \
        "$(awk '/^inbound/ {print $3}' "$out" | sort -u | wc -l)" = 200
    ok "... all moved to cur" test "$(find "$work/one/cur" -name '*:2,S' | wc -l)" = 200
    plug "$plugin" collect $local inbound=maildir inbound_maildir="$work/one"
    ok "... and not again" says_not '^inbound'
    plug -n 3 "$plugin" deliver $local maildir="$work/two" maildir_each=no
    plug -R 2 "$plugin" collect $local inbound=maildir inbound_maildir="$work/two"
    ok "what the host refuses stays in new" test "$(find "$work/two/new" -type f | wc -l)" = 2
    head -c 3000 /dev/zero >"$work/two/new/large"
    plug "$plugin" collect $local inbound=maildir inbound_maildir="$work/two" max_size=2k
    ok "too large: put aside, flagged, said" test -e "$work/two/cur/large:2,F"
    ok "... with a warning" says '^log 4 .*large'
    ok "... the others are collected" says_times 2 '^inbound'
    ok "health of a Maildir" plug "$plugin" health $local inbound=maildir inbound_maildir="$work/two"
}

# --- a real mail system -----------------------------------------------------------
"$peers/mail-up.sh" "$work/mail" >"$work/mail-up.log" 2>&1 </dev/null
up=$?
if [ $up -ne 0 ]; then
    skip "Postfix and Dovecot" "$(tail -1 "$work/mail-up.log")"
    echo "1..$n_tests"
    [ $up -eq 77 ] || cat "$work/mail-up.log" >&2
    exit 0
fi
. "$work/mail/ports"
base="from_address=news@shop.test ca_file=$CA_FILE"
smtp="$base host=localhost:$SUBMISSION_PORT user=kim@cust.test password=pw"
imap="$base transport=maildir maildir=$box inbound=imap imap=localhost:$IMAPS_PORT
    imap_user=desk@shop.test imap_password=pw"
vmail=$work/mail/mail

# delivered N: waits until N messages lie below cust.test
delivered() {
    timeout 60 sh -c 'while [ "$(find "$0/cust.test" -path "*/new/*" -type f 2>/dev/null | wc -l)" -lt "$1" ]; do sleep 0.05; done' \
        "$vmail" "$1"
}
# desk N: waits until N messages came to the desk
desk() {
    timeout 60 sh -c 'while [ "$(find "$0/shop.test/desk/Maildir" \( -path "*/Maildir/new/*" -o -path "*/Maildir/cur/*" \) -type f 2>/dev/null | wc -l)" -lt "$1" ]; do sleep 0.05; done' \
        "$vmail" "$1"
}
# --- in the program that hosts it, confined as the daemon does -----------------------
hosted() { timeout 120 "$host" --inproc "$plugin" --confine "$@" >"$out" 2>&1; }
if [ -x "$host" ]; then
    (umask 077 && printf pw >"$work/secret")
    cat >"$work/items.json" <<'END'
[{"message_id": 900001, "to_address": "u240@cust.test", "subject": "안녕하세요",
  "token_identity": "m000000000000000000000000000000000900001",
  "token_return": "b000000000000000000000000000000000900001",
  "parts": [{"type": "text/plain", "text": "hosted\n"}]},
 {"message_id": 900002, "to_address": "gone@cust.test", "subject": "none",
  "token_identity": "m000000000000000000000000000000000900002",
  "token_return": "b000000000000000000000000000000000900002",
  "parts": [{"type": "text/plain", "text": "hosted\n"}]}]
END
    for how in "host=localhost:$SUBMISSION_PORT" "host=localhost:$SMTPS_PORT --option tls=implicit"; do
        # A folder that is to be made opens the one above it, and so items.json, to the host.
        # shellcheck disable=SC2086
        hosted --option from_address=news@shop.test --option ca_file="$CA_FILE" \
            --option maildir="$work/hosted" --option user=kim@cust.test --option password_file="$work/secret" --option $how \
            deliver "$work/items.json"
        ok "fairline-host, confined, ${how#*[0-9] }: one accepted" says_times 1 'accepted'
        ok "... one bounced" says '5\.1\.1'
    done
    hosted --option from_address=news@shop.test --option transport=maildir \
        --option maildir="$work/hosted" deliver "$work/items.json"
    ok "fairline-host, confined: Maildir" files_are 2 "$work/hosted"
    hosted --option from_address=news@shop.test --option ca_file="$CA_FILE" \
        --option transport=maildir --option maildir="$work/hosted" --option inbound=imap \
        --option imap=localhost:"$IMAPS_PORT" --option imap_user=desk@shop.test \
        --option imap_password_file="$work/secret" health
    ok "fairline-host, confined: health of IMAP" test $? = 0
    rm -rf "$vmail/cust.test/u240"
else
    skip "in fairline-host" "it is not built"
fi

# shellcheck disable=SC2086
{
    plug "$plugin" health $smtp
    ok "health: STARTTLS and login" says '^call OK'
    plug "$plugin" health $base host=127.0.0.1:"$SMTPS_PORT" tls=implicit user=kim@cust.test password=pw
    ok "health: implicit TLS and login" says '^call OK'
    plug "$plugin" health $imap
    ok "health: IMAPS" says '^call OK'
    plug "$plugin" health $imap imap=localhost:"$IMAP_PORT" imap_tls=starttls
    ok "health: IMAP with STARTTLS" says '^call OK'
    plug "$plugin" health $imap imap_password=wrong
    ok "health: a wrong IMAP password is said" says '^call RETRY OUR_SIDE .*log in'
    plug "$plugin" health $imap ca_file=
    ok "health: an unknown authority is refused" says '^call RETRY .*certificate'
    plug "$plugin" deliver $smtp password=wrong
    ok "a wrong password: our side, nothing burnt" says '^call RETRY OUR_SIDE .*535'
    ok "... no report" says_not '^report'

    plug -q -n 200 -k -t 'u%d@cust.test' "$plugin" deliver $smtp
    ok "200 recipients by STARTTLS and login: accepted" says '^count ACCEPTED 200'
    ok "... all delivered" delivered 200
    ok "... nothing twice" test "$(cat $(find "$vmail/cust.test" -path '*/new/*' -type f) |
        grep -i '^Message-ID:' | sort -u | wc -l)" = 200
    one=$(find "$vmail/cust.test/u7" -path '*/new/*' -type f)
    ok "the return path carries the token" grep -q '^Return-Path: <bounces+b0*7@shop.test>' "$one"
    ok "Korean subject and name read as they were written" python3 -c '
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert m["subject"] == "첫 생일을 축하합니다", m["subject"]
assert m["to"].addresses[0].display_name == "김민지", m["to"]
text = m.get_body(("plain",)).get_content()
assert text.startswith("안녕하세요, 고객님."), text
assert m.get_body(("html",)).get_content().startswith("<!doctype html>")
assert "List-Unsubscribe=One-Click" in m["list-unsubscribe-post"]' "$one"

    plug -i 1001 -t 'gone@cust.test,busy@cust.test,nosuch@cust.test,full@cust.test' -n 4 "$plugin" \
        deliver $smtp
    ok "unknown at RCPT: address" says '^report 0 BOUNCED ADDRESS 550 5.1.1'
    ok "disabled at RCPT: later" says '^report 1 DEFERRED MAILBOX 450 4.2.1'
    ok "unknown behind the relay: accepted first" says '^report 2 ACCEPTED'
    ok "full behind the relay: accepted first" says '^report 3 ACCEPTED'
    swaks --server 127.0.0.1:"$SMTP_PORT" --from u9@cust.test \
        --to reply+s000000000000000000000000000000000000009@shop.test \
        --header "In-Reply-To: <m000000000000000000000000000000000000009@shop.test>" \
        --body "고맙습니다" --silent 2 >"$work/swaks" 2>&1 ||
        printf '# swaks: %s\n' "$(cat "$work/swaks")"
    ok "two bounces and a reply reach the desk" desk 3
    mkdir "$work/back"
    plug -o "$work/back" "$plugin" collect $imap
    ok "IMAP: three collected" says_times 3 '^inbound'
    ok "... committed" says '^commit'
    cat "$work/back"/*.eml >"$work/back/all"
    ok "bounce of the unknown: token and 5.1.1" grep -q 'Original-Envelope-Id: b0*1003' "$work/back/all"
    ok "... original recipient" grep -qi '^Original-Recipient: rfc822; *nosuch@cust.test' "$work/back/all"
    ok "bounce of the full: 5.2.2" grep -q '^Status: 5.2.2' "$work/back/all"
    ok "the reply came with its token" grep -q '^X-Original-To: reply+s0*9@shop.test' "$work/back/all"
    plug -C 2 "$plugin" collect $imap
    ok "IMAP: nothing twice" says_not '^inbound'

    swaks --server 127.0.0.1:"$SMTP_PORT" --from u9@cust.test --to reply@shop.test \
        --body "again" --silent 2 >"$work/swaks" 2>&1
    ok "one more reaches the desk" desk 4
    plug -R 1 "$plugin" collect $imap
    ok "what the host refuses is not marked" says '^refused'
    plug "$plugin" collect $imap max_size=1k imap_keyword='$Other'
    ok "too large: left there, said" says '^log 4 .*larger than max_size'
    plug "$plugin" collect $imap imap_move_to=Collected
    ok "collected at the next try, then moved" says_times 1 '^inbound'
    ok "... into the folder" test "$(find "$vmail/shop.test/desk/Maildir/.Collected" \
        \( -path '*/cur/*' -o -path '*/new/*' \) -type f | wc -l)" = 1
    plug "$plugin" collect $imap imap_folder=Nowhere
    ok "a folder that is not there is said" says '^call RETRY'

    plug -q -n 200 -b 1 -i 2001 -t 'u%d@cust.test' "$plugin" deliver \
        $base host=localhost:"$SMTP_PORT" tls=starttls
    ok "200 STARTTLS sessions with Postfix, none hangs" says '^rate'
}
echo "1..$n_tests"
