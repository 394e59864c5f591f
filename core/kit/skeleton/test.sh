#!/bin/sh
# The conformance run, in folders of its own.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/out" "$work/in"
"${PLUGIN_TEST:-fairline-plugin-test}" ./@NAME@.so --option outbox="$work/out" --option inbox="$work/in" \
    --inbound "echo 'Thank you!' >$work/in/reply-\$\$.txt"
