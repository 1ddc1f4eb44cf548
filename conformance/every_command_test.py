"""Every command of the tables in server/ is played by a session file. A new command without one is a failure here."""

import pathlib
import re
import sys

HOME = pathlib.Path(__file__).resolve().parent
SERVER = HOME.parent / "server"

TABLES = {
    "imap": (sorted((SERVER / "imap").glob("*.h")), re.compile(r'kRow\{\s*\.name = "([A-Z]+)"')),
    "pop3": ([SERVER / "pop3" / "commands.cpp"], re.compile(r'^\s*\{"([A-Z0-9]+)", In::', re.M)),
    "smtp": ([SERVER / "smtp" / "commands.cpp"], re.compile(r'^\s*\{"([A-Z0-9]+)", Needs::', re.M)),
}


def played(protocol):
    """The commands that client lines of the session files begin with."""
    found = set()
    for file in (HOME / "sessions" / protocol).glob("*.session"):
        for line in re.findall(r"^C(?:\(\w+\))?[:!] ?(.*)$", file.read_text(), re.M):
            for one in line.split("\\r\\n"):
                words = one.upper().split()
                if protocol == "imap":
                    words = words[1:]
                    found.update(words[1:2] if words[:1] == ["UID"] else [])
                found.update(words[:1])
    return found


failures = 0
for protocol, (files, row) in TABLES.items():
    commands = {name for file in files for name in row.findall(file.read_text())}
    if len(commands) < 10:
        print(f"{protocol}: only {len(commands)} commands found in the tables of server/; has their form changed?")
        failures += 1
    for command in sorted(commands - played(protocol)):
        print(f"{protocol}: no session file plays {command}")
        failures += 1
    print(f"{protocol}: {len(commands)} commands")
sys.exit(1 if failures else 0)
