"""Mail to another domain: it leaves through a second server that plays the smart host; what that one refuses comes back."""

import imaplib
import json
import smtplib
import unittest

from running_server import RunningServer, wait_until

ANN = ("ann", "annspassword")
OUT = ("zoe", "zoespassword")


def inbox(server, who):
    """The messages of an inbox as texts."""
    with imaplib.IMAP4("127.0.0.1", server.port("imap")) as imap:
        imap.login(*who)
        imap.select("INBOX", readonly=True)
        _, data = imap.fetch("1:*", "(BODY.PEEK[])")
        return [part[1].decode() for part in data if isinstance(part, tuple)]


class RelayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.far = RunningServer(domain="other.example")
        cls.far.start()
        cls.far.add_user(*OUT)
        cls.near = RunningServer(domain="test.example")
        cls.near.start()
        cls.near.add_user(*ANN)
        cls.near.command("settings", "set", "RelayHost", f"127.0.0.1:{cls.far.port('smtp')}")

    @classmethod
    def tearDownClass(cls):
        cls.near.clean_up()
        cls.far.clean_up()

    def send(self, to, subject):
        with smtplib.SMTP("127.0.0.1", self.near.port("smtp")) as smtp:
            smtp.login(*ANN)
            smtp.sendmail("ann@test.example", to, f"From: ann@test.example\r\nSubject: {subject}\r\n\r\nGo.\r\n")

    def test_a_message_leaves_through_the_smart_host(self):
        self.send(["zoe@other.example"], "outward")
        arrived = wait_until(lambda: [m for m in inbox(self.far, OUT) if "Subject: outward" in m], 30, "the message")
        self.assertEqual(len(arrived), 1)
        self.assertEqual(arrived[0].count("\nReceived: "), 2)
        self.assertTrue(arrived[0].startswith("Return-Path: <ann@test.example>\r\n"))
        wait_until(lambda: "0 messages" in self.near.command("queue", "list"), 10, "the empty queue")

    def test_the_historical_log_tells_of_what_was_sent(self):
        self.near.command("settings", "set", "HistoricalLogging", "1")
        try:
            self.send(["zoe@other.example"], "for the record")

            def sent():
                return [row for row in json.loads(self.near.command("history", "--json"))
                        if row["subject"] == "for the record" and row["sesstype"] == "C"]
            row = wait_until(sent, 30, "the row of the sending")[0]
        finally:
            self.near.command("settings", "set", "HistoricalLogging", "0")
        self.assertEqual([(r["name"], r["rcpttype"]) for r in row["recipients"]], [("zoe@other.example", "S")])
        self.assertTrue(row["recipients"][0]["result"].startswith("250"), row)
        self.assertEqual((row["fromaddr"], row["authsender"], row["errorcode"]), ("ann@test.example", "ann", ""))

    def test_what_the_smart_host_refuses_comes_back_with_the_reason(self):
        self.send(["nobody@other.example"], "refused")
        bounce = wait_until(lambda: [m for m in inbox(self.near, ANN) if "nobody@other.example" in m], 30, "the bounce")[0]
        self.assertTrue(bounce.startswith("Return-Path: <>\r\n"))
        self.assertIn("report-type=delivery-status", bounce.replace('"', ""))
        self.assertIn("Action: failed", bounce)
        self.assertIn("Status: 5.1.1", bounce)
        self.assertIn("550 5.1.1 Unrecognised recipient", bounce)
        self.assertIn("Subject: refused", bounce)

    def test_of_two_recipients_one_gets_it_and_the_other_is_reported(self):
        self.send(["zoe@other.example", "noone@other.example"], "half")
        wait_until(lambda: [m for m in inbox(self.far, OUT) if "Subject: half" in m], 30, "the message")
        bounce = wait_until(lambda: [m for m in inbox(self.near, ANN) if "noone@other.example" in m], 30, "the bounce")[0]
        self.assertNotIn("Final-Recipient: rfc822; zoe@other.example", bounce)

    def test_mail_waits_while_the_smart_host_is_away_and_leaves_when_told(self):
        self.near.command("settings", "set", "RelayHost", "127.0.0.1:9")  # nobody listens there
        try:
            self.send(["zoe@other.example"], "later")
            wait_until(lambda: "attempts 1" in self.near.command("queue", "list"), 30, "the first attempt")
        finally:
            self.near.command("settings", "set", "RelayHost", f"127.0.0.1:{self.far.port('smtp')}")
        self.near.command("queue", "flush")
        wait_until(lambda: [m for m in inbox(self.far, OUT) if "Subject: later" in m], 30, "the message")

    def test_the_queue_can_be_emptied_by_hand(self):
        self.near.command("settings", "set", "RelayHost", "127.0.0.1:9")
        try:
            self.send(["zoe@other.example"], "never")
            self.assertIn("1 message\n", self.near.command("queue", "list", "--to", "zoe@*"))
            self.assertIn("1 deleted", self.near.command("queue", "delete", "--to", "zoe@other.example"))
            self.assertIn("0 messages\n", self.near.command("queue", "list"))
        finally:
            self.near.command("settings", "set", "RelayHost", f"127.0.0.1:{self.far.port('smtp')}")


if __name__ == "__main__":
    unittest.main()
