"""Real mail programs against a real server: swaks, curl, mbsync, fetchmail, and Python's own clients."""

import email.message
import imaplib
import os
import poplib
import smtplib
import ssl
import subprocess
import unittest

from running_server import RunningServer, wait_until

ANN = ("ann", "annspassword")
BOB = ("bob", "bobspassword")


def run(*words, text=None, env=None):
    """Runs a mail program; gives what it printed, fails with that when the program failed."""
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise AssertionError(f"{words[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def letter(subject, body="Hello.\r\n", to="ann@test.example"):
    return f"From: bob@test.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{body}"


class ClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.start()
        cls.server.add_user(*ANN, "--recoverable")
        cls.server.add_user(*BOB)
        cls.unverified = ssl.create_default_context()
        cls.unverified.check_hostname = False
        cls.unverified.verify_mode = ssl.CERT_NONE

    @classmethod
    def tearDownClass(cls):
        cls.server.clean_up()

    def setUp(self):
        """Every test begins with empty inboxes."""
        for name, password in (ANN, BOB):
            with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
                imap.login(name, password)
                imap.select("INBOX")
                imap.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
                imap.expunge()

    def subjects(self, who=ANN, folder="INBOX"):
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(*who)
            imap.select(folder, readonly=True)
            _, data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            return [part[1].decode().strip().removeprefix("Subject: ") for part in data if isinstance(part, tuple)]

    def send(self, *letters):
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            for text in letters:
                smtp.sendmail("bob@test.example", ["ann@test.example"], text)

    def swaks(self, *more):
        return run("swaks", "--server", "127.0.0.1", "--from", "bob@test.example", "--to", "ann@test.example",
                   "--timeout", "30", *more)

    def test_swaks_sends_in_clear(self):
        self.swaks("--port", str(self.server.port("smtp")), "--header", "Subject: swaks in clear")
        self.assertEqual(self.subjects(), ["swaks in clear"])

    def test_swaks_sends_after_starttls(self):
        out = self.swaks("--port", str(self.server.port("smtp")), "--tls", "--header", "Subject: swaks tls")
        self.assertIn("TLS started", out)
        self.assertEqual(self.subjects(), ["swaks tls"])

    def test_swaks_sends_over_implicit_tls(self):
        self.swaks("--port", str(self.server.port("smtps")), "--tlsc", "--header", "Subject: swaks tlsc")
        self.assertEqual(self.subjects(), ["swaks tlsc"])

    def test_swaks_logs_in_with_each_mechanism(self):
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            with self.subTest(mechanism):
                self.swaks("--port", str(self.server.port("submission")), "--tls", "--auth", mechanism, "--auth-user",
                           ANN[0], "--auth-password", ANN[1], "--header", f"Subject: swaks {mechanism}")
                self.assertIn(f"swaks {mechanism}", self.subjects())

    def test_swaks_is_refused_with_a_wrong_password(self):
        with self.assertRaisesRegex(AssertionError, "535 5.7.8"):
            self.swaks("--port", str(self.server.port("submission")), "--tls", "--auth", "PLAIN", "--auth-user",
                       BOB[0], "--auth-password", "wrong")

    def test_curl_sends_and_reads(self):
        smtp = f"smtp://127.0.0.1:{self.server.port('smtp')}/client.example"
        run("curl", "-sS", smtp, "--mail-from", "bob@test.example", "--mail-rcpt", "ann@test.example", "-T", "-",
            text=letter("by curl"))
        run("curl", "-sSk", "--ssl-reqd", smtp, "--user", ":".join(ANN), "--mail-from", "ann@test.example",
            "--mail-rcpt", "ann@test.example", "-T", "-", text=letter("by curl with TLS"))
        user = ("--user", ":".join(ANN))
        imap = f"imap://127.0.0.1:{self.server.port('imap')}"
        self.assertIn("by curl", run("curl", "-sS", f"{imap}/INBOX;MAILINDEX=1", *user))
        self.assertIn("INBOX", run("curl", "-sS", imap, *user))
        self.assertIn("* SEARCH 1 2", run("curl", "-sS", f"{imap}/INBOX", *user, "-X", "SEARCH SUBJECT curl"))
        imaps = f"imaps://127.0.0.1:{self.server.port('imaps')}"
        self.assertIn("by curl with TLS", run("curl", "-sSk", f"{imaps}/INBOX;MAILINDEX=2", *user))
        pop3 = f"pop3://127.0.0.1:{self.server.port('pop3')}"
        self.assertEqual(len(run("curl", "-sS", pop3, *user).split("\n")), 3)
        self.assertIn("Subject: by curl", run("curl", "-sSk", "--ssl-reqd", f"{pop3}/1", *user))
        self.assertIn("Subject: by curl", run("curl", "-sSk", f"pop3s://127.0.0.1:{self.server.port('pop3s')}/1", *user))

    def test_mbsync_copies_both_ways_and_then_nothing(self):
        self.send(*(letter(f"letter {i}", "line\r\n" * i) for i in range(1, 21)))
        home = os.path.join(self.server.folder, "mbsync")
        for made in ("mail/INBOX/cur", "mail/INBOX/new", "mail/INBOX/tmp", "state"):
            os.makedirs(os.path.join(home, made), exist_ok=True)
        config = os.path.join(home, "mbsyncrc")
        with open(config, "w") as file:
            file.write(f"""IMAPAccount a
Host 127.0.0.1
Port {self.server.port('imap')}
User {ANN[0]}
Pass {ANN[1]}
SSLType STARTTLS
CertificateFile {os.path.join(self.server.data, 'tls', 'certificate.pem')}

IMAPStore far
Account a

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState {home}/state/
""")
        with open(os.path.join(home, "mail/INBOX/new/1.local"), "w", newline="") as file:
            file.write(letter("from the maildir").replace("\r\n", "\n"))
        run("mbsync", "-c", config, "c")
        self.assertEqual(len(os.listdir(f"{home}/mail/INBOX/cur") + os.listdir(f"{home}/mail/INBOX/new")), 21)
        self.assertIn("from the maildir", self.subjects())
        self.assertEqual(len(self.subjects()), 21)
        second = run("mbsync", "-Dn", "-c", config, "c")  # prints what goes over the network
        self.assertIn("SELECT", second)
        self.assertNotRegex(second, r"BODY.PEEK\[\]|>>> \d+ (UID )?(APPEND|STORE|EXPUNGE|COPY|MOVE)")

    def test_fetchmail_keeps_and_fetches_once(self):
        self.send(letter("fetch 1"), letter("fetch 2"))
        home = os.path.join(self.server.folder, "fetchmail")
        os.makedirs(home, exist_ok=True)
        config = os.path.join(home, "rc")
        with open(config, "w") as file:
            file.write(f'poll 127.0.0.1 service {self.server.port("pop3")} protocol POP3 uidl\n'
                       f'  user "{ANN[0]}" password "{ANN[1]}" keep sslproto "" mda "cat >> {home}/mbox"\n')
        os.chmod(config, 0o600)
        env = {"FETCHMAILHOME": home, "HOME": home}
        words = ("fetchmail", "-f", config, "-i", f"{home}/ids", "--pidfile", f"{home}/pid")
        run(*words, env=env)
        self.send(letter("fetch 3"))
        run(*words, env=env)
        with open(f"{home}/mbox") as file:
            text = file.read()
        self.assertEqual([text.count(f"Subject: fetch {i}") for i in (1, 2, 3)], [1, 1, 1])
        self.assertEqual(len(self.subjects()), 3)
        nothing_new = subprocess.run(words, env={**os.environ, **env}, capture_output=True, timeout=60, check=False)
        self.assertEqual(nothing_new.returncode, 1, "fetchmail says 1 when there is no new mail")

    def test_python_clients_in_clear_and_with_tls(self):
        text = letter("umlaut", "Grüße\r\n.a line with a dot\r\n").encode()
        with smtplib.SMTP("127.0.0.1", self.server.port("submission")) as smtp:
            smtp.starttls(context=self.unverified)
            smtp.login(*BOB)
            smtp.sendmail("bob@test.example", ["ann@test.example"], text, ["BODY=8BITMIME"])
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port("smtps"), context=self.unverified) as smtp:
            smtp.login(*BOB)
            message = email.message.EmailMessage()
            message["From"], message["To"], message["Subject"] = "bob@test.example", "ann@test.example", "built"
            message.set_content("text")
            message.add_attachment(b"\x00\xff" * 1000, maintype="application", subtype="octet-stream", filename="a.bin")
            smtp.send_message(message)
        for make in (lambda: imaplib.IMAP4("127.0.0.1", self.server.port("imap")),
                     lambda: imaplib.IMAP4_SSL("127.0.0.1", self.server.port("imaps"), ssl_context=self.unverified)):
            with make() as imap:
                imap.login(*ANN)
                self.assertEqual(imap.select("INBOX")[1], [b"2"])
                self.assertTrue(imap.fetch("1", "(BODY.PEEK[])")[1][0][1].endswith(text))
                self.assertEqual(imap.search(None, "SUBJECT", "umlaut")[1], [b"1"])
                self.assertIn(b'"a.bin"', imap.fetch("2", "(BODYSTRUCTURE)")[1][0])
        for make in (lambda: poplib.POP3("127.0.0.1", self.server.port("pop3")),
                     lambda: poplib.POP3_SSL("127.0.0.1", self.server.port("pop3s"), context=self.unverified)):
            pop3 = make()
            pop3.user(ANN[0])
            pop3.pass_(ANN[1])
            self.assertEqual(pop3.stat()[0], 2)
            self.assertTrue(b"\r\n".join(pop3.retr(1)[1]).endswith(text.rstrip(b"\r\n")))
            self.assertEqual(len(set(pop3.uidl()[1])), 2)
            pop3.quit()
        pop3 = poplib.POP3("127.0.0.1", self.server.port("pop3"))
        pop3.apop(*ANN)
        pop3.quit()
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login_cram_md5(*ANN)

    def test_python_imaplib_moves_mail_through_folders(self):
        self.send(letter("one"), letter("two"))
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(*ANN)
            imap.delete("Work/2026")
            imap.delete("Work")
            self.assertEqual(imap.create("Work/2026")[0], "OK")
            self.assertEqual(imap.subscribe("Work/2026")[0], "OK")
            imap.select("INBOX")
            self.assertEqual(imap.copy("1", "Work/2026")[0], "OK")
            self.assertEqual(imap.uid("MOVE", imap.uid("SEARCH", "SUBJECT", "two")[1][0].decode(), "Work/2026")[0], "OK")
            self.assertEqual(imap.append("Work/2026", r"(\Seen $label)", None, letter("three").encode())[0], "OK")
        self.assertEqual(self.subjects(), ["one"])
        self.assertEqual(self.subjects(folder="Work/2026"), ["one", "two", "three"])

    def test_one_session_sees_what_another_does(self):
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(*ANN)
            imap.select("INBOX")
            self.send(letter("while you look"))
            wait_until(lambda: imap.noop() and imap.response("EXISTS")[1][-1] == b"1", 10, "EXISTS")


if __name__ == "__main__":
    unittest.main()
