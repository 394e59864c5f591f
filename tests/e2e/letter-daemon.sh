#!/bin/sh
# Letters through the whole gateway: planned, printed into jobs over SFTP with the host killed in
# the middle, returned, and a card ticked and scanned.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"
for tool in jq python3 pdftotext pdftoppm ssh-keygen; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
[ -x /usr/sbin/sshd ] || skip_all "OpenSSH's server is not installed"
python=python3
$python -c 'import PIL' 2>/dev/null || python=/usr/bin/python3
$python -c 'import PIL' 2>/dev/null || skip_all "Python's Pillow is not installed"
peers=$top/tests/peers
ssh=$work/ssh
proxy=
before_end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
    sh "$peers/ssh-down.sh" "$ssh"
}
# shellcheck disable=SC2046
set -- $(python3 "$peers/ports.py" 2)
port=$1
door=$2
sh "$peers/ssh-up.sh" "$ssh" "$port" >"$work/ssh-up.log" 2>&1 || {
    cat "$work/ssh-up.log"
    echo "Bail out! no SSH server"
    exit 1
}
mkdir "$ssh/drop" "$work/back" "$work/autumn"
cat >"$work/fairline.conf" <<END
data_dir = "$work/data"
plan_interval = "1s"
organisation {
    name = "Hill Farm Dairy"
    postal_address = "1 Hill Road, Seoul"
    contact = "desk@shop.test"
    language = "en"
    time_zone = "Asia/Seoul"
    country = "KR"
}
channel "post" {
    plugin = "letter"
    batch = 25
    collect_interval = "1s"
    retry_first = "1s"
    options {
        sftp = "sftp://127.0.0.1:$door$ssh/drop/"
        user = "$(id -un)"
        key_file = "$ssh/client_key"
        host_key = "$(ssh-keygen -lf "$ssh/host_key.pub" | cut -d' ' -f2)"
        sender_name = "Hill Farm Dairy"
        sender_address = "1 Hill Road | Seoul"
        weight_steps = "50g:470"
        currency = "KRW"
        returns = "$work/back"
        poll = "1s"
    }
}
END
{
    echo "external_id,name,language,street,city,postcode,country,consent.marketing.letter"
    i=1
    while [ $i -le 60 ]; do
        echo "c$i,Customer $i,en,$i Hill Road,Seoul,$((10000 + i)),KR,yes"
        i=$((i + 1))
    done
} >"$work/people.csv"
cat >"$work/autumn/content.md" <<'END'
---
subject: "News from the farm"
---
Dear {{name}}, the cows are on the **autumn grass** again.
END
printf '## satisfaction: csat\nHow satisfied are you?\n- 1 Not at all\n- 5 Very\n' \
    >"$work/autumn/survey.md"
cat >"$work/autumn.conf" <<'END'
campaign "autumn" {
    purpose = "marketing"
    channel = "post"
    content = "autumn"
    schedule { at = "now" }
}
END

# proxy_up BYTES: carries so much, then stalls
proxy_up() {
    rm -f "$work/happened" "$work/proxy.out"
    mkfifo "$work/proxy.out"
    python3 "$peers/cutproxy.py" "$door" "$port" "$1" stall "$work/happened" >"$work/proxy.out" \
        2>/dev/null &
    proxy=$!
    read -r line <"$work/proxy.out"
}
host_of_post() {
    for p in /proc/[0-9]*; do
        [ "$(awk '/^PPid/ {print $2}' "$p/status" 2>/dev/null)" = "$daemon" ] || continue
        tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q 'fairline-host' && echo "${p#/proc/}"
    done
}

ok "customers with postal addresses are imported" fairline import customers "$work/people.csv"
ok "the campaign is applied" fairline campaign apply "$work/autumn.conf"
ok "the campaign is scheduled" fairline campaign schedule autumn --yes
proxy_up 30000
start_daemon
happened() { [ -e "$work/happened" ] && echo yes; }
until_is 60 "an upload hangs in the middle" yes happened
victims=$(host_of_post)
ok "the host of the channel is killed there" test -n "$victims"
for p in $victims; do kill -9 "$p"; done
kill $proxy
wait $proxy 2>/dev/null
proxy_up 100000000
until_is 90 "all letters are with the print house" 60 messages accepted
rows() { tail -q -n +2 "$ssh"/drop/*/addresses.csv; }
is "each customer is in one job, once" "$(rows | cut -d, -f4 | sort -u | wc -l) $(rows | wc -l)" \
    "60 60"
is "no remains of what was cut" "$(find "$ssh/drop" -name '*.part' | wc -l)" 0

# --- two come back; one of them has moved, and we know it already --------------------------------
code_of() { rows | grep ",Customer $1," | cut -d, -f3; }
head -1 "$work/people.csv" >"$work/moved.csv"
echo "c6,Customer 6,en,99 Valley Road,Seoul,10099,KR,yes" >>"$work/moved.csv"
ok "a customer tells a new address" fairline import customers "$work/moved.csv"
printf 'code,reason\n%s,unknown\n%s,moved\n' "$(code_of 5)" "$(code_of 6)" >"$work/back/list.csv"
: >"$work/back/list.csv.done"
status_of() {
    fairline customer show "$1" -o json |
        jq -r '[.[0].addresses[] | select(.medium == "letter" and .status != "replaced")] | map(.status) | join(",")'
}
until_is 60 "a returned letter suppresses the address it was mailed to" suppressed status_of c5
until_is 60 "the list is put aside" "list.csv" ls "$work/back/processed"
is "an address that is newer than the letter stays" "$(status_of c6)" ok
is "and so do all others" "$(status_of c7)" ok

# --- a card, ticked, scanned upside down ----------------------------------------------------------
job=$(grep -l ",Customer 7," "$ssh"/drop/*/addresses.csv)
page=$(grep ",Customer 7," "$job" | cut -d, -f15)
pages=$(grep ",Customer 7," "$job" | cut -d, -f16)
page=$((page + pages - 1))
pdf=$(dirname "$job")/letters.pdf
pdftotext -bbox "$pdf" "$work/bbox.html"
pdftoppm -r 200 -f $page -l $page -singlefile -png "$pdf" "$work/card"
ok "somebody ticks 4" $python "$peers/tick.py" "$work/card.png" 200 "$work/bbox.html" $page 4 \
    "$work/ticked.png"
$python -c "from PIL import Image; import sys
Image.open(sys.argv[1]).rotate(180).save(sys.argv[2], dpi=(200, 200))" "$work/ticked.png" \
    "$work/back/scan.png"
: >"$work/back/scan.png.done"
form_id() {
    fairline feedback list -o json | jq -r '[.[] | select(.customer == "c7")] | .[0].id // ""'
}
has_form() { [ -n "$(form_id)" ] && echo yes; }
until_is 60 "the card is feedback of its customer" yes has_form
is "its answer is read" "$(fairline feedback show "$(form_id)" -o json |
    jq -c '.[0].answers | map(select(.question == "satisfaction") | .number) | .[0]')" 4
ok "and its picture is kept" sh -c "'$build/fairline' -c '$work/fairline.conf' feedback image \
    $(form_id) >'$work/kept.png' && head -c 4 '$work/kept.png' | grep -q PNG"
ok "the store is whole" fairline store check
stop_daemon
is "a shutdown is clean" "$code" 0
done_testing
