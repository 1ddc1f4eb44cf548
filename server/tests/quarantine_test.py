"""The quarantine of a real server: kept back by SMTP, told by a report, looked at and released over its link and from the
command line, seen by IMAP sessions that are open all the while. Numbers are the test cases of spec 11 section 16."""

import email
import email.header
import email.policy
import html
import imaplib
import json
import os
import re
import smtplib
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from running_server import RunningServer, wait_until

ANN = ("ann", "annspassword")
BOB = ("bob", "bobspassword")
RULES = 'IfMatch Subject "/score([0-9]+)/"\n${Score} = ${1} [number]\nEndIf\nAddHeader "X-VPOP3-Spam: ${Score}"\n'


class QuarantineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.start()
        cls.server.add_user(*ANN)
        cls.server.add_user(*BOB)
        with open(os.path.join(cls.server.data, "spamrules", "spamrules.txt"), "w") as script:
            script.write(RULES)
        cls.web = f"http://127.0.0.1:{cls.server.port('http')}"
        cls.set("SpamFilter", "1")
        cls.set("WebAddress", cls.web)
        cls.set("QuarantineReportTimes", "")
        time.sleep(2)  # the script is looked at once a second

    @classmethod
    def tearDownClass(cls):
        cls.server.clean_up()

    @classmethod
    def set(cls, name, value):
        cls.server.command("settings", "set", name, value)
        time.sleep(1)  # the server hears of it from the database

    def setUp(self):
        """Every test begins with empty inboxes and an empty quarantine."""
        for mail in self.kept("--hidden", "--most", "10000"):
            self.server.command("quarantine", "delete", str(mail["id"]))
        for who in (ANN, BOB):
            with self.imap(who) as imap:
                imap.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
                imap.expunge()

    def imap(self, who=ANN):
        imap = imaplib.IMAP4("127.0.0.1", self.server.port("imap"))
        imap.login(*who)
        imap.select("INBOX")
        return imap

    def kept(self, *words):
        return json.loads(self.server.command("quarantine", "list", "--json", *words))

    def send(self, subject, to=("ann",), sender="joe@other.example", body="buy cheap pills\r\n", author=None):
        text = f"From: Joe <{author or sender}>\r\nTo: x@test.example\r\nSubject: {subject}\r\n\r\n{body}"
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            smtp.sendmail(sender, [f"{name}@test.example" for name in to], text.encode())

    def inbox(self, who=ANN):
        with self.imap(who) as imap:
            _, data = imap.fetch("1:*", "(BODY.PEEK[])")
            return [part[1] for part in data if isinstance(part, tuple)]

    def arrived(self, count, who=ANN):
        """The messages of an inbox once another process has put so many into it: the news come from the database."""
        wait_until(lambda: len(self.inbox(who)) >= count, what="the mail")
        mails = self.inbox(who)
        self.assertEqual(len(mails), count)
        return mails

    def exists(self, imap, count):
        """Waits until an open session sees so many messages."""
        wait_until(lambda: imap.noop() and imap.untagged_responses["EXISTS"][-1] == str(count).encode(),
                   what=f"message {count}")

    def links(self, octets):
        """Addresses of the View links of a report, from both of its alternatives, which must agree."""
        report = email.message_from_bytes(octets, policy=email.policy.default)
        self.assertEqual(report.get_content_type(), "multipart/alternative")
        plain = re.findall(r"^View: (\S+)\s*$", report.get_body(("plain",)).get_content(), re.M)
        linked = [html.unescape(a) for a in re.findall(r'href="([^"]+)"', report.get_body(("html",)).get_content())]
        self.assertEqual(plain, linked)
        return plain

    def http(self, url, form=None):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(url, data, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def act(self, link, **form):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))
        return self.http(link.split("?")[0], {**query, **form})

    def test_11_30_the_threshold_divides_inbox_and_quarantine(self):
        self.send("score99 fine")
        self.send("score100 =?utf-8?q?Gr=C3=BC=C3=9Fe?=")
        self.assertEqual(len(self.inbox()), 1)
        self.assertIn(b"X-VPOP3-Spam: 99", self.inbox()[0])
        mail, = self.kept()
        self.assertEqual(mail["subject"], "score100 Grüße")
        self.assertEqual((mail["user"], mail["score"], mail["rules"], mail["sender"]),
                         ("ann", 100, "number", "joe@other.example"))
        self.assertEqual(mail["recipients"], ["ann@test.example"])

    def test_11_31_users_have_thresholds_of_their_own(self):
        self.server.add_user("eve", "evespassword")
        try:
            self.server.command("user", "set", "bob", "--spam-threshold", "300")
            self.server.command("user", "set", "eve", "--spam-threshold", "off")
            self.assertIn("quarantine from 300", self.server.command("user", "list"))
            self.send("score200 x", ("ann", "bob", "eve"))
            self.assertEqual([mail["user"] for mail in self.kept()], ["ann"])
            self.assertEqual(len(self.inbox(BOB)), 1)
            self.assertEqual(len(self.inbox(("eve", "evespassword"))), 1)
        finally:
            self.server.command("user", "set", "bob", "--spam-threshold", "global")
            self.server.command("user", "delete", "eve")
        self.assertNotEqual(self.server.command("user", "set", "bob", "--spam-threshold", "x", check=False).returncode, 0)

    def test_11_33_with_the_facility_off_spam_is_delivered_with_its_header(self):
        self.set("QuarantineEnabled", "0")
        try:
            self.send("score200 x")
            self.assertEqual(self.kept(), [])
            self.assertIn(b"X-VPOP3-Spam: 200", self.inbox()[0])
        finally:
            self.set("QuarantineEnabled", "1")

    def test_a_report_has_links_that_show_and_release_while_imap_looks_on(self):
        self.send("score300 <script>alert(1)</script>")
        self.send("score150 likely a mistake")
        with self.imap() as imap:
            self.assertEqual(self.server.command("quarantine", "report"), "1 report sent\n")
            self.exists(imap, 1)
            report, = self.inbox()
            links = self.links(report)
            self.assertEqual(len(links), 2)
            self.assertTrue(links[0].startswith(self.web + "/quarantine?id="))

            status, page = self.http(links[1])
            self.assertEqual(status, 200)
            self.assertNotIn("<script", page)
            self.assertIn("&lt;script&gt;alert(1)", page)
            self.assertIn("buy cheap pills", page)
            self.assertEqual(len(self.kept()), 2, "looking changes nothing")

            self.assertEqual(self.http(links[0][:-1] + ("A" if links[0][-1] != "A" else "Q"))[0], 403)
            self.assertEqual(self.http(self.web + "/quarantine?id=1")[0], 403)

            status, page = self.act(links[0], act="release", train="1")
            self.assertEqual((status, "in the inbox now" in page), (200, True))
            imap.noop()  # the server itself has released it: at once
            self.assertEqual(imap.untagged_responses["EXISTS"][-1], b"2")
            _, data = imap.fetch("2", "(FLAGS BODY.PEEK[])")
            self.assertIn(b"Subject: score150 likely a mistake", data[0][1])
            self.assertEqual(self.act(links[0], act="release")[0], 410)
            self.assertEqual(self.http(links[0])[0], 410)
            self.assertEqual(self.act(links[1], act="delete")[0], 200)
            self.assertEqual(self.kept(), [])
        self.assertEqual(self.server.command("quarantine", "report"), "0 reports sent\n")  # 11-36
        self.assertEqual(len(self.inbox()), 2)

    def test_what_makes_no_sense_is_refused(self):
        for words in (("settings", "set", "SpamFolder", "a//b"), ("settings", "set", "QuarantineReportTimes", "25:00"),
                      ("settings", "set", "QuarantineReportRecipient", "x@y\nBcc: z"),
                      ("settings", "set", "LocalNetworks", "10.0.0/8"),
                      ("user", "set", "ann", "--quarantine-report", "x@y\nBcc: z"),
                      ("user", "set", "ann", "--quarantine-report", "Bob <bob@test.example>")):
            refused = self.server.command(*words, check=False)
            self.assertNotEqual(refused.returncode, 0, words)
            self.assertIn(words[2] if words[0] == "settings" else words[3], refused.stderr)
        self.assertEqual(self.server.command("settings", "list", "SpamFolder").strip(), "SpamFolder =   (default)")

    def test_the_list_says_when_there_is_more_and_cuts_long_subjects(self):
        for score in (200, 300, 400):
            self.send(f"score{score} " + "x" * 500)
        listed = self.server.command("quarantine", "list", "--most", "2", check=False)
        self.assertEqual(listed.returncode, 0)
        self.assertIn("there are more than these 2", listed.stderr)
        self.assertTrue(all(len(line) < 350 for line in listed.stdout.splitlines()))
        self.assertIn("x\u2026\n", listed.stdout)
        listed = self.server.command("quarantine", "list", "--most", "2", "--json", check=False)
        self.assertIn("there are more than these 2", listed.stderr)
        self.assertEqual(len(json.loads(listed.stdout)), 2)
        self.assertEqual(self.server.command("quarantine", "list", "--most", "3", check=False).stderr, "")

    def test_a_sender_that_would_be_a_pattern_is_released_but_not_listed(self):
        self.send("score200 a", author="*@*")
        self.send("score300 b", ("bob",))
        first = str(self.kept()[0]["id"])
        released = self.server.command("quarantine", "release", first, "--whitelist", check=False)
        self.assertEqual(released.stdout, "1 released\n")
        self.assertIn("not in the whitelist", released.stderr)
        self.assertNotEqual(released.returncode, 0)
        self.arrived(1)
        self.assertEqual([mail["user"] for mail in self.kept()], ["bob"])
        self.assertNotIn("*@*", self.server.command("list", "white", "show"))

    def test_scores_of_any_size_are_kept_and_released(self):
        self.send("score" + "9" * 60)
        mail, = self.kept()
        self.server.command("quarantine", "release", str(mail["id"]))
        self.arrived(1)

    def test_a_message_that_begins_with_an_empty_line_has_its_fields(self):
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            smtp.sendmail("joe@other.example", ["ann@test.example"], b"\r\nfirst\r\n\r\nsecond\r\n")
        mail, = self.arrived(1)
        self.assertIn(b"\r\nX-VPOP3-Spam: 0\r\n", mail)
        self.assertTrue(mail.endswith(b"\r\n\r\nfirst\r\n\r\nsecond\r\n"), mail)

    def test_11_29_the_whitelist_releases_all_of_a_sender(self):
        for subject, to in (("score200 a", ("ann",)), ("score300 b", ("bob",)), ("score400 c", ("ann", "bob"))):
            self.send(subject, to, "friend@other.example")
        self.send("score500 d")
        self.assertEqual(len(self.kept()), 5)
        first = str(self.kept("--sender", "FRIEND@")[0]["id"])
        with self.imap(BOB) as imap:
            self.assertEqual(self.server.command("quarantine", "release", first, "--whitelist", "--train"),
                             "1 released, and 3 more of the same senders\n")
            self.exists(imap, 2)
        self.arrived(2)
        self.assertEqual([mail["subject"] for mail in self.kept()], ["score500 d"])

    def test_11_38_the_list_is_narrowed_and_ordered(self):
        for score, size in ((300, 1500), (200, 2500), (100, 5000)):
            self.send(f"score{score} x", body="y" * size + "\r\n")
        self.assertEqual([mail["score"] for mail in self.kept()], [100, 200, 300])
        self.assertEqual([mail["score"] for mail in self.kept("--size", "2000..3000")], [200])
        self.assertEqual([mail["score"] for mail in self.kept("--score", ">=200")], [200, 300])
        self.assertEqual([mail["score"] for mail in self.kept("--subject", "SCORE2")], [200])
        self.assertEqual([mail["score"] for mail in self.kept("--user", "bob")], [])
        self.assertEqual(len(self.kept("--date", time.strftime("%Y-%m-%d"))), 3)
        self.assertEqual(self.kept("--date", "2001-01-01"), [])
        self.assertEqual(len(self.kept("--most", "2")), 2)
        self.assertNotEqual(self.server.command("quarantine", "list", "--size", "big", check=False).returncode, 0)
        number = str(self.kept()[0]["id"])
        self.server.command("quarantine", "hide", number)
        self.server.command("quarantine", "seen", number)
        self.assertEqual(len(self.kept()), 2)
        self.assertTrue(self.kept("--hidden")[0]["seen"])
        shown = self.server.command("quarantine", "show", number)
        self.assertIn("Score: 100", shown)
        self.assertIn("Return-Path: <joe@other.example>", shown)
        self.assertIn("X-VPOP3-Spam: 100", shown)
        self.assertNotEqual(self.server.command("quarantine", "show", "99999999", check=False).returncode, 0)

    def test_released_by_two_at_once_it_is_delivered_once(self):
        for _ in range(5):
            self.send("score200 x")
        self.server.command("quarantine", "report")
        links = self.links(self.arrived(1)[0])
        answers = []
        for link in links:
            threads = [threading.Thread(target=lambda: answers.append(self.act(link, act="release")[0])) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(sorted(answers), [200] * 5 + [410] * 15)
        self.assertEqual(len(self.inbox()), 6)

    def test_a_message_of_20_mb_is_kept_shown_and_released(self):
        line = "a line of a long message that nobody wants to read to its end\r\n"
        self.send("score200 big", body=line * (20_000_000 // len(line)))
        mail, = self.kept()
        self.assertGreater(mail["size"], 19_000_000)
        self.server.command("quarantine", "report")
        link, = self.links(self.arrived(1)[0])
        status, page = self.http(link)
        self.assertEqual(status, 200)
        self.assertLess(len(page), 1_000_000)
        self.assertEqual(self.act(link, act="release", train="1")[0], 200)
        with self.imap() as imap:
            _, data = imap.fetch("2", "(RFC822.SIZE)")
            self.assertGreater(int(data[0].split()[-1].rstrip(b")")), 19_000_000)

    def test_no_subject_and_no_sender(self):
        with open(os.path.join(self.server.data, "spamrules", "spamrules.txt"), "w") as script:
            script.write("${Score} = 500\n")
        try:
            time.sleep(2)
            with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
                smtp.sendmail("", ["ann@test.example"], b"\r\nx\r\n")
            self.server.command("quarantine", "report")
            link, = self.links(self.arrived(1)[0])
            self.assertIn("(no subject)", self.http(link)[1])
            self.assertEqual(self.act(link, act="release")[0], 200)
        finally:
            with open(os.path.join(self.server.data, "spamrules", "spamrules.txt"), "w") as script:
                script.write(RULES)
            time.sleep(2)

    def test_the_server_itself_reports_at_the_set_time(self):
        self.send("score200 x")
        self.server.command("user", "set", "ann", "--quarantine-report", "bob@test.example")  # 11-35
        try:
            self.set("QuarantineReportTimes", time.strftime("%H:%M", time.localtime(time.time() + 60)))
            wait_until(lambda: self.inbox(BOB), 150, "the report")
        finally:
            self.set("QuarantineReportTimes", "")
            self.server.command("user", "set", "ann", "--quarantine-report", "")
        self.assertEqual(len(self.links(self.inbox(BOB)[0])), 1)
        self.assertEqual(self.inbox(), [])


if __name__ == "__main__":
    unittest.main()
