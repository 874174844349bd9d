package main

import (
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// burst is what may wait in each of go-libp2p's queues: it drops what comes after 32, the default, and a burst of a
// test is more.
const burst = 1024

// meshView follows whom gossipsub has in its mesh, which nothing else of its API shows.
type meshView struct {
	lock  sync.Mutex
	peers map[string]map[peer.ID]bool
}

func (m *meshView) set(p peer.ID, topic string, is bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.peers[topic] == nil {
		m.peers[topic] = map[peer.ID]bool{}
	}
	if is {
		m.peers[topic][p] = true
	} else {
		delete(m.peers[topic], p)
	}
}

func (m *meshView) of(topic string) []string {
	m.lock.Lock()
	defer m.lock.Unlock()
	out := []string{}
	for p := range m.peers[topic] {
		out = append(out, p.String())
	}
	return out
}

func (m *meshView) Graft(p peer.ID, topic string) { m.set(p, topic, true) }
func (m *meshView) Prune(p peer.ID, topic string) { m.set(p, topic, false) }
func (m *meshView) Leave(topic string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.peers, topic)
}
func (m *meshView) OnClosedOutboundStream(p peer.ID) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, peers := range m.peers {
		delete(peers, p)
	}
}

func (*meshView) OnNewOutboundStream(peer.ID, protocol.ID)             {}
func (*meshView) Join(string)                                          {}
func (*meshView) ValidateMessage(*pubsub.Message)                      {}
func (*meshView) DeliverMessage(*pubsub.Message)                       {}
func (*meshView) RejectMessage(*pubsub.Message, string)                {}
func (*meshView) DuplicateMessage(*pubsub.Message)                     {}
func (*meshView) ThrottlePeer(peer.ID)                                 {}
func (*meshView) RecvRPC(*pubsub.RPC)                                  {}
func (*meshView) SendRPC(*pubsub.RPC, peer.ID)                         {}
func (*meshView) SendRPCCompleted(*pubsub.RPC, peer.ID, time.Duration) {}
func (*meshView) DropRPC(*pubsub.RPC, peer.ID)                         {}
func (*meshView) UndeliverableMessage(*pubsub.Message)                 {}
