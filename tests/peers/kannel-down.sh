#!/bin/sh
# kannel-down.sh DIR: ends what kannel-up.sh started there.
# A bearerbox with an inbound message it cannot hand over ignores every polite request.
for name in smsbox bearerbox; do
    [ -e "$1/$name.pid" ] || continue
    pid=$(cat "$1/$name.pid")
    kill -9 "$pid" 2>/dev/null
    rm -f "$1/$name.pid"
done
exit 0
