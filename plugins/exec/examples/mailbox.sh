#!/bin/sh
# A channel in twenty lines (needs jq).  Each message becomes a file in OUT, named after its reply
# token; each file somebody puts into IN under such a name is a reply.  usage: mailbox.sh OUT IN
out=$1 in=$2
mkdir -p "$out" "$in/done"
while read -r call; do
    case $(printf %s "$call" | jq -r .call) in
    open | health) ;;
    deliver)
        to="$out/$(printf %s "$call" | jq -r '.items[0].token_reply').txt"
        printf %s "$call" | jq -r '.items[0] | "To: \(.to_address)\n\n\(.text)"' >"$to.part" && mv "$to.part" "$to" &&
            echo '{"report":{"item":0,"outcome":"delivered"}}' ;;
    collect)
        for file in "$in"/*.txt; do
            [ -f "$file" ] || continue
            jq -nc --arg file "$file" --arg key "$(sha256sum <"$file" | cut -c 1-64)" --arg to "$(basename "$file" .txt)" \
                '{inbound: {kind: "text", dedupe_key: ($to + $key), to_address: $to, file: $file}}, {commit: true}'
            read -r answer
            [ "$answer" = '{"commit":true}' ] && mv "$file" "$in/done/"
        done ;;
    *) echo '{"done":"unsupported"}' && continue ;;
    esac
    echo '{"done":"ok"}'
done
