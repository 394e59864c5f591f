#!/bin/sh
# ssh-up.sh DIR PORT: an OpenSSH server on 127.0.0.1 that speaks SFTP and nothing else.
#
# DIR gets client_key (for the user who started it), host_key.pub, other_key.pub (a key the server
# does not have), known_hosts, log, pid.  Ready when this returns.
set -eu
dir=$1
port=$2
mkdir -p "$dir"
if [ ! -e "$dir/host_key" ]; then
    ssh-keygen -q -t ed25519 -N '' -f "$dir/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$dir/other_key"
    ssh-keygen -q -t ed25519 -N '' -f "$dir/client_key"
    cat "$dir/client_key.pub" >"$dir/authorized_keys"
    chmod 600 "$dir/authorized_keys"
fi
printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$dir/host_key.pub")" >"$dir/known_hosts"
cat >"$dir/sshd_config" <<END
Port $port
ListenAddress 127.0.0.1
HostKey $dir/host_key
PidFile none
AuthorizedKeysFile $dir/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers $(id -un)
Subsystem sftp internal-sftp
ForceCommand internal-sftp
LogLevel VERBOSE
END
# sshd wants this folder, and its own absolute path.
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
/usr/sbin/sshd -D -e -f "$dir/sshd_config" >"$dir/log" 2>&1 </dev/null &
echo $! >"$dir/pid"
exec python3 "$(dirname "$0")/wait-reply.py" "$port:SSH-"
