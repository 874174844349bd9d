#include "sim/interop_workload.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "base/time.hpp"
#include "p2p/gossip/gossip.hpp"
#include "sim/fields.hpp"
#include "sim/samples.hpp"
#include "sim/simple_protocols.hpp"

namespace ggen::sim {

namespace {
constexpr std::size_t k_gossip_protocol = 1;
constexpr std::size_t k_number_bytes = 8;
constexpr Nanos k_tail = 30 * k_second;
/// Shadow, which these experiments are written for, starts its clock here: 2000-01-01T00:00:00Z.
constexpr std::int64_t k_log_epoch_s = 946'684'800;

/// One instruction of a script; `only` is the node of an ifNodeIDEquals around it.
struct Step {
    enum class What : std::uint8_t { init, connect, wait, publish, subscribe, delay } what = What::init;
    NodeId only = k_no_node;
    std::vector<NodeId> peers;
    Nanos time = 0;
    std::uint64_t message = 0;
    std::uint64_t size_bytes = 0;
    std::string topic;
    p2p::GossipOptions options;
};

/// Times in params.json are seconds, or nanoseconds where Go printed a Duration.
std::chrono::milliseconds read_time(Fields& fields, std::string_view name, std::chrono::milliseconds absent) {
    auto const value = fields.real(name, static_cast<double>(absent.count()) / 1e3);
    return std::chrono::milliseconds{static_cast<std::int64_t>(value > 1e6 ? value / 1e6 : value * 1e3)};
}

void read_core_options(Fields& fields, p2p::GossipOptions& options) {
    auto const size = [&](std::string_view name, std::size_t& value) {
        value = static_cast<std::size_t>(fields.number(name, value, 1'000'000));
    };
    size("D", options.mesh_size);
    size("Dlo", options.mesh_low);
    size("Dhi", options.mesh_high);
    size("Dscore", options.mesh_best);
    size("Dout", options.mesh_outbound);
    size("Dlazy", options.gossip_peers);
    size("HistoryLength", options.cache_windows);
    size("HistoryGossip", options.gossip_windows);
    size("PrunePeers", options.exchanged_peers);
    size("IDontWantMessageThreshold", options.idontwant_bytes_min);
    options.gossip_factor = fields.real("GossipFactor", options.gossip_factor);
    options.heartbeat = read_time(fields, "HeartbeatInterval", options.heartbeat);
    options.first_heartbeat = read_time(fields, "HeartbeatInitialDelay", options.first_heartbeat);
    options.fanout_ttl = read_time(fields, "FanoutTTL", options.fanout_ttl);
    // Known, and of no meaning here or fixed in the core.
    for (auto const* const name : {"GossipRetransmission", "SlowHeartbeatWarning", "PruneBackoff", "UnsubscribeBackoff",
                                   "Connectors", "MaxPendingConnections", "ConnectionTimeout", "DirectConnectTicks",
                                   "DirectConnectInitialDelay", "OpportunisticGraftTicks", "OpportunisticGraftPeers",
                                   "GraftFloodThreshold", "MaxIHaveLength", "MaxIHaveMessages", "MaxIDontWantLength",
                                   "MaxIDontWantMessages", "IWantFollowupTime", "IDontWantMessageTTL"}) {
        (void)fields.object(name);
    }
}

Result<Step> read_step(Json const& json, NodeId only) {
    Fields fields{&json, "script"};
    Step step;
    step.only = only;
    auto const type = fields.text("type", "");
    if (type == "ifNodeIDEquals") {
        auto const node = static_cast<NodeId>(fields.number("nodeID", 0, k_nodes_max));
        auto const* inner = fields.object("instruction");
        if (auto const* const older = fields.object("action"); inner == nullptr) inner = older;
        RETURN_IF_ERROR(fields.finish());
        if (inner == nullptr) return Error{Errc::invalid, "script: ifNodeIDEquals without an instruction"};
        if (only != k_no_node) return Error{Errc::invalid, "script: ifNodeIDEquals inside another"};
        return read_step(*inner, node);
    }
    if (type == "initGossipSub") {
        Fields params{fields.object("gossipSubParams"), "script.gossipSubParams"};
        read_core_options(params, step.options);
        RETURN_IF_ERROR(params.finish());
        RETURN_IF_ERROR(step.options.validate());
    } else if (type == "connect") {
        step.what = Step::What::connect;
        for (auto const& peer : fields.list("connectTo")) {
            auto const* const id = peer.if_integer();
            if (id == nullptr || *id < 0 || *id >= k_nodes_max) fields.fail("connectTo", "node numbers are expected");
            if (id != nullptr) step.peers.push_back(static_cast<NodeId>(*id));
        }
    } else if (type == "waitUntil") {
        step.what = Step::What::wait;
        step.time = fields.seconds("elapsedSeconds", 0);
    } else if (type == "publish") {
        step.what = Step::What::publish;
        step.message = fields.number("messageID", 0, ~0ULL >> 1U);
        step.size_bytes = fields.number("messageSizeBytes", 0, p2p::k_gossip_message_bytes_max);
        step.topic = fields.text("topicID", "");
    } else if (type == "subscribeToTopic") {
        step.what = Step::What::subscribe;
        step.topic = fields.text("topicID", "");
    } else if (type == "setTopicValidationDelay") {
        step.what = Step::What::delay;
        step.topic = fields.text("topicID", "");
        step.time = fields.seconds("delaySeconds", 0);
    } else {
        return Error{Errc::invalid, fmt::format("script: instruction \"{}\" is not supported", type)};
    }
    RETURN_IF_ERROR(fields.finish());
    return step;
}

/// The number at the front of the data, in decimal: what all members of the experiment use.
p2p::MessageId number_message_id(p2p::RpcMessage const& message) {
    std::uint64_t number = 0;
    for (auto const byte : message.data.first(std::min(message.data.size(), k_number_bytes))) number =
        number << 8U | byte;
    return fmt::format("{}", number);
}

class InteropWorkload final : public Workload, public Application {
public:
    InteropWorkload(std::vector<Step> script, std::string log) : script_(std::move(script)), log_(std::move(log)) {}

    void prepare(World& world) override {
        world_ = &world;
        nodes_.resize(world.node_count());
    }
    void equip(World& world, NodeId node, SimulatedHost& host) override {
        p2p::GossipOptions options;
        Links::Peers peers;
        for (auto const& step : script_) {
            if (step.only != k_no_node && step.only != node) continue;
            if (step.what == Step::What::init) options = step.options;
            if (step.what == Step::What::wait) break;
            if (step.what != Step::What::connect) continue;
            for (auto const peer : step.peers) {
                if (peer < world.node_count()) peers.emplace_back(world.fabric().peer(peer), world.address(peer));
            }
        }
        host.add(std::make_unique<Links>(std::move(peers), world.time_point()));
        auto const seed = mix(world.seed(), static_cast<std::uint64_t>(Purpose::program), node);
        host.add(std::make_unique<p2p::Gossip>(world.fabric().peer(node), options, seed, world.time_point()));
        host.set_application(this);
        write(node, fmt::format(R"("msg":"PeerID","id":"{}","node_id":{})", world.fabric().peer(node).text(), node));
    }
    void begin(World& world) override {
        for (NodeId node = 0; node < world.node_count(); ++node) {
            world.network().at(0, [this, node] { play(node); });
        }
    }
    void conclude(World& /*world*/, std::vector<Figure>& figures) override {
        figures.push_back({"published", static_cast<double>(published_at_.size()), 0});
        figures.push_back({"received", static_cast<double>(times_.count()), 0});
        figures.push_back({"copies", times_.count() == 0 ? 0 : copies() / static_cast<double>(times_.count()), 2});
        times_.put(figures, "interop");
        for (NodeId node = 0; node < nodes_.size() && !log_.empty(); ++node) save(node);
    }
    bool on_called(SimulatedHost& host, std::size_t protocol) override {
        if (protocol != k_gossip_protocol) return false;
        auto const node = host.self();
        while (auto const event = gossip(node).poll_event()) {
            auto const* const received = std::get_if<p2p::MessageReceived>(&*event);
            if (received == nullptr) continue;
            auto const& id = received->message->id();
            write(node, fmt::format(R"("msg":"Received Message","topic":"{}","id":"{}")", received->message->topic(),
                id));
            auto const published = published_at_.find(id);
            if (published == published_at_.end()) {
                world_->violate(node, "a message arrived that nobody published");
                continue;
            }
            times_.add(world_->now() - published->second);
            if (!received->is_verdict_needed) continue;
            auto const at = world_->now() + delays_[{node, received->message->topic()}];
            world_->network().at(at, [this, node, id] {
                if (world_->host(node) == nullptr) return;
                (void)gossip(node).report_validation(id, p2p::Verdict::accept, world_->time_point());
                world_->host(node)->pump();
            });
        }
        return false;
    }

private:
    struct Player {
        std::size_t at = 0;
        std::string log;
    };

    p2p::Gossip& gossip(NodeId node) {
        return static_cast<p2p::Gossip&>(world_->host(node)->protocol(k_gossip_protocol));
    }
    double copies() {
        double sum = 0;
        for (NodeId node = 0; node < nodes_.size(); ++node) {
            if (world_->host(node) == nullptr) continue;
            sum += static_cast<double>(gossip(node).counters().received + gossip(node).counters().duplicates);
        }
        return sum;
    }
    void play(NodeId node) {
        auto& player = nodes_[node];
        while (player.at < script_.size()) {
            auto const& step = script_[player.at];
            if (step.only == k_no_node || step.only == node) {
                if (step.what == Step::What::wait && step.time > world_->now()) {
                    world_->network().at(step.time, [this, node] { play(node); });
                    return;
                }
                run(node, step);
            }
            ++player.at;
        }
    }
    void run(NodeId node, Step const& step) {
        auto const now = world_->time_point();
        if (world_->host(node) == nullptr) return;
        if (step.what == Step::What::delay) delays_[{node, step.topic}] = step.time;
        if (step.what == Step::What::subscribe) {
            p2p::TopicOptions topic;
            topic.message_id = number_message_id;
            topic.message_bytes_max = p2p::k_gossip_message_bytes_max;
            topic.is_validated_later = delays_.contains({node, step.topic});
            auto const joined = gossip(node).join(step.topic, std::move(topic), now);
            if (!joined) world_->violate(node, "subscribe: " + joined.error().context);
        }
        if (step.what == Step::What::publish) {
            Bytes data(std::max<std::size_t>(static_cast<std::size_t>(step.size_bytes), k_number_bytes));
            for (std::size_t i = 0; i < k_number_bytes; ++i) {
                data[i] = static_cast<std::uint8_t>(step.message >> (56 - 8 * i));
            }
            published_at_.emplace(fmt::format("{}", step.message), world_->now());
            (void)gossip(node).publish(step.topic, data, now);
        }
        world_->host(node)->pump();
    }
    void write(NodeId node, std::string const& members) {
        if (log_.empty()) return;
        auto const now = world_->now();
        auto const second = format_utc({k_log_epoch_s + now / k_second});
        nodes_[node].log += fmt::format("{{\"time\":\"{}.{:09}Z\",{}}}\n", second.substr(0, second.size() - 1),
                                        now % k_second, members);
    }
    void save(NodeId node) {
        // As in Shadow's data: a directory for each host. One that exists is fine.
        auto const folder = fmt::format("{}/node{}", log_, node);
        (void)::mkdir(log_.c_str(), 0777);
        (void)::mkdir(folder.c_str(), 0777);
        auto const path = folder + "/gossipsub.1000.stdout";
        std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "wb"), &std::fclose};
        auto const& text = nodes_[node].log;
        bool const is_written = file != nullptr && std::fwrite(text.data(), 1, text.size(),
            file.get()) == text.size() &&
                                std::fflush(file.get()) == 0;
        if (!is_written) world_->violate(node, path + ": cannot be written");
    }

    std::vector<Step> script_;
    std::string log_;
    World* world_ = nullptr;
    std::vector<Player> nodes_;
    std::map<std::pair<NodeId, std::string>, Nanos> delays_;
    std::map<std::string, Nanos> published_at_;
    Samples times_;
};

}  // namespace

Result<std::unique_ptr<Workload>> make_interop_workload(Scenario const& scenario) {
    Fields fields{&scenario.options, "options"};
    auto const log = fields.text("log", "");
    Fields params{fields.object("params"), "options.params"};
    std::vector<Step> script;
    for (auto const& item : params.list("script")) {
        ASSIGN_OR_RETURN(auto step, read_step(item, k_no_node));
        script.push_back(std::move(step));
    }
    RETURN_IF_ERROR(params.finish());
    RETURN_IF_ERROR(fields.finish());
    if (script.empty()) return Error{Errc::invalid, "options.params.script: empty"};
    return std::make_unique<InteropWorkload>(std::move(script), log);
}

Result<std::string> interop_scenario(std::string_view params, std::uint32_t nodes, std::string_view log) {
    if (params.size() > k_interop_params_bytes_max) return Error{Errc::too_large, "params: over 64 MiB"};
    auto parsed = Json::parse(params);
    if (!parsed) return wrap(std::move(parsed).error(), "params");
    Nanos last = 0;
    Fields fields{&parsed.value(), "params"};
    for (auto const& item : fields.list("script")) {
        ASSIGN_OR_RETURN(auto const step, read_step(item, k_no_node));
        if (step.what == Step::What::wait) last = std::max(last, step.time);
    }
    RETURN_IF_ERROR(fields.finish());
    Json options = Json::object();
    options.set("params", std::move(parsed).value());
    options.set("log", std::string{log});
    Json scenario = Json::object();
    scenario.set("name", "interop");
    scenario.set("nodes", std::uint64_t{nodes});
    scenario.set("duration_s", std::uint64_t((last + k_tail) / k_second));
    scenario.set("workload", "interop");
    scenario.set("options", std::move(options));
    return scenario.dump();
}

}  // namespace ggen::sim
