# What the e-mail tests share; sourced.  Sets work, plugin, drive, peers.
top=${FL_TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FL_TOP_BUILDDIR:-$top/build/rel}
peers=$top/tests/peers
plugin=$build/plugins/email/.libs/email.so
drive=$build/tests/peers/plugin-drive
host=$build/fairline-host
work=$(mktemp -d "${TMPDIR:-/tmp}/fairline-email-XXXXXX")
chmod 755 "$work"
out=$work/out
n_tests=0
n_peers=0
peer_pids=

# ok NAME COMMAND...: passes when the command does
ok() {
    n_tests=$((n_tests + 1))
    ok_name=$1
    shift
    if "$@" >"$work/ok.out" 2>&1; then
        echo "ok $n_tests - $ok_name"
    else
        echo "not ok $n_tests - $ok_name"
        { echo "failed: $*"; cat "$work/ok.out"; [ ! -e "$out" ] || tail -20 "$out"; } | sed 's/^/# /'
    fi
}

skip() {
    n_tests=$((n_tests + 1))
    echo "ok $n_tests - $1 # SKIP $2"
}

says() { grep -Eq -e "$1" "$out"; }
says_not() { ! grep -Eq -e "$1" "$out"; }
# says_times N PATTERN
says_times() { [ "$(grep -Ec -e "$2" "$out")" = "$1" ]; }

# start_peer COMMAND...: starts a server that writes its port to $ready; sets port
start_peer() {
    n_peers=$((n_peers + 1))
    ready=$work/ready.$n_peers
    mkfifo "$work/hold.$n_peers"
    # Reading and writing: opening does not wait, and the server sees no end while it runs.
    "$@" <>"$work/hold.$n_peers" >"$work/peer.$n_peers" 2>&1 &
    peer=$!
    peer_pids="$peer_pids $peer"
    timeout 20 sh -c 'while [ ! -s "$0" ]; do sleep 0.05; done' "$ready" || echo "# no answer from $*"
    port=$(cat "$ready")
}

stop_peer() {
    kill "$peer" 2>/dev/null
    wait "$peer" 2>/dev/null
}

# bad FAULT...: a badsmtp; sets port and record
bad() {
    record=$work/record.$((n_peers + 1))
    mkdir "$record"
    start_peer python3 "$peers/badsmtp.py" --ready "$work/ready.$((n_peers + 1))" \
        --record "$record" "$@"
}

# recorded: how many messages the last badsmtp took
recorded() { find "$record" -name '*.eml' | wc -l; }
recorded_is() { [ "$(recorded)" = "$1" ]; }

# certificates DIR: an authority ca.pem; good.pem for localhost and 127.0.0.1; other.pem for other.test
certificates() {
    mkdir -p "$1"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Fairline test authority" \
        -keyout "$1/ca.key" -out "$1/ca.pem" 2>"$1/log" || return 1
    for name in good other; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$1/$name.key" \
            -out "$1/$name.csr" 2>>"$1/log" || return 1
        case $name in
        good) echo "subjectAltName=DNS:localhost,IP:127.0.0.1" ;;
        other) echo "subjectAltName=DNS:other.test" ;;
        esac >"$1/san"
        openssl x509 -req -in "$1/$name.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" \
            -CAcreateserial -days 2 -extfile "$1/san" -out "$1/$name.pem" 2>>"$1/log" || return 1
    done
}

finish() {
    for pid in $peer_pids; do
        kill "$pid" 2>/dev/null
    done
    [ ! -d "$work/mail" ] || "$peers/mail-down.sh" "$work/mail"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

if [ ! -e "$plugin" ] || [ ! -x "$drive" ] || ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP the e-mail plugin, plugin-drive or python3 is missing"
    exit 0
fi
