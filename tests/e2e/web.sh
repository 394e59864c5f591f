#!/bin/sh
# The web channel: webhooks out against a receiver that behaves badly in every way, signed webhooks
# in through the real front, and messages that stand on pages for who has no address at all.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
for tool in jq python3 curl openssl; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
plugin=$build/plugins/web/.libs/web.so
drive=$build/tests/peers/plugin-drive
secret=0123456789abcdef-out
old_secret=0123456789abcdef-old
in_secret=0123456789abcdef-in
record=$work/record
receiver=
before_end() { [ -z "$receiver" ] || kill "$receiver"; }

python3 "$top/tests/peers/webhook.py" --ready "$work/ready" --secret "$old_secret" \
    --record "$record" &
receiver=$!
timeout 20 sh -c 'while [ ! -s "$0" ]; do sleep 0.05; done' "$work/ready"
peer=$(cat "$work/ready")

# --- out
send() { # DRIVER-OPTIONS... -- PATH [OPTION...]
    flags=
    while [ "$1" != -- ]; do
        flags="$flags $1"
        shift
    done
    path=$2
    shift 2
    # shellcheck disable=SC2086
    timeout 60 "$drive" $flags "$plugin" deliver mode=webhook url="http://127.0.0.1:$peer$path" \
        secret="$secret" timeout=1s "$@" >"$work/sent" 2>&1
}
says() { grep -Eq -e "$1" "$work/sent" || { cat "$work/sent"; false; }; }
sends() { # NAME PATH PATTERN
    send -- "$2"
    ok "$1" says "$3"
}
sends "200: accepted, with the receiver's reference" /ok '^report 0 ACCEPTED NONE .*r-1'
sends "400: the content's fault" /400 '^report 0 FAILED CONTENT 400'
sends "410: not wanted" /410 '^report 0 FAILED POLICY 410'
sends "429: throttled" /429 '^report 0 DEFERRED THROTTLED 429'
sends "500: later" /500 '^report 0 DEFERRED TRANSIENT 500'
sends "302: not followed" /302 '^report 0 DEFERRED OUR_SIDE 302'
sends "no answer: uncertain within the time limit" /slow '^report 0 UNCERTAIN TRANSIENT'
sends "hung up: uncertain" /close '^report 0 UNCERTAIN TRANSIENT'
sends "no HTTP: uncertain" /garbage '^report 0 UNCERTAIN TRANSIENT'
sends "half an answer: uncertain" /half '^report 0 UNCERTAIN TRANSIENT'
sends "a huge answer: accepted" /huge '^report 0 ACCEPTED'
closed=$(python3 "$top/tests/peers/ports.py" 1)
timeout 60 "$drive" -n 3 "$plugin" deliver mode=webhook url="http://127.0.0.1:$closed/" \
    secret="$secret" timeout=1s >"$work/sent" 2>&1
ok "nobody there: the batch comes again" says '^call RETRY TRANSIENT could not reach'
rm "$record"
send -n 300 -k -- /ok parallel=8
is "300 by eight connections: all accepted" "$(grep -c '^report [0-9]* ACCEPTED' "$work/sent")" 300
is "each arrived once" "$(cut -d' ' -f2 "$record" | sort -u | wc -l) $(wc -l <"$record")" "300 300"
is "begun before it was sent" "$(grep -c '^begin' "$work/sent")" 300
is "the key in force signs, which the receiver does not know yet" \
    "$(cut -d' ' -f3 "$record" | sort | uniq -c | awk '{print $1, $2}')" "300 False"
rm "$record"
send -- /ok old_secret="$old_secret"
is "with the old one beside it the receiver is content" "$(cut -d' ' -f3 "$record")" True
rm "$record"
send -- /once
send -a 2 -- /once
is "a second try carries the same key" "$(cut -d' ' -f2 "$record" | uniq | wc -l) $(wc -l <"$record")" "1 2"
timeout 20 "$drive" "$plugin" health mode=webhook url="http://127.0.0.1:$peer/ok" \
    secret="$secret" timeout=1s >"$work/sent" 2>&1
ok "health: it is there" says '^call OK'
is "and nothing was sent" "$(wc -l <"$record")" 2

# --- in, and pages
port=$(python3 "$top/tests/peers/ports.py" 1)
base=http://127.0.0.1:$port
for name in secret in_secret; do
    eval "printf '%s\n' \"\$$name\"" >"$work/$name"
    chmod 600 "$work/$name"
done
cat >"$work/fairline.conf" <<END
data_dir = "$work/data"
plan_interval = "1s"
organisation {
    name = "Hill Farm Dairy"
    web_base = "$base"
    language = "en"
}
front { listen = "127.0.0.1:$port" }
channel "pages" {
    plugin = "web"
}
channel "app" {
    plugin = "web"
    retry_first = "1s"
    options {
        mode = webhook
        url = "http://127.0.0.1:$peer/once"
        secret_file = "$work/secret"
        inbound_secret_file = "$work/in_secret"
    }
}
END
cat >"$work/people.csv" <<'END'
external_id,name,language,consent.marketing.web
w1,Kim,en,yes
w2,Lee,en,yes
w3,Park,en,no
END
mkdir "$work/note"
printf -- '---\nsubject: "A note"\n---\nDear {{name}}, see [your page]({{page_url}}).\n' \
    >"$work/note/content.md"
for name in pages app; do
    cat <<END
campaign "$name" {
    purpose = "marketing"
    channel = "$name"
    content = "note"
    schedule { at = "now" }
}
END
done >"$work/note.conf"
ok "customers without addresses are imported" fairline import customers "$work/people.csv"
ok "campaigns on the web are applied" fairline campaign apply "$work/note.conf"
ok "published ones are scheduled" fairline campaign schedule pages --yes
rm -f "$record"
start_daemon
until_is 30 "who agreed has it, at once and for good" 2 messages delivered
is "who did not has not" "$(messages suppressed)" 1
ok "posted ones are scheduled" fairline campaign schedule app --yes
until_is 60 "and accepted after the receiver hung up on each once" 2 messages accepted
is "under the same key" "$(cut -d' ' -f2 "$record" | sort | uniq -c | awk '{print $1}' | sort -u)" 2

page=$(head -1 "$record" | cut -d' ' -f4- | jq -r .page_url)
token=$(head -1 "$record" | cut -d' ' -f4- | jq -r .token)
customer=$(head -1 "$record" | cut -d' ' -f4- | jq -r .to)
is "the page is there" "$(curl -s -o "$work/page" -w '%{http_code}' "$page")" 200
inbox=$(echo "$page" | sed 's#/m/#/i/#')
ok "the inbox has both" sh -c "test \"\$(curl -s '$inbox' | grep -c '<h2>')\" = 2"

sign() { # SECONDS BODY SECRET
    printf 't=%s,v1=%s' "$1" \
        "$(printf '%s.%s' "$1" "$2" | openssl dgst -sha256 -hmac "$3" | sed 's/.*= //')"
}
hook() { # SIGNATURE BODY: prints the status
    printf '%s' "$2" >"$work/hook"
    curl -s -o "$work/answer" -w '%{http_code}' -H "Fairline-Signature: $1" \
        --data-binary "@$work/hook" "$base/h/app/"
}
feedback() {
    fairline feedback list -o json | jq -r "[.[] | select(.kind == \"$1\")] | length"
}
now=$(date +%s)
body="{\"id\":\"f-1\",\"token\":\"$token\",\"text\":\"Ring the bell, please\"}"
signature=$(sign "$now" "$body" "$in_secret")
is "a signed form is taken" "$(hook "$signature" "$body")" 200
is "and stored by then" "$(fairline feedback list -o json | jq -r '.[] | select(.text == "Ring the bell, please") | .matched_by')" token
is "the same request again is a replay" "$(hook "$signature" "$body")" 409
is "signed anew it counts once" "$(hook "$(sign $((now + 1)) "$body" "$in_secret")" "$body")" 200
is "still one piece" "$(fairline feedback list -o json | jq -r '[.[] | select(.text == "Ring the bell, please")] | length')" 1
is "a forged one is refused" "$(hook "$(sign "$now" "$body" "wrong-wrong-wrong-wrong")" "$body")" 401
is "one signed with the key for the other way" "$(hook "$(sign "$now" "$body" "$secret")" "$body")" 401
is "an old one" "$(hook "$(sign $((now - 4000)) "$body" "$in_secret")" "$body")" 401
is "one without a signature" "$(hook "" "$body")" 401
is "garbage" "$(hook "$(sign "$now" "not json" "$in_secret")" "not json")" 400
bad='[{"text":"a"},{"type":"receipt","ref":"r","outcome":"lost"}]'
is "half good is not good" "$(hook "$(sign "$now" "$bad" "$in_secret")" "$bad")" 400
is "another path" "$(curl -s -o "$work/answer" -w '%{http_code}' -d x "$base/h/app/x")" 404
is "another method" "$(curl -s -o "$work/answer" -w '%{http_code}' "$base/h/app/")" 405
ok "who was refused is in the log" grep -q 'webhook from 127.0.0.1 refused with 401' "$work/fairlined.log"
out="{\"id\":\"f-2\",\"token\":\"$token\",\"is_opt_out\":true}"
is "an opt-out is taken" "$(hook "$(sign "$now" "$out" "$in_secret")" "$out")" 200
is "and in force" "$(fairline customer show "$customer" -o json | jq -r '.[0].consents[] | select(.medium == "web") | .state')" withdrawn
stop_daemon
is "the gateway ends well" "$code" 0
done_testing
