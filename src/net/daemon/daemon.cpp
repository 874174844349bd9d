#include "net/daemon/daemon.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "net/control_client.hpp"
#include "net/daemon/block_service.hpp"
#include "net/daemon/control_server.hpp"
#include "net/daemon/market_service.hpp"
#include "net/daemon/node_calls.hpp"
#include "net/daemon/search_service.hpp"
#include "net/daemon/witness_server.hpp"
#include "net/daemon/witness_service.hpp"
#include "node/own_registry.hpp"

// Where the linker put the program's code.
extern "C" {
extern char const __executable_start;  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming)
extern char const etext;
}

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_listen_step{10};
constexpr std::chrono::seconds k_listen_max{5};

NodeOptions node_options(DaemonOptions const& options, merkle::SignerKey const& identity) {
    NodeOptions out;
    out.identity = identity.private_key();
    out.listen = options.settings.listen_addresses;
    out.agent = options.agent;
    out.finds_neighbours = options.settings.mdns;
    out.bootstrap = options.settings.bootstrap_nodes;
    out.state_folder = options.profile.peers_folder();
    out.connections_max = options.settings.max_connections;
    out.has_topics = true;
    out.has_kad = true;
    out.is_kad_server = options.settings.dht_server_mode;
    return out;
}

/// The start touches half of the program and hardly anything of that again. Its pages are on disk, so the kernel may
/// have them at once instead of counting them as in use; what is needed comes back by itself.
void give_back_program_pages() {
    auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto* const begin = const_cast<char*>(&__executable_start);
    auto const size = static_cast<std::size_t>(&etext - begin) / page * page;
    // It begins a page. A failure changes nothing but what stays mapped.
    static_cast<void>(::madvise(begin, size, MADV_DONTNEED));
}

Multiaddr with_peer(Multiaddr const& address, PeerId const& peer) {
    auto parts = address.parts();
    parts.push_back({MultiaddrCode::p2p, Bytes{peer.bytes().begin(), peer.bytes().end()}});
    auto whole = Multiaddr::from_parts(std::move(parts));
    return whole ? *std::move(whole) : address;
}

}  // namespace

struct Daemon::Impl {
    explicit Impl(DaemonOptions options_in) : options(std::move(options_in)), served(options.files) {}

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;
    ~Impl() {
        if (blocks) blocks->finish();  // Its thread calls the node, which goes first.
    }

    Result<void> start() {
        ASSIGN_OR_RETURN(lock, options.profile.lock(options.files));
        ASSIGN_OR_RETURN(auto const identity, options.profile.load_identity(options.files, options.random));
        RETURN_IF_ERROR(options.files.make_directories(options.profile.peers_folder(), 0700));
        auto made = Node::create(node_options(options, identity));
        if (!made && made.error().code == Errc::unavailable && options.settings.mdns) {
            options.log.warn("neighbours are not looked for: " + made.error().context);
            options.settings.mdns = false;
            made = Node::create(node_options(options, identity));
        }
        if (!made) return std::move(made).error();
        node = *std::move(made);
        node->add(watch);
        exchange = std::make_unique<PeerExchange>(node->ledger(), served, options.random.next_u64());
        node->add(exchange->protocol());
        node->on_turn([this](TimePoint now) { return exchange->turn(now); });
        blocks = std::make_unique<BlockService>(*node, options.files, served, options.profile.blocks_folder());
        blocks->start();
        RETURN_IF_ERROR(listen());
        if (!options.settings.witness.empty()) {
            ASSIGN_OR_RETURN(auto key, load_witness_key(options.files, options.random, options.profile));
            auto const folder = options.profile.witness_folder();
            RETURN_IF_ERROR(options.files.make_directories(folder, 0700));
            witness = std::make_unique<Witness>(options.files, options.clock, folder, std::move(key));
            if (options.settings.witness != k_witness_among_peers) {
                ASSIGN_OR_RETURN(witness_server, WitnessServer::start(options.settings.witness, *witness));
            }
        }
        search = SearchService::start({*node, watch, served, options});  // It wants to know of what is served.
        ASSIGN_OR_RETURN(market, MarketService::start({*node, watch, *exchange, served, options, witness.get()}));
        witnesses = WitnessService::start({.node = *node, .witness = witness.get()});
        calls = std::make_unique<NodeCalls>(
            NodeCalls::Parts{*node, watch, options, *market, *search, *witnesses, *blocks});
        auto const handler = [this](std::string const& call, Json const& arguments, ControlSession& session) {
            return calls->answer(call, arguments, session);
        };
        auto const path = control_socket_path(options.profile.directories().state);
        ASSIGN_OR_RETURN(server, ControlServer::start(path, handler));
        make_report();
        return ok();
    }
    /// A node that was told where to listen and cannot would be unreachable without saying so.
    Result<void> listen() {
        auto const& swarm = node->swarm();
        auto const end = std::chrono::steady_clock::now() + k_listen_max;
        node->run_for({});  // It seldom takes longer.
        while (swarm.pending_listeners() > 0 && !swarm.listen_failure() && std::chrono::steady_clock::now() < end) {
            node->run_for(k_listen_step);
        }
        if (swarm.pending_listeners() == 0 && !swarm.listen_failure()) return ok();
        auto const why = swarm.listen_failure() ? swarm.listen_failure()->context : std::string{"no answer"};
        return Error{Errc::unavailable, ErrorId::none, "the node cannot listen: " + why,
                     "choose another address with --listen /ip4/0.0.0.0/tcp/0"};
    }
    void make_report() {
        report.set("peer", node->swarm().self().text());
        report.set("pid", static_cast<std::int64_t>(::getpid()));
        auto addresses = Json::array();
        for (auto const& address : node->swarm().listen_addresses()) {
            addresses.push(with_peer(address, node->swarm().self()).text());
        }
        report.set("addresses", std::move(addresses));
        report.set("log", options.profile.log_path());
        if (witness) {
            report.set("witness", Json::object()
                                      .set("url", witness_server ? Json{witness_server->url()} : Json{})
                                      .set("key", witness->verifier().text()));
        }
    }
    Result<void> run(WakeEvent const& stop) {
        RETURN_IF_ERROR(node->stop_when_readable(stop.descriptor()));
        give_back_program_pages();
        node->run();
        market->stop();
        search->stop();
        witnesses->stop();
        blocks->stop();
        // Sessions and the market wait for work on this thread: let them have it while they are told to end.
        std::atomic<bool> is_closed{false};
        std::thread closer{[&] {
            server.reset();
            market->finish();
            search->finish();
            witnesses->finish();
            blocks->finish();
            is_closed = true;
        }};
        while (!is_closed) node->run_for(k_listen_step);
        closer.join();
        node->shut_down();
        return ok();
    }

    DaemonOptions options;
    std::unique_ptr<FileLock> lock;
    PeerWatch watch;
    ServedFolders served;
    std::unique_ptr<PeerExchange> exchange;
    std::unique_ptr<BlockService> blocks;
    std::unique_ptr<Node> node;  // Its swarm names the protocols above, its loop whom it calls.
    std::unique_ptr<Witness> witness;
    std::unique_ptr<WitnessServer> witness_server;
    std::unique_ptr<MarketService> market;
    std::unique_ptr<SearchService> search;
    std::unique_ptr<WitnessService> witnesses;
    std::unique_ptr<NodeCalls> calls;
    std::unique_ptr<ControlServer> server;
    Json report = Json::object();
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    RETURN_IF_ERROR(impl->start());
    return std::unique_ptr<Daemon>{new Daemon{std::move(impl)}};
}

Json const& Daemon::report() const { return impl_->report; }
Result<void> Daemon::run(WakeEvent const& stop) { return impl_->run(stop); }

}  // namespace ggen::p2p
