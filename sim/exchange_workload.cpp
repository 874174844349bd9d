#include "sim/exchange_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "merkle/chunk_tree.hpp"
#include "p2p/exchange/exchange.hpp"
#include "p2p/exchange/testing/hostile_server.hpp"
#include "sim/fields.hpp"
#include "sim/samples.hpp"

namespace ggen::sim {

namespace {
using p2p::testing::HostileServer;
using p2p::testing::Malice;

/// The lying, stalling and endless of which the promise speaks; the others only say no.
constexpr std::array k_mix = {Malice::lies,         Malice::lies_in_chunks, Malice::stalls,   Malice::stalls_after_list,
                              Malice::stalls_at_99, Malice::claims_more,    Malice::goes_on,  Malice::trickles,
                              Malice::babbles};
constexpr char const* k_bundle = "tile/entries/000.p/2";
constexpr std::size_t k_checkpoint_bytes = 300;
constexpr std::size_t k_bundle_bytes = 900;
/// After its own deadline a fetch has this long to say so.
constexpr Nanos k_slack = 2 * k_second;

struct Options {
    std::uint64_t blob_bytes = 4 * k_mib;
    std::uint64_t honest_providers = 1;
    Nanos clean_at = k_second;         ///< an install that knows only the honest providers
    Nanos start = 20 * k_second;       ///< one that knows everybody who says that he has it
    Nanos deadline = 60 * k_second;
    bool expects_success = true;
};

Result<Options> parse_options(Json const& json) {
    Options options;
    Fields fields{&json, "options"};
    options.blob_bytes = fields.number("blob_bytes", options.blob_bytes, 256 * k_mib);
    options.honest_providers = fields.number("honest_providers", options.honest_providers, 10'000);
    options.clean_at = fields.seconds("clean_at_s", options.clean_at);
    options.start = fields.seconds("start_s", options.start);
    options.deadline = fields.seconds("deadline_s", options.deadline);
    options.expects_success = fields.flag("succeeds", true);
    if (options.blob_bytes == 0) fields.fail("blob_bytes", "more than 0 is expected");
    RETURN_IF_ERROR(fields.finish());
    return options;
}

/// What the honest providers serve: one log, and one blob that its record names.
class Shelf final : public p2p::ContentProvider {
public:
    Result<std::shared_ptr<p2p::Content>> open(std::optional<p2p::LogId> const& /*log*/,
                                               std::string_view path) override {
        auto const at = objects.find(path);
        if (at == objects.end()) return Error{Errc::not_found, "not here"};
        return std::shared_ptr<p2p::Content>{std::make_shared<p2p::MemoryContent>(at->second)};
    }
    std::map<std::string, std::shared_ptr<Bytes const>, std::less<>> objects;
};

class ExchangeWorkload final : public Workload, public Application {
public:
    explicit ExchangeWorkload(Options options) : options_(options) {}

    void prepare(World& world) override;
    void equip(World& world, NodeId node, SimulatedHost& host) override;
    void begin(World& world) override;
    void check(World& world) override;
    void conclude(World& world, std::vector<Figure>& figures) override;
    [[nodiscard]] bool on_called(SimulatedHost& host, std::size_t protocol) override;

private:
    enum class Step : std::uint8_t { idle, checkpoint, bundle, blob, done, failed };
    struct Install {
        NodeId node = k_no_node;
        bool is_clean = false;
        Step step = Step::idle;
        p2p::FetchId fetch = 0;
        Nanos started = 0;
        Nanos ended = 0;
        std::size_t progress = 0;
        std::shared_ptr<p2p::MemoryChunkStore> store = std::make_shared<p2p::MemoryChunkStore>();
        std::uint64_t wasted_bytes = 0;
        std::size_t asked = 0;
        std::size_t liars = 0;
    };

    [[nodiscard]] static p2p::Exchange& exchange(SimulatedHost& host) {
        return static_cast<p2p::Exchange&>(host.protocol(0));
    }
    [[nodiscard]] std::vector<p2p::ContentHolder> providers(bool is_clean) const;
    void start(Install& install);
    void ask(Install& install, std::string const& path);
    bool on_event(Install& install, p2p::ExchangeEvent const& event);
    bool on_offer(Install& install, p2p::ObjectOffered const& offer);
    void fetch_blob(Install& install);
    void end(Install& install, Step step, std::string const& why = "");

    Options options_;
    World* world_ = nullptr;
    Shelf shelf_;
    Shelf empty_;
    std::shared_ptr<Bytes const> blob_;
    Digest digest_;
    Digest root_;
    p2p::LogId log_{};
    std::vector<NodeId> holders_;
    std::vector<NodeId> byzantine_;
    std::vector<std::unique_ptr<p2p::Ledger>> ledgers_;  ///< by node
    std::array<Install, 2> installs_;                    ///< the clean one, and the one among byzantine peers
};

Bytes draw_bytes(World const& world, std::uint64_t what, std::size_t count) {
    Dice dice{world.seed(), Purpose::workload, what};
    Bytes out(count);
    for (std::size_t at = 0; at < count; at += 8) {
        auto word = dice.next();
        for (std::size_t i = at; i < std::min(count, at + 8); ++i, word >>= 8U) {
            out[i] = static_cast<std::uint8_t>(word);
        }
    }
    return out;
}

void ExchangeWorkload::prepare(World& world) {
    world_ = &world;
    blob_ = std::make_shared<Bytes const>(draw_bytes(world, 1, options_.blob_bytes));
    digest_ = sha256(*blob_);
    root_ = merkle::chunk_root(*blob_);
    shelf_.objects["checkpoint"] = std::make_shared<Bytes const>(draw_bytes(world, 2, k_checkpoint_bytes));
    shelf_.objects[k_bundle] = std::make_shared<Bytes const>(draw_bytes(world, 3, k_bundle_bytes));
    shelf_.objects[p2p::exchange_path(p2p::ObjectKind::blob, digest_)] = blob_;
    std::vector<NodeId> honest;
    for (NodeId node = 0; node < world.node_count(); ++node) {
        ledgers_.push_back(std::make_unique<p2p::Ledger>());
        if (world.is_honest(node)) honest.push_back(node);
        else if (!world.is_dead(node)) byzantine_.push_back(node);
    }
    Dice dice{world.seed(), Purpose::workload, 4};
    dice.shuffle(honest);
    for (std::size_t i = 0; i < installs_.size() && !honest.empty(); ++i) {
        installs_[i].node = honest.back();
        installs_[i].is_clean = i == 0;
        honest.pop_back();
    }
    honest.resize(std::min<std::size_t>(options_.honest_providers, honest.size()));
    holders_ = std::move(honest);
}

void ExchangeWorkload::equip(World& world, NodeId node, SimulatedHost& host) {
    if (world.program(node) != Program::honest) {
        auto const die = mix(world.seed(), node, static_cast<std::uint64_t>(Purpose::byzantine));
        host.add(std::make_unique<HostileServer>(k_mix[die % k_mix.size()], blob_));
        return;
    }
    bool const is_holder = std::find(holders_.begin(), holders_.end(), node) != holders_.end();
    auto const seed = mix(world.seed(), static_cast<std::uint64_t>(Purpose::program), node);
    host.add(std::make_unique<p2p::Exchange>(
        p2p::ExchangeOptions{seed, ledgers_[node].get(), is_holder ? &shelf_ : &empty_}));
    host.set_application(this);
}

void ExchangeWorkload::begin(World& world) {
    for (auto& install : installs_) {
        if (install.node == k_no_node || (install.is_clean && holders_.empty())) continue;
        auto const at = install.is_clean ? options_.clean_at : options_.start;
        world.network().at(at, [this, &install] { start(install); });
    }
}

std::vector<p2p::ContentHolder> ExchangeWorkload::providers(bool is_clean) const {
    auto nodes = holders_;
    if (!is_clean) nodes.insert(nodes.end(), byzantine_.begin(), byzantine_.end());
    Dice dice{world_->seed(), Purpose::workload, 5};
    dice.shuffle(nodes);
    std::vector<p2p::ContentHolder> out;
    out.reserve(nodes.size());
    for (auto const node : nodes) out.push_back({world_->fabric().peer(node), {world_->address(node)}});
    return out;
}

void ExchangeWorkload::start(Install& install) {
    auto* const host = world_->host(install.node);
    if (host == nullptr) return;
    install.started = world_->now();
    install.progress = world_->expect_progress(install.node, "an install", world_->now() + options_.deadline + k_slack);
    install.step = Step::checkpoint;
    ask(install, "checkpoint");
    host->pump();
}

void ExchangeWorkload::ask(Install& install, std::string const& path) {
    p2p::ObjectQuestion question;
    question.object = {log_, path, 0, 16 * k_kib};
    question.providers = providers(install.is_clean);
    question.deadline = to_time_point(install.started + options_.deadline);
    install.fetch = exchange(*world_->host(install.node)).ask(std::move(question), world_->time_point());
}

void ExchangeWorkload::fetch_blob(Install& install) {
    p2p::BlobRequest request;
    request.digest = digest_;
    request.bytes = blob_->size();
    request.chunk_root = root_;
    request.store = install.store;
    request.providers = providers(install.is_clean);
    request.deadline = to_time_point(install.started + options_.deadline);
    install.step = Step::blob;
    install.fetch = exchange(*world_->host(install.node)).fetch_blob(std::move(request), world_->time_point());
}

bool ExchangeWorkload::on_called(SimulatedHost& host, std::size_t protocol) {
    if (protocol != 0) return false;
    bool has_called = false;
    while (auto const event = exchange(host).poll_event()) {
        for (auto& install : installs_) {
            if (install.node == host.self()) has_called = on_event(install, *event) || has_called;
        }
    }
    return has_called;
}

bool ExchangeWorkload::on_event(Install& install, p2p::ExchangeEvent const& event) {
    if (auto const* const offer = std::get_if<p2p::ObjectOffered>(&event)) return on_offer(install, *offer);
    if (auto const* const failed = std::get_if<p2p::QuestionFailed>(&event)) {
        end(install, Step::failed, failed->error.context);
    } else if (auto const* const fetched = std::get_if<p2p::BlobFetched>(&event)) {
        if (fetched->report) {
            install.wasted_bytes = fetched->report->wasted_bytes;
            install.asked = fetched->report->providers;
            install.liars = fetched->report->liars;
            if (install.store->bytes() != *blob_) world_->violate(install.node, "wrong bytes were installed");
        }
        if (fetched->report) end(install, Step::done);
        else end(install, Step::failed, fetched->report.error().context);
    }
    return false;
}

/// The reader's part: a checkpoint by its signature, a bundle by its tree. Here both are known.
bool ExchangeWorkload::on_offer(Install& install, p2p::ObjectOffered const& offer) {
    auto& core = exchange(*world_->host(install.node));
    auto const now = world_->time_point();
    auto const* const path = install.step == Step::checkpoint ? "checkpoint" : k_bundle;
    if (offer.bytes != *shelf_.objects.find(path)->second) {
        core.reject(offer.id, p2p::AnswerFault::lie, now);
        return true;
    }
    core.accept(offer.id, now);
    if (install.step == Step::checkpoint) {
        install.step = Step::bundle;
        ask(install, k_bundle);
    } else {
        fetch_blob(install);
    }
    return true;
}

void ExchangeWorkload::end(Install& install, Step step, std::string const& why) {
    install.step = step;
    install.ended = world_->now();
    world_->end_progress(install.progress);
    if (step == Step::failed && options_.expects_success) {
        world_->violate(install.node, "an install failed: " + why);
    }
    if (step == Step::done && !options_.expects_success && !install.is_clean) {
        world_->violate(install.node, "an install succeeded with nobody honest");
    }
}

void ExchangeWorkload::check(World& world) {
    for (auto const& install : installs_) {
        auto* const host = install.node == k_no_node ? nullptr : world.host(install.node);
        if (host == nullptr) continue;
        auto const status = exchange(*host).status();
        if (status.outbound_streams > p2p::k_exchange_peers_max + p2p::k_exchange_silent_peers_max + 1) {
            world.violate(install.node, fmt::format("{} streams for one blob", status.outbound_streams));
        }
    }
}

void ExchangeWorkload::conclude(World& world, std::vector<Figure>& figures) {
    auto const ms = [](Install const& install) {
        return static_cast<double>(install.ended - install.started) / static_cast<double>(k_millisecond);
    };
    auto const& clean = installs_[0];
    auto const& hard = installs_[1];
    if (hard.node != k_no_node && hard.step != Step::done && hard.step != Step::failed) {
        world.violate(hard.node, "an install did not end");
    }
    std::size_t false_bans = 0;
    for (auto const holder : holders_) {
        for (auto const& install : installs_) {
            if (install.node == k_no_node) continue;
            if (ledgers_[install.node]->is_banned(world.fabric().peer(holder), world.time_point())) ++false_bans;
        }
    }
    figures.push_back({"clean_ms", ms(clean), 1});
    figures.push_back({"install_ms", ms(hard), 1});
    figures.push_back({"installed", hard.step == Step::done ? 1.0 : 0.0, 0});
    figures.push_back({"asked", static_cast<double>(hard.asked), 0});
    figures.push_back({"liars", static_cast<double>(hard.liars), 0});
    figures.push_back({"wasted_mbytes", static_cast<double>(hard.wasted_bytes) / 1e6, 2});
    figures.push_back({"false_bans", static_cast<double>(false_bans), 0});
}

}  // namespace

Result<std::unique_ptr<Workload>> make_exchange_workload(Scenario const& scenario) {
    ASSIGN_OR_RETURN(auto const options, parse_options(scenario.options));
    return std::make_unique<ExchangeWorkload>(options);
}

}  // namespace ggen::sim
