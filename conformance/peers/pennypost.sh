# Starts a Pennypost of its own in a folder on free ports of 127.0.0.1 (sourced by play-pennypost and bench).
#   start_pennypost BUILD FOLDER   sets our_smtp, our_pop3, our_imap, our_smtps, our_pop3s, our_imaps, our_pid, our_domain
#   add_pennypost_account NAME PASSWORD
#   stop_pennypost
# Settings that a test from one address needs: failed logins do not block it, its passwords can be recovered (APOP,
# CRAM-MD5), and mail to other domains needs a login.

start_pennypost() {
  our_build=$1 our_folder=$2 our_domain=conformance.example
  local base
  base=$(free_port_base)
  our_smtp=$((base + 25)) our_pop3=$((base + 110)) our_imap=$((base + 143))
  our_smtps=$((base + 465)) our_pop3s=$((base + 995)) our_imaps=$((base + 993))
  mkdir -p "$our_folder"
  chmod 755 "$our_folder"
  "$our_build/pennypost" serve --data "$our_folder/data" --port-base "$base" --bind 127.0.0.1 \
    >"$our_folder/out" 2>"$our_folder/log" </dev/null &
  our_pid=$!
  for _ in $(seq 600); do
    if grep -q ready "$our_folder/out"; then break; fi
    if ! kill -0 "$our_pid" 2>/dev/null; then break; fi
    sleep 0.1
  done
  grep -q ready "$our_folder/out" || { cat "$our_folder/log" >&2; return 1; }
  local pair
  for pair in FailedLoginThreshold=100000 LockoutAttempts=99 RecoverablePasswords=1 SmtpAuthentication=required \
    ImapSessionsPerAccount=20 HostName=mail.conformance.example Postmaster=admin; do
    "$our_build/pennypost" settings set "${pair%%=*}" "${pair#*=}" --data "$our_folder/data" >/dev/null
  done
  "$our_build/pennypost" user add admin --password admin-secret --admin --address "admin@$our_domain" \
    --data "$our_folder/data" >/dev/null
}

add_pennypost_account() {
  "$our_build/pennypost" user add "$1" --password "$2" --address "$1@$our_domain" --data "$our_folder/data" >/dev/null
}

stop_pennypost() {
  [ -n "${our_pid:-}" ] || return 0
  kill "$our_pid" 2>/dev/null || true
  wait "$our_pid" 2>/dev/null || true
  our_pid=
}

free_port_base() {
  python3 - <<'PY'
import random, socket
while True:
    base, held = random.randrange(10000, 27000), []
    try:
        for offset in (25, 110, 143, 465, 587, 993, 995, 5108):
            s = socket.socket(); held.append(s); s.bind(("127.0.0.1", base + offset))
        print(base); break
    except OSError: pass
    finally:
        for s in held: s.close()
PY
}
