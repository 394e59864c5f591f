#!/bin/sh
# What somebody meets who adds a channel: the commands of fairline-channel(7), exactly as they stand
# there, with folders of the test in the place of /srv and /etc.  Then the example plugin against a
# server that misbehaves.  TAP.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"
command -v jq >/dev/null || skip_all "jq is not installed"
page=$top/man/fairline-channel.7.scd
conf=$work/etc/fairline/fairline.conf
mkdir -p "$work/etc/fairline" "$work/plugins" "$work/pc" "$work/examples/exec" "$work/desk"
chmod -R go-w "$work"
peer=
before_end() { [ -z "$peer" ] || kill "$peer" 2>/dev/null; }

# --- a system on which Fairline is installed ---
cp "$top/plugins/exec/examples/mailbox.sh" "$work/examples/exec"
cp -R "$top/etc/examples/ntfy" "$work/ntfy"
chmod -R u+w "$work/ntfy"
cat >"$work/pc/fairline-channel.pc" <<EOF
plugindir=$work/plugins
examplesdir=$work/examples
Name: fairline-channel
Description: of this build tree
Version: 0
Cflags: -I$top/include
EOF
PKG_CONFIG_PATH=$work/pc
PATH=$build:$PATH
FAIRLINE_PLUGIN_DIR=$FAIRLINE_PLUGIN_DIR:$work/plugins
export PKG_CONFIG_PATH PATH FAIRLINE_PLUGIN_DIR
cat >"$conf" <<EOF
data_dir = "$work/data"
plan_interval = 100ms
organisation {
    name = "Hill Farm Dairy"
}
EOF
# A make above hands its flags down; a plugin is built as the programs are that load it.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
sanitize=
if nm "$build/fairline-plugin-test" 2>/dev/null | grep -q ' __asan_init$'; then
    sanitize="-fsanitize=address,undefined"
fi

fairline() {
    "$build/fairline" -c "$conf" "$@"
}
sudo() {
    "$@"
}
make() {
    command make ${sanitize:+CFLAGS="-O1 -g $sanitize"} "$@"
}

# block N: the commands of the N-th literal block of the page, as a script
block() {
    awk -v wanted="$1" '
        $0 == "```" { is_in = !is_in; if (is_in) n++; next }
        is_in && n == wanted && sub(/^[$>] /, "") { print }' "$page" |
        sed -e "s|/srv/|$work/srv/|g" -e "s|/etc/fairline/|$work/etc/fairline/|g"
}

# follow [FOLDER]: does what stands in $work/script, in the folder of the page's reader
follow() {
    [ -s "$work/script" ] || { echo "the page has no such block"; return 1; }
    code=0
    (cd "${1:-$work/desk}" && set -e && . "$work/script") >"$work/shown" 2>&1 || code=$?
    cat "$work/shown"
    return $code
}

start_again() {
    [ -z "$daemon" ] || stop_daemon
    "$build/fairlined" -c "$conf" >>"$work/fairlined.log" 2>&1 </dev/null &
    daemon=$!
    until_is 30 "the gateway runs" running daemon_is
}

channel_is() {
    fairline channel status -o json | jq -r ".[] | select(.name == \"$1\") | .state"
}

files_in() {
    find "$1" -name '*.txt' 2>/dev/null | wc -l
}

answers() {
    fairline feedback list -o json | jq -r '.[] | "\(.customer) \(.campaign): \(.text | rtrimstr("\n"))"' | sort
}

# --- a channel made of a program ---
# The page restarts by systemctl, which is the test's to do; the last command needs it running.
block 1 | sed '/systemctl/,$d' >"$work/script"
ok "a program becomes a channel" follow
start_again
until_is 20 "and runs" running channel_is mailbox
block 2 >"$work/script"
ok "a message is written and sent" follow
until_is 30 "it arrives as a file" 1 files_in "$work/srv/mailbox/out"
block 3 >"$work/script"
ok "it is read and answered" follow
ok "it says what was written" grep -q "Dear Kim, how are you?" "$work/shown"
until_is 30 "the answer is known as Kim's, to this message" "k1 hello: Very well, thank you!" answers
block 4 >"$work/script"
ok "and is shown" follow
ok "among what was said on both sides" grep -q "Very well" "$work/shown"
until_is 10 "the file was taken away" "$work/srv/mailbox/in/done" dirname "$(find "$work/srv/mailbox/in" -name '*.txt')"

# --- a plugin in C ---
block 5 >"$work/script"
ok "the skeleton is written, built, tested and installed" follow
ok "its options are known" grep -q outbox "$work/shown"
block 6 | sed '/systemctl/,$d' >"$work/script"
ok "it becomes a channel" follow "$work/desk/pigeon"
start_again
block 6 | sed '1,/systemctl/d' >"$work/script"
ok "a campaign goes over it" follow "$work/desk/pigeon"
until_is 30 "and arrives" 1 files_in "$work/srv/pigeon/out"
echo "Coo" >"$work/srv/pigeon/in/$(basename "$work"/srv/pigeon/out/*.txt)"
until_is 30 "its answer comes back" "k1 coo: Coo
k1 hello: Very well, thank you!" answers
stop_daemon
is "the gateway has ended well" "$code" 0

# --- the example ---
if ! command -v python3 >/dev/null || ! command -v curl >/dev/null; then
    done_testing
fi
NTFY_PEER=$top/tests/peers/ntfy.py
export NTFY_PEER
ok "the example builds and passes the conformance run" make -s -C "$work/ntfy" check
mkfifo "$work/fifo"
python3 "$NTFY_PEER" >"$work/fifo" &
peer=$!
server=
while read -r line; do
    case $line in
    server=*) server=${line#server=} ;;
    ready) break ;;
    esac
done <"$work/fifo"
ntfy() {
    "$build/fairline-host" --inproc "$work/ntfy/ntfy.so" --option server="$server" \
        --option reply_topic=replies "$@" 2>>"$work/ntfy.log"
}
# delivered TO: outcome and fault
delivered() {
    printf '{"message_id": 7, "to_address": "%s", "subject": "Hi", "token_reply": "tokentoken",
        "parts": [{"type": "text/plain", "text": "Fair on Friday \\u2600"}]}' "$1" >"$work/item.json"
    ntfy deliver "$work/item.json" | jq -r 'select(.report) | .report | "\(.outcome) \(.fault)"'
}
is "it publishes" "$(delivered kim)" "accepted none"
is "what the phone gets" "$(curl -s "$server/kim/json?poll=1" |
    jq -r '"\(.title): \(.message) [\(.actions[1].label)]"')" "Hi: Fair on Friday ☀ [STOP]"
is "a topic that cannot be one bounces" "$(delivered ../replies)" "bounced address"
is "an unknown topic bounces" "$(delivered status-404)" "bounced address"
is "too much text fails" "$(delivered status-413)" "failed content"
is "a server in a hurry defers" "$(delivered status-429)" "deferred throttled"
is "a closed topic is ours to mend" "$(delivered status-403)" "deferred our_side"
is "a server that is ill defers" "$(delivered status-500)" "deferred transient"
is "nonsense with status 200 is accepted" "$(delivered nonsense)" "accepted none"
is "a line that breaks leaves doubt" "$(delivered drop)" "uncertain transient"
curl -s -H 'Title: tokentoken' -d 'STOP' "$server/replies" >/dev/null
is "an answer comes back with its token" "$(ntfy collect |
    jq -r 'select(.inbound) | .inbound | "\(.to_address) \(.data)"')" "tokentoken STOP"
kill "$peer"
wait "$peer" 2>/dev/null
peer=
is "a server that is away is tried again" "$(ntfy deliver "$work/item.json" |
    jq -r 'select(.result) | .result.result')" retry
done_testing
