"""Kills the server, its database or one connection of it at random moments under load, and compares what was answered
250 with what is there: exactly once, whole, for every recipient, and nothing half there. Start-up needs no hand.

PENNYPOST_CRASH_ROUNDS sets the number of rounds: 8 in ./test, 50 in a full run; PENNYPOST_CRASH_SEED repeats one."""

import collections
import hashlib
import imaplib
import os
import random
import signal
import smtplib
import threading
import time
import unittest

from running_server import RunningServer, wait_until

ROUNDS = int(os.environ.get("PENNYPOST_CRASH_ROUNDS", "8"))
SEED = int(os.environ.get("PENNYPOST_CRASH_SEED", str(random.randrange(10**6))))
USERS = [f"user{n}" for n in range(4)]
SENDERS = 6


class Sender(threading.Thread):
    """Sends until the server is gone or it is told to stop; notes what was begun and what was answered 250."""

    def __init__(self, test, number, round_number):
        super().__init__(daemon=True)
        self.test, self.number, self.round = test, number, round_number
        self.random = random.Random(f"{SEED}/{round_number}/{number}")
        self.begun, self.acknowledged = {}, set()

    def message(self, ident):
        size = self.random.choice([200, 2000, 10_000, 10_000, 300_000, 1_500_000])
        body = "\r\n".join(self.random.choice("abcdefghij") * 60 for _ in range(size // 62 + 1)) + "\r\n"
        digest = hashlib.sha1(body.encode()).hexdigest()
        return f"From: load@load.example\r\nSubject: {ident}\r\nX-Sum: {digest}\r\nMessage-ID: <{ident}@load.example>\r\n\r\n{body}"

    def run(self):
        count = 0
        while not self.test.stopping.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self.test.server.port("smtp"), timeout=30) as smtp:
                    smtp.ehlo("load.example")
                    while not self.test.stopping.is_set():
                        count += 1
                        ident = f"r{self.round}s{self.number}n{count}"
                        to = self.random.sample(USERS, self.random.choice([1, 1, 2, 4]))
                        if self.random.random() < 0.15:
                            to.append("far")
                        self.begun[ident] = set(to)
                        addresses = [f"{who}@{'far.example' if who == 'far' else 'test.example'}" for who in to]
                        refused = smtp.sendmail("load@load.example", addresses, self.message(ident))
                        for address, (code, text) in refused.items():  # later: this recipient is still to be sent to
                            self.begun[ident].discard(address.partition("@")[0])
                            if code >= 500:
                                self.test.problems.append(f"{ident}: {address} refused for good: {text}")
                        self.acknowledged.add(ident)
            except smtplib.SMTPResponseException as failure:
                if failure.smtp_code >= 500:
                    self.test.problems.append(f"permanent answer in a crash: {failure}")
                time.sleep(0.05)
            except smtplib.SMTPRecipientsRefused as failure:
                if any(code >= 500 for code, _ in failure.recipients.values()):
                    self.test.problems.append(f"permanent answer in a crash: {failure}")
                time.sleep(0.05)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)


class CrashTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.problems, self.begun, self.acknowledged = [], {}, set()
        self.server = RunningServer()
        self.addCleanup(self.server.clean_up)
        self.server.start()
        for user in USERS:
            self.server.add_user(user, "password-of-" + user)
        self.server.command("settings", "set", "RelayHost", "127.0.0.1:9")  # nobody listens: what leaves stays in the queue

    def postmaster(self):
        with open(os.path.join(self.server.data, "db", "postmaster.pid")) as file:
            return int(file.readline())

    def backends(self):
        """The connections' processes, not those of the cluster's own housekeeping."""
        pids = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{pid}/cmdline") as file:
                    title = file.read()
            except OSError:
                continue
            if parent == self.postmaster() and "[local]" in title:
                pids.append(int(pid))
        return pids

    def strike(self):
        """One crash. Gives its name."""
        kind = self.random.choice(["server", "server", "server and database", "database", "connection"])
        if kind == "server":
            self.server.kill()
        elif kind == "server and database":
            postmaster = self.postmaster()
            self.server.kill()
            os.kill(postmaster, signal.SIGKILL)
        elif kind == "database":
            os.kill(self.postmaster(), signal.SIGKILL)
        else:
            backends = self.backends()
            if backends:
                os.kill(self.random.choice(backends), signal.SIGKILL)
        if self.server.process is None:
            self.server.start()
        return kind

    def can_send(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.server.port("smtp"), timeout=10) as smtp:
                smtp.sendmail("probe@load.example", ["user0@test.example"], "Subject: probe\r\n\r\nprobe\r\n")
            return True
        except (OSError, smtplib.SMTPException):
            return False

    def stored(self, user):
        """How often each message is in the inbox; every one of them is checked against its sum."""
        found = collections.Counter()
        with imaplib.IMAP4("127.0.0.1", self.server.port("imap")) as imap:
            imap.login(user, "password-of-" + user)
            imap.select("INBOX", readonly=True)
            numbers = imap.search(None, "ALL")[1][0].split()
            for at in range(0, len(numbers), 50):
                _, data = imap.fetch(b",".join(numbers[at:at + 50]), "(BODY.PEEK[])")
                for part in data:
                    if not isinstance(part, tuple):
                        continue
                    header, _, body = part[1].partition(b"\r\n\r\n")
                    fields = dict(line.split(b": ", 1) for line in header.split(b"\r\n") if b": " in line)
                    ident = fields[b"Subject"].decode()
                    if ident == "probe":
                        continue
                    found[ident] += 1
                    if hashlib.sha1(body).hexdigest() != fields[b"X-Sum"].decode():
                        self.problems.append(f"{ident} of {user} is not whole")
        return found

    def queued(self):
        found = collections.Counter()
        for line in self.server.command("queue", "list", "--finished").splitlines():
            if "from <load@load.example>" in line:
                found[line.split()[-1]] += 1
        return found

    def test_every_message_answered_250_is_there_exactly_once(self):
        for number in range(ROUNDS):
            self.stopping = threading.Event()
            senders = [Sender(self, n, number) for n in range(SENDERS)]
            for sender in senders:
                sender.start()
            time.sleep(self.random.uniform(0.2, 2.0))
            began = time.monotonic()
            kind = self.strike()
            wait_until(self.can_send, 90, f"mail after the end of the {kind}")
            self.stopping.set()
            for sender in senders:
                sender.join(60)
                self.assertFalse(sender.is_alive(), "a sender hangs")
                self.begun.update(sender.begun)
                self.acknowledged |= sender.acknowledged
            print(f"round {number}: {kind}, back after {time.monotonic() - began:.1f} s, "
                  f"{len(self.acknowledged)} acknowledged", flush=True)

        places = {user: self.stored(user) for user in USERS}
        places["far"] = self.queued()
        for ident, to in self.begun.items():
            counts = {who: places[who][ident] for who in to}
            if any(count > 1 for count in counts.values()):
                self.problems.append(f"{ident} is there more than once: {counts}")
            if ident in self.acknowledged and any(count == 0 for count in counts.values()):
                self.problems.append(f"{ident} was acknowledged and is missing: {counts}")
            if len(set(counts.values())) > 1:
                self.problems.append(f"{ident} is there for some of its recipients: {counts}")
        for who, found in places.items():
            for ident in found:
                if who not in self.begun.get(ident, ()):
                    self.problems.append(f"{ident} was never sent to {who}")
        self.assertGreater(len(self.acknowledged), ROUNDS)
        self.assertEqual(self.problems, [], f"seed {SEED}")


if __name__ == "__main__":
    unittest.main()
