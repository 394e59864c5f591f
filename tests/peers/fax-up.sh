#!/bin/sh
# fax-up.sh DIR PORT line FAXLINE | fax-up.sh DIR PORT call IAXPORT
# A private HylaFAX: hfaxd and faxq, with one of
#   line   a modem that is no device: faxq runs fax-line-send.sh, which lets spandsp's two fax
#          machines talk and writes the queue file as faxsend does; a call takes no time
#   call   two iaxmodems wired to each other, ttyFL<IAXPORT>a and b: real calls in real time
# Log in as fairline with password "secret"; ADMIN password "admin".  Exit 77 when this machine cannot
# (the queue belongs to uucp, so it takes root; packages).  Stop it with fax-down.sh DIR.  Returns
# when the server answers and the modems are idle.  Redirect its output to a file: daemons inherit it.
set -e
dir=$1 port=$2 mode=$3 arg=$4
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

[ "$(id -u)" = 0 ] || { echo "fax-up: HylaFAX needs root" >&2; exit 77; }
for tool in faxq hfaxd faxmodem openssl curl; do
    command -v $tool >/dev/null || { echo "fax-up: $tool is not installed" >&2; exit 77; }
done
[ "$mode" = line ] || command -v iaxmodem >/dev/null ||
    { echo "fax-up: iaxmodem is not installed" >&2; exit 77; }
config=/usr/share/doc/iaxmodem/examples/config.ttyIAX
[ -f $config ] || { echo "fax-up: $config is not there" >&2; exit 77; }

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cp -a /var/spool/hylafax/. "$dir/"
rm -rf "$dir/etc"
cp -a /etc/hylafax "$dir/etc"
sed -i "s|^SPOOL=.*|SPOOL='$dir'|; s|^LIBDATA=.*|LIBDATA='$dir/etc'|" "$dir/etc/setup.cache"
cat >"$dir/etc/config" <<END
LogFacility: daemon
ServerTracing: 0x001
CountryCode: 82
AreaCode: 2
LongDistancePrefix: 0
InternationalPrefix: 00
NotifyCmd: /bin/true
PollModemWait: 1
PollLockWait: 1
JobReqOther: 3
JobReqProto: 3
END
printf '^fairline@:21:%s:%s\n' "$(openssl passwd -1 secret)" "$(openssl passwd -1 admin)" \
    >"$dir/etc/hosts.hfaxd"
chown uucp:uucp "$dir/etc/hosts.hfaxd"
chmod 600 "$dir/etc/hosts.hfaxd"
cd "$dir"

modem() { # NAME FAXNUMBER IDENTITY
    sed -e 's|^CountryCode.*|CountryCode: 82|; s|^AreaCode.*|AreaCode: 2|' \
        -e 's|^LongDistancePrefix.*|LongDistancePrefix: 0|' \
        -e 's|^InternationalPrefix.*|InternationalPrefix: 00|' \
        -e "s|^FAXNumber.*|FAXNumber: \"$2\"|; s|^LocalIdentifier.*|LocalIdentifier: \"$3\"|" \
        -e 's|^ServerTracing.*|ServerTracing: 0x0|; s|^RecvFileMode.*|RecvFileMode: 0644|' \
        $config >"etc/config.$1"
}

# again COMMAND...: until it succeeds, for half a minute
again() {
    left=300
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "fax-up: $* never succeeded" >&2; exit 1; }
        sleep 0.1
    done
}

case $mode in
line)
    modem ttyLine '+82 2 1577 0000' SHOP
    echo "SendFaxCmd: bin/fax-line-send" >>etc/config
    cp "$here/fax-line-send.sh" bin/fax-line-send
    cp "$arg" bin/faxline
    chmod 755 bin/fax-line-send bin/faxline
    ;;
call)
    for side in a b; do
        this=$arg other=$((arg + 1)) number=0
        [ $side = a ] || { this=$((arg + 1)) other=$arg number=1; }
        modem "ttyFL$arg$side" "+82 2 1577 000$number" "FL-$side"
        echo "FaxRcvdCmd: /bin/true" >>"etc/config.ttyFL$arg$side"
        cat >"iax$side" <<END
device /dev/ttyFL$arg$side
owner uucp:uucp
mode 660
port $this
refresh 0
server 127.0.0.1:$other
peername fl$side
secret x
cidname FL $side
cidnumber 021577000$number
codec slinear
END
        iaxmodem "../..$dir/iax$side" >"log/iax$side.log" 2>&1 </dev/null &
        echo $! >"iax$side.pid"
    done
    echo "$arg" >iaxport
    ;;
esac

faxq -D -q "$dir" >faxq.out 2>&1 </dev/null &
echo $! >faxq.pid
hfaxd -d -q "$dir" -l 127.0.0.1 -i "$port" >hfaxd.out 2>&1 </dev/null &
echo $! >hfaxd.pid
if [ "$mode" = call ]; then
    for side in a b; do
        again test -e "/dev/ttyFL$arg$side"
        faxgetty -q "$dir" "ttyFL$arg$side" >"log/getty$side.out" 2>&1 </dev/null &
        echo $! >"getty$side.pid"
    done
fi
again curl -s -m 2 -u fairline:secret "ftp://127.0.0.1:$port/status/"
case $mode in
line) again faxmodem -q "$dir" ttyLine ;;
call)
    again grep -q idle "status/ttyFL${arg}a"
    again grep -q idle "status/ttyFL${arg}b"
    ;;
esac
