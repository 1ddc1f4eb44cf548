"""A disk that fills up under mail: the client is told to come again, what was answered 250 stays, and mail goes on by
itself when there is room. Needs the right to mount a small file system; without it the test is skipped."""

import imaplib
import os
import smtplib
import subprocess
import tempfile
import unittest

from running_server import RunningServer, wait_until

ANN = ("ann", "annspassword")


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="pennypost-disk-")
        self.addCleanup(os.rmdir, self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320m,mode=755", "tmpfs", self.disk],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("no right to mount a file system: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk])
        self.server = RunningServer()
        self.server.data = os.path.join(self.disk, "data")
        self.addCleanup(self.server.clean_up)
        self.server.start()
        self.server.add_user(*ANN)
        self.acknowledged, self.sent = set(), 0

    def send(self, octets=200_000):
        """One message. Gives the code of the answer; 0 when there was none."""
        self.sent += 1
        ident = f"m{self.sent}"
        body = "\r\n".join(["0123456789" * 7] * (octets // 72))
        try:
            with smtplib.SMTP("127.0.0.1", self.server.port("smtp"), timeout=60) as smtp:
                smtp.sendmail("x@stranger.example", ["ann@test.example"], f"Subject: {ident}\r\n\r\n{body}\r\n")
        except smtplib.SMTPResponseException as failure:
            return failure.smtp_code
        except smtplib.SMTPRecipientsRefused as failure:
            return next(iter(failure.recipients.values()))[0]
        except (OSError, smtplib.SMTPException):
            return 0
        self.acknowledged.add(ident)
        return 250

    def fill(self):
        with open(os.path.join(self.disk, "filler"), "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 65536)
            except OSError:
                pass

    def stored(self):
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(*ANN)
            imap.select("INBOX", readonly=True)
            _, data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            return sorted(part[1].decode().strip().removeprefix("Subject: ") for part in data if isinstance(part, tuple))

    def test_a_full_disk_is_answered_4xx_and_nothing_is_lost(self):
        for _ in range(3):
            self.assertEqual(self.send(), 250)
        self.fill()
        codes = [self.send() for _ in range(8)]
        self.assertTrue(any(400 <= code < 500 for code in codes), codes)
        self.assertFalse(any(code >= 500 for code in codes), codes)
        codes.append(self.send(3_000_000))  # this one would need the spool folder
        self.assertTrue(400 <= codes[-1] < 500 or codes[-1] == 0, codes)
        os.remove(os.path.join(self.disk, "filler"))
        wait_until(lambda: self.send() == 250, 90, "mail after the disk has room again")
        stored = self.stored()
        self.assertEqual(len(stored), len(set(stored)), "something is there twice")
        self.assertLessEqual(self.acknowledged, set(stored), codes)


if __name__ == "__main__":
    unittest.main()
