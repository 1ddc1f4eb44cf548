"""Start and stop of the program, its subcommands beside a running server, and what it says when something is wrong."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.request

from running_server import PROGRAM, RunningServer, wait_until


def database_processes(data):
    """Process ids of the postmasters that work on this data folder."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if words[0].endswith("postgres") and any(word.startswith(data) for word in words):
                found.append(int(name))
    return found


class StartTest(unittest.TestCase):
    def setUp(self):
        self.server = RunningServer()
        self.addCleanup(self.server.clean_up)

    def test_everything_ends_with_the_server_and_starts_again(self):
        first = self.server.start()
        self.assertEqual(len(database_processes(self.server.data)), 1)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(database_processes(self.server.data), [])
        second = self.server.start()
        print(f"first start {first:.2f} s, second start {second:.2f} s")
        self.server.add_user("ann", "annspassword")

    def test_a_server_that_root_starts_does_not_stay_root(self):
        self.server.start()
        with open(f"/proc/{self.server.process.pid}/status") as file:
            uids = next(line for line in file if line.startswith("Uid:")).split()[1:]
        self.assertNotIn("0", uids)
        if os.getuid() == 0:
            self.assertEqual(pwd.getpwuid(int(uids[0])).pw_name, "pennypost")
            self.assertEqual(os.stat(self.server.data).st_uid, int(uids[0]))

    def test_a_crash_of_the_server_needs_no_hand(self):
        self.server.start()
        self.server.add_user("ann", "annspassword")
        self.server.kill()
        self.server.start()
        self.assertIn("ann", self.server.command("user", "list"))

    def test_a_crash_of_the_database_needs_no_hand(self):
        self.server.start()
        self.server.add_user("ann", "annspassword")
        old = database_processes(self.server.data)
        os.kill(old[0], signal.SIGKILL)
        wait_until(lambda: [p for p in database_processes(self.server.data) if p not in old], 30, "a new postmaster")

        def answers():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port('http')}/health", timeout=5) as reply:
                    return reply.status == 200
            except OSError:  # refused, 503, or still waiting for the database
                return False

        wait_until(answers, 30, "health")
        self.assertIn("ann", self.server.command("user", "list"))

    def test_two_servers_on_one_folder_are_refused(self):
        self.server.start()
        done = subprocess.run([PROGRAM, "serve", "--data", self.server.data, "--port-base", "9000", "--bind", "127.0.0.1"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"A server already works on {self.server.data} (process {self.server.process.pid})", done.stderr)

    def test_a_port_that_is_taken_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.server.port("pop3")))
            taken.listen()
            with self.assertRaisesRegex(RuntimeError, f":{self.server.port('pop3')}"):
                self.server.start()
        self.server.process.stdout.close()
        self.server.process = None
        self.assertEqual(database_processes(self.server.data), [])

    def test_subcommands_work_without_a_server_and_leave_nothing_running(self):
        self.assertIn("ann@test.example", self.server.add_user("ann", "annspassword", "--admin"))
        self.assertEqual(database_processes(self.server.data), [])
        self.server.start()
        self.assertIn("admin", self.server.command("user", "list"))

    def test_accounts_are_made_changed_and_deleted(self):
        self.server.start()
        self.server.add_user("ann", "annspassword")
        twice = self.server.command("user", "add", "ANN", "--password", "other1", check=False)
        self.assertEqual(twice.returncode, 1)
        self.assertNotEqual(twice.stderr, "")
        for name in ("", "a b", "a" * 33, "ann/x"):
            self.assertEqual(self.server.command("user", "add", name, "--password", "secret", check=False).returncode, 1)
        self.assertEqual(self.server.command("user", "add", "bob", "--password", "abc", check=False).returncode, 1)
        self.server.command("user", "passwd", "ann", "--password", "changed")
        self.server.command("user", "delete", "ann")
        self.assertEqual(self.server.command("user", "delete", "ann", check=False).returncode, 1)
        self.assertNotIn("ann", self.server.command("user", "list"))

    def test_settings_are_kept_known_or_not(self):
        self.server.command("settings", "set", "maxhops", "7")
        self.assertEqual(self.server.command("settings", "get", "MaxHops").split(), ["MaxHops", "7"])
        self.assertEqual(self.server.command("settings", "set", "MaxHops", "many", check=False).returncode, 1)
        self.server.command("settings", "set", "Some.Old.Thing.DAT", "kept as it is")
        self.assertIn("kept as it is", self.server.command("settings", "get", "*OLD*"))
        self.server.command("settings", "unset", "MaxHops")
        self.assertEqual(self.server.command("settings", "get", "MaxHops").split(), ["MaxHops", "30"])
        self.assertEqual(self.server.command("settings", "get", "NoSuch*", check=False).returncode, 1)

    def test_doctor_is_content_with_a_running_server_and_names_what_is_wrong(self):
        self.server.start()
        self.server.add_user("ann", "annspassword", "--admin")
        report = self.server.command("doctor")
        for what in ("disk", "database", "certificate", "ports", "time"):
            self.assertIn(what, report)
        self.assertIn("220 ", report)
        self.assertNotIn("BROKEN", report)
        self.server.stop()
        with open(os.path.join(self.server.data, "tls", "certificate.pem"), "w") as file:
            file.write("this is no certificate\n")
        broken = self.server.command("doctor", check=False)
        self.assertEqual(broken.returncode, 1)
        self.assertRegex(broken.stdout, "BROKEN +certificate")

    def test_wrong_words_are_answered_with_usage(self):
        for words in ([], ["nosuch"], ["serve", "--port-base", "70000"], ["serve", "--bind", "not-an-address"],
                      ["user", "add"], ["queue", "list", "--nosuch"]):
            done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertNotEqual(done.stderr + done.stdout, "", words)

    def test_a_data_folder_that_cannot_be_used_is_explained(self):
        with tempfile.NamedTemporaryFile() as file:
            done = subprocess.run([PROGRAM, "user", "list", "--data", file.name], capture_output=True, text=True,
                                  timeout=30, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(file.name, done.stderr)
        full = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, full)
        with open(os.path.join(full, "letter.txt"), "w") as file:
            file.write("not ours")
        if os.getuid() == 0:
            done = subprocess.run([PROGRAM, "user", "list", "--data", full], capture_output=True, text=True, timeout=30,
                                  check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("not empty", done.stderr)

    def test_a_folder_behind_closed_folders_works(self):
        closed = tempfile.mkdtemp()  # mode 0700, of whoever runs the test
        self.addCleanup(shutil.rmtree, closed, ignore_errors=True)
        self.server.data = os.path.join(closed, "deep", "data")
        self.server.start()
        self.server.add_user("ann", "annspassword")

    def test_the_status_page_metrics_and_health_answer(self):
        self.server.start()
        for path, text in (("/", "<h1>Pennypost</h1>"), ("/health", "ok"), ("/metrics", "pennypost_imap_sessions 0")):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port('http')}{path}", timeout=10) as reply:
                self.assertIn(text, reply.read().decode())

    def test_the_log_is_opened_anew_after_rotation(self):
        self.server.start()
        log = os.path.join(self.server.data, "log", "pennypost.log")
        os.rename(log, log + ".1")
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: os.path.exists(log), 10, "the new log")
        self.assertEqual(self.server.stop(), 0)
        with open(log) as file:
            self.assertIn("stopping", file.read())


if __name__ == "__main__":
    unittest.main()
