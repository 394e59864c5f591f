#!/bin/sh
# kannel-up.sh DIR fake|smpp ADMIN BOX SENDSMS SMSC MO-URL
# A private Kannel on loopback: bearerbox and smsbox with their files in DIR, on the ports given.
# With `fake` bearerbox listens at SMSC for the line protocol of fakesmsc, with `smpp` it binds to
# the centre that listens there.  Inbound messages are posted to MO-URL.  Login gw, password gwpw.
set -eu
dir=$1 kind=$2 admin=$3 box=$4 sendsms=$5 smsc=$6 mo=$7
mkdir -p "$dir/store"
case $kind in
fake) centre="smsc = fake
port = $smsc
connect-allow-ip = 127.0.0.1
max-sms-octets = 140" ;;
smpp) centre="smsc = smpp
host = 127.0.0.1
port = $smsc
transceiver-mode = true
smsc-username = gw
smsc-password = gw
system-type = \"\"
enquire-link-interval = 5
reconnect-delay = 1
max-pending-submits = 100
alt-charset = \"UTF-8\"" ;;
*) echo "kannel-up.sh: \"$kind\" is neither fake nor smpp" >&2; exit 64 ;;
esac
# No smsbox-id: with one, inbound messages stay queued.
cat >"$dir/kannel.conf" <<END
group = core
admin-port = $admin
admin-interface = 127.0.0.1
admin-password = adm
admin-allow-ip = "127.0.0.1"
smsbox-port = $box
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-file = "$dir/bearerbox.log"
log-level = 1
store-type = spool
store-location = $dir/store
dlr-storage = internal
sms-resend-freq = 1

group = smsc
smsc-id = CENTRE
$centre

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = $box
sendsms-interface = 127.0.0.1
sendsms-port = $sendsms
log-file = "$dir/smsbox.log"
log-level = 1
global-sender = 0215771577
mo-recode = false
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = gw
password = gwpw
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
concatenation = true
accept-x-kannel-headers = true
post-url = "$mo"
END
status() { curl -fs "http://127.0.0.1:$admin/status.txt?password=adm"; }
# wait_for COMMAND...: asks again until it succeeds, at most 20 s
wait_for() {
    limit=$(($(date +%s) + 20))
    until "$@"; do
        [ "$(date +%s)" -lt "$limit" ] || { echo "kannel-up.sh: no answer to: $*" >&2; exit 1; }
        sleep 0.05
    done
}
answers() { status >/dev/null; }
is_joined() { status | grep -q 'smsbox:.*on-line'; }
is_bound() { status | grep -q 'CENTRE.*(online'; }
cd "$dir"
bearerbox -v 4 kannel.conf >bearerbox.out 2>&1 </dev/null &
echo $! >bearerbox.pid
wait_for answers
smsbox -v 4 kannel.conf >smsbox.out 2>&1 </dev/null &
echo $! >smsbox.pid
wait_for is_joined
[ "$kind" = fake ] || wait_for is_bound
