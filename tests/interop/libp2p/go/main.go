// go-libp2p as a peer that a test commands; README.md beside peer.mjs lists the commands.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/ipfs/go-cid"
	libp2p "github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	noise "github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multihash"
)

const (
	echoProtocol = protocol.ID("/test/echo/1.0.0")
	perfProtocol = protocol.ID("/perf/1.0.0")
	blockBytes   = 64 * 1024
)

type options struct {
	Listen []string `json:"listen"`
	Kad    string   `json:"kad"`
	Gossip bool     `json:"gossip"`
}

type command struct {
	ID       int    `json:"id"`
	Do       string `json:"do"`
	Address  string `json:"address"`
	Peer     string `json:"peer"`
	Protocol string `json:"protocol"`
	Key      string `json:"key"`
	Value    string `json:"value"`
	Topic    string `json:"topic"`
	Data     string `json:"data"`
	Bytes    int    `json:"bytes"`
	Upload   int64  `json:"upload"`
	Download int64  `json:"download"`
	Streams  int    `json:"streams"`
	Count    int    `json:"count"`
}

type answer map[string]any

// anyValue takes every value; the first one is best.
type anyValue struct{}

func (anyValue) Validate(string, []byte) error        { return nil }
func (anyValue) Select(string, [][]byte) (int, error) { return 0, nil }

type node struct {
	host   host.Host
	dht    *dht.IpfsDHT
	pubsub *pubsub.PubSub
	mesh   meshView
	out    sync.Mutex
	topics map[string]*pubsub.Topic
	lock   sync.Mutex
	known  map[peer.ID]event.EvtPeerIdentificationCompleted
}

func (n *node) say(line answer) {
	n.out.Lock()
	defer n.out.Unlock()
	encoded, _ := json.Marshal(line)
	fmt.Println(string(encoded))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, opts options) (*node, error) {
	if len(opts.Listen) == 0 {
		opts.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	h, err := libp2p.New(
		libp2p.ListenAddrStrings(opts.Listen...), libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableRelay(), libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.UserAgent("go-libp2p test peer"))
	if err != nil {
		return nil, err
	}
	n := &node{host: h, topics: map[string]*pubsub.Topic{}, known: map[peer.ID]event.EvtPeerIdentificationCompleted{},
		mesh: meshView{peers: map[string]map[peer.ID]bool{}}}
	identified, err := h.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return nil, err
	}
	go func() {
		for one := range identified.Out() {
			done := one.(event.EvtPeerIdentificationCompleted)
			n.lock.Lock()
			n.known[done.Peer] = done
			n.lock.Unlock()
		}
	}()
	h.SetStreamHandler(echoProtocol, func(s network.Stream) {
		defer s.Close()
		if _, err := io.Copy(s, s); err != nil {
			s.Reset()
		}
	})
	h.SetStreamHandler(perfProtocol, servePerf)
	if opts.Kad != "" {
		// The whole name at once: under the prefix of the public network go-libp2p takes no namespaces but its own.
		n.dht, err = dht.New(h, dht.Mode(dht.ModeServer), dht.ProtocolPrefix("/test"),
			dht.V1ProtocolOverride(protocol.ID(opts.Kad)),
			dht.NamespacedValidator("v", anyValue{}), dht.NamespacedValidator("example", anyValue{}))
		if err != nil {
			return nil, err
		}
	}
	if opts.Gossip {
		n.pubsub, err = pubsub.NewGossipSub(ctx, h, pubsub.WithFloodPublish(false), pubsub.WithRawTracer(&n.mesh),
			pubsub.WithPeerOutboundQueueSize(burst), pubsub.WithValidateQueueSize(burst))
	}
	return n, err
}

func servePerf(s network.Stream) {
	defer s.Close()
	var wanted uint64
	if binary.Read(s, binary.BigEndian, &wanted) != nil {
		s.Reset()
		return
	}
	if _, err := io.Copy(io.Discard, s); err != nil {
		s.Reset()
		return
	}
	if sendZeros(s, int64(wanted)) != nil {
		s.Reset()
	}
}

func sendZeros(w io.Writer, count int64) error {
	block := make([]byte, blockBytes)
	for count > 0 {
		size := min(count, blockBytes)
		if _, err := w.Write(block[:size]); err != nil {
			return err
		}
		count -= size
	}
	return nil
}

// connect returns the peer of an address, connected.
func (n *node) connect(ctx context.Context, c command) (peer.ID, error) {
	if c.Address == "" {
		return peer.Decode(c.Peer)
	}
	info, err := peer.AddrInfoFromString(c.Address)
	if err != nil {
		return "", err
	}
	return info.ID, n.host.Connect(ctx, *info)
}

func (n *node) echo(ctx context.Context, to peer.ID, count int, begin time.Time) (answer, error) {
	s, err := n.host.NewStream(ctx, to, echoProtocol)
	if err != nil {
		return nil, err
	}
	data := make([]byte, count)
	for i := range data {
		data[i] = byte(i*31 + 7)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := s.Write(data)
		if err == nil {
			err = s.CloseWrite()
		}
		failed <- err
	}()
	first := make([]byte, min(count, 1))
	if _, err = io.ReadFull(s, first); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	got, err := io.ReadAll(s)
	got = append(first, got...)
	if err = errors.Join(err, <-failed); err != nil {
		return nil, err
	}
	for i := range got {
		if i >= count || got[i] != data[i] {
			return nil, fmt.Errorf("byte %d is wrong", i)
		}
	}
	return answer{"bytes": len(got), "first_us": took.Microseconds()}, nil
}

func (n *node) perf(ctx context.Context, to peer.ID, c command) (answer, error) {
	streams := max(c.Streams, 1)
	begin := time.Now()
	counts := make(chan int64, streams)
	errs := make(chan error, streams)
	for range streams {
		go func() {
			s, err := n.host.NewStream(ctx, to, perfProtocol)
			if err == nil {
				err = binary.Write(s, binary.BigEndian, uint64(c.Download))
			}
			if err == nil {
				err = sendZeros(s, c.Upload)
			}
			if err == nil {
				err = s.CloseWrite()
			}
			var count int64
			if err == nil {
				count, err = io.Copy(io.Discard, s)
			}
			errs <- err
			counts <- count
		}()
	}
	var sum int64
	for range streams {
		if err := <-errs; err != nil {
			return nil, err
		}
		sum += <-counts
	}
	return answer{"received": sum, "seconds": time.Since(begin).Seconds()}, nil
}

func (n *node) identify(ctx context.Context, to peer.ID) (answer, error) {
	for ctx.Err() == nil {
		n.lock.Lock()
		done, found := n.known[to]
		n.lock.Unlock()
		if found {
			addresses := []string{}
			for _, one := range done.ListenAddrs {
				addresses = append(addresses, one.String())
			}
			return answer{"peer": to.String(), "agent": done.AgentVersion, "protocols": done.Protocols,
				"addresses": addresses, "observed": done.ObservedAddr.String(), "certified": done.SignedPeerRecord != nil}, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, ctx.Err()
}

func strings[T fmt.Stringer](list []T) []string {
	out := []string{}
	for _, one := range list {
		out = append(out, one.String())
	}
	return out
}

func contentID(key string) (cid.Cid, error) {
	hash, err := multihash.Sum([]byte(key), multihash.SHA2_256, -1)
	return cid.NewCidV1(cid.Raw, hash), err
}

func (n *node) kad(ctx context.Context, to peer.ID, c command) (answer, error) {
	switch c.Do {
	case "kad_bootstrap":
		return answer{}, nil
	case "kad_table":
		return answer{"size": n.dht.RoutingTable().Size()}, nil
	case "kad_put":
		return answer{}, n.dht.PutValue(ctx, c.Key, []byte(c.Value))
	case "kad_get":
		value, err := n.dht.GetValue(ctx, c.Key)
		return answer{"value": string(value)}, err
	case "kad_find_peer":
		info, err := n.dht.FindPeer(ctx, to)
		return answer{"addresses": strings(info.Addrs)}, err
	}
	content, err := contentID(c.Key)
	if err != nil {
		return nil, err
	}
	if c.Do == "kad_provide" {
		return answer{}, n.dht.Provide(ctx, content, true)
	}
	peers := []string{}
	for one := range n.dht.FindProvidersAsync(ctx, content, max(c.Count, 1)) {
		peers = append(peers, one.ID.String())
	}
	return answer{"peers": peers}, nil
}

func (n *node) topic(name string) (*pubsub.Topic, error) {
	n.lock.Lock()
	defer n.lock.Unlock()
	if topic := n.topics[name]; topic != nil {
		return topic, nil
	}
	topic, err := n.pubsub.Join(name)
	if err == nil {
		n.topics[name] = topic
	}
	return topic, err
}

func (n *node) gossip(ctx context.Context, c command) (answer, error) {
	topic, err := n.topic(c.Topic)
	if err != nil {
		return nil, err
	}
	switch c.Do {
	case "publish":
		return answer{}, topic.Publish(ctx, []byte(c.Data))
	case "mesh":
		return answer{"mesh": n.mesh.of(c.Topic), "subscribers": strings(topic.ListPeers())}, nil
	}
	subscription, err := topic.Subscribe(pubsub.WithBufferSize(burst))
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			message, err := subscription.Next(context.Background())
			if err != nil {
				return
			}
			if message.ReceivedFrom != n.host.ID() {
				n.say(answer{"event": "message", "topic": c.Topic, "data": string(message.Data)})
			}
		}
	}()
	return answer{}, nil
}

func (n *node) perform(ctx context.Context, c command) (answer, error) {
	if c.Do == "stop" {
		os.Exit(0)
	}
	if c.Do == "handle" {
		n.host.SetStreamHandler(protocol.ID(c.Protocol), func(s network.Stream) { s.Reset() })
		return answer{}, nil
	}
	if c.Do == "usage" {
		var raw syscall.Rusage
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &raw)
		return answer{"peak_rss_bytes": raw.Maxrss * 1024, "cpu_us": (raw.Utime.Nano() + raw.Stime.Nano()) / 1000}, err
	}
	if c.Do == "peers" {
		return answer{"peers": strings(n.host.Network().Peers())}, nil
	}
	if c.Do == "subscribe" || c.Do == "publish" || c.Do == "mesh" {
		return n.gossip(ctx, c)
	}
	if c.Do == "gossip_counters" {
		return answer{}, nil
	}
	begin := time.Now()
	to, err := peer.ID(""), error(nil)
	if c.Address != "" || c.Peer != "" {
		if to, err = n.connect(ctx, c); err != nil {
			return nil, err
		}
	}
	switch c.Do {
	case "connect":
		return answer{}, nil
	case "disconnect":
		err = n.host.Network().ClosePeer(to)
		n.lock.Lock()
		delete(n.known, to) // the next connection has its own identify
		n.lock.Unlock()
		return answer{}, err
	case "ping":
		done := <-ping.Ping(ctx, n.host, to)
		return answer{"round_trip_us": done.RTT.Microseconds()}, done.Error
	case "identify":
		return n.identify(ctx, to)
	case "protocols_of":
		known, err := n.host.Peerstore().GetProtocols(to)
		return answer{"protocols": known}, err
	case "echo":
		return n.echo(ctx, to, c.Bytes, begin)
	case "perf":
		return n.perf(ctx, to, c)
	}
	if n.dht != nil {
		return n.kad(ctx, to, c)
	}
	return nil, fmt.Errorf("no command %s", c.Do)
}

func main() {
	var opts options
	if len(os.Args) > 1 {
		check(json.Unmarshal([]byte(os.Args[1]), &opts))
	}
	n, err := start(context.Background(), opts)
	check(err)
	addresses := []string{}
	for _, one := range n.host.Addrs() {
		addresses = append(addresses, fmt.Sprintf("%s/p2p/%s", one, n.host.ID()))
	}
	n.say(answer{"event": "ready", "peer": n.host.ID().String(), "addresses": addresses})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, blockBytes), 16*blockBytes)
	for lines.Scan() {
		var c command
		check(json.Unmarshal(lines.Bytes(), &c))
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			result, err := n.perform(ctx, c)
			if err != nil {
				n.say(answer{"id": c.ID, "ok": false, "error": err.Error()})
				return
			}
			result["id"], result["ok"] = c.ID, true
			n.say(result)
		}()
	}
}
