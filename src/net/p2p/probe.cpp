#include "net/p2p/probe.hpp"

#include <algorithm>

#include "p2p/basic/ping.hpp"
#include "p2p/swarm/swarm.hpp"

namespace ggen::p2p {
namespace {

/// How often cancellation is looked at.
constexpr std::chrono::milliseconds k_tick{100};
/// For the end of the connection to reach the peer.
constexpr std::chrono::milliseconds k_farewell{200};

TimePoint now() { return std::chrono::steady_clock::now(); }

/// Connects, and says when and why not; no protocol on the wire.
class Dialer final : public Protocol {
public:
    explicit Dialer(PeerId peer) : peer_(std::move(peer)) {}
    void dial(std::vector<Multiaddr> addresses) { put(ConnectPeer{peer_, std::move(addresses)}); }

    std::optional<PeerInfo> connected;
    std::optional<Error> failed;

    [[nodiscard]] std::vector<std::string> protocols() const override { return {}; }
    void on_peer_connected(PeerInfo const& info, TimePoint /*now*/) override {
        if (info.peer == peer_ && !connected) connected = info;
    }
    void on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) override {
        if (peer == peer_ && !failed) failed = Error{Errc::unavailable, "the peer closed the connection"};
    }
    void on_dial_failed(PeerId const& peer, Error const& error, TimePoint /*now*/) override {
        if (peer == peer_) failed = error;
    }
    void on_inbound_stream(StreamKey stream, PeerId const& /*peer*/, std::string const& /*protocol*/,
                           TimePoint /*now*/) override {
        put(ResetStream{stream});
    }
    void on_stream_bytes(StreamKey /*stream*/, BytesView /*bytes*/, TimePoint /*now*/) override {}
    void on_stream_finished(StreamKey /*stream*/, TimePoint /*now*/) override {}
    void on_stream_reset(StreamKey /*stream*/, TimePoint /*now*/) override {}

private:
    PeerId peer_;
};

/// The host of one question.
class Probe {
public:
    Probe(PeerId peer_in, Multiaddr bare_in, ProbeOptions const& options_in, Random& random)
        : peer(std::move(peer_in)), bare(std::move(bare_in)), options(options_in),
          key_(Ed25519PrivateKey::generate(random)), swarm(SwarmOptions{.identity = key_}, random),
          identify(key_, IdentifyOptions{.agent = options_in.agent, .keeps_events = true}),
          ping(random.next_u64(), options_in.timeout), perf(false), dialer(peer) {}

    [[nodiscard]] Result<void> connect() {
        ASSIGN_OR_RETURN(driver_, AsioDriver::create(swarm, options.driver));
        for (auto* const protocol : std::initializer_list<Protocol*>{&identify, &ping, &perf, &dialer}) {
            swarm.add_protocol(*protocol, now());
        }
        dialer.dial({bare});
        return wait([&] { return dialer.connected.has_value(); }, "connect");
    }

    /// Runs the loop until `is_done`, the connection is lost, the time is over or the user has had enough.
    template <class Predicate>
    [[nodiscard]] Result<void> wait(Predicate is_done, std::string_view doing) {
        auto const end = now() + options.timeout;
        while (now() < end) {
            RETURN_IF_ERROR(check());
            run(is_done, std::min(end, now() + k_tick));
            if (is_done()) return ok();
            if (dialer.failed) return wrap(*dialer.failed, doing);
        }
        return Error{Errc::timed_out, std::string{doing} + ": no answer in time"};
    }
    template <class Predicate>
    void run(Predicate is_done, TimePoint end) {
        swarm.on_protocols_called(now());
        driver_->set_turn_hook([&](TimePoint) {
            if (is_done() || dialer.failed) driver_->stop();
            return false;
        });
        driver_->run_until(end);
        driver_->set_turn_hook({});
    }
    [[nodiscard]] Result<void> check() const { return options.cancel != nullptr ? options.cancel->check() : ok(); }

    void leave() {
        swarm.shut_down(now());
        auto const end = now() + k_farewell;
        while (now() < end && driver_->socket_count() > 0) driver_->run_until(std::min(end, now() + k_tick / 10));
    }

    PeerId peer;
    Multiaddr bare;
    ProbeOptions const& options;

private:
    Ed25519PrivateKey key_;

public:
    Swarm swarm;
    Identify identify;
    Ping ping;
    Perf perf;
    Dialer dialer;

private:
    std::unique_ptr<AsioDriver> driver_;
};

Result<std::unique_ptr<Probe>> open_probe(Multiaddr const& address, ProbeOptions const& options, Random& random) {
    auto const peer = address.peer_id();
    if (!peer) {
        return with_help(Error{Errc::invalid, address.text() + ": names no peer"}, "the address must end in /p2p/PEER");
    }
    auto parts = address.parts();
    parts.pop_back();
    auto bare = Multiaddr::from_parts(std::move(parts));
    if (!bare) return Error{Errc::invalid, address.text() + ": says only who, not where"};
    auto probe = std::make_unique<Probe>(*peer, std::move(bare).value(), options, random);
    RETURN_IF_ERROR(probe->connect());
    return probe;
}

}  // namespace

Result<std::vector<std::chrono::nanoseconds>> ping_peer(Multiaddr const& address, PingOptions const& ping,
                                                        ProbeOptions const& options, Random& random) {
    ASSIGN_OR_RETURN(auto const probe, open_probe(address, options, random));
    std::vector<std::chrono::nanoseconds> out;
    for (std::uint64_t number = 1; number <= ping.count; ++number) {
        auto const next = now() + ping.interval;
        probe->ping.ping(probe->peer, {}, now());
        std::optional<PingDone> done;
        RETURN_IF_ERROR(probe->wait([&] { return done || (done = probe->ping.poll_event()); }, "ping"));
        if (!done->round_trip) return done->round_trip.error();
        out.push_back(*done->round_trip);
        if (ping.on_answer) ping.on_answer(number, out.back());
        while (number < ping.count && now() < next) {
            RETURN_IF_ERROR(probe->check());
            probe->run([] { return false; }, std::min(next, now() + k_tick));
            if (probe->dialer.failed) return *probe->dialer.failed;
        }
    }
    probe->leave();
    return out;
}

Result<IdentifyReport> identify_peer(Multiaddr const& address, ProbeOptions const& options, Random& random) {
    auto const begin = now();
    ASSIGN_OR_RETURN(auto const probe, open_probe(address, options, random));
    auto const connected = now() - begin;
    std::optional<PeerIdentity> identity;
    RETURN_IF_ERROR(probe->wait([&] { return identity || (identity = probe->identify.poll_event()); }, "identify"));
    IdentifyReport report{std::move(*identity), probe->dialer.connected->address, connected};
    probe->leave();
    return report;
}

Result<PerfTotals> measure_peer(Multiaddr const& address, PerfOptions const& perf, ProbeOptions const& options,
                                Random& random) {
    ASSIGN_OR_RETURN(auto const probe, open_probe(address, options, random));
    for (std::uint32_t i = 0; i < perf.streams; ++i) {
        probe->perf.run({probe->peer, {}, perf.upload_bytes, perf.download_bytes}, now());
    }
    PerfTotals totals;
    for (std::uint32_t i = 0; i < perf.streams; ++i) {
        std::optional<PerfDone> done;
        while (!done) {  // perf itself ends a transfer that does not move
            RETURN_IF_ERROR(probe->check());
            probe->run([&] { return done || (done = probe->perf.poll_event()); }, now() + k_tick);
            if (!done && probe->dialer.failed) return *probe->dialer.failed;
        }
        if (!done->report) return done->report.error();
        totals.upload = std::max(totals.upload, done->report->upload);
        totals.download = std::max(totals.download, done->report->download);
    }
    probe->leave();
    return totals;
}

}  // namespace ggen::p2p
