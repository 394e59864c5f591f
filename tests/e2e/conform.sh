#!/bin/sh
# Every plugin we ship keeps the contract, by the same run that others have for theirs.  TAP: the
# cases of each run, under its name.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

# conform PLUGIN ARGUMENTS...: starts a run.  They go side by side: some wait more than they work.
plugins=
pids=
conform() {
    plugin=$1
    shift
    {
        code=0
        "$build/fairline-plugin-test" "$build/plugins/$plugin/.libs/$plugin.so" "$@" \
            >"$work/$plugin.tap" 2>"$work/$plugin.log" || code=$?
        echo $code >"$work/$plugin.code"
    } &
    plugins="$plugins $plugin"
    pids="$pids $!"
}
# A run's cases become tests of ours; its log is shown when one fails.
report() {
    tap=$work/$1.tap
    code=$(cat "$work/$1.code")
    while IFS= read -r line; do
        case $line in
        "ok "* | "not ok "*)
            n=$((n + 1))
            case $line in not*) failed=1 ;; esac
            printf '%s\n' "$line" | sed "s/ok [0-9]* - /ok $n - $1: /"
            ;;
        "1.."*) ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$tap"
    is "$1: the run says the same by its exit code" "$code" "$(grep -c '^not ok' "$tap" | sed 's/[1-9].*/1/')"
    if [ "$code" != 0 ]; then tail -60 "$work/$1.log" | sed 's/^/# /'; fi
}
gateway=
before_end() {
    # shellcheck disable=SC2086
    [ -z "$pids$gateway" ] || kill $pids $gateway 2>/dev/null
}

# secret NAME TEXT
secret() { (umask 077 && echo "$2" >"$work/$1"); }

mkdir "$work/null" "$work/mail" "$work/mailbox"
conform null --option inbox="$work/null" --option journal="$work/journal" \
    --inbound "echo hello >'$work/null/'\$\$.txt"

mkdir -p "$work/mail/in/new" "$work/mail/in/cur" "$work/mail/in/tmp"
conform email --option transport=maildir --option maildir="$work/mail/out" \
    --option from_address=news@example.org --option inbound=maildir \
    --option inbound_maildir="$work/mail/in" \
    --inbound "printf 'From: a@example.org\\r\\nMessage-ID: <%s@x>\\r\\n\\r\\nhello\\r\\n' \$\$ >'$work/mail/in/new/'\$\$"

mkdir "$work/jobs" "$work/back"
conform letter --option directory="$work/jobs" --option returns="$work/back" --option settle=0s \
    --option sender_name=Shop --option sender_address="1 Street | Town" \
    --inbound "printf 'abcdefghijklmnopqrstuvwxyz234567abcdefgh,unknown\n' >'$work/back/'\$\$.csv"

if command -v jq >/dev/null; then
    cp "$top/plugins/exec/examples/mailbox.sh" "$work/mailbox"
    conform exec --option command="/bin/sh mailbox.sh $work/mailbox/out $work/mailbox/in" \
        --option folder="$work/mailbox" --deadline 300 --inbound "echo hello >'$work/mailbox/in/'\$\$.txt"
fi

conform web

if command -v python3 >/dev/null; then
    mkfifo "$work/hold"
    python3 "$top/tests/peers/badhttp.py" --ready "$work/port" --record "$work/record" \
        <>"$work/hold" >"$work/gateway.log" 2>&1 &
    gateway=$!
    until_is 20 "a gateway of text messages listens" 1 sh -c "grep -c . '$work/port'"
    secret sms-password gwpw
    secret callback callback-secret-of-this-test
    conform sms --option url="http://127.0.0.1:$(cat "$work/port")/cgi-bin/sendsms" \
        --option username=gw --option password_file="$work/sms-password" \
        --option sender=0215771577 --option senders=0215771577,15771577 --option country_code=82 \
        --option callback_url=https://example.org/h/sms \
        --option callback_secret_file="$work/callback" --option cost_per_part=9.9
fi

# Without a server of faxes, which takes root: what needs one is skipped.  fax.sh has one.
mkdir "$work/recvq"
secret fax-password secret
conform fax --option server=127.0.0.1:1 --option user=fairline \
    --option password_file="$work/fax-password" --option number=+82215770001 --option name=Shop \
    --option inbound=folder --option recvq="$work/recvq" --inbound "echo hello >'$work/recvq/'\$\$.tif"

# shellcheck disable=SC2086
wait $pids
pids=
for plugin in $plugins; do report "$plugin"; done

# A plugin that breaks the contract must not pass.
broken() {
    name=$1
    shift
    "$build/fairline-plugin-test" "$build/plugins/null/.libs/null.so" "$@" >"$work/tap" 2>/dev/null
    is "$name" "$? $(grep -c '^not ok' "$work/tap" | sed 's/[1-9].*/some/')" "1 some"
}
broken "reporting twice is found" --option duplicate_every=1
broken "leaving items out is found" --option silent_every=2
broken "reporting what was not given is found" --option lie_every=3
broken "a crash is found" --option crash_every=3
broken "a hang is found" --option hang_every=1 --deadline 1 --only "emoji"
done_testing
