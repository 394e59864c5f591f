#!/bin/sh
# mail-up.sh DIR - a private Postfix and Dovecot on free loopback ports, all below DIR.
#
# Writes DIR/ports (shell assignments: SMTP_PORT SUBMISSION_PORT SMTPS_PORT IMAP_PORT IMAPS_PORT
# CA_FILE) when both answer.  Exit 77 when this machine cannot (not root, packages missing).
# Take it down with mail-down.sh DIR.  Redirect its output to a file: the daemons inherit it.
#
#   shop.test   bounces, reply, unsubscribe (with any +token) all reach desk@shop.test
#   cust.test   kim, u1 .. u250 exist; full is over quota; any other name bounces by DSN
#               gone: refused at RCPT; busy: deferred at RCPT; slow: accepted, then delayed
# Every password is "pw".  SUBMISSION_PORT wants STARTTLS and a login, SMTPS_PORT TLS from the
# start and a login; SMTP_PORT takes mail for both domains from anybody.
set -eu
umask 022
dir=${1:?usage: mail-up.sh DIR}
here=$(cd "$(dirname "$0")" && pwd)

[ "$(id -u)" = 0 ] || { echo "mail-up: Postfix and Dovecot need root" >&2; exit 77; }
PATH=$PATH:/usr/sbin:/sbin
for tool in postconf dovecot openssl python3; do
    command -v "$tool" >/dev/null || { echo "mail-up: $tool is not installed" >&2; exit 77; }
done
sbin=$(postconf -d -h daemon_directory)

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
chmod 755 "$dir"
mkdir -p "$dir/postfix" "$dir/queue" "$dir/state" "$dir/dovecot" "$dir/run" "$dir/mail"

set -- $(python3 "$here/ports.py" 5)
cat >"$dir/ports" <<END
SMTP_PORT=$1
SUBMISSION_PORT=$2
SMTPS_PORT=$3
IMAP_PORT=$4
IMAPS_PORT=$5
CA_FILE=$dir/ca.pem
END
. "$dir/ports"

# An authority of our own, and a certificate for "localhost" signed by it.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Fairline test authority" \
    -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>"$dir/openssl.log"
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
    -keyout "$dir/server.key" -out "$dir/server.csr" 2>>"$dir/openssl.log"
echo "subjectAltName=DNS:localhost,DNS:mx.shop.test,IP:127.0.0.1" >"$dir/san"
openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
    -days 2 -extfile "$dir/san" -out "$dir/server.pem" 2>>"$dir/openssl.log"

# --- Dovecot -----------------------------------------------------------------
{
    for user in desk@shop.test kim@cust.test; do
        echo "$user:{PLAIN}pw::::::"
    done
    echo "full@cust.test:{PLAIN}pw::::::userdb_quota_rule=*:bytes=1"
    i=1
    while [ "$i" -le 250 ]; do
        echo "u$i@cust.test:{PLAIN}pw::::::"
        i=$((i + 1))
    done
} >"$dir/dovecot/users"
cat >"$dir/dovecot/dovecot.conf" <<END
base_dir = $dir/run
log_path = $dir/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$dir/server.pem
ssl_key = <$dir/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
recipient_delimiter = +
lmtp_hdr_delivery_address = original
mail_location = maildir:~/Maildir
mail_plugins = quota
mail_fsync = never
plugin {
  quota = maildir:User quota
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $dir/dovecot/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $dir/dovecot/users
  default_fields = uid=mail gid=mail home=$dir/mail/%d/%n
}
namespace inbox {
  inbox = yes
  mailbox Collected {
    auto = create
  }
}
service anvil {
  chroot =
  # Without it no penalty for a wrong password slows the next login.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $IMAP_PORT
  }
  inet_listener imaps {
    port = $IMAPS_PORT
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    user = postfix
    mode = 0600
  }
}
service auth {
  unix_listener smtp-auth {
    user = postfix
    mode = 0600
  }
}
protocol lmtp {
  postmaster_address = postmaster@cust.test
}
END

# --- Postfix -----------------------------------------------------------------
cat >"$dir/postfix/main.cf" <<END
compatibility_level = 3.6
config_directory = $dir/postfix
queue_directory = $dir/queue
data_directory = $dir/state
maillog_file = $dir/postfix.log
maillog_file_prefixes = $dir
myhostname = mx.shop.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtp_dns_support_level = disabled
smtp_host_lookup = native
recipient_delimiter = +
virtual_mailbox_domains = shop.test, cust.test
virtual_mailbox_maps =
virtual_alias_maps = regexp:$dir/postfix/aliases
virtual_transport = lmtp:unix:$dir/run/lmtp
transport_maps = regexp:$dir/postfix/transport
default_transport = error:5.1.2 no such domain here
smtpd_tls_cert_file = $dir/server.pem
smtpd_tls_key_file = $dir/server.key
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $dir/run/smtp-auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
notify_classes =
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 3s
maximal_queue_lifetime = 12s
bounce_queue_lifetime = 12s
delay_warning_time = 3s
END
cat >"$dir/postfix/aliases" <<'END'
/^(bounces|reply|unsubscribe)(\+[^@]*)?@shop\.test$/ desk@shop.test
END
cat >"$dir/postfix/transport" <<'END'
/^gone(\+[^@]*)?@cust\.test$/ error:5.1.1 no account of this name
/^busy(\+[^@]*)?@cust\.test$/ retry:4.2.1 mailbox disabled for now
/^slow(\+[^@]*)?@cust\.test$/ smtp:[127.0.0.1]:1
END
login="-o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject"
cat >"$dir/postfix/master.cf" <<END
127.0.0.1:$SMTP_PORT inet n - n - - smtpd
127.0.0.1:$SUBMISSION_PORT inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  $login
127.0.0.1:$SMTPS_PORT inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  $login
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp flags=DOR
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
END

own="active bounce corrupt defer deferred flush hold incoming private saved trace"
for name in $own maildrop public pid; do
    mkdir -p "$dir/queue/$name"
done
for name in $own; do
    chown postfix "$dir/queue/$name"
    chmod 700 "$dir/queue/$name"
done
chown postfix:postdrop "$dir/queue/maildrop" "$dir/queue/public"
chmod 1730 "$dir/queue/maildrop"
chmod 2710 "$dir/queue/public"
chown postfix "$dir/state"
chown mail:mail "$dir/mail"

# Dovecot first: Postfix asks it for logins and hands it mail.
dovecot -c "$dir/dovecot/dovecot.conf" >"$dir/dovecot.out" 2>&1 </dev/null
MAIL_CONFIG="$dir/postfix" "$sbin/master" -c "$dir/postfix" -d >"$dir/postfix.out" 2>&1 </dev/null &
echo $! >"$dir/postfix.pid"
python3 "$here/wait-reply.py" "$SMTP_PORT:220" "$SUBMISSION_PORT:220" "$IMAP_PORT:* OK" || {
    echo "mail-up: no answer; see $dir/postfix.log, $dir/postfix.out, $dir/dovecot.log" >&2
    "$here/mail-down.sh" "$dir"
    exit 1
}
