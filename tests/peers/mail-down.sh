#!/bin/sh
# mail-down.sh DIR - stops what mail-up.sh DIR started and waits until it is gone.
dir=${1:?usage: mail-down.sh DIR}
for file in "$dir/postfix.pid" "$dir/run/master.pid"; do
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null && timeout 10 tail --pid="$pid" -f /dev/null
    rm -f "$file"
done
exit 0
