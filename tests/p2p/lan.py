"""Hosts on one network: each a network namespace with an interface on a bridge. Needs no root: everything happens in a
user namespace of its own, into which the suite starts itself again.
"""
import json
import os
import subprocess
import sys

from nodes import Profile

INSIDE = "GGEN_LAN_INSIDE"
SKIPPED = 77


def enter():
    """Goes on inside of the namespaces, or ends the suite as SKIPPED with the reason."""
    if os.environ.get(INSIDE):
        return
    tried = subprocess.run(["unshare", "-Urnm", "sh", "-c", "ip link add name probe type bridge && ip link del probe"],
                           capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        why = (tried.stderr or "no answer").strip().splitlines()[-1]
        print(f"SKIPPED: this machine allows no network namespaces: {why}")
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-Urnm", sys.executable, *sys.argv])


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Lan:
    """A bridge with the hosts that are plugged into it."""

    def __init__(self, rate=None):
        """`rate`: of each host's link in both directions, such as "100mbit", where the kernel can hold one to it."""
        self.rate = rate
        self.is_limited = rate is not None
        self.hosts = []
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "name", "lan", "type", "bridge", "mcast_snooping", "0")
        run("ip", "link", "set", "lan", "up")

    def add(self):
        host = Host(self, len(self.hosts) + 1)
        self.hosts.append(host)
        return host

    def limit(self, inside, device):
        if not self.is_limited:
            return
        words = [*inside, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", self.rate, "burst", "64kb",
                 "latency", "50ms"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.is_limited = False

    def close(self):
        for host in self.hosts:
            host.holder.kill()
            host.holder.wait()


class Host:
    def __init__(self, lan, number):
        self.address = f"10.77.0.{number}"
        self.port = f"h{number}"
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 3600"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()  # The namespace stands.
        pid = str(self.holder.pid)
        self.inside = ["nsenter", "-t", pid, "-n"]
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "link", "set", self.port, "master", "lan", "up")
        run(*self.inside, "ip", "link", "set", "lo", "up")
        run(*self.inside, "ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        run(*self.inside, "ip", "link", "set", "eth0", "up")
        run(*self.inside, "ip", "route", "add", "default", "dev", "eth0")
        lan.limit([], self.port)
        lan.limit(self.inside, "eth0")

    def sent_bytes(self):
        # Into the bridge is out of the host.
        return json.loads(run("ip", "-s", "-j", "link", "show", self.port))[0]["stats64"]["rx"]["bytes"]


class HostProfile(Profile):
    """A profile whose commands and node run on a host."""

    def __init__(self, ggen, room, name, host):
        super().__init__(ggen, room, name)
        self.host = host

    def command(self, *words):
        return [*self.host.inside, self.ggen, *words]

    def start(self, *words, bootstrap=(), **options):
        """With no configuration at all: neighbours find each other."""
        flags = [part for address in bootstrap for part in ("--bootstrap", address)]
        report = self.json("p2p", "start", "--daemon", *flags, *words, **options)
        self.peer, self.pid = report["peer"], report["pid"]
        self.address = report["addresses"][0]
        return report
