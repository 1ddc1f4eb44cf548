"""The spam filter in the running server: null addresses, teaching by moves, marks and forwards, headers for one user,
the commands of lists, weights and script settings."""

import glob
import imaplib
import os
import smtplib
import subprocess
import time
import unittest

from running_server import PROGRAM, RunningServer, wait_until

ANN = ("ann", "annspassword")
BOB = ("bob", "bobspassword")

MAIL = """From: {sender}\r
To: ann@test.example\r
Subject: {subject}\r
Message-ID: <{id}@far.example>\r
Date: Mon, 23 Nov 2026 10:00:00 +0000\r
\r
{body} {id}\r
"""


class FilterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = RunningServer()
        cls.server.start()
        cls.server.add_user(*ANN)
        cls.server.add_user(*BOB)
        cls.server.command("settings", "set", "SpamFilter", "1")
        with open(os.path.join(cls.server.data, "spamrules", "spamrules_userlocal.txt"), "a") as own:
            own.write("${LocalMail} = 0\n")  # who has not logged in is an outsider, though on this machine
        with open(os.path.join(cls.server.data, "spamrules", "spamrules_userprocess.txt"), "a") as own:
            own.write('IfMatch Subject forbob\nAddHeader "{bob}Subject: only for bob"\nEndIf\n')
        cls.number = 0
        time.sleep(2.1)

    @classmethod
    def tearDownClass(cls):
        cls.server.clean_up()

    def mail(self, subject="hello", body="some text", sender="joe@far.example"):
        FilterTest.number += 1
        return MAIL.format(sender=sender, subject=subject, id=FilterTest.number, body=body)

    def send(self, text, to=("ann@test.example",), sender="joe@far.example", login=None):
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp")) as smtp:
            if login:
                smtp.login(*login)
            smtp.sendmail(sender, to, text)

    def imap(self, who):
        client = imaplib.IMAP4("127.0.0.1", self.server.port("imap"))
        client.login(*who)
        return client

    def messages(self, who, subject, folder="INBOX"):
        with self.imap(who) as client:
            client.select(folder, readonly=True)
            _, found = client.search(None, "SUBJECT", f'"{subject}"')
            out = []
            for number in found[0].split():
                _, data = client.fetch(number, "(BODY.PEEK[])")
                out.append(data[0][1].decode())
            return out

    def learned(self):
        """(ham, spam): how many messages Bayes has learned."""
        size = self.psql("SELECT ham, spam FROM spamfilter.bayesmessages")
        return tuple(int(n) for n in size.split("|"))

    def psql(self, statement):
        sockets = glob.glob(os.path.join(self.server.data, "**", ".s.PGSQL.*"), recursive=True)
        sockets = [one for one in sockets if not one.endswith(".lock")]
        self.assertTrue(sockets, "the socket of the database is not below the data folder")
        folder, name = os.path.split(sockets[0])
        port = name.rsplit(".", 1)[1]
        done = subprocess.run(["psql", "-h", folder, "-p", port, "-U", "pennypost", "-d", "pennypost", "-Atc", statement],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def learned_at_rest(self):
        """What the mail of other tests teaches is written behind it: waits until nothing more comes."""
        while True:
            before = self.learned()
            time.sleep(5)
            if self.learned() == before:
                return before

    def has_learned(self, ham, spam):
        wait_until(lambda: self.learned() == (ham, spam), 20, f"{ham} ham and {spam} spam")

    def test_moving_into_junk_and_out_of_it_and_forwarding_to_spam_teach(self):
        ham, spam = self.learned_at_rest()
        self.send(self.mail("teach me"))
        wait_until(lambda: self.messages(ANN, "teach me"), 20, "the message")
        self.has_learned(ham + 1, spam)  # what passes clearly is ham
        with self.imap(ANN) as client:
            client._simple_command("CREATE", "Spam", "(USE (\\Junk))")
            client.select("INBOX")
            _, found = client.search(None, "SUBJECT", '"teach me"')
            self.assertEqual(client._simple_command("MOVE", found[0].decode(), "Spam")[0], "OK")
            self.has_learned(ham, spam + 1)
            client.select("Spam")
            self.assertEqual(client.store("1", "+FLAGS", "($Junk)")[0], "OK")
            time.sleep(3)
            self.has_learned(ham, spam + 1)  # once
            self.assertEqual(client.uid("MOVE", "1", "INBOX")[0], "OK")
            self.has_learned(ham + 1, spam)
            client.select("INBOX")
            _, found = client.search(None, "SUBJECT", '"teach me"')
            self.assertEqual(client.store(found[0], "+FLAGS", "(Junk)")[0], "OK")
            self.has_learned(ham, spam + 1)
            self.assertEqual(client.store(found[0], "+FLAGS", "(NonJunk)")[0], "OK")
            self.has_learned(ham + 1, spam)
        original = self.messages(ANN, "teach me")[0]
        forward = self.mail("Fwd: teach me", "look", "ann@test.example").replace(
            "Date:", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nDate:", 1)
        head, _ = forward.split("\r\n\r\n", 1)
        forward = (head + "\r\n\r\n--b\r\n\r\nlook\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + original +
                   "\r\n--b--\r\n")
        self.send(forward, ["spam@test.example"], "ann@test.example", ANN)
        self.has_learned(ham, spam + 1)
        self.send(forward, ["notspam@test.example"], "ann@test.example", ANN)
        self.has_learned(ham + 1, spam)
        with self.imap(ANN) as client:
            self.assertEqual(client.append("Spam", None, None, self.mail("appended").encode())[0], "OK")
            self.has_learned(ham + 1, spam + 1)

    def test_a_field_for_one_user_is_in_his_copy_alone(self):
        self.send(self.mail("forbob and ann"), ["ann@test.example", "bob@test.example"])
        wait_until(lambda: self.messages(BOB, "only for bob"), 20, "bob's copy")
        self.assertEqual(len(self.messages(ANN, "forbob and ann")), 1)
        self.assertEqual(self.messages(ANN, "only for bob"), [])
        self.assertEqual(self.messages(BOB, "forbob and ann"), [])

    def test_lists_are_kept_by_commands_and_decide(self):
        command = self.server.command
        self.assertIn("1 entries added", command("list", "black", "add", "bad@far.example"))
        source = os.path.join(self.server.folder, "words.txt")
        with open(source, "w") as words:
            words.write("# ours\n\nplatypus\n/(/\ncat*basket\n")
        os.chmod(source, 0o644)
        done = command("list", "black-words", "import", source, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(":4:", done.stderr)
        self.assertEqual(command("list", "black-words", "show"), "platypus\ncat*basket\n")
        self.assertEqual(command("list", "black-words", "export"), "platypus\ncat*basket\n")
        time.sleep(1.2)
        self.send(self.mail("an animal", "there is a Platypus"))
        self.send(self.mail("from a bad one", sender="bad@far.example"), sender="bad@far.example")
        self.send(self.mail("ordinary"))
        wait_until(lambda: self.messages(ANN, "ordinary"), 20, "the ordinary message")
        self.assertEqual(self.messages(ANN, "an animal"), [])
        self.assertEqual(self.messages(ANN, "from a bad one"), [])
        self.assertIn("found      1 x", command("list", "black", "show"))
        self.assertIn("2 entries removed", command("list", "black-words", "remove", "platypus", "cat*basket"))

    def test_bulk_deletion_asks_with_count_and_examples(self):  # spec 11 section 16, case 42
        command = self.server.command
        added = subprocess.run([PROGRAM, "list", "white", "add", "--data", self.server.data],
                               input="".join(f"w{n}@far.example\n" for n in range(25)) + "nobody\n",
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(added.returncode, 1)
        self.assertIn("line:26: nobody", added.stderr)
        self.assertIn("25 entries added", added.stdout)
        refused = command("list", "white", "delete-where", "findcount<1", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("25 entries: findcount<1", refused.stdout)
        self.assertIn("w0@far.example", refused.stdout)
        self.assertIn("and 15 more", refused.stdout)
        self.assertEqual(len(command("list", "white", "export").split()), 25)
        self.assertEqual(command("list", "white", "delete-where", "banana", check=False).returncode, 1)
        self.assertIn("25 entries deleted", command("list", "white", "delete-where", "findcount < 1", "and", "manual",
                                                    "--yes"))
        self.assertEqual(command("list", "white", "export"), "")

    def test_weights_and_settings_are_shown_changed_and_put_back(self):  # cases 16 and 44
        command = self.server.command

        def line(text, name):
            return next(one for one in text.splitlines() if one.startswith(name + " "))

        self.assertRegex(line(command("rules", "weights"), "blacklist"), r"blacklist +100 +\(100\) +The sender")
        self.assertRegex(line(command("rules", "weights", "--set", "BlackList=50 75"), "blacklist"), r" 50 75 +\(100\)")
        self.assertEqual(command("rules", "weights", "--set", "nosuch=1", check=False).returncode, 1)
        self.assertEqual(command("rules", "weights", "--set", "blacklist=banana", check=False).returncode, 1)
        self.assertRegex(line(command("rules", "weights", "--reset-all"), "blacklist"), r" 100 +\(100\)")
        self.assertRegex(line(command("rules", "options", "--set", "autowhitelist=banana"), "AutoWhiteList"),
                         r'"banana" +\(1\)')
        self.assertRegex(line(command("rules", "options", "--reset", "AutoWhiteList"), "AutoWhiteList"), r'"1" +\(1\)')


if __name__ == "__main__":
    unittest.main()
