# Starts private Dovecot and Postfix servers in a temporary folder on free ports of 127.0.0.1 (sourced by run and bench).
# The installed configuration of either is neither read nor touched. As root both start; otherwise Dovecot alone, because
# Postfix refuses to run without root.
#   start_peers FOLDER   sets peer_smtp, peer_pop3, peer_imap, peer_smtps, peer_pop3s, peer_imaps, peer_lmtp (0: not there),
#                        peer_dovecot_pid. Accounts: every name whose first letters are not "unknown", password `secret`,
#                        addresses NAME@example.test.
#   stop_peers

have_peers() { PATH=$PATH:/usr/sbin command -v dovecot >/dev/null && PATH=$PATH:/usr/sbin command -v postfix >/dev/null; }

free_ports() {
  python3 - "$1" <<'PY'
import random, socket, sys
# Below the range from which the system takes ports for outgoing connections: none is lost between here and the start.
held = []
while len(held) < int(sys.argv[1]):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", random.randrange(10000, 32000)))
        held.append(s)
    except OSError:
        s.close()
print(*(s.getsockname()[1] for s in held))
PY
}

start_peers() {
  peers_folder=$1
  PATH=$PATH:/usr/sbin
  chmod 755 "$peers_folder"
  read -r peer_smtp peer_pop3 peer_imap peer_smtps peer_pop3s peer_imaps peer_lmtp < <(free_ports 7)
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=peer.example.test \
    -keyout "$peers_folder/key.pem" -out "$peers_folder/cert.pem" 2>/dev/null
  chmod 644 "$peers_folder/key.pem"
  start_dovecot
  if [ "$(id -u)" = 0 ]; then
    start_postfix
  else
    peer_smtp=0 peer_smtps=0
  fi
}

stop_peers() {
  [ ! -e "$peers_folder/postfix/main.cf" ] || postfix -c "$peers_folder/postfix" stop >/dev/null 2>&1 || true
  [ ! -e "$peers_folder/dovecot.conf" ] || doveadm -c "$peers_folder/dovecot.conf" stop >/dev/null 2>&1 || true
}

start_dovecot() {
  local internal=dovecot login=dovenull owner=mail group=mail no_chroot=""
  if [ "$(id -u)" != 0 ]; then
    internal=$(id -un) login=$(id -un) owner=$(id -un) group=$(id -gn)
    no_chroot="chroot ="
  fi
  mkdir -p "$peers_folder/mail" "$peers_folder/d"
  chown "$owner:$group" "$peers_folder/mail"
  local submission_auth=""
  [ "$(id -u)" != 0 ] || submission_auth="unix_listener sasl { mode = 0666 }"
  cat >"$peers_folder/dovecot.conf" <<CONF
base_dir = $peers_folder/d
state_dir = $peers_folder/d
log_path = $peers_folder/dovecot.log
protocols = imap pop3 lmtp
listen = 127.0.0.1
default_internal_user = $internal
default_login_user = $login
default_internal_group = $(id -gn "$internal")
default_process_limit = 4000
default_client_limit = 20000
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <$peers_folder/cert.pem
ssl_key = <$peers_folder/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop scram-sha-256
auth_failure_delay = 0
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$owner gid=$group home=$peers_folder/mail/%u
}
mail_location = maildir:~/Maildir
mail_max_userip_connections = 5000
pop3_lock_session = yes
pop3_uidl_format = %08Xu%08Xv
postmaster_address = postmaster@example.test
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \\Drafts
    auto = create
  }
  mailbox Sent {
    special_use = \\Sent
    auto = create
  }
  mailbox Trash {
    special_use = \\Trash
    auto = create
  }
  mailbox Junk {
    special_use = \\Junk
    auto = create
  }
}
protocol lmtp {
  auth_username_format = %n
}
service imap-login {
  $no_chroot
  service_count = 0
  inet_listener imap { port = $peer_imap
  }
  inet_listener imaps { port = $peer_imaps
    ssl = yes
  }
}
service pop3-login {
  $no_chroot
  service_count = 0
  inet_listener pop3 { port = $peer_pop3
  }
  inet_listener pop3s { port = $peer_pop3s
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp { port = $peer_lmtp
  }
}
service anvil {
  $no_chroot
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  $submission_auth
}
CONF
  sed -i 's/unix_listener \(.*\) { mode = 0666 }/unix_listener \1 {\n    mode = 0666\n  }/; s/inet_listener \(.*\) { port/inet_listener \1 {\n    port/' \
    "$peers_folder/dovecot.conf"
  dovecot -c "$peers_folder/dovecot.conf" 2>"$peers_folder/dovecot-start.log" || { cat "$peers_folder"/dovecot*.log >&2; return 1; }
  await_port "$peer_imap" || { cat "$peers_folder"/dovecot*.log >&2; return 1; }
  local waited
  for waited in $(seq 100); do
    [ ! -s "$peers_folder/d/master.pid" ] || break
    sleep 0.1
  done
  peer_dovecot_pid=$(cat "$peers_folder/d/master.pid")
}

start_postfix() {
  local config=$peers_folder/postfix
  mkdir -p "$config" "$peers_folder/queue" "$peers_folder/postfix-data"
  chown postfix "$peers_folder/postfix-data"
  cat >"$config/recipients" <<'CONF'
if !/^unknown/
/@example\.test$/ ok
endif
CONF
  cat >"$config/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $peers_folder/queue
data_directory = $peers_folder/postfix-data
maillog_file = $peers_folder/postfix.log
maillog_file_prefixes = $peers_folder
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = peer.example.test
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = regexp:$config/recipients
virtual_transport = lmtp:inet:127.0.0.1:$peer_lmtp
default_transport = discard:
relay_transport = discard:
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $peers_folder/d/sasl
smtpd_sasl_security_options = noanonymous
smtpd_tls_cert_file = $peers_folder/cert.pem
smtpd_tls_key_file = $peers_folder/key.pem
smtpd_tls_security_level = may
smtpd_forbid_bare_newline = yes
message_drop_headers =
always_add_missing_headers = no
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_junk_command_limit = 1000
message_size_limit = 104857600
mailbox_size_limit = 0
virtual_mailbox_limit = 0
CONF
  cat >"$config/master.cf" <<CONF
127.0.0.1:$peer_smtp inet n - n - 100 smtpd
127.0.0.1:$peer_smtps inet n - n - 20 smtpd -o smtpd_tls_wrappermode=yes
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
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CONF
  postfix -c "$config" start >"$peers_folder/postfix-start.log" 2>&1 || { cat "$peers_folder/postfix-start.log" >&2; return 1; }
  await_port "$peer_smtp"
}

await_port() {
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  echo "nothing listens on port $1" >&2
  return 1
}
