#!/bin/sh
# fax-down.sh DIR: ends what fax-up.sh started there.
cd "$1" || exit 0
for name in gettya gettyb faxq hfaxd iaxa iaxb; do
    [ -f $name.pid ] && kill "$(cat $name.pid)" 2>/dev/null
done
for name in gettya gettyb faxq hfaxd iaxa iaxb; do
    [ -f $name.pid ] || continue
    left=50
    while [ $left -gt 0 ] && kill -0 "$(cat $name.pid)" 2>/dev/null; do
        left=$((left - 1))
        sleep 0.1
    done
    [ $left -gt 0 ] || kill -9 "$(cat $name.pid)" 2>/dev/null
done
[ -f iaxport ] && rm -f "/dev/ttyFL$(cat iaxport)a" "/dev/ttyFL$(cat iaxport)b"
exit 0
