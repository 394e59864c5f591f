#!/bin/sh
# Every plugin we ship keeps the contract, by the same run that others have for theirs.  TAP: the
# cases of each run, under its name.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

# conform PLUGIN ARGUMENTS...: its cases become tests of ours; its log is shown when one fails
conform() {
    plugin=$1
    shift
    code=0
    "$build/fairline-plugin-test" "$build/plugins/$plugin/.libs/$plugin.so" "$@" \
        >"$work/tap" 2>"$work/conform.log" || code=$?
    while IFS= read -r line; do
        case $line in
        "ok "* | "not ok "*)
            n=$((n + 1))
            case $line in not*) failed=1 ;; esac
            printf '%s\n' "$line" | sed "s/ok [0-9]* - /ok $n - $plugin: /"
            ;;
        "1.."*) ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$work/tap"
    is "$plugin: the run says the same by its exit code" "$code" "$(grep -c '^not ok' "$work/tap" | sed 's/[1-9].*/1/')"
    if [ "$code" != 0 ]; then tail -60 "$work/conform.log" | sed 's/^/# /'; fi
}

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
