#!/bin/sh
# ssh-down.sh DIR: ends the server of ssh-up.sh
[ ! -e "$1/pid" ] || kill "$(cat "$1/pid")" 2>/dev/null || true
rm -f "$1/pid"
