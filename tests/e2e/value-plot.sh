#!/bin/sh
# Every plot of the sample company: as rows, as SVG, as PNG; what is refused and what is told.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

dairy() {
    "$build/fairline" --data-dir "$work/dairy" "$@"
}

# refused CODE WORDS COMMAND...: ends with the code and says the words
refused() {
    code=$1
    words=$2
    shift 2
    got=0
    "$@" >"$work/said" 2>&1 || got=$?
    cat "$work/said"
    [ "$got" = "$code" ] && grep -q -- "$words" "$work/said"
}

# says_png FILE WIDTH HEIGHT
says_png() {
    python3 - "$@" <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
assert struct.unpack(">II", data[16:24]) == (int(sys.argv[2]), int(sys.argv[3]))
PY
}

# says_svg FILE TITLE: well-formed, named, and no larger than a slide should be
says_svg() {
    python3 - "$@" <<'PY'
import os, sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg"
title = root.find("{http://www.w3.org/2000/svg}title").text
assert title.startswith(sys.argv[2]), title
assert os.path.getsize(sys.argv[1]) < 1500000
PY
}

rows() {
    dairy value "$@" -o json -q
}

ok "the sample company is there" \
    dairy demo --customers 900 --samples "$top/etc/samples/dairy"
ok "no valuation: the map says what to do" refused 1 "fairline value run" dairy value map
ok "no valuation: tracking says what to do" refused 1 "fairline value run" dairy value tracking
ok "it is valued" dairy value run

# --- as rows
valued=$(dairy value runs -o json | jq '.[0].valued')
is "the zones add up to all who are valued" \
    "$(rows map | jq '[.[] | select(.section == "zone") | .customers] | add')" "$valued"
is "so do the groups" \
    "$(rows map | jq '[.[] | select(.section == "group") | .customers] | add')" "$valued"
is "shares add up to one" \
    "$(rows map | jq '[.[] | select(.section == "zone") | .share] | add * 1000 | round')" 1000
is "the mothers' class receives more, home delivery gives more" "$(rows map | jq -r '
    [.[] | select(.section == "group") | {(.key): (.cv - .ce)}] | add |
    .mothers_class > 0 and .home_delivery < 0')" true
is "cumulative purchases never fall" "$(rows tracking | jq '
    [.[].actual] == ([.[].actual] | sort) and [.[].expected] == ([.[].expected] | sort)')" true
is "eight frequencies, the last one open" "$(rows frequency | jq -r '[length, .[-1].purchases] | @csv')" \
    '8,"7+"'
is "survival begins with everybody and falls" "$(rows survival | jq '
    .[0].observed == 1 and [.[].observed] == ([.[].observed] | sort | reverse) and
    all(.[]; .low <= .observed and .observed <= .high)')" true
is "shares of the calibration are shares" "$(rows calibration | jq '
    length > 0 and all(.[]; .predicted >= 0 and .predicted <= 1 and .low <= .observed)')" true
ok "CSV has a line for each row" sh -c '
    test "$("$1" --data-dir "$2" value frequency -o csv | wc -l)" = 9' - "$build/fairline" "$work/dairy"

# --- as pictures
while IFS='|' read -r verb english korean; do
    ok "$verb in English" dairy value "$verb" --language en --svg "$work/$verb.svg" \
        --png "$work/$verb.png" --size 640x480
    ok "$verb is SVG with its title" says_svg "$work/$verb.svg" "$english"
    ok "$verb is PNG of the size" says_png "$work/$verb.png" 640 480
    ok "$verb in Korean, dark" dairy value "$verb" --language ko --dark --svg "$work/$verb-ko.svg"
    ok "$verb has Korean text" says_svg "$work/$verb-ko.svg" "$korean"
done <<'LIST'
map|Relationship map|고객 관계 지도
tracking|Cumulative repeat purchases|누적 재구매
frequency|Purchases by earlier frequency|이전 구매 빈도별 구매
survival|Survival of subscriptions|구독 유지율
calibration|Calibration of commitment|몰입도 보정
LIST
is "what was written is said" "$(dairy value map --svg "$work/again.svg" --language en -o json |
    jq -r '.[0] | [.file, .type, .bytes > 1000] | @csv')" "\"$work/again.svg\",\"image/svg+xml\",true"
dairy value map --language en --svg "$work/once.svg" >/dev/null
ok "the same scores are the same bytes" cmp "$work/once.svg" "$work/again.svg"
ok "a title of one's own" dairy value map --title 'Spring & <autumn>' --svg "$work/title.svg"
ok "it is the picture's name" says_svg "$work/title.svg" 'Spring & <autumn>'
ok "the valuation of a day" dairy value map --run "$(date -u -d tomorrow +%Y-%m-%d)" \
    --png "$work/run.png"
ok "is a picture of the usual size" says_png "$work/run.png" 960 720

# --- beside a running daemon: it draws nothing, the command line reads the store itself
printf 'data_dir = "%s/dairy"\n' "$work" >"$work/fairline.conf"
start_daemon
ok "a map beside the daemon" fairline value map --language en --svg "$work/beside.svg"
ok "is named like any other" says_svg "$work/beside.svg" "Relationship map"
stop_daemon

# --- what is refused, and leaves nothing behind
mkdir "$work/folder"
ok "a folder is no file" refused 65 "is a folder" dairy value map --svg "$work/folder"
ok "a size that is none" refused 65 "no size such as" dairy value map --png "$work/no.png" \
    --size 640
ok "a size too large" refused 65 "320..4096" dairy value map --png "$work/no.png" --size 99999x99999
ok "one file for both" refused 65 "same file" dairy value map --png "$work/no" --svg "$work/no"
ok "a folder that is not there" refused 1 "no/such" dairy value map --svg "$work/no/such.svg"
ok "a day before the first valuation" refused 1 "no valuation was done" \
    dairy value map --run 1999-12-31 --svg "$work/no.svg"
ok "a day that is none" refused 65 "no date" dairy value map --run someday
ok "nothing was written" sh -c '! ls "$1"/no* >/dev/null 2>&1' - "$work"
done_testing
