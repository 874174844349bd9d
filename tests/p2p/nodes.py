"""Nodes of the marketplace as real processes on 127.0.0.1, for the suites beside this file.

Each profile has its own state, so its own identity, log and node. Nothing leaves the machine: nodes listen on loopback
and look for no neighbours.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/recovery"))
from checks import Checks  # noqa: E402,F401

LISTEN = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")


class Profile:
    def __init__(self, ggen, room, name):
        self.ggen = ggen
        self.name = name
        self.home = room / name
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        self.peer = self.address = self.pid = None

    def environment(self):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "NO_COLOR": "1", "TZ": "UTC"}
        for kind in ("config", "cache", "data", "state"):
            env[f"GGEN_{kind.upper()}_DIR"] = str(self.home / kind)
        for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if kept in os.environ:
                env[kept] = os.environ[kept]
        env.setdefault("ASAN_OPTIONS", "detect_leaks=0")
        return env

    def command(self, *words):
        return [self.ggen, *words]

    def run(self, *words, timeout=60, **options):
        options.setdefault("env", self.environment())
        return subprocess.run(self.command(*words), cwd=self.project, capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, check=False, **options)

    def must(self, *words, **options):
        done = self.run(*words, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: ggen {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done

    def json(self, *words, **options):
        return json.loads(self.must(*words, "--json", **options).stdout)

    def control(self, name, **arguments):
        """One call to the node, without the cost of a process."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.home / "state/p2p/control"))
            control.sendall(json.dumps({"call": name, "arguments": arguments}).encode() + b"\n")
            for line in control.makefile():
                answer = json.loads(line)
                if "result" in answer:
                    return answer["result"]
                if "error" in answer:
                    raise RuntimeError(f"{self.name}: {name}: {answer['error']['text']}")
        raise RuntimeError(f"{self.name}: {name}: no answer")

    def start(self, *words, bootstrap=()):
        flags = [part for address in bootstrap for part in ("--bootstrap", address)]
        report = self.json("p2p", "start", "--daemon", *LISTEN, *flags, *words)
        self.peer, self.pid = report["peer"], report["pid"]
        self.address = report["addresses"][0]
        return report

    def stop(self):
        done = self.run("p2p", "stop")
        self.pid = None
        return done

    def kill(self):
        os.kill(self.pid, 9)
        wait_until(lambda: not alive(self.pid), "the killed node is gone")
        self.pid = None

    def log(self):
        path = self.home / "state/p2p/node.log"
        return path.read_text(errors="replace") if path.exists() else ""


def alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    # A zombie whose parent has not looked yet is no node, unless threads of it are still dying: they hold its locks.
    try:
        if len(os.listdir(f"/proc/{pid}/task")) > 1:
            return True
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(is_so, what, seconds=30):
    """Polls; how long it took. A condition that never comes ends the suite with its name."""
    started = time.monotonic()
    while not is_so():
        if time.monotonic() - started > seconds:
            raise RuntimeError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)
    return time.monotonic() - started


def together(profiles, work):
    """All at once; raises the first error."""
    errors = []

    def one(profile):
        try:
            work(profile)
        except Exception as error:  # Told by whoever waits.
            errors.append(error)

    threads = [threading.Thread(target=one, args=(profile,)) for profile in profiles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Room:
    """A folder with profiles, all of whose nodes end with it."""

    def __init__(self, ggen):
        self.ggen = str(pathlib.Path(ggen).resolve())
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="ggen-p2p-"))
        self.profiles = []

    def profile(self, name):
        return self.add(Profile(self.ggen, self.path, name))

    def add(self, profile):
        self.profiles.append(profile)
        return profile

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for profile in self.profiles:
            if kind is not None and profile.log():
                print(f"--- log of {profile.name}\n{profile.log()}", flush=True)
            if profile.pid and alive(profile.pid):
                os.kill(profile.pid, 9)
        subprocess.run(["chmod", "-R", "u+w", str(self.path)], check=False, capture_output=True)
        shutil.rmtree(self.path, ignore_errors=True)


def pack(folder, name, version="1.0.0", text="hello", size=0):
    """A package; `size` bytes that do not compress go with it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gpack.toml").write_text(
        f'[gpack]\nname = "{name}"\nversion = "{version}"\ndescription = "{text}"\nlicense = "MIT"\n')
    (folder / "README.md").write_text(f"# {name}\n{text}\n")
    if size:
        (folder / "data.bin").write_bytes(os.urandom(size))
    return str(folder)
