"""What strangers do to an SMTP server, on the real program: endless lines and headers, deep nesting, half-closed
connections, one octet a second, a full disk, a database that goes away. The server answers, and loses nothing."""

import os
import signal
import smtplib
import socket
import subprocess
import time
import unittest

from running_server import RunningServer, wait_until

ANN = ("ann", "annspassword")


class Wire:
    """A bare connection: octets out, reply lines in."""

    def __init__(self, server, timeout=120):
        self.socket = socket.create_connection(("127.0.0.1", server.port("smtp")), timeout=timeout)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line.decode().rstrip("\r\n")

    def ask(self, line):
        self.send(line + b"\r\n")
        return self.reply()

    def begin(self, to=b"ann@test.example"):
        self.reply()
        self.ask(b"EHLO stranger.example")
        self.ask(b"MAIL FROM:<x@stranger.example>")
        self.ask(b"RCPT TO:<" + to + b">")
        return self.ask(b"DATA")


class BadSmtpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.start()
        cls.server.add_user(*ANN)

    @classmethod
    def tearDownClass(cls):
        cls.server.clean_up()

    def assert_still_serves(self):
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp"), timeout=30) as smtp:
            smtp.sendmail("x@stranger.example", ["ann@test.example"], "Subject: still here\r\n\r\nyes\r\n")

    def resident(self):
        """KiB of the server's own memory."""
        with open(f"/proc/{self.server.process.pid}/status") as file:
            return int(next(line for line in file if line.startswith("RssAnon")).split()[1])

    def test_a_line_without_end_is_refused_and_costs_no_memory(self):
        before = self.resident()
        with Wire(self.server) as wire:
            wire.reply()
            for _ in range(50):
                wire.send(b"x" * 1_000_000)
            wire.send(b"\r\n")
            self.assertTrue(wire.reply().startswith("500 5.5.2"))
            self.assertTrue(wire.ask(b"NOOP").startswith("250"))
        self.assertLess(self.resident() - before, 16 * 1024)

    def test_a_million_header_fields_are_taken_in_bounded_time_and_memory(self):
        before = self.resident()
        with Wire(self.server, 120) as wire:
            self.assertTrue(wire.begin().startswith("354"))
            for _ in range(100):
                wire.send(b"X-Field: value\r\n" * 10_000)
            wire.send(b"Subject: a million\r\n\r\ntext\r\n.\r\n")
            self.assertTrue(wire.reply().startswith("250 2.0.0"))
        self.assertLess(self.resident() - before, 128 * 1024)
        self.assert_still_serves()

    def test_a_million_received_fields_are_a_loop(self):
        with Wire(self.server, 120) as wire:
            wire.begin()
            for _ in range(100):
                wire.send(b"Received: x\r\n" * 10_000)
            wire.send(b"\r\ntext\r\n.\r\n")
            self.assertEqual(wire.reply(), "554 5.4.6 Too many hops")

    def test_parts_nested_ten_thousand_deep_are_taken(self):
        with Wire(self.server, 120) as wire:
            wire.begin()
            text = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000))
            wire.send(text + b"\r\ntext\r\n.\r\n")
            self.assertTrue(wire.reply().startswith("250 2.0.0"))
        self.assert_still_serves()

    def test_three_thousand_recipients_are_answered_one_by_one(self):
        with Wire(self.server, 120) as wire:
            wire.reply()
            wire.ask(b"EHLO x")
            wire.ask(b"MAIL FROM:<x@stranger.example>")
            answers = {}
            for start in range(0, 3000, 100):
                wire.send(b"".join(b"RCPT TO:<r%d@other.example>\r\n" % (start + n) for n in range(100)))
                for _ in range(100):
                    code = wire.reply()[:3]
                    answers[code] = answers.get(code, 0) + 1
            self.assertEqual(answers, {"250": 1000, "452": 2000})

    def test_commands_that_make_no_sense_end_the_session_at_a_hundred(self):
        with Wire(self.server) as wire:
            wire.reply()
            wire.send(b"\xff\xfe\r\n" * 120)
            replies = [wire.reply() for _ in range(101)]
            self.assertTrue(all(reply.startswith("500") for reply in replies[:100]))
            self.assertTrue(replies[100].startswith("421 4.7.0"))

    def test_a_half_closed_connection_gets_the_answer_to_what_it_sent(self):
        with Wire(self.server) as wire:
            wire.begin()
            wire.send(b"Subject: half closed\r\n\r\ntext\r\n.\r\nNOOP\r\n")
            wire.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(wire.reply().startswith("250 2.0.0 Message accepted"))
            self.assertTrue(wire.reply().startswith("250 2.0.0 OK"))
            self.assertEqual(wire.file.readline(), b"")

    def test_one_octet_a_second_holds_up_nobody_else_and_a_silent_client_is_let_go(self):
        self.server.command("settings", "set", "SmtpTimeout", "10")
        try:
            time.sleep(3)  # the setting reaches the server by NOTIFY, on a busy machine not at once
            with Wire(self.server) as slow, Wire(self.server) as silent:
                slow.begin()
                silent.reply()
                for octet in b"Subject: slow":
                    slow.send(bytes([octet]))
                    time.sleep(1)
                self.assert_still_serves()
                self.assertTrue(silent.reply().startswith("421 4.4.2"))
                slow.send(b"\r\n\r\ntext\r\n.\r\n")
                self.assertTrue(slow.reply().startswith("250 2.0.0"))
        finally:
            self.server.command("settings", "unset", "SmtpTimeout", check=False)

    def test_a_lost_database_is_answered_4xx_and_mail_goes_on_when_it_is_back(self):
        with open(os.path.join(self.server.data, "db", "postmaster.pid")) as file:
            postmaster = int(file.readline())
        with Wire(self.server, 120) as wire:
            wire.begin()
            wire.send(b"Subject: lost database\r\n\r\ntext\r\n")
            os.kill(postmaster, signal.SIGSTOP)  # it takes nothing any more; then it is gone
            os.kill(postmaster, signal.SIGKILL)
            wire.send(b".\r\n")
            reply = wire.reply()
            self.assertIn(reply[:3], ("250", "451", "452"))  # 250: the database was back within the wait
        wait_until(self.can_send, 90, "mail after the loss of the database")
        taken = [part for part in self.subjects() if part == "lost database"]
        self.assertEqual(len(taken), 1 if reply.startswith("250") else 0)

    def can_send(self):
        try:
            self.assert_still_serves()
            return True
        except (OSError, smtplib.SMTPException):
            return False

    def subjects(self):
        import imaplib
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(*ANN)
            imap.select("INBOX", readonly=True)
            _, data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            return [part[1].decode().strip().removeprefix("Subject: ") for part in data if isinstance(part, tuple)]


if __name__ == "__main__":
    unittest.main()
