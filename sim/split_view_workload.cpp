#include "sim/split_view_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "merkle/tile.hpp"
#include "node/checkpoint_topic.hpp"
#include "p2p/exchange/exchange.hpp"
#include "p2p/gossip/gossip.hpp"
#include "sim/fields.hpp"
#include "sim/followed_tree.hpp"
#include "sim/simple_protocols.hpp"

namespace ggen::sim {

namespace {
constexpr std::size_t k_forked = 0;  ///< index of the log with two histories
constexpr std::size_t k_honest = 1;
constexpr std::size_t k_logs = 2;
constexpr std::size_t k_gossip_protocol = 1;  // 0 is that of links
constexpr std::size_t k_exchange_protocol = 2;
constexpr Nanos k_publish_period = 4 * k_second;
constexpr Nanos k_look_period = 10 * k_second;  ///< followers look by themselves
constexpr std::size_t k_common_max = 60;
constexpr std::size_t k_own_max = 60;

struct Options {
    std::uint64_t links = 3;
    Nanos meet_at = 12 * k_second;
};

/// What a node serves: its copies.
class Shelf final : public p2p::ContentProvider {
public:
    Result<std::shared_ptr<p2p::Content>> open(std::optional<p2p::LogId> const& log, std::string_view path) override {
        auto const at = log ? objects.find({*log, std::string{path}}) : objects.end();
        if (at == objects.end()) return Error{Errc::not_found, "not here"};
        return std::shared_ptr<p2p::Content>{std::make_shared<p2p::MemoryContent>(at->second)};
    }
    void put(p2p::LogId const& log, std::string path, Bytes bytes) {
        objects.insert_or_assign({log, std::move(path)}, std::make_shared<Bytes const>(std::move(bytes)));
    }
    std::map<std::pair<p2p::LogId, std::string>, std::shared_ptr<Bytes const>> objects;
};

std::string bundle_path(std::size_t size) { return merkle::bundles_of(size).front().path(); }

class SplitViewWorkload final : public Workload, public Application {
public:
    explicit SplitViewWorkload(Options options) : options_(options) {}

    void prepare(World& world) override;
    void equip(World& world, NodeId node, SimulatedHost& host) override;
    void begin(World& world) override;
    void check(World& world) override;
    void conclude(World& world, std::vector<Figure>& figures) override;
    [[nodiscard]] bool on_called(SimulatedHost& host, std::size_t protocol) override;

private:
    struct Log {
        merkle::SignerKey key;
        std::shared_ptr<NoteOpener> notes;
        p2p::LogId id;
        std::string topic;
        std::array<SignedHistory, 2> histories;  ///< by side; the same for the honest log
    };
    struct News {
        std::size_t log;
        std::string text;
        bool is_evidence;
    };
    struct Asked {
        std::size_t log;
        PeerId peer;
        std::string note;  ///< of which the entries are asked for; empty: the checkpoint is
        std::uint64_t size = 0;  ///< of that note
    };
    struct Follower {
        std::size_t side = 0;
        bool is_liar = false;
        std::vector<FollowedTree> trees;
        std::vector<std::shared_ptr<p2p::CheckpointTopic>> topics;
        std::vector<News> news;
        std::map<p2p::FetchId, Asked> asked;
        std::array<bool, k_logs> has_told{};
        Nanos knows_at = -1;
        std::shared_ptr<Shelf> shelf = std::make_shared<Shelf>();
        std::unique_ptr<p2p::Ledger> ledger = std::make_unique<p2p::Ledger>();
    };

    static p2p::Gossip& gossip(SimulatedHost& host) {
        return static_cast<p2p::Gossip&>(host.protocol(k_gossip_protocol));
    }
    static p2p::Exchange& exchange(SimulatedHost& host) {
        return static_cast<p2p::Exchange&>(host.protocol(k_exchange_protocol));
    }
    void make_log(std::string const& name, std::size_t index);
    [[nodiscard]] p2p::TopicOptions topic_options(NodeId node, std::size_t log);
    void publish(std::size_t log, std::size_t side, std::size_t step);
    void adopt(Follower& follower, std::size_t log);
    void look(NodeId node);
    void lie(NodeId node, std::uint64_t turn);
    void ask(SimulatedHost& host, std::string const& path, Asked what);
    void on_news(SimulatedHost& host, Follower& follower);
    void on_fetched(SimulatedHost& host, Follower& follower, p2p::ObjectFetched const& fetched);
    void tell(SimulatedHost& host, Follower& follower, std::size_t log);
    [[nodiscard]] std::size_t size_at(std::size_t log, std::size_t side, std::size_t step) const;

    Options options_;
    World* world_ = nullptr;
    std::vector<Log> logs_;
    std::vector<Follower> followers_;
    std::array<std::vector<NodeId>, 2> sides_;  ///< honest followers
    std::array<NodeId, 2> mouths_{k_no_node, k_no_node};
    std::array<NodeId, 2> bridge_{k_no_node, k_no_node};
    std::size_t false_accusations_ = 0;
    std::size_t adopted_above_ = 0;
    std::size_t lies_ = 0;
};

void SplitViewWorkload::make_log(std::string const& name, std::size_t index) {
    Dice dice{world_->seed(), Purpose::workload, 10 + index};
    Bytes seed(32);
    for (auto& byte : seed) byte = static_cast<std::uint8_t>(dice.next());
    auto const key = merkle::SignerKey::create(name, Ed25519PrivateKey::from_seed(seed).value()).value();
    auto const common = 1 + static_cast<std::size_t>(dice.below(k_common_max));
    auto const entries = [&](std::size_t side) {
        Dice sizes{world_->seed(), Purpose::workload, 20 + index * 2 + side};
        auto const count = common + 3 + static_cast<std::size_t>(sizes.below(k_own_max));
        std::vector<Bytes> out;
        for (std::size_t i = 0; i < count; ++i) {
            auto const text = fmt::format("{} {}{}", name, i, i < common ? "" : fmt::format(" of side {}", side));
            out.emplace_back(text.begin(), text.end());
        }
        return out;
    };
    auto const first = entries(0);
    logs_.push_back({key,
                     std::make_shared<NoteOpener>(key.verifier()),
                     p2p::log_id(key.verifier()),
                     p2p::checkpoint_topic(p2p::log_id(key.verifier())),
                     {SignedHistory{key, first}, SignedHistory{key, index == k_forked ? entries(1) : first}}});
}

void SplitViewWorkload::prepare(World& world) {
    world_ = &world;
    make_log("log.example/two", k_forked);
    make_log("log.example/one", k_honest);
    followers_.resize(world.node_count());
    std::vector<NodeId> nodes;
    for (NodeId node = 0; node < world.node_count(); ++node) {
        auto& follower = followers_[node];
        for (auto const& log : logs_) follower.trees.emplace_back(log.notes);
        follower.is_liar = !world.is_honest(node);
        if (!follower.is_liar) nodes.push_back(node);
    }
    Dice dice{world.seed(), Purpose::workload};
    dice.shuffle(nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        followers_[nodes[i]].side = i % 2;
        // The first of each side is the log's own node there.
        if (i < mouths_.size()) mouths_[i] = nodes[i];
        else sides_[i % 2].push_back(nodes[i]);
    }
    for (std::size_t side = 0; side < sides_.size(); ++side) {
        if (!sides_[side].empty()) bridge_[side] = sides_[side][dice.below(sides_[side].size())];
    }
}

p2p::TopicOptions SplitViewWorkload::topic_options(NodeId node, std::size_t log) {
    auto& follower = followers_[node];
    auto topic = std::make_shared<p2p::CheckpointTopic>(logs_[log].key.verifier(), 0);
    topic->on_older([&follower, log](std::string note) { follower.news.push_back({log, std::move(note), false}); });
    topic->on_fork([&follower, log](std::string text) { follower.news.push_back({log, std::move(text), true}); });
    follower.topics.push_back(topic);
    auto options = p2p::CheckpointTopic::options(topic);
    options.validator = [this, topic, is_liar = follower.is_liar](p2p::Message const& message, PeerId const&) {
        // Liars pass nothing on.
        return is_liar ? p2p::Verdict::ignore : topic->judge(message.data(), world_->time_point());
    };
    return options;
}

void SplitViewWorkload::equip(World& world, NodeId node, SimulatedHost& host) {
    auto& follower = followers_[node];
    Links::Peers peers;
    Dice dice{world.seed(), Purpose::wiring, node};
    auto const link = [&](std::vector<NodeId> const& from, std::size_t count) {
        for (std::size_t i = 0; i < count && !from.empty(); ++i) {
            auto const other = from[static_cast<std::size_t>(dice.below(from.size()))];
            auto const peer = world.fabric().peer(other);
            bool const is_there =
                std::any_of(peers.begin(), peers.end(), [&](auto const& one) { return one.first == peer; });
            if (other != node && !is_there) peers.emplace_back(peer, world.address(other));
        }
    };
    // Liars reach both sides; the others their own alone, its mouth among them.
    if (follower.is_liar) {
        for (auto const& side : sides_) link(side, options_.links);
    } else {
        auto own = sides_[follower.side];
        link({mouths_[follower.side]}, 1);
        link(own, options_.links);
    }
    host.add(std::make_unique<Links>(std::move(peers), world.time_point()));
    auto const seed = mix(world.seed(), static_cast<std::uint64_t>(Purpose::program), node);
    p2p::GossipOptions options;
    options.is_exchanging_peers = false;  // The halves are to meet when the scenario says so.
    auto core = std::make_unique<p2p::Gossip>(world.fabric().peer(node), options, seed, world.time_point());
    for (std::size_t log = 0; log < k_logs; ++log) {
        GGEN_ASSERT(core->join(logs_[log].topic, topic_options(node, log), world.time_point()).has_value());
    }
    host.add(std::move(core));
    host.add(std::make_unique<p2p::Exchange>(p2p::ExchangeOptions{seed, follower.ledger.get(), follower.shelf.get()}));
    if (node == bridge_[0] && bridge_[1] != k_no_node) {
        Links::Peers other{{world.fabric().peer(bridge_[1]), world.address(bridge_[1])}};
        host.add(std::make_unique<Links>(std::move(other), to_time_point(options_.meet_at)));
    }
    host.set_application(this);
}

/// Three checkpoints of each history, the last of all its entries.
std::size_t SplitViewWorkload::size_at(std::size_t log, std::size_t side, std::size_t step) const {
    auto const whole = logs_[log].histories[side].entries().size();
    return step >= 2 ? whole : whole - 2 + step;
}

void SplitViewWorkload::begin(World& world) {
    for (std::size_t log = 0; log < k_logs; ++log) {
        for (std::size_t side = 0; side < sides_.size(); ++side) {
            for (std::size_t step = 0; step < 3; ++step) {
                auto const at = 3 * k_second + static_cast<Nanos>(step) * k_publish_period;
                world.network().at(at, [this, log, side, step] { publish(log, side, step); });
            }
        }
    }
    for (NodeId node = 0; node < world.node_count(); ++node) {
        auto const first_look = k_second * static_cast<Nanos>(1 + node % 7);
        for (Nanos at = first_look; at < world.scenario().duration; at += k_look_period) {
            if (followers_[node].is_liar) {
                world.network().at(at, [this, node, at] { lie(node, static_cast<std::uint64_t>(at / k_second)); });
            } else {
                world.network().at(at, [this, node] { look(node); });
            }
        }
    }
}

void SplitViewWorkload::publish(std::size_t log, std::size_t side, std::size_t step) {
    auto const node = mouths_[side];
    auto* const host = node == k_no_node ? nullptr : world_->host(node);
    if (host == nullptr) return;
    auto const& history = logs_[log].histories[side];
    auto const size = size_at(log, side, step);
    auto const entries = std::vector<Bytes>{history.entries().begin(),
                                            history.entries().begin() + static_cast<std::ptrdiff_t>(size)};
    auto const note = history.note(size);
    auto& follower = followers_[node];
    GGEN_ASSERT(follower.trees[log].extend(note, entries));
    adopt(follower, log);
    static_cast<void>(gossip(*host).publish(logs_[log].topic, as_bytes(note), world_->time_point()));
    host->pump();
}

/// Its copy is served from here.
void SplitViewWorkload::adopt(Follower& follower, std::size_t log) {
    auto const& tree = follower.trees[log];
    auto const note = as_bytes(tree.note());
    follower.shelf->put(logs_[log].id, "checkpoint", Bytes{note.begin(), note.end()});
    follower.shelf->put(logs_[log].id, bundle_path(tree.size()), merkle::encode_bundle(tree.entries()).value());
    follower.topics[log]->know(tree.size());
}

void SplitViewWorkload::look(NodeId node) {
    auto* const host = world_->host(node);
    if (host == nullptr) return;
    for (std::size_t log = 0; log < k_logs; ++log) {
        for (auto const& peer : gossip(*host).subscribers(logs_[log].topic)) ask(*host, "checkpoint", {log, peer, {}});
    }
    host->pump();
}

/// Accuses both logs of what can be made up without their keys: true notes with other proofs, roots and keys.
void SplitViewWorkload::lie(NodeId node, std::uint64_t turn) {
    auto* const host = world_->host(node);
    if (host == nullptr) return;
    Dice dice{world_->seed(), Purpose::byzantine, mix(node, turn)};
    for (std::size_t log = 0; log < k_logs; ++log) {
        auto const& history = logs_[log].histories[node % 2];
        auto const large = 2 + static_cast<std::size_t>(dice.below(history.entries().size() - 1));
        auto const small = 1 + static_cast<std::size_t>(dice.below(large));
        Digest made_up;
        for (auto& byte : made_up.bytes) byte = static_cast<std::uint8_t>(dice.next());
        ForkEvidence evidence;
        evidence.first = history.checkpoint(small);
        evidence.second = history.checkpoint(large);
        evidence.other_root = dice.chance(1, 2) ? made_up : history.root(large);
        for (std::uint64_t i = dice.below(8); i > 0; --i) evidence.proof.push_back(made_up);
        if (dice.chance(1, 4)) {  // a note of somebody else's key under this name
            auto const stranger = merkle::SignerKey::create(logs_[log].key.verifier().name,
                                                            Ed25519PrivateKey::from_seed(made_up.view()).value());
            merkle::Note note{merkle::Checkpoint{stranger->verifier().name, small, made_up}.text(), {}};
            note.sign(*stranger);
            evidence.first.note = note.print();
        }
        ++lies_;
        static_cast<void>(gossip(*host).publish(logs_[log].topic, as_bytes(evidence.document()), world_->time_point()));
    }
    host->pump();
}

void SplitViewWorkload::ask(SimulatedHost& host, std::string const& path, Asked what) {
    p2p::ObjectRequest const wanted{logs_[what.log].id, path, 0, 64 * k_kib};
    auto const id = exchange(host).fetch({what.peer, {}}, wanted, world_->time_point());
    followers_[host.self()].asked.emplace(id, std::move(what));
}

bool SplitViewWorkload::on_called(SimulatedHost& host, std::size_t protocol) {
    auto& follower = followers_[host.self()];
    if (follower.is_liar) {
        while (protocol == k_gossip_protocol && gossip(host).poll_event()) {}
        while (protocol == k_exchange_protocol && exchange(host).poll_event()) {}
        return false;
    }
    bool has_called = false;
    if (protocol == k_gossip_protocol) {
        while (auto const event = gossip(host).poll_event()) {
            for (std::size_t log = 0; log < k_logs; ++log) {
                auto const* const received = std::get_if<p2p::MessageReceived>(&*event);
                auto const* const subscribed = std::get_if<p2p::PeerSubscribed>(&*event);
                bool const is_news = received != nullptr && received->message->topic() == logs_[log].topic &&
                                     !as_text(received->message->data()).starts_with('{');
                bool const is_peer = subscribed != nullptr && subscribed->topic == logs_[log].topic;
                if (!is_news && !is_peer) continue;
                ask(host, "checkpoint", {log, is_news ? received->from : subscribed->peer, {}});
                has_called = true;
                if (is_peer && follower.trees[log].evidence()) {
                    follower.has_told[log] = false;
                    tell(host, follower, log);
                }
            }
        }
        on_news(host, follower);
    } else if (protocol == k_exchange_protocol) {
        while (auto const event = exchange(host).poll_event()) {
            if (auto const* const fetched = std::get_if<p2p::ObjectFetched>(&*event)) {
                on_fetched(host, follower, *fetched);
                has_called = true;
            }
        }
    }
    return has_called;
}

void SplitViewWorkload::on_news(SimulatedHost& host, Follower& follower) {
    for (auto const& news : std::exchange(follower.news, {})) {
        auto& tree = follower.trees[news.log];
        bool const is_right = news.is_evidence ? tree.keep(news.text) : tree.compare(news.text);
        if (!is_right) world_->violate(host.self(), "what the topic let through does not verify");
        if (news.is_evidence) follower.has_told[news.log] = true;  // It was passed on as it came.
        tell(host, follower, news.log);
    }
}

void SplitViewWorkload::on_fetched(SimulatedHost& host, Follower& follower, p2p::ObjectFetched const& fetched) {
    auto const at = follower.asked.find(fetched.id);
    if (at == follower.asked.end()) return;
    auto const asked = std::move(at->second);
    follower.asked.erase(at);
    if (!fetched.bytes) return;
    auto& tree = follower.trees[asked.log];
    if (!asked.note.empty()) {
        auto entries = merkle::decode_bundle(*fetched.bytes, static_cast<unsigned>(asked.size));
        auto const old_size = tree.size();
        bool const is_right = entries && tree.extend(asked.note, *std::move(entries));
        if (is_right && tree.size() > old_size) adopt(follower, asked.log);
    } else if (as_text(*fetched.bytes) == tree.note()) {
        return;  // nothing new
    } else if (auto const& opened = logs_[asked.log].notes->open(as_text(*fetched.bytes))) {
        if (opened->checkpoint.size <= tree.size()) {
            static_cast<void>(tree.compare(opened->note));
        } else if (!tree.evidence()) {
            auto const size = opened->checkpoint.size;
            ask(host, bundle_path(size), {asked.log, asked.peer, opened->note, size});
        }
    }
    tell(host, follower, asked.log);
}

/// Once each time that somebody new is there to hear it.
void SplitViewWorkload::tell(SimulatedHost& host, Follower& follower, std::size_t log) {
    auto const& evidence = follower.trees[log].evidence();
    if (!evidence) return;
    follower.topics[log]->know_fork();
    if (log == k_forked && follower.knows_at < 0) follower.knows_at = world_->now();
    if (std::exchange(follower.has_told[log], true)) return;
    static_cast<void>(gossip(host).publish(logs_[log].topic, as_bytes(*evidence), world_->time_point()));
}

void SplitViewWorkload::check(World& world) {
    for (NodeId node = 0; node < world.node_count(); ++node) {
        auto const& follower = followers_[node];
        if (follower.is_liar) continue;
        if (follower.trees[k_honest].evidence()) {
            ++false_accusations_;
            world.violate(node, "an honest log is accused");
        }
        for (std::size_t log = 0; log < k_logs; ++log) {
            auto const& tree = follower.trees[log];
            auto const& history = logs_[log].histories[follower.side].entries();
            bool const is_own_side = tree.size() <= history.size() &&
                                     std::equal(tree.entries().begin(), tree.entries().end(), history.begin());
            if (is_own_side) continue;
            ++adopted_above_;
            world.violate(node, "a history was taken that contradicts the one known");
        }
    }
}

void SplitViewWorkload::conclude(World& world, std::vector<Figure>& figures) {
    Nanos first = -1;
    Nanos last = 0;
    std::size_t know = 0;
    std::size_t all = 0;
    for (auto const& side : sides_) {
        for (auto const node : side) {
            auto const at = followers_[node].knows_at;
            ++all;
            if (at < 0) continue;
            ++know;
            first = first < 0 ? at : std::min(first, at);
            last = std::max(last, at);
        }
    }
    if (first >= 0 && first < options_.meet_at) world.violate(bridge_[0], "the halves met too early");
    bool const is_at_bridge = std::any_of(bridge_.begin(), bridge_.end(), [&](NodeId node) {
        return node != k_no_node && followers_[node].knows_at == first;
    });
    auto const ms = [&](Nanos at) {
        return static_cast<double>(at - options_.meet_at) / static_cast<double>(k_millisecond);
    };
    figures.push_back({"caught", first >= 0 && is_at_bridge ? 1.0 : 0.0, 0});
    figures.push_back({"caught_ms", first < 0 ? -1 : ms(first), 1});
    bool const have_met = bridge_[0] != k_no_node && bridge_[1] != k_no_node;
    auto const round_trip = have_met ? 2 * world.network().latency(bridge_[0], bridge_[1]) : 0;
    bool const is_known = first >= 0 && round_trip > 0;
    figures.push_back({"caught_round_trips", is_known ? static_cast<double>(first - options_.meet_at) /
                                                            static_cast<double>(round_trip) : -1, 1});
    figures.push_back({"all_know_ms", know < all ? -1 : ms(last), 1});
    figures.push_back({"know_percent", all == 0 ? 0 : 100.0 * static_cast<double>(know) / static_cast<double>(all), 1});
    figures.push_back({"false_accusations", static_cast<double>(false_accusations_), 0});
    figures.push_back({"adopted_above", static_cast<double>(adopted_above_), 0});
    figures.push_back({"lies_told", static_cast<double>(lies_), 0});
}

Result<Options> parse_options(Json const& json) {
    Options options;
    Fields fields{&json, "options"};
    options.links = fields.number("links", options.links, 100);
    options.meet_at = fields.seconds("meet_at_s", options.meet_at);
    RETURN_IF_ERROR(fields.finish());
    return options;
}

}  // namespace

Result<std::unique_ptr<Workload>> make_split_view_workload(Scenario const& scenario) {
    ASSIGN_OR_RETURN(auto const options, parse_options(scenario.options));
    return std::make_unique<SplitViewWorkload>(options);
}

}  // namespace ggen::sim
