#include "net/daemon/fork_news.hpp"

#include <utility>

namespace ggen::p2p {

void ForkNews::watch(FollowedLog& followed) {
    followed.topic->on_older([this, log = followed.log](std::string note) { came_older(log, std::move(note)); });
    followed.topic->on_fork([this, log = followed.log](std::string text) { came_evidence(log, std::move(text)); });
    if (followed.mirror->evidence()) followed.topic->know_fork();
}

void ForkNews::came_older(Digest const& log, std::string note) { put({log, Kind::older, std::move(note)}); }
void ForkNews::came_evidence(Digest const& log, std::string document) {
    put({log, Kind::evidence, std::move(document)});
}
void ForkNews::came_subscriber(Digest const& log) { put({log, Kind::subscriber, {}}); }

/// Evidence goes before what can come again.
void ForkNews::put(News news) {
    {
        std::lock_guard const guard{mutex_};
        if (news.kind == Kind::evidence) {
            news_.push_front(std::move(news));
        } else if (news_.size() < k_news_max) {
            news_.push_back(std::move(news));
        }
    }
    wake_.call();
}

void ForkNews::take_turn(std::vector<std::shared_ptr<FollowedLog>> const& follows) {
    for (;;) {
        News next;
        {
            std::lock_guard const guard{mutex_};
            if (news_.empty()) return;
            next = std::move(news_.front());
            news_.pop_front();
        }
        for (auto const& followed : follows) {
            if (followed->log != next.log) continue;
            std::lock_guard const one_at_a_time{followed->update_mutex};
            look_at(*followed, next);
        }
    }
}

void ForkNews::look_at(FollowedLog& followed, News const& news) {
    bool const was_known = followed.mirror->evidence().has_value();
    if (news.kind == Kind::evidence && !was_known) {
        auto const kept = followed.mirror->keep_evidence(news.text);
        if (!kept) {
            log_.warn("evidence of a fork of " + followed.root.registry + ": " + kept.error().context);
            return;
        }
        // It was passed on when it was accepted.
        told_at_.insert_or_assign(followed.log, std::chrono::steady_clock::now());
    } else if (news.kind == Kind::older && !was_known) {
        auto const fork = followed.mirror->compare(news.text);
        if (!fork || !*fork) return;
    }
    auto const evidence = followed.mirror->evidence();
    if (!evidence) return;
    if (!was_known) {
        log_.warn(followed.root.registry + " signed two histories: " + *evidence);
        followed.note(Error{Errc::refused, ErrorId::log_fork, "it signed two histories: " + *evidence});
    }
    tell(followed);
}

void ForkNews::found(FollowedLog const& followed) {
    if (told_at_.find(followed.log) == told_at_.end()) tell(followed);
}

void ForkNews::tell(FollowedLog const& followed) {
    auto const now = std::chrono::steady_clock::now();
    auto const told = told_at_.find(followed.log);
    if (told != told_at_.end() && now - told->second < k_evidence_interval) return;
    auto document = followed.mirror->evidence_document();
    if (!document || !*document) return;
    told_at_.insert_or_assign(followed.log, now);
    node_.post([this, topic = followed.topic, log = followed.log, text = **std::move(document)] {
        topic->know_fork();
        auto const at = std::chrono::steady_clock::now();
        static_cast<void>(node_.gossip()->publish(checkpoint_topic(log), as_bytes(text), at));
    });
}

}  // namespace ggen::p2p
