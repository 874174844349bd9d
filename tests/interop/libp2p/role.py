#!/usr/bin/env python3
"""A foreign peer (peer.mjs, go, rust) in the roles that role_main.cpp plays: the environment says what to do, and the
members of a test find each other over Redis.

    IS_DIALER=true REDIS_ADDR=127.0.0.1:6379 TEST_KEY=a5b50d5e LISTENER_IP=127.0.0.1 role.py PEER-COMMAND...
"""
import json
import signal
import sys
import time

from peers import Peer
from redis_link import Redis, environment

KAD = "/ipfs/kad/1.0.0"
PATIENCE_S = 60


def serve():
    signal.pause()


def play_transport(redis, command):
    is_old = not environment("IS_DIALER")
    key = "listenerAddr" if is_old else environment("TEST_KEY") + "_listener_multiaddr"
    ip = environment("LISTENER_IP", "ip") or "0.0.0.0"
    if environment("IS_DIALER", "is_dialer") != "true":
        peer = Peer("listener", command, {"listen": [f"/ip4/{ip}/tcp/0"]}).wait_ready()
        address = next(one for one in peer.ready["addresses"] if redis.own_ip in one or ip in one)
        redis.do("DEL", key)
        redis.do("RPUSH", key, address.replace("/ip4/0.0.0.0/", f"/ip4/{redis.own_ip}/"))
        serve()
    address = redis.do("BLPOP", key, PATIENCE_S)[1]
    peer = Peer("dialer", command, {}).wait_ready()
    begin = time.monotonic()
    peer.do("connect", address=address)
    round_trip = peer.do("ping", address=address)["round_trip_us"] / 1000
    in_all = (time.monotonic() - begin) * 1000
    if is_old:
        print(json.dumps({"handshakePlusOneRTTMillis": in_all, "pingRTTMilllis": round_trip}))
    else:
        print(f"latency:\n  handshake_plus_one_rtt: {in_all:.3f}\n  ping_rtt: {round_trip:.3f}\n  unit: ms")
    peer.close()


def play_kad(redis, command, role):
    """Only the way in: the other roles name content by texts, which the DHTs of these peers do not take."""
    if role != "bootstrap":
        sys.exit(f"role.py: a foreign peer plays bootstrap, not {role}")
    peer = Peer(role, command, {"kad": KAD, "listen": [f"/ip4/{redis.own_ip}/tcp/0"]}).wait_ready()
    redis.do("SET", environment("TEST_KEY") + "_bootstrap_addr", peer.address)
    serve()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    redis = Redis(environment("REDIS_ADDR", "redis_addr"))
    role = environment("ROLE")
    if role:
        play_kad(redis, sys.argv[1:], role)
    else:
        play_transport(redis, sys.argv[1:])


if __name__ == "__main__":
    main()
