"""The historical log through the server: rows by SQL as reports ask for them, and by `pennypost history`."""

import glob
import json
import os
import poplib
import smtplib
import subprocess
import unittest

from running_server import RunningServer, wait_until

ANN = ("ann", "annspassword")
RULES = """DefineRule "PrizeWord" 0.5 "a word"
BulkScan Score [PrizeWord]
Subject /pri[sz]e/i 240
EndBulkScan
Log "looked at the subject"
If ${Score} >= 100
  IfMatch Subject "refuse me"
    Reject "552 5.7.1 No prizes here"
  EndIf
EndIf
"""


class HistoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.start()
        cls.server.add_user(*ANN)
        for name, value in (("SpamFilter", "1"), ("HistoricalLogging", "1")):
            cls.server.command("settings", "set", name, value)
        folder = os.path.join(cls.server.data, "spamrules")
        for old in glob.glob(os.path.join(folder, "*")):
            os.remove(old)
        with open(os.path.join(folder, "spamrules.txt"), "w", newline="\r\n") as script:
            script.write(RULES)

    @classmethod
    def tearDownClass(cls):
        cls.server.clean_up()

    def send(self, subject, to=("ann@test.example",), sender="joe@other.example"):
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            return smtp.sendmail(sender, list(to), f"From: {sender}\r\nSubject: {subject}\r\n\r\nBody.\r\n")

    def rows(self, *words):
        return json.loads(self.server.command("history", "--json", *words))

    def row(self, subject):
        def found():
            return [row for row in self.rows() if row["subject"] == subject and row["sesstype"]]
        rows = wait_until(found, 20, f"the row of {subject}")
        self.assertEqual(len(rows), 1)
        return rows[0]

    def sql(self, statement):
        """What an administrator's report would ask."""
        pid_file = glob.glob(os.path.join(self.server.data, "db", "**", "postmaster.pid"), recursive=True)[0]
        with open(pid_file) as pid:
            lines = pid.read().splitlines()
        done = subprocess.run(["psql", "-XAt", "-h", lines[4], "-p", lines[3], "-U", "pennypost", "-d", "pennypost",
                               "-c", statement],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_a_message_that_a_rule_fired_on_has_its_rows(self):
        self.send("win a prize")
        row = self.row("win a prize")
        self.assertTrue(row["spam"])
        self.assertEqual(row["fromaddr"], "joe@other.example")
        self.assertEqual(row["errorcode"], "")
        self.assertGreater(row["size"], 50)
        self.assertEqual(row["session"], "127.0.0.1")
        self.assertIn(row["sesstype"], ("S", "L"))
        self.assertEqual([(r["name"], r["rcpttype"]) for r in row["recipients"]], [("ann@test.example", "N")])
        self.assertEqual([(r["name"], r["testmatch"].lower(), r["score"]) for r in row["spamrules"]],
                         [("PrizeWord", "prize", 120)])
        self.assertIn("spam rules", self.server.command("trace", row["traceid"]))

    def test_published_sql_finds_it(self):
        self.send("prize for the report")
        msgid = self.row("prize for the report")["msgid"]
        report = self.sql(
            "SELECT m.subject, r.name, s.name, s.score FROM logdb.messages m "
            "JOIN logdb.recipients r USING (msgid) JOIN logdb.spamrules s USING (msgid) "
            f"WHERE m.msgid = {msgid} AND m.datetime > (now() AT TIME ZONE 'UTC') - interval '10 minutes'")
        self.assertEqual(report, ["prize for the report|ann@test.example|PrizeWord|120"])

    def test_a_refused_message_has_a_row_that_says_why(self):
        with self.assertRaises(smtplib.SMTPDataError):
            self.send("prize: refuse me")
        row = self.row("prize: refuse me")
        self.assertTrue(row["errorcode"].startswith("552 5.7.1 No prizes here"))
        self.assertEqual(row["recipients"][0]["result"], "552 5.7.1 No prizes here")

    def test_recipients_that_nobody_has_are_told_beside_the_others(self):
        self.send("mixed", ["ann@test.example", "ghost@test.example"])
        row = self.row("mixed")
        self.assertFalse(row["spam"])
        self.assertEqual([(r["name"], r["rcpttype"]) for r in row["recipients"]],
                         [("ann@test.example", "N"), ("ghost@test.example", "I")])
        self.assertIn("550", row["recipients"][1]["result"])

    def test_the_messages_of_one_session_share_it(self):
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            smtp.login(*ANN)
            for subject in ("one of two", "two of two"):
                smtp.sendmail("ann@test.example", ["ann@test.example"], f"Subject: {subject}\r\n\r\nBody.\r\n")
        first, second = self.row("one of two"), self.row("two of two")
        self.assertEqual(first["sessid"], second["sessid"])
        self.assertEqual(first["sesstype"], "L")
        self.assertEqual(first["authsender"], "ann")

    def test_a_pop3_session_has_a_row(self):
        pop = poplib.POP3("127.0.0.1", self.server.port("pop3"))
        pop.user(ANN[0])
        pop.pass_(ANN[1])
        pop.quit()
        query = "SELECT name, errorcode FROM logdb.sessions WHERE sesstype = 'O'"
        self.assertIn("ann|", wait_until(lambda: self.sql(query), 20, "the session"))

    def test_the_spam_filter_log_has_a_line_a_log_and_one_a_message(self):
        self.send("prize in the file")
        trace = self.row("prize in the file")["traceid"]
        with open(os.path.join(self.server.data, "log", "spamfilter.log")) as log:
            lines = [line for line in log if trace in line]
        self.assertEqual(len(lines), 2)
        self.assertIn(": looked at the subject", lines[0])
        self.assertIn("score 120 (PrizeWord)", lines[1])

    def test_searching_by_sender_recipient_spam_and_time(self):
        self.send("prize by sender", sender="special@other.example")
        self.row("prize by sender")
        self.assertEqual([r["subject"] for r in self.rows("--sender", "SPECIAL@")], ["prize by sender"])
        self.assertEqual(self.rows("--recipient", "nobody-has-this"), [])
        self.assertTrue(all(r["spam"] for r in self.rows("--spam")))
        self.assertEqual(self.rows("--to", "2001-01-01"), [])
        self.assertEqual(len(self.rows("--most", "1")), 1)
        self.assertNotEqual(self.server.command("history", "--from", "yesterday", check=False).returncode, 0)
        self.assertIn("special@other.example", self.server.command("history", "--from", "2001-01-01 10:00"))


class OffTest(unittest.TestCase):
    def test_off_leaves_no_rows_and_on_counts_from_the_next_message(self):
        """Spec 60 section 20, case G3."""
        with RunningServer() as server:
            server.add_user(*ANN)

            def send(subject):
                with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
                    smtp.sendmail("joe@other.example", ["ann@test.example"], f"Subject: {subject}\r\n\r\nBody.\r\n")

            send("off")
            self.assertIn("log is off", server.command("history"))
            server.command("settings", "set", "HistoricalLogging", "1")
            send("on")
            server.stop()  # what waits is written at the end
            server.start()
            rows = json.loads(server.command("history", "--json"))
            self.assertEqual([row["subject"] for row in rows], ["on"])


if __name__ == "__main__":
    unittest.main()
