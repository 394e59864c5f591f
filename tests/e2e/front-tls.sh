#!/bin/sh
# The front without a proxy: TLS of its own, a new certificate by reload, and the rights it has given
# up.  TAP.
. "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip_all "no openssl"
command -v python3 >/dev/null || skip_all "no python3"
FAIRLINE_LIBEXEC_DIR=$build
export FAIRLINE_LIBEXEC_DIR
port=$(python3 "$top/tests/peers/ports.py" 1)
url=https://localhost:$port

# certificate NAME: for localhost, with a serial number of its own
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=$1" -addext subjectAltName=DNS:localhost \
        -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}

# conf CERT KEY [SETTINGS]
conf() {
    cat >"$work/fairline.conf" <<EOT
data_dir = "$work/data"
plan_interval = 1h
organisation { name = "Dairy" web_base = "$url" }
front {
    listen = "127.0.0.1:$port"
    tls_cert = "$work/$1"
    tls_key = "$work/$2"
    $3
}
channel "drill" { plugin = null }
EOT
}

# health CERTIFICATE CURL-ARGUMENTS...
health() {
    ca=$1
    shift
    curl -s -D "$work/head" -o "$work/body" -w '%{http_code}' --cacert "$work/$ca.pem" "$@" "$url/healthz"
}

front_pid() {
    pgrep -P "$daemon" -f -- --front-fd
}

refused() {
    "$build/fairlined" -c "$work/fairline.conf" --check 2>"$work/refusal"
    [ $? -eq 78 ] && grep -q "$1" "$work/refusal"
}

certificate one
certificate two
conf missing.pem one.key
ok "a certificate that is not there is a fault" refused 'tls_cert "[^"]*missing.pem": cannot be found'
ok "also for config check" sh -c "! '$build/fairline' -c '$work/fairline.conf' config check"

user=
[ "$(id -u)" = 0 ] && user="user = nobody"
conf one.pem one.key "$user"
start_daemon
until_is 30 "it speaks TLS" 200 health one
ok "and says that it always will" grep -qi '^strict-transport-security: max-age=' "$work/head"
is "of today" "$(health one --tls-max 1.1)" 000
is "nothing else" "$(curl -s -o "$work/body" -w '%{http_code}' "http://localhost:$port/healthz")" 000
is "a large body comes through" "$(head -c 300000 /dev/zero | health one --data-binary @- -H 'Content-Type: text/plain')" 415
is "it can have no new rights" "$(awk '/^NoNewPrivs/ {print $2}' "/proc/$(front_pid)/status")" 1
if [ "$user" ]; then
    is "it is not root" "$(awk '/^Uid/ {print $2, $3, $4}' "/proc/$(front_pid)/status")" \
        "$(id -u nobody) $(id -u nobody) $(id -u nobody)"
    is "and has no capability" "$(awk '/^CapEff/ {print $2}' "/proc/$(front_pid)/status")" 0000000000000000
fi
conf two.pem two.key "$user"
kill -HUP "$daemon"
until_is 30 "a new certificate takes effect by reload" 200 health two
conf two.pem one.key "$user"
kill -HUP "$daemon"
complained() {
    grep -c 'tls_cert and tls_key may not fit' "$work/fairlined.log" | sed 's/^[1-9][0-9]*/yes/'
}
until_is 30 "a key of another certificate is complained about" yes complained
is "and costs nothing" "$(health two)" 200
certificate three
conf three.pem three.key "$user"
kill -HUP "$daemon"
until_is 30 "the next one is taken" 200 health three
fronts() {
    pgrep -c -P "$daemon" -f -- --front-fd
}
until_is 30 "and only one process serves" 1 fronts
conf three.pem three.key "enabled = no"
kill -HUP "$daemon"
until_is 30 "none when it is switched off" 0 fronts
is "and nobody listens" "$(health three)" 000
done_testing
