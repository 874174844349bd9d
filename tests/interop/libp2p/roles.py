#!/usr/bin/env python3
"""The roles of libp2p/unified-testing (transport with ping; kad-dht) and of its forerunner libp2p/test-plans, spoken
over a Redis server of the test's own: ours with ours, and ours with another implementation, each in both roles.

    roles.py OUR-ROLE-PROGRAM -- PEER-COMMAND...
"""
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from cases import Cases, want
from peers import arguments
from redis_link import Server

PATIENCE_S = 60
KAD_ROLES = ("bootstrap", "provider", "querier")


def environment_of(redis, key, **roles):
    kept = {name: value for name, value in os.environ.items() if name.upper() not in (
        "ROLE", "IS_DIALER", "TRANSPORT", "SECURE_CHANNEL", "SECURITY", "MUXER", "IP", "LISTENER_IP")}
    return {**kept, "REDIS_ADDR": redis.address, "redis_addr": redis.address, "TEST_KEY": key, **roles}


def key_of(title):
    return hashlib.sha256(title.encode()).hexdigest()[:8]


def play(members):
    """Runs (command, environment) of all; the last one's output once it has ended with 0."""
    running = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for command, env in members]
    try:
        out, _ = running[-1].communicate(timeout=PATIENCE_S)
        want(running[-1].returncode == 0, f"exit code {running[-1].returncode}: {out.strip()}")
        return out
    finally:
        for one in running:
            if one.poll() is None:
                one.terminate()
            one.wait(10)


def transport(redis, title, listener, dialer):
    layers = {"TRANSPORT": "tcp", "SECURE_CHANNEL": "noise", "MUXER": "yamux", "LISTENER_IP": "0.0.0.0"}
    key = key_of(title)
    out = play([(listener, environment_of(redis, key, IS_DIALER="false", **layers)),
                (dialer, environment_of(redis, key, IS_DIALER="true", **layers))])
    lines = out.split("\n")
    want(lines[0] == "latency:" and lines[3] == "  unit: ms", f"not the schema of results: {out}")
    times = {name: float(value) for name, value in (line.strip().split(": ") for line in lines[1:3])}
    want(0 < times["ping_rtt"] <= times["handshake_plus_one_rtt"], f"not two times: {out}")
    return f"{times['handshake_plus_one_rtt']:.1f} ms, ping {times['ping_rtt']:.2f} ms"


def before(redis, listener, dialer):
    layers = {"transport": "tcp", "security": "noise", "muxer": "yamux", "ip": "0.0.0.0"}
    out = json.loads(play([(listener, environment_of(redis, "", is_dialer="false", **layers)),
                           (dialer, environment_of(redis, "", is_dialer="true", **layers))]))
    want(0 < out["pingRTTMilllis"] <= out["handshakePlusOneRTTMillis"], f"not two times: {out}")


def refused(redis, ours):
    """What this stack does not have ends with a word, not with a hang."""
    for name, value in (("TRANSPORT", "quic-v1"), ("SECURE_CHANNEL", "tls"), ("MUXER", "mplex")):
        done = subprocess.run(ours, env=environment_of(redis, "none", IS_DIALER="true", **{name: value}), text=True,
                              capture_output=True, timeout=PATIENCE_S)
        want(done.returncode == 1 and value in done.stderr, f"{name}={value}: {done.returncode} {done.stderr}")


def kad(redis, title, commands):
    key = key_of(title)
    out = play([(command, environment_of(redis, key, ROLE=role)) for role, command in zip(KAD_ROLES, commands)])
    want(out == "status: pass\n", out)


def main():
    ours, _, theirs_command = arguments(sys.argv[1:])
    theirs = [sys.executable, str(Path(__file__).with_name("role.py")), *theirs_command]
    cases = Cases()
    redis = Server()
    try:
        for title, listener, dialer in (("ours x ours", ours, ours), ("ours x theirs", theirs, ours),
                                        ("theirs x ours", ours, theirs)):
            cases.run(f"transport: {title} (tcp, noise, yamux)", lambda: transport(redis, title, listener, dialer))
            cases.run(f"transport of test-plans: {title}", lambda: before(redis, listener, dialer))
        cases.run("transport: layers that ours does not have", lambda: refused(redis, ours))
        cases.run("kad-dht: ours x ours x ours", lambda: kad(redis, "kad of ours", [ours] * 3))
        if "peer.mjs" in " ".join(theirs_command):
            print("absent  kad-dht with js-libp2p: it keeps providers only of multihashes, and this test names a text")
        else:
            cases.run("kad-dht: theirs x ours x ours", lambda: kad(redis, "kad by theirs", [theirs, ours, ours]))
    finally:
        redis.close()
    sys.exit(cases.finish())


if __name__ == "__main__":
    main()
