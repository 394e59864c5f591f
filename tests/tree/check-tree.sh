#!/bin/sh
# Checks the tree itself, as TAP: format, room order, banned functions, headers that stand alone,
# symbols plugins export, documents against the program's own tables.
top=${FL_TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FL_TOP_BUILDDIR:-$top/build}
cd "$top" || exit 99
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
n=0
failed=0

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

skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

sources() {
    find core include plugins tests \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) | sort
}

# --- format -------------------------------------------------------------------
if command -v clang-format >/dev/null; then
    result "clang-format agrees" "$(sources | xargs clang-format --dry-run 2>&1 | grep 'warning:' | cut -d: -f1,2 | sort -u)"
else
    skip "clang-format agrees" "no clang-format"
fi

# --- room order: a room includes only rooms above it ----------------------------
rooms="base value conf wire loop store people content appraise plot campaign policy dispatch feedback host kit ops front daemon cli"
order=$(
    rank() {
        i=0
        for r in $rooms; do
            i=$((i + 1))
            [ "$r" = "$1" ] && echo "$i" && return
        done
        echo 0
    }
    for room in $rooms; do
        [ -d "core/$room" ] || continue
        mine=$(rank "$room")
        grep -Hn '^#include "[a-z]*/' core/"$room"/*.c core/"$room"/*.h core/"$room"/*.cc 2>/dev/null |
            sed -n 's|^\([^:]*:[0-9]*\):#include "\([a-z]*\)/.*|\1 \2|p' |
            while read -r where other; do
                [ "$other" = fairline ] && continue
                theirs=$(rank "$other")
                if [ "$theirs" -eq 0 ] || [ "$theirs" -gt "$mine" ]; then
                    echo "$where: room $room includes $other, which is not above it"
                fi
            done
    done
)
result "rooms include only rooms above them" "$order"
result "plugins include nothing of core" \
    "$(grep -n '#include "\(base\|conf\|wire\|loop\|store\|people\|content\|value\|appraise\|plot\|campaign\|policy\|dispatch\|feedback\|host\|kit\|ops\|daemon\|cli\)/' plugins/*/*.c plugins/*/*.h 2>/dev/null)"

# --- banned functions -----------------------------------------------------------
banned='\b(gets|strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|system|popen|alloca|tmpnam|mktemp|rand|srand|gmtime|localtime|asctime|ctime|strerror_l)\('
result "no banned function" \
    "$(grep -nE "$banned" $(find core plugins -name '*.c' -o -name '*.cc') | grep -vE '^\S+:[0-9]+:\s*(\*|/\*|//)')"
result "nothing left undone" \
    "$(grep -rnE '\b(TODO|FIXME|XXX)\b|[Nn]ot (yet )?implemented' core include plugins etc man README.md 2>/dev/null)"
result "no file above 700 lines" \
    "$(sources | xargs wc -l | awk '$2 != "total" && $1 > 700 {print $2 ": " $1 " lines"}')"

# --- headers stand alone ----------------------------------------------------------
flags="-std=gnu11 -D_GNU_SOURCE -fsyntax-only -Icore -Iinclude $(pkg-config --cflags jansson gmime-3.0 pangocairo 2>/dev/null)"
heads=$(for h in $(find core include -name '*.h' | sort); do
    # shellcheck disable=SC2086
    echo "#include \"$h\"" | ${CC:-cc} $flags -I. -x c - 2>&1 | grep -m1 -E 'error|warning'
done)
result "headers stand alone" "$heads"
result "the plugin header is C and C++" \
    "$(for l in c c++; do echo '#include <fairline/channel.h>' | ${CC:-cc} -Wall -Wextra -Werror -pedantic -Iinclude -fsyntax-only -x $l - 2>&1; done)"

# --- what plugins export ------------------------------------------------------------
found=no
exported=$(for so in "$build"/plugins/*/.libs/*.so; do
    [ -e "$so" ] || continue
    nm -D --defined-only "$so" | awk '{print $3}' | sed 's/@.*//' | grep -vxE 'fairline_channel_v1|_init|_fini|__odr_asan.*|__asan.*|___asan.*|_*gcov.*|mangle_path|__sanitizer.*' |
        sed "s|^|$(basename "$so"): |"
done)
for so in "$build"/plugins/*/.libs/*.so; do [ -e "$so" ] && found=yes; done
if [ $found = yes ]; then
    result "plugins export one function" "$exported"
else
    skip "plugins export one function" "no plugin is built"
fi

# --- documents against tables ----------------------------------------------------------
# differences WHERE WANTED FOUND: lines of one that the other lacks; an empty table is a fault
differences() {
    if [ ! -s "$2" ]; then
        echo "$1: the program gave no table"
        return
    fi
    sort -u "$2" >"$work/wanted.sorted"
    sort -u "$3" >"$work/found.sorted"
    comm -23 "$work/wanted.sorted" "$work/found.sorted" | sed "s|^|$1: says nothing of: |"
    comm -13 "$work/wanted.sorted" "$work/found.sorted" | sed "s|^|$1: the program does not know: |"
}

# "noun|verb|" for each command a page describes, "noun|verb|--option" for each option under it
page_commands() {
    sed -n '/^; begin: /,/^; end/p' "$1" | sed 's/\\//g' | awk '
        /^#/ { on = $0 == "# COMMANDS" }
        on && /^\*fairline [^*]*\*/ {
            split(substr($0, 2), parts, "*")
            split(parts[1], words, " ")
            head = words[2] "|" words[3] "|"
            print head
        }
        on && /^\t\*-/ {
            if (match($0, /\*--[a-z0-9-]+\*/))
                print head substr($0, RSTART + 1, RLENGTH - 2)
        }'
}

# "key", "organisation.key", "channel.key" as the page has them
page_keys() {
    sed 's/\\//g' "$1" | awk '
        /^# / { prefix = $2 == "SETTINGS" ? "" : tolower($2) "."; on = $2 ~ /^(SETTINGS|ORGANISATION|FRONT|VALUE|CHANNEL)$/ }
        on && /^\*[a-z_]+\*$/ { print prefix substr($0, 2, length($0) - 2) }'
}

# Options in the first column of the tables of a plugin's README.  NAME_file stands for a secret NAME.
readme_options() {
    sed -n 's/^| \(`[^|]*\)|.*/\1/p' "$1" | grep -o '`[a-z_]*`' | tr -d '`'
}

if [ -x "$build/fairline" ]; then
    "$build/fairline" __table | tr '\t' '|' >"$work/table"
    faults=$(
        [ -s "$work/table" ] || echo "fairline __table: the program gave no table"
        for noun in $(cut -d'|' -f1 "$work/table" | sort -u); do
            page=man/fairline-$noun.1.scd
            [ -f "$page" ] || { echo "$page: missing"; continue; }
            grep "^$noun|" "$work/table" >"$work/wanted"
            page_commands "$page" >"$work/found"
            differences "$page" "$work/wanted" "$work/found"
            grep -q "^\*fairline-$noun\*(1)" man/fairline.1.scd || echo "man/fairline.1.scd: says nothing of $noun"
        done
        for page in man/fairline-*.1.scd; do
            grep -q '^; begin: ' "$page" || continue # a program of its own, no noun
            noun=$(basename "$page" .1.scd)
            grep -q "^${noun#fairline-}|" "$work/table" || echo "$page: the program does not know this noun"
        done
    )
    result "manual pages know every command and option, and no others" "$faults"

    "$build/fairline" config help -o name >"$work/wanted"
    page_keys man/fairline.conf.5.scd >"$work/found"
    result "fairline.conf(5) knows every key, and no others" \
        "$(differences man/fairline.conf.5.scd "$work/wanted" "$work/found")"

    for plugin in plugins/*/; do
        [ -e "$plugin/plugin.am" ] || continue # shared by plugins, none itself
        name=$(basename "$plugin")
        FAIRLINE_PLUGIN_DIR="$build/plugins/$name/.libs" "$build/fairline" plugin show "$name" -o json |
            awk -F'"' '$2 == "option" { name = $4 }
                $2 == "flags" && name { print name ($4 ~ /secret/ ? "_file" : ""); name = "" }' >"$work/wanted"
        readme_options "$plugin/README.md" >"$work/found"
        result "README of plugin $name knows every option, and no others" \
            "$(differences "$plugin"README.md "$work/wanted" "$work/found")"
    done
else
    skip "manual pages know every command and option, and no others" "fairline is not built"
    skip "fairline.conf(5) knows every key, and no others" "fairline is not built"
    skip "READMEs of plugins know every option, and no others" "fairline is not built"
fi
result "no path of one machine" "$(git grep -nE '/(root|home|work|tmp/wt)/[a-z]' -- . ':!tests/tree/check-tree.sh' 2>/dev/null | head)"
echo "1..$n"
exit $failed
