// The wire of the network: connections between two ends in memory, counted, and over real sockets, timed.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/random.hpp"
#include "harness/process.hpp"
#include "net/p2p/probe.hpp"
#include "p2p/basic/perf.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/wire/connection.hpp"
#include "suites/live_nodes.hpp"
#include "suites/ggen_program.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

using p2p::Connection;
using p2p::StreamId;
using p2p::Yamux;

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

constexpr TimePoint k_now{std::chrono::seconds{1'000}};
constexpr char const* k_protocol = "/bench/1";

/// Two ends of a connection whose bytes go from one to the other as they are.
class ConnectedPair {
public:
    explicit ConnectedPair(Random& random)
        : names_(std::make_shared<std::vector<std::string> const>(std::vector<std::string>{k_protocol})),
          dialer_(config(Yamux::Role::dialer, random), budget_, k_now),
          listener_(config(Yamux::Role::listener, random), budget_, k_now) {}

    /// Until neither has anything to say.
    Result<void> settle() {
        for (bool is_busy = true; is_busy;) {
            ASSIGN_OR_RETURN(bool const there, fly(dialer_, listener_));
            ASSIGN_OR_RETURN(bool const back, fly(listener_, dialer_));
            is_busy = there || back;
        }
        return ok();
    }
    [[nodiscard]] Connection& dialer() { return dialer_; }
    [[nodiscard]] Connection& listener() { return listener_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }

private:
    p2p::ConnectionConfig config(Yamux::Role role, Random& random) {
        auto const byte = static_cast<std::uint8_t>(role == Yamux::Role::dialer ? 1 : 2);
        return {role,
                Ed25519PrivateKey::from_seed(Bytes(32, byte)).value(),
                X25519PrivateKey::generate(random),
                X25519PrivateKey::generate(random),
                std::nullopt,
                names_,
                true};
    }
    Result<bool> fly(Connection& from, Connection& to) {
        constexpr std::size_t k_flight_bytes = std::size_t{128} * 1'024;
        Bytes const out = from.take_output(k_flight_bytes);
        poll(from);
        if (out.empty()) return false;
        sent_ += out.size();
        RETURN_IF_ERROR(to.on_bytes(out, k_now));
        poll(to);
        return true;
    }
    void poll(Connection& end) {
        while (auto event = end.poll_event()) {
            auto* const bytes = std::get_if<p2p::StreamBytes>(&*event);
            if (bytes == nullptr) continue;
            received_ += bytes->bytes.size();
            end.consume(bytes->stream, bytes->bytes.size(), k_now);
        }
    }

    p2p::WindowBudget budget_{p2p::k_host_window_bytes_max};
    p2p::ProtocolNames names_;
    Connection dialer_;
    Connection listener_;
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
};

/// One unit: both ends of multistream, Noise and yamux, from the first byte to an open connection.
class HandshakeWork final : public Work {
public:
    Result<void> prepare(std::string const& /*directory*/) override { return ok(); }
    Result<void> run() override {
        pair_ = std::make_unique<ConnectedPair>(random_);
        return pair_->settle();
    }
    Result<void> check() override {
        if (!pair_->dialer().is_confirmed() || !pair_->listener().is_confirmed()) return wrong("no connection stands");
        bool const is_right = pair_->dialer().remote_peer() != pair_->listener().remote_peer();
        return is_right ? ok() : Result<void>{wrong("both ends see the same peer")};
    }
    std::vector<Figure> figures() override {
        return {{"wire_bytes", "bytes", Kind::exact, {static_cast<double>(pair_->sent())}}};
    }

private:
    SeededBytes random_{3};
    std::unique_ptr<ConnectedPair> pair_;
};

constexpr std::size_t k_transfer_bytes = std::size_t{1} << 20U;

/// One unit: a MiB from end to end over so many streams.
class TransferWork final : public Work {
public:
    explicit TransferWork(std::size_t streams) : streams_wanted_(streams) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        pair_ = std::make_unique<ConnectedPair>(random_);
        RETURN_IF_ERROR(pair_->settle());
        for (std::size_t i = 0; i < streams_wanted_; ++i) {
            ASSIGN_OR_RETURN(auto const stream, pair_->dialer().open_stream_lazily(k_protocol, k_now));
            streams_.push_back(stream);
        }
        return pair_->settle();
    }
    Result<void> run() override {
        auto const begin = pair_->received();
        auto const sent = pair_->sent();
        std::size_t written = 0;
        while (written < k_transfer_bytes) {
            for (auto const stream : streams_) {
                auto const rest = std::min(block_.size(), k_transfer_bytes - written);
                ASSIGN_OR_RETURN(auto const taken, pair_->dialer().write(stream, BytesView{block_}.first(rest)));
                written += taken;
            }
            RETURN_IF_ERROR(pair_->settle());
        }
        arrived_ = pair_->received() - begin;
        overhead_ = pair_->sent() - sent - arrived_;
        return ok();
    }
    Result<void> check() override {
        return arrived_ == k_transfer_bytes ? ok() : Result<void>{wrong(fmt::format("{} bytes arrived", arrived_))};
    }
    std::vector<Figure> figures() override {
        return {{"overhead_bytes", "bytes", Kind::exact, {static_cast<double>(overhead_)}}};
    }

private:
    std::size_t streams_wanted_;
    SeededBytes random_{5};
    std::unique_ptr<ConnectedPair> pair_;
    std::vector<StreamId> streams_;
    Bytes block_ = Bytes(std::size_t{64} * 1'024, 7);
    std::uint64_t arrived_ = 0;
    std::uint64_t overhead_ = 0;
};

enum class SocketJob : std::uint8_t { connect, ping, download, upload };

/// One unit: a question to a real node, from a host that exists only for it.
class SocketWork final : public Work {
public:
    explicit SocketWork(SocketJob job) : job_(job) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        ASSIGN_OR_RETURN(node_, LiveNode::create({}, bell_));
        node_->node().add(perf_);
        node_->start();
        ASSIGN_OR_RETURN(auto const text, node_->address());
        ASSIGN_OR_RETURN(address_, Multiaddr::parse(text));
        return ok();
    }
    Result<void> run() override {
        p2p::ProbeOptions const options;
        switch (job_) {
            case SocketJob::connect: {
                ASSIGN_OR_RETURN(auto const report, p2p::identify_peer(*address_, options, random_));
                seen_ = report.identity.peer;
                connected_us_.push_back(static_cast<double>(report.connected.count()) / 1e3);
                return ok();
            }
            case SocketJob::ping: {
                p2p::PingOptions const ping{.count = k_pings, .interval = std::chrono::nanoseconds{0}};
                ASSIGN_OR_RETURN(auto const times, p2p::ping_peer(*address_, ping, options, random_));
                for (auto const time : times) round_trips_us_.push_back(static_cast<double>(time.count()) / 1e3);
                return ok();
            }
            case SocketJob::download:
            case SocketJob::upload: {
                p2p::PerfOptions perf;
                (job_ == SocketJob::download ? perf.download_bytes : perf.upload_bytes) = k_perf_bytes;
                ASSIGN_OR_RETURN(auto const totals, p2p::measure_peer(*address_, perf, options, random_));
                auto const took = job_ == SocketJob::download ? totals.download : totals.upload;
                rates_.push_back(static_cast<double>(k_perf_bytes) / std::max(1.0, static_cast<double>(took.count())) *
                                 1e9);
                return ok();
            }
        }
        return ok();
    }
    Result<void> check() override {
        if (job_ == SocketJob::connect && seen_ != node_->self()) return wrong("another peer answered");
        if (job_ == SocketJob::ping && round_trips_us_.size() % k_pings != 0) return wrong("pings are missing");
        return ok();
    }
    std::vector<Figure> figures() override {
        switch (job_) {
            case SocketJob::connect:
                return {{"connected_us", "us", Kind::load, connected_us_}};
            case SocketJob::ping:
                return {{"round_trip_us", "us", Kind::load, round_trips_us_}};
            case SocketJob::download:
            case SocketJob::upload:
                return {{"bytes_per_second", "bytes", Kind::load, rates_}};
        }
        return {};
    }

private:
    static constexpr std::uint64_t k_pings = 100;
    static constexpr std::uint64_t k_perf_bytes = std::uint64_t{64} << 20U;
    SocketJob job_;
    SystemRandom random_;
    Bell bell_;
    p2p::Perf perf_{true};
    std::unique_ptr<LiveNode> node_;
    std::optional<Multiaddr> address_;
    std::optional<PeerId> seen_;
    std::vector<double> connected_us_;
    std::vector<double> round_trips_us_;
    std::vector<double> rates_;
};

/// One unit: the program from its start to its exit, as a user asks a peer.
class AskWork final : public Work {
public:
    explicit AskWork(std::vector<std::string> words) : words_(std::move(words)) {}
    Result<void> prepare(std::string const& directory) override {
        directory_ = directory;
        ASSIGN_OR_RETURN(auto const program, ggen_program());
        ASSIGN_OR_RETURN(node_, LiveNode::create({}, bell_));
        node_->node().add(perf_);
        node_->start();
        ASSIGN_OR_RETURN(auto const address, node_->address());
        words_.insert(words_.begin(), {program, "p2p"});
        words_.insert(words_.end(), {address, "--json"});
        return ok();
    }
    Result<void> run() override {
        Command command;
        command.words = words_;
        command.environment = {"HOME=" + directory_};
        command.is_quiet = true;
        ASSIGN_OR_RETURN(done_, run_command(command));
        return done_.is_good() ? ok() : Result<void>{wrong(done_.how_it_ended() + ": " + done_.errors)};
    }
    Result<void> check() override {
        bool const is_there = done_.output.find(node_->self().text()) != std::string::npos;
        return is_there ? ok() : Result<void>{wrong("the answer does not name the peer")};
    }

private:
    std::vector<std::string> words_;
    std::string directory_;
    Bell bell_;
    p2p::Perf perf_{true};
    std::unique_ptr<LiveNode> node_;
    Finished done_;
};

}  // namespace

void add_wire_suite(Catalogue& catalogue) {
    catalogue.add({"wire_handshake", "both_ends", TestClass::micro,
                   "multistream, Noise and yamux of both ends in memory, until the connection stands",
                   [] { return std::make_unique<HandshakeWork>(); }});
    for (std::size_t const n : {1UL, 64UL}) {
        catalogue.add({"wire_throughput", fmt::format("mib_streams_n{}", n), TestClass::micro,
                       "a MiB from end to end in memory over n streams, encrypted",
                       [n] { return std::make_unique<TransferWork>(n); }});
    }
    auto const socket = [&](char const* group, char const* name, SocketJob job, char const* what,
                            std::vector<std::string> aliases = {}) {
        Test test{group, name, TestClass::network, what, [job] { return std::make_unique<SocketWork>(job); },
                  std::move(aliases)};
        test.exact_runs = 0;
        test.slices_max = 10;
        catalogue.add(std::move(test));
    };
    socket("wire_handshake", "loopback", SocketJob::connect, "dial, handshake and identify of a real node");
    socket("wire_latency", "ping_100", SocketJob::ping, "a hundred pings to a real node over one connection");
    socket("wire_throughput", "loopback_download", SocketJob::download, "64 MiB from a real node");
    socket("wire_throughput", "loopback_upload", SocketJob::upload, "64 MiB to a real node");
    auto const ask = [&](char const* name, std::vector<std::string> const& words, char const* what) {
        Test test{"p2p_cli_commands", name, TestClass::process, what,
                  [words] { return std::make_unique<AskWork>(words); }};
        test.exact_runs = 0;
        test.slices_max = 10;
        catalogue.add(std::move(test));
    };
    ask("identify", {"identify"}, "ggen p2p identify of a real node, process and all");
    ask("ping", {"ping", "--count", "3", "--interval", "0"}, "three pings by ggen p2p ping");
    ask("perf_8_mib", {"perf", "--download", "8"}, "8 MiB by ggen p2p perf");
}

}  // namespace ggen::bench
