"""What a hostile or broken IMAP or POP3 client can do, against the real program: limits answer, nobody else is held up."""

import imaplib
import os
import poplib
import signal
import smtplib
import socket
import time
import unittest

from running_server import RunningServer, wait_until
from start_test import database_processes

ANN = ("ann", "annspassword")


class Peer:
    """A socket that sends any octets and reads lines."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.greeting = self.line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def line(self):
        return self.file.readline()

    def send(self, octets):
        self.socket.sendall(octets)

    def reply(self, tag):
        """Reads up to the reply of this tag; gives all lines."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if line.startswith(tag + b" ") or not line:
                return lines

    def ask(self, tag, text):
        self.send(tag + b" " + text + b"\r\n")
        return self.reply(tag)


class BadReaderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.start()
        cls.server.add_user(*ANN)
        with smtplib.SMTP("127.0.0.1", cls.server.port("smtp")) as smtp:
            smtp.sendmail("bob@test.example", ["ann@test.example"], "Subject: one\r\n\r\ntext\r\n")

    @classmethod
    def tearDownClass(cls):
        cls.server.clean_up()

    def imap(self):
        return Peer(self.server.port("imap"))

    def logged_in(self):
        peer = self.imap()
        self.assertIn(b"a OK", peer.ask(b"a", b"LOGIN ann annspassword")[-1])
        return peer

    def memory(self):
        """Octets that the server process holds."""
        with open(f"/proc/{self.server.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))

    def still_serves(self):
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(*ANN)
            self.assertEqual(imap.select("INBOX")[0], "OK")

    def test_a_line_without_end_is_refused_and_costs_no_memory(self):
        before = self.memory()
        for make, login in ((self.imap, b""), (lambda: Peer(self.server.port("pop3")), b"")):
            with make() as peer:
                try:
                    for _ in range(64):
                        peer.send(login + b"x" * (1 << 20))
                    peer.send(b"\r\n")
                    answer = peer.line()
                except ConnectionError:
                    answer = b""
                self.assertRegex(answer, rb"^(\* BAD|\* BYE|x+ BAD|-ERR|$)")
        self.assertLess(self.memory() - before, 32 << 20)
        self.still_serves()

    def test_literals_beyond_the_limits_are_refused_and_never_read_as_commands(self):
        with self.imap() as peer:
            self.assertRegex(peer.ask(b"a1", b"LOGIN {99999999999999999999}")[-1], rb"^a1 (BAD|NO)")
            self.assertRegex(peer.ask(b"a2", b"LOGIN {999999999}")[-1], rb"^a2 (BAD|NO)")
        with self.logged_in() as peer:
            self.assertRegex(peer.ask(b"b1", b"APPEND INBOX {4000000000}")[-1], rb"^b1 (NO \[TOOBIG\]|BAD|NO)")
            self.assertIn(b"b2 OK", peer.ask(b"b2", b"NOOP")[-1])
        with self.imap() as peer:
            inside = b"evil LOGIN ann annspassword\r\n"
            junk = inside * 4000
            peer.send(b"a3 LOGIN {%d+}\r\n" % len(junk))
            try:
                peer.send(junk + b" x\r\n")
                lines = peer.reply(b"a3")
            except ConnectionError:
                lines = [b""]
            self.assertFalse([line for line in lines if line.startswith(b"evil")])
        self.still_serves()

    def test_commands_out_of_order_are_bad_and_the_session_goes_on(self):
        with self.imap() as peer:
            for number, text in enumerate((b"SELECT INBOX", b"FETCH 1 FLAGS", b"IDLE", b"NOSUCH", b"", b"LOGIN", b"LOGIN a",
                                           b"(", b"LOGIN \"a b", b"\x00\xff\xfe", b"UID", b"UID NOOP")):
                tag = b"t%d" % number
                self.assertRegex(peer.ask(tag, text)[-1], tag + rb" (BAD|NO)")
            self.assertIn(b"z OK", peer.ask(b"z", b"NOOP")[-1])
        with self.logged_in() as peer:
            for number, text in enumerate((b"FETCH 1 FLAGS", b"STORE 1 +FLAGS (\\Seen)", b"EXPUNGE", b"CLOSE", b"SEARCH ALL",
                                           b"LOGIN ann annspassword", b"STARTTLS now")):
                tag = b"u%d" % number
                self.assertRegex(peer.ask(tag, text)[-1], tag + rb" (BAD|NO)")
            self.assertIn(b"s OK", peer.ask(b"s", b"SELECT INBOX")[-1])
            for number, text in enumerate((b"FETCH 0 FLAGS", b"FETCH 1:2:3 FLAGS", b"FETCH 1 (FLAGS", b"FETCH 1 BODY[1",
                                           b"FETCH 1 BODY[]<5>", b"SEARCH " + b"(" * 5000, b"SEARCH " + b"NOT " * 5000,
                                           b"STORE 1 FLAGS (\\NoSuch)", b"FETCH 99 FLAGS")):
                tag = b"v%d" % number
                self.assertRegex(peer.ask(tag, text)[-1], tag + rb" (BAD|NO)", text[:30])
            self.assertIn(b"w OK", peer.ask(b"w", b"FETCH 1 FLAGS")[-1])
        pop3 = Peer(self.server.port("pop3"))
        with pop3:
            for text in (b"STAT", b"RETR 1", b"PASS x", b"NOSUCH", b"", b"USER", b"\x00\xff", b"APOP x", b"AUTH NOSUCH"):
                pop3.send(text + b"\r\n")
                self.assertTrue(pop3.line().startswith(b"-ERR"), text)
            pop3.send(b"QUIT\r\n")
            self.assertTrue(pop3.line().startswith(b"+OK"))

    def test_a_half_closed_connection_gets_the_answers_to_what_it_sent(self):
        with self.imap() as peer:
            peer.send(b"a LOGIN ann annspassword\r\nb SELECT INBOX\r\nc FETCH 1 BODY.PEEK[]\r\n")
            peer.socket.shutdown(socket.SHUT_WR)
            text = peer.file.read()
            self.assertIn(b"Subject: one", text)
            self.assertIn(b"c OK", text)
        with Peer(self.server.port("pop3")) as peer:
            peer.send(b"USER ann\r\nPASS annspassword\r\nRETR 1\r\n")
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertIn(b"Subject: one", peer.file.read())

    def test_one_octet_a_second_holds_up_nobody_else(self):
        with self.imap() as slow, Peer(self.server.port("pop3")) as slow_pop3:
            for octet in b"a NO":
                slow.send(bytes([octet]))
                slow_pop3.send(bytes([octet]))
                self.still_serves()
                time.sleep(1)
            slow.send(b"OP\r\n")
            self.assertIn(b"a OK", slow.reply(b"a")[-1])

    def test_a_pop3_session_that_is_cut_off_deletes_nothing_and_frees_the_mailbox(self):
        def deletes():  # IMAP sessions of the tests before may hold the mailbox a moment longer
            with Peer(self.server.port("pop3")) as peer:
                peer.send(b"USER ann\r\nPASS annspassword\r\nDELE 1\r\n")
                return all(peer.line().startswith(b"+OK") for _ in range(3))

        wait_until(deletes, 30, "a login by POP3")
        pop3 = poplib.POP3("127.0.0.1", self.server.port("pop3"))
        pop3.user(ANN[0])
        pop3.pass_(ANN[1])
        self.assertEqual(pop3.stat()[0], 1)
        pop3.quit()

    def test_a_lost_database_is_a_temporary_no_and_sessions_go_on_when_it_is_back(self):
        with self.logged_in() as peer:
            self.assertIn(b"s OK", peer.ask(b"s", b"SELECT INBOX")[-1])
            old = database_processes(self.server.data)
            os.kill(old[0], signal.SIGKILL)
            answer = peer.ask(b"t", b"STORE 1 +FLAGS (\\Flagged)")[-1]
            self.assertRegex(answer, rb"^t (OK|NO)")  # OK only when it was already back

            def stored():
                return b"OK" in peer.ask(b"u", b"STORE 1 +FLAGS (\\Flagged)")[-1]

            wait_until(stored, 60, "a stored flag")
            self.assertIn(b"\\Flagged", b"".join(peer.ask(b"v", b"FETCH 1 (FLAGS)")))


if __name__ == "__main__":
    unittest.main()
