#!/bin/sh
# The sample company, from an empty folder to answers in the feedback store and the map of
# relationships.
# usage: tests/demo.sh BUILD-FOLDER DATA-FOLDER
set -eu
build=$1
data=$2
top=$(cd "$(dirname "$0")/.." && pwd)
export FAIRLINE_DATA="$top/etc"
FAIRLINE_PLUGIN_DIR=$(ls -d "$build"/plugins/*/.libs | tr "\n" ":")
FAIRLINE_PLUGIN_DIR=${FAIRLINE_PLUGIN_DIR%:}
export FAIRLINE_PLUGIN_DIR
fairline() { "$build/fairline" --data-dir "$data" "$@"; }

say() {
    printf '\n== %s\n' "$*"
}

daemon=
finish() {
    if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then
        kill "$daemon"
        wait "$daemon" || true
    fi
}
trap finish EXIT INT TERM

# number JSON-MEMBER: from the one-row status
status_of() {
    fairline status -o json 2>/dev/null | tr ',{}[]' '\n' | sed -n "s/.*\"$1\": *\"\{0,1\}\([0-9a-z_-]*\)\"\{0,1\}.*/\1/p" | head -1
}

# until SECONDS TEXT COMMAND...: asks until the command answers "done", shows what it says
until_done() {
    limit=$1
    what=$2
    shift 2
    tries=0
    while :; do
        answer=$("$@")
        [ -t 1 ] && printf '\r   %s: %s   ' "$what" "$answer"
        [ "$answer" = done ] && break
        tries=$((tries + 1))
        [ $tries -lt $((limit * 5)) ] || { printf '\n'; echo "demo: $what took longer than $limit s" >&2; tail -20 "$data/fairlined.log" >&2; exit 1; }
        sleep 0.2
    done
    [ -t 1 ] && printf '\r'
    printf '   %s: done\n' "$what"
}

say "The sample company in $data"
fairline demo

say "Starting the gateway"
"$build/fairlined" --data-dir "$data" >>"$data/fairlined.log" 2>&1 </dev/null &
daemon=$!
is_up() {
    kill -0 "$daemon" 2>/dev/null || { echo "demo: fairlined ended" >&2; tail -20 "$data/fairlined.log" >&2; kill $$; }
    [ "$(status_of daemon)" = running ] && echo done || echo starting
}
until_done 20 "gateway" is_up

is_sent() {
    waiting=$(status_of waiting)
    [ "${waiting:-1}" = 0 ] && echo done || echo "${waiting:-?} waiting"
}
fairline run plan --once >/dev/null
until_done 100 "for the customer: messages into Maildirs" is_sent
fairline campaign list

say "Customers answer"
fairline demo reply --count 12
is_collected() {
    pending=$(find "$data/mail/inbound/new" -type f 2>/dev/null | wc -l)
    [ "$pending" = 0 ] && echo done || echo "$pending on the way"
}
until_done 60 "by the customer: replies collected" is_collected

# The post brings some letters back: their codes stand in the address file.
returned=$data/letters/returned
if [ -z "$(find "$returned" -type f 2>/dev/null)" ]; then
    find "$data/letters/outbound" -name addresses.csv -exec sed -n '5p;9p' {} + |
        awk -F, 'BEGIN { print "code,reason" } NR < 4 { print $3 ",moved" }' >"$returned/returned.part"
    mv "$returned/returned.part" "$returned/returned.csv"
fi
is_returned() {
    [ -e "$returned/returned.csv" ] && echo "a list is on the way" || echo done
}
until_done 60 "by the customer: returned letters collected" is_returned

# One customer opens her page and answers there.
customer=$(fairline feedback list --kind reply --limit 1 -o jsonl | sed -n 's/.*"customer": *"\([^"]*\)".*/\1/p')
message=$(fairline why "$customer" home-delivery -o json | sed -n 's/.*"id": *"\([0-9]*\)".*/\1/p' | head -1)
page() { fairline message link "$message" -o json | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
if [ -n "$message" ] && command -v curl >/dev/null; then
    survey=$(page survey_url)
    is_answered() {
        curl -fs -o /dev/null --data-urlencode 'n_satisfaction=4' --data-urlencode 'n_recommend=9' \
            --data-urlencode 't_words=유리병이 좋아요' "$survey" && echo done || echo waiting
    }
    until_done 20 "by the customer: a survey answered on its page" is_answered
fi

say "What the customers said"
fairline feedback list --limit 12

say "What became of each campaign"
for campaign in $(fairline campaign list -o name); do
    printf '\n   %s\n' "$campaign"
    fairline campaign report "$campaign"
done

say "What each relationship is worth"
fairline value run --wait
fairline value report
fairline value map --png "$data/relationship-map.png"

cat <<TEXT

== Where to look next
   export PATH="$build:\$PATH"  FAIRLINE_DATA_DIR="$data"
   fairline customer list --limit 5          who they are
   fairline feedback list                    what they said
   fairline why CUSTOMER CAMPAIGN            why a message was sent, or not
   fairline customer timeline ${customer:-CUSTOMER}       everything between you and one of them
   fairline value explain ${customer:-CUSTOMER}          what one of them is worth, down to the events
   fairline customer list --zone II --key contribution    key customers who may leave
   $data/relationship-map.png                the map of all relationships
   fairline campaign preview mothers-class   what they got
   ls $data/mail/outbound                    the mails themselves
   ls $data/letters/outbound                 letters for the print house
   fairlined --data-dir $data                runs the gateway again; then open
   $(page page_url)
   man $build/man/fairline.1                 the manual
TEXT
