# What the end-to-end tests share: TAP, a gateway in a private folder, waiting for an answer.
# Sourced after `plan N`.  Everything started is ended, and the folder removed, on exit.
top=${FL_TOP_SRCDIR:?}
build=${FL_TOP_BUILDDIR:?}
work=$(mktemp -d "${TMPDIR:-/tmp}/fairline-e2e.XXXXXX")
chmod 755 "$work"
n=0
failed=0
daemon=

FAIRLINE_PLUGIN_DIR=
for dir in "$build"/plugins/*/.libs; do
    FAIRLINE_PLUGIN_DIR=${FAIRLINE_PLUGIN_DIR:+$FAIRLINE_PLUGIN_DIR:}$dir
done
export FAIRLINE_PLUGIN_DIR
unset FAIRLINE_DATA_DIR

fairline() {
    "$build/fairline" -c "$work/fairline.conf" "$@"
}

skip_all() {
    echo "1..0 # SKIP $*"
    rm -rf "$work"
    trap - EXIT
    exit 0
}

# ok NAME COMMAND...: passes when the command succeeds
ok() {
    name=$1
    shift
    n=$((n + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $n - $name"
    else
        failed=1
        echo "not ok $n - $name"
        sed 's/^/# /' "$work/out" | head -30
    fi
}

# is NAME GOT EXPECTED
is() {
    n=$((n + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $n - $1"
    else
        failed=1
        echo "not ok $n - $1"
        printf 'got:      %s\nexpected: %s\n' "$2" "$3" | sed 's/^/# /'
    fi
}

# until_is SECONDS NAME EXPECTED COMMAND...: asks again until the command prints what is expected
until_is() {
    limit=$(($(date +%s) + $1))
    name=$2
    expected=$3
    shift 3
    while :; do
        got=$("$@" 2>/dev/null || true)
        [ "$got" = "$expected" ] && break
        [ "$(date +%s)" -lt "$limit" ] || break
        sleep 0.1
    done
    is "$name" "$got" "$expected"
}

# messages STATE: how many
messages() {
    fairline queue show -o json | jq -r "[.[] | select(.state == \"$1\") | .messages] | add // 0"
}

daemon_is() {
    fairline status -o json | jq -r '.[0].daemon'
}

start_daemon() {
    "$build/fairlined" -c "$work/fairline.conf" >>"$work/fairlined.log" 2>&1 </dev/null &
    daemon=$!
    until_is 30 "the gateway runs" running daemon_is
}

# stop_daemon: its exit code is in $code
stop_daemon() {
    kill "$daemon" 2>/dev/null
    code=0
    wait "$daemon" || code=$?
    daemon=
}

at_end() {
    [ -n "$daemon" ] && stop_daemon
    if command -v before_end >/dev/null; then before_end; fi
    [ $failed = 0 ] || { sed 's/^/# log: /' "$work/fairlined.log" 2>/dev/null | tail -30; }
    rm -rf "$work"
}
trap at_end EXIT
trap 'exit 1' INT TERM

done_testing() {
    echo "1..$n"
    exit $failed
}
