#!/bin/sh
# The conformance run against a scripted server: NTFY_PEER is the path of tests/peers/ntfy.py.
exec "${PLUGIN_TEST:-fairline-plugin-test}" ./ntfy.so --option reply_topic=replies \
    --peer "python3 ${NTFY_PEER:-ntfy.py}" --inbound 'curl -sf -d "Thank you" "$server/replies" >/dev/null'
