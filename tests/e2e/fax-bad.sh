#!/bin/sh
# The fax plugin against a real hfaxd that is down, does not let us in, or is cut off at each command:
# nothing is sent twice, doubt only where a submission left, and the queue tells what became of it.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
plugin=$build/plugins/fax/.libs/fax.so
[ -e "$plugin" ] || skip_all "the fax plugin is missing"
[ -x "$build/tests/peers/faxline" ] || skip_all "spandsp is missing"
command -v jq >/dev/null || skip_all "jq is not installed"
spool=$work/spool
server=$(python3 "$top/tests/peers/ports.py" 1)
code=0
sh "$top/tests/peers/fax-up.sh" "$spool" "$server" line "$build/tests/peers/faxline" \
    >"$work/up.log" 2>&1 </dev/null || code=$?
[ $code = 77 ] && skip_all "$(tail -1 "$work/up.log")"
proxy=
before_end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
    sh "$top/tests/peers/fax-down.sh" "$spool"
}
[ $code = 0 ] || { cat "$work/up.log"; echo "Bail out! no fax server"; exit 1; }
echo secret >"$work/password"
echo wrong >"$work/wrong"
chmod 600 "$work/password" "$work/wrong"

# item NAME NUMBER: an item whose token ends with NAME, to NUMBER
item() {
    token=$(printf 'abcdefghijklmnopqrstuvwxyz2345%10s' "$1" | tr ' ' a)
    jq -n --arg token "$token" --arg to "$2" '{message_id: 1, to_address: $to, language: "en",
        subject: "News", token_identity: $token, token_card: $token,
        parts: [{type: "text/markdown", text: "Hello **there**."}]}' >"$work/item.json"
}
port=$server
# fax CALL...: by the plugin in one process, to $port
fax() {
    timeout 60 "$build/fairline-host" --inproc "$plugin" --option "server=127.0.0.1:$port" \
        --option "password_file=${password:-$work/password}" --option number=+82215770000 \
        --option name=Fields --option timeout=5s --option cost_per_page=38000000 \
        --option currency=KRW --option retry=1s "$@" >"$work/said" 2>&1
}
said() { jq -r "$1" "$work/said" 2>/dev/null | grep -v '^null$' | paste -sd' ' -; }
outcome() { said '.report | select(.) | .outcome + ":" + .fault'; }
result() { said '.result | select(.) | .result + ":" + (.fault | tostring)'; }
began() { said '.begin | select(.) | "yes"'; }
# jobs TOKEN: how many there are of it, in all queues
jobs() {
    for queue in sendq doneq; do
        curl -s -u fairline:secret -Q 'JOBFMT "%J"' "ftp://127.0.0.1:$server/$queue/"
    done | grep -c "$1" || true
}
receipt() {
    fax lookup "$token"
    said '.receipt | select(.) | .report.outcome + ":" + .report.fault'
}

# --- sound ------------------------------------------------------------------------------------
fax health
is "health" "$(result)" ok:0
item good +82215770001
fax deliver "$work/item.json"
is "a fax is submitted" "$(outcome)" accepted:none
is "its irrevocable act is said before" "$(began)" yes
until_is 20 "and delivered over the line" delivered:none receipt
is "one page arrived" "$(tiffinfo "$spool/called/1.tif" | grep -c '^=== TIFF dir')" 1
fax collect
is "its page is paid" "$(said '.receipt | select(.) | .report | (.cost_micro | tostring) + .currency')" \
    38000000KRW

# --- what HylaFAX says of a call -----------------------------------------------------------------
for case in 7:bounced:mailbox 8:bounced:mailbox 9:failed:transient; do
    item "busy${case%%:*}" "+8221577000${case%%:*}"
    fax deliver "$work/item.json"
    is "a number that ends in ${case%%:*} is accepted" "$(outcome)" accepted:none
    until_is 60 "and then is ${case#*:}" "${case#*:}" receipt
done
item nonumber 0215770001
fax deliver "$work/item.json"
is "what is no number is a wrong address" "$(outcome)" bounced:address
is "and is not begun" "$(began)" ""

# --- a person takes a job out of the queue ---------------------------------------------------------
(cd "$spool" && : >line-is-down && faxstate -q "$spool" -s down ttyLine)
item killed +82215770001
fax deliver "$work/item.json"
is "without a modem a fax waits" "$(outcome)" accepted:none
job=$(said '.report | select(.) | .provider_ref')
is "the queue says so" "$(receipt)" accepted:none
curl -s -u fairline:secret -Q "JKILL $job" "ftp://127.0.0.1:$server/sendq/" >/dev/null
until_is 20 "a job that is killed failed on our side" failed:our_side receipt
(cd "$spool" && rm line-is-down && faxstate -q "$spool" -s up ttyLine)

# --- cut at each command ---------------------------------------------------------------------------
# cut COMMAND WAY
cut_at() {
    rm -f "$work/ready"
    python3 "$top/tests/peers/cutftp.py" "$work/ready" "$server" "$1" "$2" &
    proxy=$!
    timeout 20 sh -c 'until [ -s "$0" ]; do sleep 0.05; done' "$work/ready"
    port=$(cat "$work/ready")
}
uncut() {
    kill $proxy
    wait $proxy 2>/dev/null
    proxy=
    port=$server
}
i=0
for command in USER PASS "FORM TIFF" EPSV STOR JNEW "JPARM DIALSTRING" "JPARM DOCUMENT"; do
    for way in before after; do
        i=$((i + 1))
        item "cut$(echo $i | tr 0-9 b-k)" +82215770001
        cut_at "$command" $way
        fax deliver "$work/item.json"
        uncut
        # libcurl goes on without EPSV and falls back: then the fax is simply sent.
        case $(outcome) in
        accepted:none) is "cut $way $command: sent by another way, once" "$(jobs "$token")" 1 ;;
        *)
            is "cut $way $command: try again, nothing begun" "$(result) $(began)" "retry:7 "
            is "... and no job" "$(jobs "$token")" 0
            ;;
        esac
    done
done
item cutbefore +82215770001
cut_at JSUBM before
fax deliver "$work/item.json"
uncut
is "cut before JSUBM: in doubt, for it left" "$(outcome)" uncertain:transient
is "... there is no job" "$(jobs "$token")" 0
is "... and nothing is said of it" "$(receipt)" ""
item cutafter +82215770001
cut_at JSUBM after
fax deliver "$work/item.json"
uncut
is "cut after JSUBM: in doubt" "$(outcome)" uncertain:transient
is "... there is one job" "$(jobs "$token")" 1
until_is 20 "... and the queue says what became of it" delivered:none receipt

# --- away, and not let in ----------------------------------------------------------------------------
password=$work/wrong
fax health
is "a wrong password: our side" "$(result)" retry:5
item wrong +82215770001
# A busy server may turn a connection away just after it has refused a login.
for _ in 1 2 3; do
    fax deliver "$work/item.json"
    [ "$(result)" = retry:7 ] || break
done
is "... nothing is begun" "$(result) $(began)" "retry:5 "
ok "... the password is not in what is said" sh -c "! grep -q wrong\$ '$work/said'"
password=
port=$(python3 "$top/tests/peers/ports.py" 1)
fax deliver "$work/item.json"
is "no server: away" "$(result) $(began)" "retry:7 "
fax collect
is "... also to collect" "$(result)" retry:7
done_testing
