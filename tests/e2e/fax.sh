#!/bin/sh
# A campaign by fax, there and back, through a real HylaFAX whose calls go over a simulated line:
# pages, receipts, cost; a form marked, faxed back upside down, read; opt-out; a host killed right
# after it submitted a job, and nothing sent twice.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
. "$top/tests/e2e/fax-lib.sh"
peers=$top/tests/peers
faxline=$build/tests/peers/faxline
[ -x "$faxline" ] || skip_all "spandsp is missing"
spool=$work/spool
server=$(python3 "$peers/ports.py" 1)
code=0
sh "$peers/fax-up.sh" "$spool" "$server" line "$faxline" >"$work/up.log" 2>&1 </dev/null || code=$?
[ $code = 77 ] && skip_all "$(tail -1 "$work/up.log")"
proxy=
before_end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
    sh "$peers/fax-down.sh" "$spool"
}
[ $code = 0 ] || { cat "$work/up.log"; echo "Bail out! no fax server"; exit 1; }

# The first submission is held by a proxy, so that the host can be killed behind it.
python3 "$peers/cutftp.py" "$work/ready" "$server" JSUBM hold &
proxy=$!
timeout 20 sh -c 'until [ -s "$0" ]; do sleep 0.05; done' "$work/ready"
configure "$(cat "$work/ready")"
contents
cat >"$work/people.csv" <<'CSV'
external_id,name,language,fax,consent.marketing.fax
c1,Kim Haneul,en,02-1577-0001,yes
c2,Lee Bada,en,02-1577-0002,yes
c3,Busy Line,en,02-1577-0007,yes
c4,No Answer,en,02-1577-0008,yes
c5,No Consent,en,02-1577-0005,no
CSV
host_of_fax() {
    for p in /proc/[0-9]*; do
        [ "$(awk '/^PPid/ {print $2}' "$p/status" 2>/dev/null)" = "$daemon" ] || continue
        tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q 'fairline-host' && echo "${p#/proc/}"
    done
}

ok "customers with fax numbers are imported" fairline import customers "$work/people.csv"
ok "the server lets us in" fairline channel check fax
ok "the campaign is applied" fairline campaign apply "$work/milk.conf"
ok "its pages can be seen before" sh -c "'$build/fairline' -c '$work/fairline.conf' content preview \
    milk --channel fax --customer c1 >'$work/preview.tif' &&
    tiffinfo '$work/preview.tif' | grep -q 'CCITT Group 4'"
ok "the campaign is scheduled" fairline campaign schedule milk --yes
start_daemon

# --- killed right after a submission ----------------------------------------------------------------
held_back() { [ -e "$work/ready.held" ] && echo yes; }
until_is 60 "a job is submitted, its reply does not come" yes held_back
victims=$(host_of_fax)
ok "the host is killed there" test -n "$victims"
for p in $victims; do kill -9 "$p"; done
final() {
    fairline queue show -o json |
        jq -r '[.[] | select(.state == "delivered" or .state == "bounced") | .messages] | add // 0'
}
until_is 90 "the queue of the server tells what became of that one too" 4 final
is "two are delivered" "$(messages delivered)" 2
is "two are not, for busy and for no answer" "$(messages bounced)" 2
is "who gave no consent got nothing" "$(messages suppressed)" 1
is "each has one job, and none two" \
    "$(grep -h '^jobtag:' "$spool"/doneq/q* | sort -u | wc -l) $(ls "$spool"/doneq/q* | wc -l)" "4 4"
is "none of the numbers is suppressed" "$(for c in c3 c4; do
    fairline customer show $c -o json | jq -r '.[0].addresses[0].status'
done | sort -u)" ok

# --- what arrived at the customer's ------------------------------------------------------------------
called_of() { # NUMBER: the picture that was called in there
    for q in "$spool"/doneq/q*; do
        grep -q "^number:$1\$" "$q" && echo "$spool/called/${q##*/q}.tif"
    done
}
arrived=$(called_of 0215770001)
is "two pages arrived" "$(tiffinfo "$arrived" | grep -c '^=== TIFF dir')" 2
$python -c "from PIL import Image; import sys
im = Image.open(sys.argv[1]); im.seek(1); im.convert('L').save(sys.argv[2])" "$arrived" "$work/form.png"
is "the code on the form is read by somebody else's reader" \
    "$(zbarimg --nodbus -q --raw "$work/form.png" 2>/dev/null | cut -c41-)" ".s5.m3.t"

# fax_back NUMBER TURN PLACES...: marks, sends over the line, and files as faxgetty does
fax_back() {
    from=$1 turn=$2
    shift 2
    $python "$peers/fax-mark.py" "$(called_of "$from")" "$work/marked.tif" 2 "$turn" "$@" &&
        "$faxline" "$work/marked.tif" "$work/back.tif" -48 &&
        tiffset -s 270 "CUSTOMER
$from
CUSTOMER
<NONE>
0215770000" "$work/back.tif" && chown uucp:uucp "$work/back.tif" && chmod 600 "$work/back.tif" &&
        mv "$work/back.tif" "$spool/recvq/fax00000$from.tif"
}
ok "a customer crosses 4, milk and butter, and faxes it back upside down" \
    fax_back 0215770001 180 1:4 2:1 2:3
until_is 60 "it is feedback of that customer" yes has_feedback c1
id=$(feedback_of c1)
is "the scale is read" "$(answer "$id" satisfaction)" 4
is "both choices are read" "$(fairline feedback show "$id" -o json |
    jq -r '.[0].answers[] | select(.question == "like") | .text')" "milk butter"
is "the number that was called is kept" "$(fairline feedback show "$id" -o json |
    grep -c '0215770000')" 1
ok "the page is kept as a picture" sh -c "'$build/fairline' -c '$work/fairline.conf' feedback image \
    $id >'$work/page.png' && head -c 4 '$work/page.png' | grep -q PNG"
ok "another marks the last box" fax_back 0215770002 0 3:1
until_is 60 "that is feedback too" yes has_feedback c2
consent() {
    fairline customer show "$1" -o json |
        jq -r '.[0].consents[] | select(.medium == "fax" and .purpose == "marketing") | .state'
}
until_is 20 "and withdraws the consent" withdrawn consent c2

# --- somebody's fax without a code --------------------------------------------------------------------
ok "a fax without a code comes in" sh -c "tiffcp '$arrived',0 '$work/plain.tif' &&
    chown uucp:uucp '$work/plain.tif' && mv '$work/plain.tif' '$spool/recvq/fax000009999.tif'"
unmatched() { fairline feedback list -o json | jq -r '[.[] | select(.customer == null or .customer == "")] | length'; }
until_is 60 "it is kept for a person" 1 unmatched
count() { fairline feedback list -o json | jq length; }
before=$(count)
stop_daemon
is "a shutdown is clean" "$code" 0
start_daemon
until_is 30 "no fax is taken twice" "$before" count
ok "what was received is still with the server" test -e "$spool/recvq/fax000009999.tif"
ok "the store is whole" fairline store check
stop_daemon
done_testing
