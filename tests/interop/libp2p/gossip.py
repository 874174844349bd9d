#!/usr/bin/env python3
"""Gossipsub in a mixed mesh of 20 (10 ours, 10 theirs): 200 messages, none lost; lazy gossip both ways; IDONTWANT;
PRUNE with backoff; IDONTWANT obeyed both ways.

    gossip.py OURS [--ggen PROGRAM] -- PEER-COMMAND...
"""
import random
import sys
import time

from cases import Cases, want
from peers import Peer, PeerFailed, arguments, wait_until
from slow_link import SlowLink

NODES = 20
MESSAGES = 200
DIALS = 7
TOPIC = "test/mixed"
SEED = 11
UNSUBSCRIBE_BACKOFF_S = 10
MESH_S = 100  # whoever was pruned by a peer that was full asks it again after a minute
SLOW_LINK_S = 1
UNWANTED = 5


def rule_of(theirs_command):
    """Whose message ids a network with these peers has: IHAVE, IWANT and IDONTWANT name messages by them."""
    words = " ".join(theirs_command)
    return "js" if "peer.mjs" in words else "rust" if "ggen-test-peer" in words else "go"


def start(ours_command, theirs_command, peers):
    dice = random.Random(SEED)
    for index in range(NODES):
        command = ours_command if index % 2 == 0 else theirs_command
        peers.append(Peer(f"{'ours' if index % 2 == 0 else 'theirs'}{index}", command,
                          {"gossip": True, "messageIds": rule_of(theirs_command)}))
    for index, peer in enumerate(peers):
        peer.wait_ready(60)
        peer.do("subscribe", topic=TOPIC)
        for other in dice.sample(range(index), min(index, DIALS)):
            peer.do("connect", address=peers[other].address)
    meshed = wait_until(lambda: min(len(peer.do("mesh", topic=TOPIC)["mesh"]) for peer in peers) >= 4, MESH_S, 0.5)
    sizes = [len(peer.do("mesh", topic=TOPIC)["mesh"]) for peer in peers]
    want(meshed, f"meshes: {sizes}")
    return f"meshes of {min(sizes)} to {max(sizes)}"


def received(peer, prefix):
    with peer.changed:
        return [(at, said["data"].split(" ", 1)[0]) for at, said in peer.messages
                if said.get("event") == "message" and said["data"].startswith(prefix)]


def everything(peers):
    sent = {}
    for number in range(MESSAGES):
        author = peers[number % NODES]
        name = f"m{number}"
        sent[name] = (author, time.monotonic())
        author.do("publish", topic=TOPIC, data=f"{name} " + "x" * 1000)
    wait_until(lambda: all(len(received(peer, "m")) >= MESSAGES * (NODES - 1) // NODES for peer in peers), 30, 0.2)
    lost, times = 0, []
    for peer in peers:
        got = dict((name, at) for at, name in received(peer, "m"))
        want(len(received(peer, "m")) == len(got), f"{peer.name} was given a message twice")
        for name, (author, at) in sent.items():
            if author is peer:
                continue
            if name in got:
                times.append((got[name] - at) * 1000)
            else:
                lost += 1
    want(lost == 0, f"{lost} of {MESSAGES * (NODES - 1)} deliveries are missing")
    times.sort()
    return f"{MESSAGES} messages, 0 lost, p50 {times[len(times) // 2]:.0f} ms, p99 {times[len(times) * 99 // 100]:.0f} ms"


def total(peers, name):
    return sum(peer.do("gossip_counters").get(name, 0) for peer in peers)


def idontwant(peers):
    """Both kinds say it and understand it. Whether one comes early enough to save a copy is a race."""
    ours, theirs = peers[::2], peers[1::2]
    sent, heard = total(ours, "idontwant_ids_sent"), total(theirs, "idontwant_ids")
    want(sent > 0 and heard > 0, f"ours sent {sent}, theirs heard {heard}")
    want(total(theirs, "idontwants_sent") > 0, "theirs sent none")
    want(total(ours, "bad_rpcs") == 0, "ours found an RPC malformed")
    return f"{sent} sent by ours, {heard} heard by theirs; {total(ours, 'suppressed')} copies saved by theirs"


def backoff(peers):
    """One of theirs leaves and comes back: nobody of ours grafts it before its backoff is over."""
    leaver = peers[1]
    want(wait_until(lambda: leaver.do("mesh", topic=TOPIC)["mesh"], 10), "the leaver had no mesh")
    before = leaver.do("gossip_counters")
    leaver.do("unsubscribe", topic=TOPIC)
    time.sleep(1)
    leaver.do("subscribe", topic=TOPIC)
    time.sleep(UNSUBSCRIBE_BACKOFF_S - 2)
    early = leaver.do("gossip_counters")
    want(early["grafts_in_backoff"] == before["grafts_in_backoff"], f"a GRAFT within the backoff: {early}")
    rejoined = wait_until(lambda: leaver.do("gossip_counters")["grafts"] > early["grafts"], 30, 0.5)
    after = leaver.do("gossip_counters")
    want(rejoined or leaver.do("mesh", topic=TOPIC)["mesh"], "nobody grafted after the backoff")
    want(after["grafts_in_backoff"] == before["grafts_in_backoff"], f"a GRAFT within the backoff: {after}")


def lazy(ours_command, theirs_command):
    """ours - theirs without a mesh - ours: all that passes goes by IHAVE and IWANT, once each way."""
    topic = "test/lazy"
    no_mesh = {"D": 0, "Dlo": 0, "Dhi": 0, "Dscore": 0, "Dout": 0}
    plain = {"gossip": True, "messageIds": rule_of(theirs_command)}
    peers = [Peer("first", ours_command, plain),
             Peer("middle", theirs_command, {**plain, "gossipOptions": no_mesh}),
             Peer("last", ours_command, plain)]
    try:
        for peer in peers:
            peer.wait_ready().do("subscribe", topic=topic)
        first, middle, last = peers
        first.do("connect", address=middle.address)
        last.do("connect", address=middle.address)
        known = lambda peer: len(peer.do("mesh", topic=topic)["subscribers"])
        want(wait_until(lambda: known(middle) == 2 and known(first) and known(last), 20), "nobody subscribed")
        time.sleep(3)  # grafts come and are pruned
        for number in range(10):
            try:
                first.do("publish", topic=topic, data=f"lazy{number} " + "x" * 600)
            except PeerFailed:
                pass  # nobody in the mesh: kept for those who ask
        got = wait_until(lambda: len(received(last, "lazy")) == 10, 20)
        counters = [peer.do("gossip_counters") for peer in peers]
        want(got, f"{len(received(middle, 'lazy'))} and {len(received(last, 'lazy'))} of 10 came: {counters}")
        want(counters[0]["ihave_ids_sent"] > 0 and counters[1]["ihave_ids"] > 0, f"no IHAVE of ours: {counters}")
        want(counters[1]["iwant_ids"] >= 10, f"no IWANT of ours: {counters}")
        return f"{counters[0]['ihave_ids_sent']} ids told by ours, {counters[1]['iwant_ids']} asked of theirs"
    finally:
        for peer in peers:
            peer.close()


def obeyed(ours_command, theirs_command, is_ours_late):
    """Three in one mesh, one of them behind a slow link to the author. The early one has each message long before, says
    so, and passes nothing on itself (its application gives no verdict). The late one must not send it a copy."""
    topic = "test/unwanted"
    plain = {"gossip": True, "messageIds": rule_of(theirs_command)}
    held = {**plain, "gossipOptions": {"asyncValidation": True}}
    peers = [Peer("author", ours_command, plain),
             Peer("late", ours_command if is_ours_late else theirs_command, plain),
             Peer("early", theirs_command if is_ours_late else ours_command, held)]
    links = []
    try:
        author, late, early = peers
        for peer in peers:
            peer.wait_ready().do("subscribe", topic=topic, held=peer is early)
        links.append(SlowLink(late.address, SLOW_LINK_S))
        author.do("connect", address=links[0].address)
        author.do("connect", address=early.address)
        early.do("connect", address=late.address)
        meshed = wait_until(lambda: all(len(peer.do("mesh", topic=topic)["mesh"]) == 2 for peer in peers), 30, 0.5)
        want(meshed, "the three are not in one mesh")
        for number in range(UNWANTED):
            author.do("publish", topic=topic, data=f"unwanted{number} " + "x" * 2000)
        want(wait_until(lambda: len(received(late, "unwanted")) == UNWANTED, 30), "the late one did not get all")
        time.sleep(1)  # a copy that was sent on would come
        heard = late.do("gossip_counters")
        if is_ours_late:
            want(heard["suppressed"] == UNWANTED, f"{heard['suppressed']} of {UNWANTED} copies were held back")
        else:
            copies = early.do("gossip_counters")["duplicates"]
            want(heard["idontwant_ids"] >= UNWANTED and copies == 0, f"{copies} copies came: {heard}")
        return f"{UNWANTED} of {UNWANTED} copies held back"
    finally:
        for link in links:
            link.close()
        for peer in peers:
            peer.close()


def main():
    ours_command, _, theirs_command = arguments(sys.argv[1:])
    cases = Cases()
    peers = []
    try:
        if cases.run(f"gossip: {NODES} nodes make meshes", lambda: start(ours_command, theirs_command, peers)):
            cases.run("gossip: every message to everybody, once", lambda: everything(peers))
            if "prunes" in peers[1].do("gossip_counters"):
                cases.run("gossip: IDONTWANT both ways", lambda: idontwant(peers))
                cases.run("gossip: PRUNE with backoff is obeyed", lambda: backoff(peers))
                cases.run("gossip: IHAVE and IWANT both ways", lambda: lazy(ours_command, theirs_command))
                for peer in peers:
                    peer.close()
                cases.run("gossip: ours obeys their IDONTWANT", lambda: obeyed(ours_command, theirs_command, True))
                cases.run("gossip: theirs obeys our IDONTWANT", lambda: obeyed(ours_command, theirs_command, False))
            else:
                print("SKIPPED: this peer does not show its control messages: IHAVE, IWANT, IDONTWANT, PRUNE")
    finally:
        for peer in peers:
            peer.close()
    sys.exit(cases.finish())


if __name__ == "__main__":
    main()
