#include "net/daemon/market_service.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "base/wake_event.hpp"
#include "market/registry_set.hpp"
#include "net/daemon/arguments.hpp"
#include "net/daemon/blob_bringer.hpp"
#include "net/daemon/followed_log.hpp"
#include "net/daemon/fork_news.hpp"
#include "net/daemon/log_holders.hpp"
#include "net/daemon/log_providers.hpp"
#include "net/daemon/node_thread.hpp"
#include "net/daemon/own_log_keeper.hpp"
#include "net/daemon/own_news.hpp"
#include "net/daemon/peer_source.hpp"
#include "node/own_registry.hpp"
#include "p2p/exchange/message.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_again_interval{250};  ///< when the newest checkpoint may not be told yet
constexpr std::chrono::seconds k_provide_interval{5};
constexpr std::size_t k_provides_at_once = 8;
constexpr std::size_t k_own_blobs_max = 4096;
constexpr std::size_t k_agreeing_holders = 3;
constexpr std::chrono::milliseconds k_same_blob_wait{50};

}  // namespace

class MarketService::Impl {
public:
    Impl(Parts parts, WakeEvent wake)
        : parts_(parts), disk_(parts.options.files), profile_(parts.options.profile), wake_(std::move(wake)),
          providers_(parts.node), holders_({parts.node, parts.watch, parts.exchange, providers_}),
          forks_(parts.node, parts.options.log, wake_) {}

    Result<void> start() {
        RETURN_IF_ERROR(disk_.make_directories(profile_.mirrors_folder(), 0700));
        ASSIGN_OR_RETURN(auto const own_key, log_key_of_peer(parts_.node.swarm().self()));
        own_log_ = log_id(own_key);
        own_topic_ = std::make_shared<CheckpointTopic>(own_key, 0);
        own_topic_->on_older([this](std::string const&) { suspect_own(); });
        own_topic_->on_fork([this](std::string const&) { suspect_own(); });
        own_.emplace(
            OwnNews::Parts{parts_.node, disk_, parts_.served, profile_.registry_folder(), own_log_, own_topic_});
        keeper_.emplace(parts_.node, parts_.exchange, parts_.options, own_log_);
        parts_.served.add(own_log_, profile_.registry_folder());
        join(own_log_, own_topic_);
        for (auto& followed : load_follows(disk_, parts_.options.clock, profile_, parts_.options.log)) adopt(followed);
        parts_.node.on_gossip_event([this](GossipEvent const& event) { on_gossip(event); });
        providers_.start();
        thread_ = std::thread{[this] { loop(); }};
        return ok();
    }
    void stop() {
        stopping_.cancel();
        wake_.call();
    }
    void finish() {
        stop();
        if (thread_.joinable()) thread_.join();
    }
    ~Impl() { finish(); }

    // Calls of sessions.
    Result<Json> follow(Json const& arguments, ControlSession& session);
    Result<Json> unfollow(Json const& arguments);
    [[nodiscard]] Json registries() const;
    Result<Json> announce(ControlSession const& session);
    Result<Json> recover(Json const& arguments, ControlSession& session);
    Result<Json> blob(Json const& arguments, ControlSession& session);

private:
    using Followed = std::shared_ptr<FollowedLog>;
    using Check = PeerSource::Check;

    // The node's thread.
    void join(Digest const& log, std::shared_ptr<CheckpointTopic> const& topic) {
        auto& gossip = *parts_.node.gossip();
        auto const joined = gossip.join(checkpoint_topic(log), CheckpointTopic::options(topic), steady_now());
        if (!joined) parts_.options.log.warn("topic of a log: " + joined.error().context);
    }
    void on_gossip(GossipEvent const& event);
    void suspect_own() {
        keeper_->suspect();
        wake_.call();
    }

    // The service's thread.
    void loop();
    [[nodiscard]] TimePoint next_turn() const;
    void keep_own();
    void refresh_due();
    void provide_all();
    Result<void> refresh(FollowedLog& followed, std::vector<Holder> first, std::uint64_t wanted, Check const& check);

    // Any thread.
    [[nodiscard]] std::vector<Holder> holders_of(Digest const& log, std::optional<PeerId> const& origin,
                                                 Check const& check) {
        return holders_.of(log, origin, check);
    }
    void ask_sources(FollowedLog& followed, std::uint64_t wanted, std::optional<Error>* error, bool* has_any);
    void adopt(Followed const& followed);
    void forget(Followed const& followed);
    [[nodiscard]] std::vector<Followed> follows() const {
        std::lock_guard const guard{mutex_};
        return follows_;
    }
    [[nodiscard]] Followed find(std::string const& label) const;
    Result<void> save() { return save_follows(disk_, profile_, follows()); }

    Parts parts_;
    FileSystem& disk_;
    Profile profile_;
    WakeEvent wake_;  // Called when there is something to do for the service's thread.
    Digest own_log_;
    std::shared_ptr<CheckpointTopic> own_topic_;  // Of the node's thread.
    LogProviders providers_;
    LogHolders holders_;
    EndedReaders ended_readers_;
    ForkNews forks_;
    std::optional<OwnLogKeeper> keeper_;
    std::optional<OwnNews> own_;
    TimePoint provide_at_{};                      // Of the service's thread.
    bool has_to_provide_ = false;                 // Likewise.
    CancelToken stopping_;
    std::thread thread_;

    mutable std::mutex mutex_;  // Guards all below.
    std::vector<Followed> follows_;
    struct News {
        std::uint64_t size;
        PeerId from;
    };
    std::map<Digest, News> news_;
    std::set<Digest> fetching_;
};

void MarketService::Impl::on_gossip(GossipEvent const& event) {
    if (auto const* const received = std::get_if<MessageReceived>(&event)) {
        auto const checkpoint = checkpoint_of(received->message->data());
        if (!checkpoint) return;
        if (received->message->topic() == checkpoint_topic(own_log_)) suspect_own();
        std::lock_guard const guard{mutex_};
        for (auto const& followed : follows_) {
            if (checkpoint_topic(followed->log) != received->message->topic()) continue;
            news_.insert_or_assign(followed->log, News{checkpoint->size, received->from});
            wake_.call();
        }
    } else if (auto const* const subscribed = std::get_if<PeerSubscribed>(&event)) {
        // A follower of ours: what he holds may be more than we do.
        if (subscribed->topic == checkpoint_topic(own_log_)) suspect_own();
        std::lock_guard const guard{mutex_};
        for (auto const& followed : follows_) {
            if (checkpoint_topic(followed->log) != subscribed->topic) continue;
            news_.try_emplace(followed->log, News{0, subscribed->peer});
            forks_.came_subscriber(followed->log);
        }
    }
}

void MarketService::Impl::loop() {
    while (!stopping_.is_cancelled()) {
        own_->look(stopping_);
        keep_own();
        refresh_due();
        forks_.take_turn(follows());
        provide_all();
        if (wake_.wait(own_->watch().descriptor(), next_turn())) own_->watch().take();
    }
}

/// When there is something to do though nobody calls.
TimePoint MarketService::Impl::next_turn() const {
    auto next = TimePoint::max();
    if (own_->watch().descriptor() < 0) next = steady_now() + k_own_interval;
    if (own_->has_more()) next = std::min(next, steady_now() + k_again_interval);
    if (has_to_provide_) next = std::min(next, provide_at_);
    std::lock_guard const guard{mutex_};
    for (auto const& followed : follows_) next = std::min(next, followed->next_at);
    return next;
}

/// Who else has our log may have more of it than this machine.
void MarketService::Impl::keep_own() {
    if (!keeper_->takes_suspicion()) return;
    auto const check = [this] { return stopping_.check(); };
    auto const done = keeper_->recover(holders_of(own_log_, std::nullopt, check), check, stopping_);
    if (!done) parts_.options.log.warn("this node's own registry: " + done.error().context);
}

void MarketService::Impl::refresh_due() {
    auto const check = [this] { return stopping_.check(); };
    for (auto const& followed : follows()) {
        std::vector<Holder> first;
        std::uint64_t wanted = 0;
        {
            std::lock_guard const guard{mutex_};
            auto const news = news_.extract(followed->log);
            if (!news.empty()) {
                first.push_back({news.mapped().from, {}});
                wanted = news.mapped().size;
            } else if (steady_now() < followed->next_at) {
                continue;
            }
        }
        auto const done = refresh(*followed, std::move(first), wanted, check);
        if (!done && done.error().code == Errc::cancelled) return;
    }
}

/// Asks holders in turn until one shows what is wanted, or a few agree: who shows one history hides the other.
Result<void> MarketService::Impl::refresh(FollowedLog& followed, std::vector<Holder> first, std::uint64_t wanted,
                                          Check const& check) {
    std::lock_guard const one_at_a_time{followed.update_mutex};
    {
        std::lock_guard const guard{mutex_};
        followed.next_at = steady_now() + k_follow_interval;
    }
    if (wanted != 0 && followed.mirror->size() >= wanted) return ok();
    auto holders = std::move(first);
    for (auto& holder : holders_of(followed.log, followed.peer, check)) holders.push_back(std::move(holder));
    std::optional<Error> error;
    bool has_any = false;
    std::size_t agreeing = 0;
    std::set<PeerId> asked;
    for (auto const& holder : holders) {
        RETURN_IF_ERROR(check());
        if (!asked.insert(holder.peer).second) continue;
        PeerSource source{parts_.node, parts_.exchange, holder, followed.log, check};
        auto const report = followed.mirror->update(source, stopping_);
        followed.note(report);
        if (report && report->size > report->old_size) {
            parts_.options.log.info(followed.root.registry + ": " + std::to_string(report->size) + " entries, from " +
                                    holder.peer.text());
        }
        if (report) {
            has_any = true;
            if (++agreeing == k_agreeing_holders || (wanted != 0 && followed.mirror->size() >= wanted)) break;
            continue;
        }
        if (report.error().id == ErrorId::checkpoint_rollback) continue;  // Behind us.
        error = report.error();
        if (error->id == ErrorId::log_fork) forks_.found(followed);
        if (!may_try_next(*error)) break;
    }
    ask_sources(followed, wanted, &error, &has_any);
    if (followed.mirror->checkpoint()) {
        // Its folder holds a whole log: others may have it from here.
        parts_.served.add(followed.log, followed.mirror->directory());
        parts_.node.post([topic = followed.topic, size = followed.mirror->size()] { topic->know(size); });
    }
    if (has_any) return ok();
    if (error) return *error;
    return Error{Errc::not_found, ErrorId::p2p_not_held, "no peer that can be reached has " + followed.root.registry,
                 "ggen p2p connect MULTIADDR"};
}

/// The other places of the registry: they know what is newest when no peer has it.
void MarketService::Impl::ask_sources(FollowedLog& followed, std::uint64_t wanted, std::optional<Error>* error,
                                      bool* has_any) {
    for (auto const& location : followed.sources) {
        if (*error && !may_try_next(**error)) return;
        if (*has_any && wanted != 0 && followed.mirror->size() >= wanted) return;
        auto source = parts_.options.opener.open(location);
        if (!source) continue;
        auto const report = followed.mirror->update(**source, stopping_);
        if (report || !*has_any) followed.note(report);
        if (report) *has_any = true;
        else if (report.error().id != ErrorId::checkpoint_rollback) *error = report.error();
    }
}

void MarketService::Impl::provide_all() {
    if (steady_now() < provide_at_ && has_to_provide_) return;
    provide_at_ = steady_now() + k_provide_interval;
    std::vector<Digest> logs;
    if (own_->checkpoint()) logs.push_back(own_log_);
    for (auto const& followed : follows()) {
        if (followed->is_whole) logs.push_back(followed->log);
    }
    if (parts_.options.settings.dht_server_mode) {
        for (auto const& blob : own_->blobs(k_own_blobs_max)) logs.push_back(blob);
        for (auto const& followed : follows()) {
            for (auto const& archive : followed->held()) logs.push_back(archive);
        }
    }
    has_to_provide_ = !logs.empty();  // New archives may come any time.
    providers_.provide(logs, k_provides_at_once);
}

void MarketService::Impl::adopt(Followed const& followed) {
    followed->topic = std::make_shared<CheckpointTopic>(followed->root.log_key, followed->mirror->size());
    forks_.watch(*followed);
    if (parts_.witness != nullptr) parts_.witness->add_log(followed->root.log_key);
    followed->is_whole = followed->mirror->checkpoint().has_value();
    if (followed->is_whole) parts_.served.add(followed->log, followed->mirror->directory());
    {
        std::lock_guard const guard{mutex_};
        follows_.push_back(followed);
    }
    wake_.call();
    parts_.node.post([this, log = followed->log, topic = followed->topic] { join(log, topic); });
}

void MarketService::Impl::forget(Followed const& followed) {
    parts_.served.remove(followed->log);
    if (parts_.witness != nullptr) parts_.witness->remove_log(followed->root.registry);
    {
        std::lock_guard const guard{mutex_};
        std::erase(follows_, followed);
    }
    parts_.node.post([this, log = followed->log] {
        static_cast<void>(parts_.node.gossip()->leave(checkpoint_topic(log), steady_now()));
    });
    providers_.unprovide(followed->log);
}

MarketService::Impl::Followed MarketService::Impl::find(std::string const& label) const {
    for (auto const& followed : follows()) {
        if (followed->label == label || followed->root.registry == label) return followed;
    }
    return nullptr;
}

Result<Json> MarketService::Impl::follow(Json const& arguments, ControlSession& session) {
    ASSIGN_OR_RETURN(auto wish, FollowWish::parse(arguments));
    auto const log = wish.log;
    if (log == own_log_) return Error{Errc::invalid, ErrorId::none, "that is this node itself", "ggen search"};
    auto const check = [&]() -> Result<void> {
        RETURN_IF_ERROR(stopping_.check());
        return session.check();
    };
    auto followed = find(wish.label());
    bool const is_new = followed == nullptr;
    std::vector<Holder> holders;
    if (is_new) {
        if (follows().size() >= k_follows_max) {
            return Error{Errc::too_large, ErrorId::none, "this node follows " + std::to_string(k_follows_max) +
                             " registries already", "ggen unfollow PEER"};
        }
        if (!wish.root) {
            ASSIGN_OR_RETURN(wish.root, holders_.find_root(wish, &holders, check));
        }
        FollowedLog::Place const place{wish.label(), log, wish.peer, *std::move(wish.root), std::move(wish.sources)};
        ASSIGN_OR_RETURN(followed, open_followed(disk_, parts_.options.clock, profile_, place));
        followed->next_at = steady_now() + k_follow_interval;  // After the one that comes now.
        adopt(followed);
    }
    auto const done = refresh(*followed, std::move(holders), 0, check);
    if (!done && (is_new || !followed->is_whole)) {
        if (is_new) forget(followed);
        return done.error();
    }
    RETURN_IF_ERROR(save());
    return followed->describe();
}

Result<Json> MarketService::Impl::unfollow(Json const& arguments) {
    ASSIGN_OR_RETURN(auto const label, text_argument(arguments, "registry"));
    auto const followed = find(label);
    if (followed == nullptr) {
        return Error{Errc::not_found, ErrorId::none, label + " is not followed", "ggen p2p status"};
    }
    forget(followed);
    RETURN_IF_ERROR(save());
    std::lock_guard const one_at_a_time{followed->update_mutex};
    static_cast<void>(disk_.remove_tree(followed->mirror->directory()));
    return followed->describe();
}

Json MarketService::Impl::registries() const {
    auto json = Json::object();
    auto own = Json::object();
    own.set("origin", origin_of_peer(parts_.node.swarm().self()));
    own.set("log", own_log_.hex());
    auto const note = own_->checkpoint();
    auto const checkpoint = note ? checkpoint_of(*note) : Result<merkle::Checkpoint>{note.error()};
    own.set("size", checkpoint ? checkpoint->size : std::uint64_t{0});
    json.set("own", std::move(own));
    auto list = Json::array();
    for (auto const& followed : follows()) list.push(followed->describe());
    json.set("followed", std::move(list));
    auto const figures = parts_.exchange.figures();
    json.set("served_bytes", figures.served_bytes);
    json.set("received_bytes", figures.received_bytes);
    return json;
}

Result<Json> MarketService::Impl::announce(ControlSession const& session) {
    auto const note = own_->checkpoint();
    if (!note) return Error{Errc::not_found, ErrorId::none, "nothing was published yet", "ggen p2p publish PATH"};
    own_->look(stopping_);
    auto const work = [this] {
        auto const told = parts_.node.gossip()->subscribers(checkpoint_topic(own_log_)).size();
        return std::pair{told, parts_.node.swarm().usage().peers};
    };
    ASSIGN_OR_RETURN(auto const counts, on_node(parts_.node, work, [&] { return session.check(); }));
    return Json::object().set("followers", std::uint64_t{counts.first}).set("peers", std::uint64_t{counts.second});
}

Result<Json> MarketService::Impl::recover(Json const& arguments, ControlSession& session) {
    if (auto const* const alone = arguments.find("alone"); alone != nullptr && *alone == Json{true}) {
        return keeper_->accept_alone();
    }
    auto const check = [&]() -> Result<void> {
        RETURN_IF_ERROR(stopping_.check());
        return session.check();
    };
    auto holders = holders_of(own_log_, std::nullopt, check);
    if (auto const* const near = arguments.find("connected_alone"); near == nullptr || *near != Json{true}) {
        for (auto& holder : providers_.look_up(own_log_, std::nullopt, check)) holders.push_back(std::move(holder));
    }
    return keeper_->recover(holders, check, stopping_);
}

Result<Json> MarketService::Impl::blob(Json const& arguments, ControlSession& session) {
    ASSIGN_OR_RETURN(auto const label, text_argument(arguments, "registry"));
    ASSIGN_OR_RETURN(auto const digest_text, text_argument(arguments, "digest"));
    ASSIGN_OR_RETURN(auto const bytes, number_argument(arguments, "bytes", 0, std::uint64_t{2} << 30U));
    ASSIGN_OR_RETURN(auto const digest, Digest::parse(digest_text));
    auto const followed = find(label);
    if (followed == nullptr) {
        return Error{Errc::not_found, ErrorId::none, label + " is not followed", "ggen follow PEER"};
    }
    auto const check = [&]() -> Result<void> {
        RETURN_IF_ERROR(stopping_.check());
        return session.check();
    };
    for (;;) {  // Who comes second waits for the first.
        if (auto const path = parts_.served.find_blob(digest)) return Json::object().set("path", *path);
        bool is_first = false;
        {
            std::lock_guard const guard{mutex_};
            is_first = fetching_.insert(digest).second;
        }
        if (is_first) break;
        RETURN_IF_ERROR(check());
        std::this_thread::sleep_for(k_same_blob_wait);
    }
    BlobBringer bringer{{parts_.node, parts_.exchange, providers_, parts_.options.opener, ended_readers_}};
    auto course = bringer.bring(*followed, {digest, bytes}, holders_.of_blob(followed->log, followed->peer, check),
                                check, session);
    {
        std::lock_guard const guard{mutex_};
        fetching_.erase(digest);
    }
    return course;
}

MarketService::MarketService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MarketService::~MarketService() = default;

Result<std::unique_ptr<MarketService>> MarketService::start(Parts parts) {
    ASSIGN_OR_RETURN(auto wake, WakeEvent::create());
    auto impl = std::make_unique<Impl>(parts, std::move(wake));
    RETURN_IF_ERROR(impl->start());
    return std::unique_ptr<MarketService>{new MarketService{std::move(impl)}};
}

void MarketService::stop() { impl_->stop(); }
void MarketService::finish() { impl_->finish(); }
Result<Json> MarketService::follow(Json const& arguments, ControlSession& session) {
    return impl_->follow(arguments, session);
}
Result<Json> MarketService::unfollow(Json const& arguments) { return impl_->unfollow(arguments); }
Json MarketService::registries() const { return impl_->registries(); }
Result<Json> MarketService::announce(ControlSession const& session) { return impl_->announce(session); }
Result<Json> MarketService::recover(Json const& arguments, ControlSession& session) {
    return impl_->recover(arguments, session);
}
Result<Json> MarketService::blob(Json const& arguments, ControlSession& session) {
    return impl_->blob(arguments, session);
}

}  // namespace ggen::p2p
