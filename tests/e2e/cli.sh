#!/bin/sh
# The command line without a daemon: exit codes, every fault at once, formats, help, suggestions,
# confirmation, the lock, completion.  TAP.
top=${FL_TOP_SRCDIR:?}
build=${FL_TOP_BUILDDIR:?}
work=$(mktemp -d "${TMPDIR:-/tmp}/fairline-cli.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
n=0
unset FAIRLINE_DATA_DIR FAIRLINE_CONFIG NO_COLOR
FAIRLINE_DATA=$top/etc
FAIRLINE_PLUGIN_DIR=$build/plugins/null/.libs:$build/plugins/email/.libs
export FAIRLINE_DATA FAIRLINE_PLUGIN_DIR

# fairline ARGUMENT...: leaves $code, $work/out, $work/err
fairline() {
    code=0
    "$build/fairline" --data-dir "$work/data" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
}

result() {
    n=$((n + 1))
    if [ "$2" = 0 ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        printf 'exit code %s\n' "$code" | sed 's/^/# /'
        sed 's/^/# out: /' "$work/out" | head -20
        sed 's/^/# err: /' "$work/err" | head -20
    fi
}

# exits NAME CODE: of the last fairline
exits() {
    test "$code" = "$2"
    result "$1: exit code $2" $?
}

# out NAME TEXT, err NAME TEXT: the stream holds it
out() {
    grep -qF -- "$2" "$work/out"
    result "$1" $?
}
err() {
    grep -qF -- "$2" "$work/err"
    result "$1" $?
}

# --- usage ----------------------------------------------------------------------
fairline
exits "nothing" 64
err "and says how" "usage: fairline"
fairline --help
exits "--help" 0
out "on standard output" "commands:"
fairline campain list
exits "an unknown command" 64
err "is suggested" 'did you mean "campaign"'
fairline campaign shwo
exits "an unknown verb" 64
err "is suggested" 'did you mean "show"'
fairline campaign show
exits "a missing argument" 64
err "is named" "CAMPAIGN is missing"
err "with a hint" "hint: fairline campaign show --help"
fairline campaign show a b
exits "one argument too many" 64
fairline campaign list --nonsense
exits "an unknown option" 64
err "is named" "--nonsense"
fairline -o xml campaign list
exits "an unknown format" 64
fairline queue resolve 1 --as maybe
exits "a value that is no choice" 64
err "with the choices" "sent|failed|retry"
fairline campaign list --limit x
exits "a limit that is no number" 64
fairline --version
out "--version" "fairline "
fairline --version -o json
jq -e '.features.stores | length > 0' "$work/out" >/dev/null
result "--version -o json has the build's features" $?

nouns=$("$build/fairline" __table | cut -f1 | sort -u)
bad=
for noun in $nouns; do
    fairline "$noun" --help
    [ "$code" = 0 ] && [ -s "$work/out" ] || bad="$bad $noun"
done
test -z "$bad"
result "every command has help ($bad)" $?
tab=$(printf '\t')
bad=
"$build/fairline" __table | grep "$tab\$" | while IFS="$tab" read -r noun verb; do
    # shellcheck disable=SC2086
    fairline help $noun $verb
    [ "$code" = 0 ] && grep -q '^examples:' "$work/out" || echo "$noun $verb"
done >"$work/bad"
test ! -s "$work/bad"
result "every verb has help with examples" $?

# --- no store, no input -----------------------------------------------------------
fairline campaign list
exits "no store" 1
fairline import customers "$work/none.csv"
exits "a file that is not there" 66
fairline content check "$work/none"
exits "a folder that is not there" 66
fairline -c "$work/none.conf" status
exits "a configuration that is not there" 78
printf 'nonsense = 1\nnode = 99\n' >"$work/bad.conf"
fairline -c "$work/bad.conf" status
exits "a configuration with faults" 78
err "lists the first" "bad.conf:1"
err "and the second" "bad.conf:2"

# --- import -------------------------------------------------------------------------
cat >"$work/bad.csv" <<'CSV'
external_id,name,email,anchor.birth
A1,Kim,kim@example.org,2026-02-30
A2,Lee,not-an-address,2026-01-01
CSV
fairline import customers "$work/bad.csv"
exits "an import with faults" 65
err "lists the first with its line" "bad.csv:2"
err "and the second" "bad.csv:3"
err "and says that nothing changed" "2 faults; nothing was changed"
fairline -o json import customers "$work/bad.csv"
jq -e '.error.status == "invalid" and (.faults | length) == 2 and .faults[1].line == 3' \
    "$work/out" >/dev/null
result "-o json gives error and faults" $?
fairline customer list -o json
jq -e 'length == 0' "$work/out" >/dev/null
result "and nothing was written" $?

cat >"$work/good.csv" <<'CSV'
external_id,name,email,attribute.segment,consent.marketing.email
A1,김미래,kim@example.org,a,yes
A2,"=HYPERLINK(""x"")",lee@example.org,a,yes
A3,Park,park@example.org,b,no
CSV
fairline import customers --dry-run "$work/good.csv"
exits "a dry run" 0
fairline customer list -o name
test ! -s "$work/out"
result "writes nothing" $?
fairline import customers "$work/good.csv" -o json
jq -e '.[0].inserted == 3' "$work/out" >/dev/null
result "an import" $?
fairline import customers - -o json <"$work/good.csv"
fairline import customers "$work/good.csv" -o json
jq -e '.[0].unchanged == 3' "$work/out" >/dev/null
result "is idempotent" $?

# --- formats -------------------------------------------------------------------------
fairline customer list -o json
jq -e 'length == 3 and .[0].name == "김미래"' "$work/out" >/dev/null
result "-o json parses" $?
fairline customer list -o jsonl --fields external_id --limit 2
test "$(cat "$work/out")" = '{"external_id":"A1"}
{"external_id":"A2"}'
result "-o jsonl --fields --limit" $?
fairline customer list -o csv --fields external_id,name
printf 'external_id,name\r\nA1,김미래\r\nA2,"'"'"'=HYPERLINK(""x"")"\r\nA3,Park\r\n' | cmp -s - "$work/out"
result "-o csv is RFC 4180 and neutralises formulas" $?
fairline customer list -o name
test "$(tr '\n' ' ' <"$work/out")" = "A1 A2 A3 "
result "-o name" $?
fairline customer list
test "$(grep -c "$(printf '\033')" "$work/out")" = 0
result "no colour where there is no terminal" $?
fairline customer show A9
exits "a customer that is not there" 1
err "with a hint" "hint: fairline customer list"

# --- content and campaigns --------------------------------------------------------------
mkdir -p "$work/c/welcome"
printf -- '---\nsubject: Hi {{name}}\n---\nHello {{name}}, {{nonsense}}\n' >"$work/c/welcome/content.md"
fairline content check "$work/c/welcome"
exits "content" 0
err "warns of an unknown variable" '"nonsense"'
printf -- '---\nsubject: {{#open}}\n---\nHello {{/other}}\n' >"$work/c/welcome/content.ko.md"
fairline content check "$work/c/welcome"
exits "content with faults" 65
err "lists them with their file" "content.ko.md"
rm "$work/c/welcome/content.ko.md"

cat >"$work/data/fairline.conf" <<'CONF'
organisation { name = "Dairy" country = KR }
channel "mail" { plugin = null }
CONF
cat >"$work/c/spring.conf" <<'CONF'
campaign "spring" {
    purpose = "marketing"
    channel = "mail"
    content = "welcome"
    audience { attribute "segment" { equals = "a" } }
    schedule { at = "now" }
}
CONF
fairline campaign apply "$work/c/spring.conf" -o json
jq -e '[.[].result] == ["inserted", "inserted"]' "$work/out" >/dev/null
result "campaign apply" $?
fairline campaign apply "$work/c/spring.conf" -o json
jq -e '[.[].result] == ["unchanged", "unchanged"]' "$work/out" >/dev/null
result "again changes nothing" $?
printf 'campaign "x" { channel = "post" content = "none" schedule { at = "soon" } }\n' >"$work/c/bad.conf"
fairline campaign apply "$work/c/bad.conf"
exits "a campaign with faults" 65
test "$(grep -c 'bad.conf:' "$work/err")" -ge 2
result "lists them all" $?
fairline campaign preview spring --customer A1 --part subject
test "$(cat "$work/out")" = "Hi 김미래"
result "campaign preview is bare text" $?
fairline content preview "$work/c/welcome" --part text
out "content preview of a folder" "Hello Kim Mi-rae"

fairline campaign schedule spring
exits "what sends without a terminal" 64
err "wants --yes" "--yes"
fairline campaign schedule spring --dry-run
exits "a dry run of scheduling" 0
err "shows the count" "would send 2 messages"
fairline campaign schedule spring --now --yes
exits "scheduling" 0
fairline why A1 spring
exits "why" 0
fairline why A3 spring -o json
jq -e '.[0].why | contains("not in the audience")' "$work/out" >/dev/null
result "why not" $?
fairline campaign report spring -o csv
out "report" "section,key,count,sentence"

# --- on a terminal --------------------------------------------------------------------------
if command -v script >/dev/null; then
    echo n | script -qec "'$build/fairline' --data-dir '$work/data' campaign cancel spring" /dev/null \
        >"$work/out" 2>&1
    out "a terminal is asked" "Go on with"
    fairline campaign list -o json
    jq -e '.[0].state != "cancelled"' "$work/out" >/dev/null
    result "and no means no" $?
    script -qec "'$build/fairline' --data-dir '$work/data' store check" /dev/null >"$work/out" 2>&1
    grep -q "$(printf '\033')\[" "$work/out"
    result "colour on a terminal" $?
    NO_COLOR=1 script -qec "'$build/fairline' --data-dir '$work/data' store check" /dev/null \
        >"$work/out" 2>&1
    test "$(grep -c "$(printf '\033')\[" "$work/out")" = 0
    result "but not with NO_COLOR" $?
fi
fairline campaign cancel spring --yes
exits "cancelling" 0
fairline campaign schedule spring --yes
exits "a conflict" 1

# --- checks, the lock ---------------------------------------------------------------------------
fairline store check
exits "store check" 0
fairline doctor -o json
jq -e 'all(.[]; .result == "OK" or (.remedy | length > 0))' "$work/out" >/dev/null
result "doctor names the remedy" $?
chmod 777 "$work/data"
fairline doctor
exits "doctor with a folder anybody may write to" 1
chmod 750 "$work/data"
printf 'channel "ill" { plugin = null options { health = failed } }\n' >"$work/ill.conf"
fairline -c "$work/ill.conf" doctor
exits "doctor with a peer that does not answer" 1
out "says what the peer said" "ill by the knob"
fairline store backup "$work/copy.db"
exits "store backup" 0
fairline store backup "$work/copy.db"
exits "onto a file that is there" 1
if command -v flock >/dev/null; then
    code=0
    flock "$work/data/lock" "$build/fairline" --data-dir "$work/data" campaign apply \
        "$work/c/spring.conf" >"$work/out" 2>"$work/err" </dev/null || code=$?
    exits "a store another process writes to" 69
    fairline campaign apply "$work/c/spring.conf"
    exits "and free again" 0
fi
fairline config check
exits "config check" 0
fairline config dump -n
out "config dump" "channel \"mail\""
fairline plugin show null -o json
jq -e '.[0].options[0].option | length > 0' "$work/out" >/dev/null
result "plugin show" $?

# --- the sample company ---------------------------------------------------------------------------
"$build/fairline" --data-dir "$work/demo" demo --customers 50 -o json >"$work/out" 2>"$work/err"
jq -e '[.[] | select(.step != "referrals").result] ==
    ["inserted", "inserted", "inserted", "inserted", "inserted", "scheduled"]' "$work/out" >/dev/null
result "demo" $?
"$build/fairline" --data-dir "$work/demo" demo --customers 50 -o json >"$work/out" 2>"$work/err"
jq -e 'all(.[]; .result == "unchanged")' "$work/out" >/dev/null
result "again changes nothing" $?

# --- completion -------------------------------------------------------------------------------------
for shell in bash zsh fish; do
    fairline completion $shell
    exits "completion $shell" 0
done
fairline completion csh
exits "completion of another shell" 64
fairline __complete campaign show sp
out "completes names" "spring"
fairline __complete queue list --state he
out "completes choices" "held"

# --- interrupted ----------------------------------------------------------------------------------
"$build/fairline" --data-dir "$work/data" feedback tail >"$work/out" 2>"$work/err" </dev/null &
tail=$!
tries=0
# Ready when it has taken SIGINT into its own hands, which a shell makes background jobs ignore.
until grep -qs '^SigCgt:.*[2367abef]$' "/proc/$tail/status"; do
    tries=$((tries + 1))
    [ $tries -gt 200 ] && break
    sleep 0.02
done
kill -INT $tail
code=0
wait $tail || code=$?
exits "interrupted" 130

echo "1..$n"
