#!/bin/sh
# The ABI of the plugin contract, as TAP: what is recorded in tests/tree/abi/ still holds, and a
# change that breaks it would be found.
#
#     tests/tree/check-abi.sh                 checks
#     tests/tree/check-abi.sh record 1.2      records the header as it is, when it has grown
top=${FL_TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
abi=$top/tests/tree/abi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
n=0
failed=0

if ! command -v abidw >/dev/null || [ "$(getconf LONG_BIT)" != 64 ]; then
    echo "1..0 # SKIP needs abidiff (package abigail-tools) and a 64-bit machine"
    exit 0
fi

# result NAME OUTPUT: passes when OUTPUT is empty
result() {
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        failed=1
        echo "not ok $n - $1"
        printf '%s\n' "$2" | head -40 | sed 's/^/# /'
    fi
}

# xml_of INCLUDE-FOLDER: the contract in it as XML, without a word of this machine
xml_of() {
    ${CC:-cc} -g -O0 -shared -fPIC -I"$1" "$abi/contract.c" -o "$work/contract.so" &&
        abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/contract.so" |
        sed -e "s/ path='[^']*'//" -e "s/ comp-dir-path='[^']*'//"
}

# changes OLD NEW: everything that is not the same
changes() {
    abidiff --leaf-changes-only "$1" "$2" | sed '/^[A-Za-z/]* .*summary:/d; /^$/d'
}

# breaks OLD NEW: what a plugin built against the one would trip over in the other
breaks() {
    abidiff --leaf-changes-only "$1" "$2" |
        grep -E 'data member (change|deletion)|offset changed|enumerator (change|deletion)|[1-9][0-9]* Removed'
}

if [ "${1:-}" = record ]; then
    xml_of "$top/include" >"$abi/channel-${2:?version}.abi"
    exit
fi

xml_of "$top/include" >"$work/now.abi"
result "the contract can be read" "$([ -s "$work/now.abi" ] || echo 'abidw gave nothing')"
newest=
for old in "$abi"/channel-*.abi; do
    newest=$old
    result "$(basename "$old") is kept, with additions at most" "$(breaks "$old" "$work/now.abi")"
done
minor=$(sed -n 's/^#define FL_CHANNEL_ABI_MINOR //p' "$top/include/fairline/channel.h")
result "the newest record is that of the header's version" \
    "$([ "$(basename "$newest")" = "channel-1.$minor.abi" ] || echo "found $newest, expected channel-1.$minor.abi: make record-abi")"
result "the header is the newest record" "$(changes "$newest" "$work/now.abi")"
result "records hold no path" "$(grep -nE "path=|/(home|root|tmp|usr)/" "$abi"/*.abi | head -3)"

# --- a bad change is found: each made in a copy of the header ---
# bad NAME SED-COMMAND
bad() {
    mkdir -p "$work/bad/fairline"
    sed "$2" "$top/include/fairline/channel.h" >"$work/bad/fairline/channel.h"
    xml_of "$work/bad" >"$work/bad.abi"
    if cmp -s "$work/bad/fairline/channel.h" "$top/include/fairline/channel.h"; then
        result "found: $1" "the header does not have the line any more, the test is to be changed"
    else
        result "found: $1" "$([ -n "$(breaks "$newest" "$work/bad.abi")" ] || echo "it passes")"
    fi
}
bad "a member of another type" 's/^    uint32_t attempt; /    uint64_t attempt; /'
bad "a member that is gone" '/^    const char \*to_name; /d'
bad "a member in between" 's/^    uint32_t attempt; /    int64_t fresh; uint32_t attempt; /'
bad "a service with another argument" 's/int (\*commit)(void \*host);/int (*commit)(void *host, int how);/'
bad "an outcome with another number" 's/FL_OUTCOME_NOT_TRIED = 0,/FL_OUTCOME_FRESH, FL_OUTCOME_NOT_TRIED,/'
bad "a capability with another bit" 's/FL_CAN_HTTP = 1 << 3,/FL_CAN_HTTP = 1 << 13,/'
bad "growth of a struct that stands in another" 's/^    int64_t retry_after_us; /    int64_t fresh, retry_after_us; /'
bad "less room for a sentence" 's/char text\[512\];/char text[256];/'
good=$work/good
mkdir -p "$good/fairline"
sed 's/^    size_t n_attachments;/    size_t n_attachments; int64_t fresh;/' "$top/include/fairline/channel.h" >"$good/fairline/channel.h"
xml_of "$good" >"$work/good.abi"
result "a member at the end may be added" "$(breaks "$newest" "$work/good.abi")"
result "and is to be recorded" "$([ -n "$(changes "$newest" "$work/good.abi")" ] || echo 'it is not seen')"
echo "1..$n"
exit $failed
