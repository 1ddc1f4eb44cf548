"""`pennypost rules ...` as an administrator calls it: files in, reports and exit codes out. Needs no server."""

import json
import os
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("PENNYPOST_PROGRAM", "build/release/pennypost")

MESSAGE = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello World\r\n\r\none two three\r\n"


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pennypost-rules-")
        self.addCleanup(self.folder.cleanup)
        self.scripts = os.path.join(self.folder.name, "rules")
        os.mkdir(self.scripts)
        self.message = self.file("m.eml", MESSAGE)

    def file(self, name, octets):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as out:
            out.write(octets)
        return path

    def script(self, text):
        self.file("rules/spamrules.txt", text)

    def rules(self, *words, given=b""):
        return subprocess.run([PROGRAM, "rules", *words], input=given, capture_output=True, timeout=60, check=False)

    def run_json(self, *options, message=None, exit_code=0, given=b""):
        done = self.rules("run", self.scripts, "--json", "--message", message or self.message, *options, given=given)
        self.assertEqual(done.returncode, exit_code, done.stderr)
        return json.loads(done.stdout)

    def test_a_run_is_one_object(self):
        self.script(b'IfMatch Subject "/^Hello (\\w+)/"\r\n  ${Score} += 3 [hello]\r\n  AddBag multi Seen ${1}\r\n'
                    b'EndIf\r\nAddHeader "X-T: ${Score}"\r\nLog "from ${mailfrom}"\r\nStop\r\nLog never\r\n')
        record = self.run_json("--var", "MailFrom=x@example.org")
        self.assertEqual(record["score"], 3)
        self.assertEqual(record["matchedConditions"], ["hello"])
        self.assertEqual(record["variables"]["1"], "World")
        self.assertEqual(record["variables"]["mailfrom"], "x@example.org")
        self.assertEqual(record["bags"], {"seen": ["World"]})
        self.assertEqual(record["log"], ["from x@example.org"])
        self.assertEqual([(h["name"], h["value"]) for h in record["headers"]], [("X-T", "3")])
        self.assertEqual(record["recipients"], ["b@example.org"])
        self.assertIsNone(record["reject"])
        self.assertIs(record["stopped"], True)
        self.assertEqual(record["warnings"], [])

    def test_a_script_that_does_not_load_is_the_same_object_with_its_errors(self):
        self.script(b"If 1 = 1\n")
        record = self.run_json(exit_code=1)
        self.assertEqual([(w["severity"], w["file"], w["line"]) for w in record["warnings"]],
                         [("error", "spamrules.txt", 1)])
        self.assertEqual((record["ended"], record["stopped"], record["log"]), ("not begun", False, []))

    def test_a_limit_is_an_exit_code(self):
        self.script(b":top\nGoto top\n")
        record = self.run_json(exit_code=1)
        self.assertIs(record["stopped"], True)
        self.assertIn("limit", record["ended"])

    def test_no_message_and_no_answers_are_input_like_any_other(self):
        self.script(b'IfMatch Body "/./"\nLog body\nEndIf\nDNS A bl.example.net r\nLog "<${Subject}${r}>"\n')
        empty = self.file("empty", b"")
        for message in (empty, "/dev/null", "/dev/stdin"):
            for answers in (empty, "/dev/null"):
                with self.subTest(message=message, answers=answers):
                    record = self.run_json("--dns", answers, message=message)
                    self.assertEqual(record["log"], ["<>"])

    def test_what_cannot_be_read_is_named(self):
        self.script(b"Log x\n")
        for path in (self.folder.name, os.path.join(self.folder.name, "none")):
            done = self.rules("run", self.scripts, "--message", path)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"{path} cannot be read".encode(), done.stderr)

    def test_strict_makes_unknown_statements_errors(self):
        self.script(b"Frobnicate 1\n")
        self.assertEqual(self.rules("check", self.scripts).returncode, 0)
        self.assertEqual(self.rules("check", self.scripts, "--strict").returncode, 1)
        found = json.loads(self.rules("check", self.scripts, "--strict", "--json").stdout)
        self.assertEqual((found["errors"], found["problems"][0]["line"]), (1, 1))

    def test_profile_coverage_and_words_read_what_is_there(self):
        self.script(b"IfMatch Subject nothing\n  ${Score} += 1 [never]\nEndIf\nFrobnicate\n")
        mails = os.path.join(self.folder.name, "mails")
        os.mkdir(mails)
        self.file("mails/1", MESSAGE)
        self.file("mails/2", b"")
        self.assertIn(b"never", self.rules("coverage", self.scripts, "--messages", mails).stdout)
        self.assertIn(b"IfMatch", self.rules("profile", self.scripts, "--messages", mails).stdout)
        self.assertIn(b"Frobnicate", self.rules("words", self.scripts).stdout)


if __name__ == "__main__":
    unittest.main()
