#!/bin/sh
# Text messages there and back, over a real Kannel: with the phones of a fake centre, with an SMPP
# centre that refuses, expires and delivers, and with a gateway that takes and never answers.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
for tool in jq curl python3 bearerbox smsbox sqlite3; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
kannel=
pids=
before_end() {
    for pid in $pids; do kill "$pid" 2>/dev/null; done
    for dir in $kannel; do sh "$top/tests/peers/kannel-down.sh" "$dir"; done
}
# shellcheck disable=SC2046
set -- $(python3 "$top/tests/peers/ports.py" 8)
admin=$1 box=$2 sendsms=$3 centre=$4 phone=$5 web=$6 control=$7
printf 'gwpw\n' >"$work/password"
printf 'callback-secret-of-this-test\n' >"$work/secret"
chmod 600 "$work/password" "$work/secret"
key=callback-secret-of-this-test
hook="http://127.0.0.1:$web/h/sms"

# start_kannel KIND: in a folder of its own
start_kannel() {
    dir=$work/kannel-$1
    kannel="$kannel $dir"
    sh "$top/tests/peers/kannel-up.sh" "$dir" "$1" $admin $box $sendsms $centre \
        "$hook/mo?key=$key&id=%I&from=%p&to=%P" >"$work/kannel.log" 2>&1 </dev/null ||
        { sed 's/^/# /' "$work/kannel.log"; echo "Bail out! no Kannel"; exit 1; }
}
stop_kannel() { sh "$top/tests/peers/kannel-down.sh" "$dir"; }

# conf SENDSMS-URL [OPTION...]
conf() {
    url=$1
    shift
    cat >"$work/fairline.conf" <<END
data_dir = "$work/data"
plan_interval = "200ms"
drain_timeout = "3s"
organisation {
    name = "Hill Farm Dairy"
    contact = "desk@shop.test"
    language = "ko"
    time_zone = "Asia/Seoul"
    country = "KR"
    web_base = "http://127.0.0.1:$web"
}
front { listen = "127.0.0.1:$web" }
channel "sms" {
    plugin = "sms"
    batch = 10
    retry_first = "500ms"
    retry_max = "1s"
    collect_interval = "1h"
    options {
        url = "$url"
        username = "gw"
        password_file = "$work/password"
        callback_url = "$hook"
        callback_secret_file = "$work/secret"
        country_code = "82"
        sender = "0215771577"
        cost_per_part = "9.9"
        $*
    }
}
END
}

# campaign NAME TEXT: to everybody in Korean
campaign() {
    mkdir -p "$work/$1"
    printf -- '---\nsubject: "소식"\n---\n\n%s\n' "$2" >"$work/$1/content.md"
    printf 'campaign "%s" {\n purpose = "marketing"\n channel = "sms"\n content = "%s"\n schedule { at = "now" }\n}\n' \
        "$1" "$1" >"$work/$1.conf"
    fairline campaign apply "$work/$1.conf" && fairline campaign schedule "$1" --yes
}
states() {
    fairline queue show --campaign "$1" -o json |
        jq -r '[.[] | "\(.state) \(.messages)"] | sort | join(", ")'
}
sql() { sqlite3 "$work/data/fairline.db" "$1"; }
# people FILE NUMBER...: c1, c2, ... with these numbers
people() {
    file=$1
    shift
    echo "external_id,name,language,phone,consent.marketing.sms" >"$file"
    i=0
    for number; do
        i=$((i + 1))
        echo "c$i,고객 $i,ko,$number,yes" >>"$file"
    done
}
get() { curl -s -o /dev/null -w '%{http_code}' "$@"; }

# --- a campaign over Kannel, its receipts, what customers answer ------------------------------------
start_kannel fake
python3 "$top/tests/peers/fakephone.py" $centre $phone "$work/phones" 2>"$work/phone.log" </dev/null &
pids="$pids $!"
touch "$work/phones"
conf "http://127.0.0.1:$sendsms/cgi-bin/sendsms"
# shellcheck disable=SC2046
people "$work/people.csv" $(seq -f '010%08.0f' 10000001 10000030)
ok "customers are imported" fairline import customers "$work/people.csv"
ok "the gateway takes our login" fairline channel check sms
ok "a campaign is scheduled" campaign spring \
    "{{name}} 님, 소들이 다시 봄 풀밭에 나왔습니다. 첫 요구르트가 나오는 날 농장에서 만나요. 가족과 함께 오시면 갓 짠 우유 한 병을 드립니다. {{name}} 님을 기다립니다."
start_daemon
until_is 60 "every message is delivered: the receipts came back" "delivered 30" states spring
arrived() { awk '{print $2}' "$work/phones" | sort | uniq | wc -l; }
is "each of thirty phones has it" "$(arrived)" 30
ok "in Korean, under the sender's number, in two parts" \
    grep -q '^0215771577 +821010000007 udh %05%00%03...%02%01 고객 7 님, 소들이' "$work/phones"
is "two parts each, and their cost" \
    "$(sql "select count(*) || ' ' || sum(units) || ' ' || sum(cost_micro) from event where cost_micro > 0")" \
    "30 60 594000000"

# say FROM TEXT: a customer sends a message
say() {
    python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1]))).sendall(sys.argv[2].encode() + b"\n")' \
        "$phone" "$1 0215771577 text $2"
}
ok "a customer answers" say 01010000007 "thank you, see you at the farm"
reply_of() { fairline feedback list -o json | jq -r "[.[] | select(.kind == \"$1\")] | .[0].customer // \"\""; }
until_is 30 "the answer is stored with its customer" c7 reply_of reply
ok "another says stop" say 01010000008 "STOP"
consent_of() {
    fairline consent history "$1" -o json | jq -r '[.[] | select(.purpose == "marketing" and .medium == "sms")] | last | .state'
}
until_is 30 "and is left alone from then on" withdrawn consent_of c8

# --- receipts again, late, forged ---------------------------------------------------------------------
ref=$(sql "select provider_ref from event where provider_ref is not null order by id desc limit 1")
events() { sql "select count(*) from event"; }
is "a late receipt that says accepted is taken" "$(get "$hook/dlr?key=$key&fid=$ref&st=8&ans=ACK/")" 200
is "and undoes nothing" "$(states spring)" "delivered 30"
before=$(events)
is "the same again is taken" "$(get "$hook/dlr?key=$key&fid=$ref&st=8&ans=ACK/")" 200
is "and counts once" "$(events)" "$before"
is "a receipt without the secret is refused" "$(get "$hook/dlr?fid=$ref&st=2")" 403
is "one with another secret too" "$(get "$hook/dlr?key=nonsense&fid=$ref&st=2")" 403
is "and a message" "$(get -d 'STOP' "$hook/mo?from=01010000009&id=x")" 403
is "nothing came of it" "$(events) $(consent_of c9)" "$before granted"
ok "the operator is told" grep -q 'did not prove who sends it' "$work/fairlined.log"
head -c 400000 /dev/zero | tr '\0' 'x' >"$work/large"
is "a body too large is refused" "$(get --data-binary "@$work/large" "$hook/mo?key=$key&from=01010000009&id=y")" 413

# --- the gateway is away, somebody opts out meanwhile --------------------------------------------------
stop_kannel
ok "another campaign, while the gateway is away" campaign summer "여름 소식입니다"
summer_waits() { fairline queue show --campaign summer -o json | jq -r '[.[] | select(.state == "deferred" or .state == "planned" or .state == "due") | .messages] | add // 0'; }
until_is 30 "its messages wait" 29 summer_waits
is "who had said stop is not among them" "$(states summer | grep -o 'suppressed [0-9]*')" "suppressed 1"
is "a message by callback, meanwhile" "$(get -H 'Content-Type: text/plain; charset=UTF-8' \
    --data-binary '수신거부' "$hook/mo?key=$key&id=z1&from=01010000009&to=0215771577")" 200
until_is 20 "is an opt-out" withdrawn consent_of c9
: >"$work/phones"
start_kannel fake
python3 "$top/tests/peers/fakephone.py" $centre $control "$work/phones" 2>"$work/phone.log" </dev/null &
pids="$pids $!"
until_is 60 "the gateway is back: all leave but that one" "delivered 28, suppressed 2" states summer
is "which reached no phone" "$(grep -c 821010000009 "$work/phones")" 0
ok "why not, in a sentence" sh -c "'$build/fairline' -c '$work/fairline.conf' why c9 summer | grep -qi 'consent'"
ok "the timeline shows both ways" sh -c "'$build/fairline' -c '$work/fairline.conf' customer timeline c7 | grep -q 'thank you'"
stop_daemon
is "a shutdown is clean" "$code" 0
stop_kannel
rm -rf "$work/kannel-fake"

# --- killed between the request and its report -----------------------------------------------------------
mkfifo "$work/hold"
python3 "$top/tests/peers/badhttp.py" --ready "$work/bad.port" --record "$work/bad.record" \
    --fault mute --times 1 <>"$work/hold" >"$work/bad.log" 2>&1 &
pids="$pids $!"
bad_port() { cat "$work/bad.port" 2>/dev/null | grep -c .; }
until_is 20 "a gateway that does not answer listens" 1 bad_port
conf "http://127.0.0.1:$(cat "$work/bad.port")/cgi-bin/sendsms" 'timeout = "60s"'
touch "$work/bad.record"
start_daemon
ok "a campaign over it" campaign autumn "가을 소식입니다"
requests() { wc -l <"$work/bad.record" | tr -d ' '; }
until_is 30 "the first request has left" 1 requests
host=$(pgrep -P "$daemon" -f fairline-host | while read -r pid; do
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q fairline-host && echo "$pid"
done | head -1)
ok "its host is killed" kill -9 "$host"
until_is 60 "the one in doubt is held, the others leave" "accepted 27, suppressed 2, uncertain 1" states autumn
is "each was asked for once" "$(python3 -c '
import collections, json, sys
print(max(collections.Counter(json.loads(l)["headers"]["x-kannel-to"] for l in open(sys.argv[1])).values()))' "$work/bad.record")" 1
is "twenty-eight requests in all" "$(requests)" 28
stop_daemon
start_daemon
until_is 20 "after a restart it is still held" "accepted 27, suppressed 2, uncertain 1" states autumn
is "and was not paid for again" "$(requests)" 28
stop_daemon

# --- an SMPP centre --------------------------------------------------------------------------------------
if ! command -v node >/dev/null || [ ! -d "${FL_NODE:-}/node_modules/smpp" ]; then
    echo "# SKIP the SMPP centre: node, or npm's smpp below FL_NODE, is missing"
    done_testing
fi
rm -rf "$work/data" "$work"/*.csv
# shellcheck disable=SC2046
set -- $(python3 "$top/tests/peers/ports.py" 6)
admin=$1 box=$2 sendsms=$3 centre=$4 control=$5
touch "$work/submits"
FL_NODE=$FL_NODE node "$top/tests/peers/node/smsc.js" $centre $control "$work/submits" \
    >"$work/smsc.log" 2>&1 </dev/null &
pids="$pids $!"
ask() { python3 -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall((sys.argv[2] + "\n").encode())
print(s.makefile().readline().strip())' "$control" "$1"; }
until_is 20 "an SMPP centre listens" 0 ask '?'
start_kannel smpp
conf "http://127.0.0.1:$sendsms/cgi-bin/sendsms"
people "$work/people.csv" 01020000001 01020000002 01020000099 01020000088 01020000077 01020000066
ok "customers of all kinds" fairline import customers "$work/people.csv"
start_daemon
ok "a campaign to them" campaign winter "겨울 소식입니다"
until_is 60 "delivered, refused, not deliverable, expired, unknown" "bounced 4, delivered 2" states winter
status_of() { fairline customer show "$1" -o json | jq -r '[.[0].addresses[] | .status] | join(" ")'; }
is "a number the centre refuses is no longer used" "$(status_of c3)" suppressed
is "nor one nobody has" "$(status_of c6)" suppressed
is "a phone that was off stays" "$(status_of c4) $(status_of c5)" "ok ok"
is "a Korean answer" "$(ask '01020000001 0215771577 정말 고맙습니다! 다음 주에는 우유를 두 병 더 부탁드려요.')" ok
until_is 30 "is stored with its customer" c1 reply_of reply
text_of() { fairline feedback show "$(fairline feedback list -o json | jq -r '[.[] | select(.kind == "reply")] | .[0].id')" -o json | jq -r '.[0].text'; }
is "in its own words" "$(text_of)" "정말 고맙습니다! 다음 주에는 우유를 두 병 더 부탁드려요."
is "and a Korean opt-out" "$(ask '01020000002 0215771577 수신거부')" ok
until_is 30 "is one" withdrawn consent_of c2
ok "the store is whole" fairline store check
stop_daemon
is "a shutdown is clean" "$code" 0
is "no sanitizer has complained" "$(grep -c Sanitizer "$work/fairlined.log")" 0
done_testing
