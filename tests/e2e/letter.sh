#!/bin/sh
# Letters: what stands on the paper, jobs in folders and on a real OpenSSH server, and every way to
# be cut off in the middle.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"
for tool in jq python3 pdftotext pdffonts pdftoppm zbarimg ssh-keygen; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
plugin=$build/plugins/letter/.libs/letter.so
peers=$top/tests/peers
here=$top/tests/e2e
ssh=$work/ssh
proxy=
before_end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
    sh "$peers/ssh-down.sh" "$ssh"
    ! mountpoint -q "$work/small" 2>/dev/null || umount "$work/small"
}

# run OPTION=VALUE... -- VERB ARGUMENTS...: drives the plugin; its lines are in $work/said
run() {
    set -- "$@" END
    args=
    while [ "$1" != -- ]; do
        args="$args --option $1"
        shift
    done
    shift
    verb=
    while [ "$1" != END ]; do
        verb="$verb $1"
        shift
    done
    # shellcheck disable=SC2086
    timeout 120 "$build/fairline-host" --inproc "$plugin" --option sender_name=Hangyeol \
        --option "sender_address=99 Yulgok-ro | Seoul" $args $verb >"$work/said" 2>"$work/said.err"
}
# outcomes: how many of each, "2 accepted"
outcomes() {
    grep -a '^{"report"' "$work/said" | jq -r .report.outcome | sort | uniq -c | sed 's/^ *//'
}
result() { grep -a '^{"result"' "$work/said" | jq -r .result.result; }
why() { grep -a '^{"result"' "$work/said" | jq -r .result.why; }
# whole JOB: every file has the digest its manifest says
whole() {
    jq -r '.files[] | .sha256 + "  " + .name' "$1/manifest.json" >"$work/sums" &&
        (cd "$1" && sha256sum --quiet -c "$work/sums")
}
jobs_in() { find "$1" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | wc -l; }

# --- on paper ---------------------------------------------------------------------
paper() {
    layout=$1
    shift
    python3 "$here/letter-items.py" 3 "$layout" >"$work/$layout.json"
    run directory="$work/$layout" layout="$layout" weight_steps=25g:450 currency=KRW -- \
        deliver "$work/$layout.json"
    is "$layout: three letters" "$(outcomes)" "3 accepted"
    job=$(echo "$work/$layout"/autumn-*)
    ok "$layout: what the manifest says is what stands there" whole "$job"
    pdftotext -bbox "$job/letters.pdf" "$work/$layout.html"
    ok "$layout: the address is within the window" \
        python3 "$here/letter-window.py" "$layout" "$work/$layout.html" "$@"
    is "$layout: fonts are embedded and subset" \
        "$(pdffonts "$job/letters.pdf" | tail -n +3 | awk '{print $(NF-4), $(NF-3)}' | sort -u)" \
        "yes yes"
    pdftoppm -r 200 -f 2 -l 2 -png "$job/letters.pdf" "$work/$layout"
    # shellcheck disable=SC2086
    zbarimg --nodbus -q --raw "$work/$layout"-*.png | sort >"$work/codes"
    python3 -c "import csv,sys; r=list(csv.DictReader(open(sys.argv[1], encoding='utf-8')));
print(r[1]['code'])" "$job/addresses.csv" >"$work/token"
    ok "$layout: the code of the second letter is its token" grep -qxF "$(cat "$work/token")" \
        "$work/codes"
    is "$layout: and the other its page" "$(grep -c '^https://shop.test/m/' "$work/codes")" 1
}
paper kr 서울특별시 한결아파트 귀하 04524
paper us Harriet 4B 742 62704
paper de Anna Hinterhaus Lindenstraße 10969
text=$(pdftotext "$work"/kr/autumn-*/letters.pdf - | tr '\n' ' ')
case $text in
*"이용해 주셔서 감사합니다"*) got=yes ;;
*) got=$text ;;
esac
is "Hangul comes out of the PDF as it went in" "$got" yes

python3 "$here/letter-items.py" 1000 kr >"$work/many.json"
run directory="$work/many" -- deliver "$work/many.json"
is "a thousand letters" "$(outcomes)" "1000 accepted"
is "... in three jobs" "$(jobs_in "$work/many")" 3
is "... with a page each" "$(for f in "$work"/many/*/letters.pdf; do pdfinfo "$f"; done |
    awk '/^Pages/ {n += $2} END {print n}')" 1000
run directory="$work/again" -- deliver "$work/many.json"
ok "... and again elsewhere: the same bytes" diff -r "$work/many" "$work/again"

# --- no room ------------------------------------------------------------------------
mkdir "$work/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=64k tmpfs "$work/small" 2>/dev/null; then
    run directory="$work/small" -- deliver "$work/many.json"
    is "a full disk: the batch comes again" "$(result)" retry
    is "... nothing was reported" "$(outcomes)" ""
    is "... and nothing stands there" "$(find "$work/small" -mindepth 1 | wc -l)" 0
    case $(why) in *"No space left"*) got=yes ;; *) got=$(why) ;; esac
    is "... and why is said" "$got" yes
    mount -o remount,size=64m "$work/small"
    run directory="$work/small" -- deliver "$work/many.json"
    is "... with room it goes" "$(jobs_in "$work/small") $(outcomes)" "3 1000 accepted"
    umount "$work/small"
fi
if [ "$(id -u)" != 0 ]; then
    chmod 555 "$work/small"
    run directory="$work/small" -- deliver "$work/kr.json"
    is "a folder we may not write: the batch comes again" "$(result)" retry
    chmod 755 "$work/small"
fi

# --- OpenSSH -------------------------------------------------------------------------
if [ ! -x /usr/sbin/sshd ]; then
    echo "# OpenSSH's server is not installed: SFTP is not tested"
    done_testing
fi
# shellcheck disable=SC2046
set -- $(python3 "$peers/ports.py" 2)
port=$1
door=$2
sh "$peers/ssh-up.sh" "$ssh" "$port" >"$work/ssh-up.log" 2>&1 || {
    cat "$work/ssh-up.log" "$ssh/log"
    echo "Bail out! no SSH server"
    exit 1
}
drop=$ssh/drop
mkdir "$drop"
pin=$(ssh-keygen -lf "$ssh/host_key.pub" | cut -d' ' -f2)
login="user=$(id -un) key_file=$ssh/client_key"
# sftp OPTION... -- VERB...
sftp() {
    # shellcheck disable=SC2086
    run sftp="sftp://127.0.0.1:$port$drop/" $login timeout=20s "$@"
}
ok "health: a login with the pinned key" sftp host_key="$pin" -- health
ok "... with known_hosts" sftp known_hosts="$ssh/known_hosts" -- health
sftp host_key="$(ssh-keygen -lf "$ssh/other_key.pub" | cut -d' ' -f2)" -- deliver "$work/kr.json"
is "another key: not spoken to" "$(result)" retry
case $(why) in *"is not the one that is expected"*) got=yes ;; *) got=$(why) ;; esac
is "... and why is said" "$got" yes
is "... nothing was sent" "$(find "$drop" -type f | wc -l)" 0
: >"$work/empty"
sftp known_hosts="$work/empty" -- deliver "$work/kr.json"
is "a server that is not in known_hosts: not spoken to" "$(result)" retry
is "... nothing was sent" "$(find "$drop" -type f | wc -l)" 0
run sftp="sftp://127.0.0.1:$port$drop/" user="$(id -un)" key_file="$ssh/other_key" \
    host_key="$pin" -- health
ok "a key the server does not know is refused" test "$(result)" = retry

sftp host_key="$pin" weight_steps=25g:450 currency=KRW -- deliver "$work/kr.json"
is "three letters over SFTP" "$(outcomes)" "3 accepted"
ok "... the same bytes as in a folder" diff -r "$work/kr" "$drop"
touch -d 2001-01-01 "$drop"/autumn-*/letters.pdf
sftp host_key="$pin" weight_steps=25g:450 currency=KRW -- deliver "$work/kr.json"
is "again: accepted, not written again" \
    "$(outcomes) $(find "$drop" -name letters.pdf ! -newermt 2002-01-01 | wc -l)" "3 accepted 1"
echo '{}' >"$(echo "$drop"/autumn-*/manifest.json)"
sftp host_key="$pin" -- deliver "$work/kr.json"
is "another job under the same name is not overwritten" "$(outcomes)" "3 failed"
rm -rf "$drop"/autumn-*

# proxy BYTES MODE: between us and the server
proxy_up() {
    rm -f "$work/happened" "$work/proxy.out"
    mkfifo "$work/proxy.out"
    python3 "$peers/cutproxy.py" "$door" "$port" "$1" "$2" "$work/happened" >"$work/proxy.out" \
        2>/dev/null &
    proxy=$!
    read -r line <"$work/proxy.out"
    [ "$line" = ready ]
}
proxy_down() {
    kill "$proxy" 2>/dev/null
    wait "$proxy" 2>/dev/null
    proxy=
}
python3 "$here/letter-items.py" 40 kr >"$work/forty.json"
torn=0
early=0
for bytes in 100 1500 3000 4000 5000 20000 60000 100000 130000 150000; do
    proxy_up $bytes cut || break
    # shellcheck disable=SC2086
    run sftp="sftp://127.0.0.1:$door$drop/" $login timeout=20s host_key="$pin" -- \
        deliver "$work/forty.json"
    proxy_down
    [ ! -e "$work/happened" ] || early=$((early + 1))
    for job in "$drop"/autumn-*; do
        [ ! -d "$job" ] || whole "$job" || torn=$((torn + 1))
    done
done
ok "the connection was cut in the middle several times" test "$early" -ge 5
is "... and no job stood there torn" "$torn" 0
sftp host_key="$pin" -- deliver "$work/forty.json"
is "... afterwards it is there once" "$(outcomes) $(jobs_in "$drop")" "40 accepted 1"
ok "... and whole" whole "$(echo "$drop"/autumn-*)"
is "... without remains" "$(find "$drop" -mindepth 1 -maxdepth 1 | wc -l)" 1
rm -rf "$drop"/autumn-*

proxy_up 30000 stall
"$build/fairline-host" --inproc "$plugin" --option sender_name=Hangyeol \
    --option "sender_address=99 Yulgok-ro | Seoul" --option "sftp=sftp://127.0.0.1:$door$drop/" \
    --option user="$(id -un)" --option key_file="$ssh/client_key" --option host_key="$pin" \
    deliver "$work/forty.json" >/dev/null 2>&1 &
victim=$!
happened() { [ -e "$work/happened" ] && echo yes; }
until_is 30 "an upload hangs in the middle" yes happened
kill -9 $victim
wait $victim 2>/dev/null
proxy_down
is "killed there: no job stands" "$(jobs_in "$drop")" 0
sftp host_key="$pin" -- deliver "$work/forty.json"
is "... repeated: one, whole" "$(outcomes) $(jobs_in "$drop")" "40 accepted 1"
ok "... as its manifest says" whole "$(echo "$drop"/autumn-*)"

# --- what comes back, over SFTP --------------------------------------------------------
mkdir "$ssh/back"
token=$(cat "$work/token")
printf 'code;reason\r\n%s;moved\r\nrubbish;x\r\n' "$token" >"$ssh/back/list.csv"
cp "$ssh/back/list.csv" "$ssh/back/young.csv"
touch -d 2001-01-01 "$ssh/back/list.csv"
sftp host_key="$pin" returns_sftp="sftp://127.0.0.1:$port$ssh/back/" settle=1h -- collect
is "a returned letter is reported" \
    "$(grep -a '^{"receipt"' "$work/said" | jq -r '.receipt | .token + " " + .report.fault')" \
    "$token address"
is "... the file is put aside with what was wrong, the young one waits" \
    "$(cd "$ssh/back" && find . -type f | sort | tr '\n' ' ')" \
    "./processed/list.csv ./processed/list.csv.rejected ./young.csv "
: >"$ssh/back/young.csv.done"
sftp host_key="$pin" returns_sftp="sftp://127.0.0.1:$port$ssh/back/" settle=1h -- collect
is "... until it is said to be complete" "$(cd "$ssh/back" && find . -type f | sort | tr '\n' ' ')" \
    "./processed/list.csv ./processed/list.csv.rejected ./processed/young.csv ./processed/young.csv.rejected "
done_testing
