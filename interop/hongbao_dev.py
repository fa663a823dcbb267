"""A platform to try a foreign client against: `hongbao dev` in a folder of its own, and the command line to do
what no client can (top up, open a packet, turn the clock); and the runner of the tests, which asks at the end
whether docs/clients.md says which calls succeeded."""

import os
import subprocess
import sys
import tempfile
import tomllib
import unittest

from check_table import complaints


class Platform:
    """Starts `hongbao dev` on free ports; stops it, and removes the folder, at the end."""

    def __init__(self):
        self.hongbao = os.environ["HONGBAO"]
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = os.path.join(self.temporary.name, "dev")
        self.process = subprocess.Popen(
            # Nothing expires by itself, so that the moment before can be seen.
            [self.hongbao, "dev", "--dir", self.folder, "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0",
             "--expire-every", "3600"],
            env={**os.environ, "RUST_LOG": "warn"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stdout:
            if line.startswith("ready"):
                break
        else:
            raise RuntimeError("hongbao dev ended before it was ready")
        with open(self.path("profile.toml"), "rb") as file:
            self.profile = tomllib.load(file)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        self.process.stdout.close()
        self.temporary.cleanup()
        if code != 0:
            raise RuntimeError(f"hongbao dev ended with {code}")

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def base_url(self):
        return self.profile["merchant"]["base_url"]

    @property
    def api_key(self):
        with open(self.path("api_key.txt"), encoding="ascii") as file:
            return file.read().strip()

    def add_merchant(self, mch_id, api_key, *options):
        """Adds a merchant with the same certificate and app."""
        key_file = self.path(f"{mch_id}_key.txt")
        with open(key_file, "w", encoding="ascii") as file:
            file.write(api_key)
        self.run(
            "merchant", "add", mch_id, "--name", "天虹百货分店", "--key-file", key_file,
            "--certificate", self.path("apiclient_cert.pem"), "--app", self.profile["merchant"]["wxappid"], *options,
        )

    def run(self, *arguments):
        """One command of `hongbao`, with the profile of this platform; its output."""
        done = subprocess.run(
            [self.hongbao, *arguments, "--profile", self.path("profile.toml")],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"hongbao {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def audit(self):
        return self.run("audit")


def run(case):
    """Runs the tests of `case`, which keeps in `covered` which calls succeeded; the last line counts them."""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    passed = max(0, result.testsRun - failed)

    client = os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0])))
    wrong = complaints(client, case.covered)
    print(f"{'not ok' if wrong else 'ok'}: docs/clients.md says what was called", *wrong, sep="\n")
    print("covers:", *sorted(case.covered))
    passed, failed = (passed, failed + 1) if wrong else (passed + 1, failed)
    print(f"{passed} passed, {failed} failed", flush=True)
    raise SystemExit(1 if failed or not result.testsRun else 0)
