"""A real server for tests: its own data folder, its own database, free ports of 127.0.0.1; everything goes with it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAM = os.environ.get("PENNYPOST_PROGRAM", "build/release/pennypost")
OFFSETS = {"smtp": 25, "pop3": 110, "imap": 143, "smtps": 465, "submission": 587, "imaps": 993, "pop3s": 995, "http": 5108}


def free_port_base():
    """A number N so that N + each offset is free at this moment."""
    for _ in range(200):
        base = random.randrange(10000, 27000)  # below the ports that the kernel gives to clients
        sockets = []
        try:
            for offset in OFFSETS.values():
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
    raise RuntimeError("no free ports")


class RunningServer:
    """Use as a context manager, or call start() and clean_up()."""

    def __init__(self, domain="test.example"):
        self.folder = tempfile.mkdtemp(prefix="pennypost-test-")
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")
        self.log = os.path.join(self.folder, "server.log")
        self.domain = domain
        self.base = free_port_base()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.clean_up()

    def port(self, service):
        return self.base + OFFSETS[service]

    def start(self, wait=60):
        """Starts the server and returns when it has printed `ready`. Gives the seconds that took."""
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--data", self.data, "--port-base", str(self.base), "--bind", "127.0.0.1"],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        os.set_blocking(self.process.stdout.fileno(), False)
        text = b""
        while b"ready" not in text:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log_text()}")
            if time.monotonic() - began > wait:
                raise RuntimeError(f"the server is not ready after {wait} s:\n{self.log_text()}")
            text += self.process.stdout.read() or b""
            time.sleep(0.01)
        return time.monotonic() - began

    def log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()[-5000:]

    def command(self, *words, check=True):
        """Runs a subcommand of the program on this server's data; gives what it printed."""
        done = subprocess.run([PROGRAM, *words, "--data", self.data], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"pennypost {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout if check else done

    def add_user(self, name, password, *more):
        return self.command("user", "add", name, "--password", password, "--address", f"{name}@{self.domain}", *more)

    def stop(self):
        """SIGTERM, and waits for the end. Gives the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None
        return code

    def kill(self):
        """SIGKILL: a crash."""
        self.process.kill()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None

    def clean_up(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(condition, seconds=30, what="the condition"):
    """Asks again and again until `condition()` gives something true, and gives that."""
    until = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.05)
