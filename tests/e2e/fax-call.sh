#!/bin/sh
# Real fax calls between two iaxmodems through HylaFAX, there and back, in real time: a form is sent,
# received, marked, faxed back by sendfax's own server, collected and read.  About two minutes, root.
# FL_FAX_CALL=1, or `make check-fax`, or `./quickstart fax`.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
[ -n "${FL_FAX_CALL-}" ] || skip_all "FL_FAX_CALL is not set (make check-fax)"
. "$top/tests/e2e/fax-lib.sh"
peers=$top/tests/peers
spool=$work/spool
set -- $(python3 "$peers/ports.py" 2)
server=$1
iax=$2
code=0
timeout 120 sh "$peers/fax-up.sh" "$spool" "$server" call "$iax" >"$work/up.log" 2>&1 </dev/null ||
    code=$?
before_end() { sh "$peers/fax-down.sh" "$spool"; }
[ $code = 77 ] && skip_all "$(tail -1 "$work/up.log")"
[ $code = 0 ] || { cat "$work/up.log"; echo "Bail out! no fax server"; exit 1; }
configure "$server"
contents
cat >"$work/people.csv" <<'CSV'
external_id,name,language,fax,consent.marketing.fax
c1,Kim Haneul,en,02-1577-0001,yes
CSV
ok "a customer is imported" fairline import customers "$work/people.csv"
ok "the campaign is applied" fairline campaign apply "$work/milk.conf"
ok "the campaign is scheduled" fairline campaign schedule milk --yes
start_daemon
until_is 180 "the other modem has it" 1 messages delivered
# A picture is there from the first line on; faxgetty logs it when it is whole.
arrived() { awk -F'\t' '$2 == "RECV" { n++ } END { print n + 0 }' "$spool/log/xferfaxlog"; }
until_is 30 "the picture is received" 1 arrived
picture=$spool/recvq/fax000000001.tif
is "both pages" "$(tiffinfo "$picture" | grep -c '^=== TIFF dir')" 2
ok "the customer crosses 5 and cheese" $python "$peers/fax-mark.py" "$picture" "$work/marked.tif" 2 \
    0 1:5 2:2
[ -z "${FL_TEST_PICTURES-}" ] || cp "$picture" "$work/marked.tif" "$FL_TEST_PICTURES/"
ok "and faxes it back" curl -sf -u fairline:secret -T "$work/marked.tif" --ftp-method nocwd \
    -Q "FORM TIFF" -Q "-JNEW" -Q '-JPARM FROMUSER "kim"' -Q '-JPARM DIALSTRING "0215770000"' \
    -Q '-JPARM EXTERNAL "0215770000"' -Q '-JPARM NOTIFY "none"' -Q '-JPARM LASTTIME 000010' \
    -Q '-JPARM MAXDIALS 2' -Q '-JPARM MAXTRIES 2' -Q '-JPARM VRES 196' -Q '-JPARM PAGEWIDTH 209' \
    -Q '-JPARM PAGELENGTH 296' -Q '-JPARM DOCUMENT tmp/marked.tif' -Q "-JSUBM" \
    "ftp://127.0.0.1:$server/tmp/marked.tif"
until_is 180 "that comes in" 2 arrived
answered() {
    for id in $(fairline feedback list -o json | jq -r '.[] | select(.customer == "c1") | .id'); do
        answer "$id" satisfaction
    done | grep .
}
until_is 240 "the answer is read, for the right customer" 5 answered
likes() {
    for id in $(fairline feedback list -o json | jq -r '.[] | select(.customer == "c1") | .id'); do
        fairline feedback show "$id" -o json |
            jq -r '.[0].answers[] | select(.question == "like") | .text'
    done
}
is "and the choice" "$(likes)" cheese
ok "the store is whole" fairline store check
stop_daemon
is "a shutdown is clean" "$code" 0
done_testing
