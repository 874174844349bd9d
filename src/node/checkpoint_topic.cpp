#include "node/checkpoint_topic.hpp"

#include <algorithm>
#include <utility>

#include "p2p/gossip/message.hpp"
#include "registry/fork_evidence.hpp"

namespace ggen::p2p {
namespace {

/// The same checkpoint under other signatures is the same message: H(origin, size, root).
MessageId checkpoint_message_id(RpcMessage const& message) {
    auto const text = as_text(message.data);
    auto const digest = sha256(as_bytes(text.substr(0, text.find("\n\n"))));
    return MessageId{as_text(digest.view())};
}

}  // namespace

std::string checkpoint_topic(Digest const& log) { return "/ggen/log/1/" + log.hex(); }

Verdict CheckpointTopic::judge(BytesView data, TimePoint now) {
    if (data.size() > merkle::k_checkpoint_bytes_max) return Verdict::reject;
    if (as_text(data).starts_with('{')) return judge_evidence(data);
    auto const opened = merkle::open_checkpoint(as_text(data), log_key_);
    if (!opened) return Verdict::reject;
    if (is_forked_) return Verdict::ignore;
    if (opened->checkpoint.size <= size_) {
        // Old news, and nobody is to blame; but it may be of another history than the one known here.
        if (older_ && take(older_turns_, now)) older_(std::string{as_text(data)});
        return Verdict::ignore;
    }
    if (!takes_turn(now)) return Verdict::ignore;
    size_ = opened->checkpoint.size;
    return Verdict::accept;
}

/// Nobody but the log can be guilty of it, so whoever brings it is believed; whoever brings what proves nothing lies.
Verdict CheckpointTopic::judge_evidence(BytesView data) {
    if (is_forked_) return Verdict::ignore;
    if (!check_fork_evidence(as_text(data), log_key_)) return Verdict::reject;
    is_forked_ = true;
    if (fork_) fork_(std::string{as_text(data)});
    return Verdict::accept;
}

bool CheckpointTopic::takes_turn(TimePoint now) { return take(newer_turns_, now); }

bool CheckpointTopic::take(Turns& turns, TimePoint now) {
    if (turns.at) {
        auto const passed = std::chrono::duration<double>(now - *turns.at);
        auto const earned = passed / std::chrono::duration<double>(k_checkpoint_interval);
        turns.tokens = std::min(k_checkpoint_burst, turns.tokens + earned);
    }
    turns.at = now;
    if (turns.tokens < 1) return false;
    turns.tokens -= 1;
    return true;
}

TopicOptions CheckpointTopic::options(std::shared_ptr<CheckpointTopic> topic) {
    TopicOptions out;
    out.policy = SignaturePolicy::content_addressed;
    out.message_id = checkpoint_message_id;
    out.message_bytes_max = merkle::k_checkpoint_bytes_max;
    out.validator = [topic = std::move(topic)](Message const& message, PeerId const&) {
        return topic->judge(message.data(), std::chrono::steady_clock::now());
    };
    return out;
}

}  // namespace ggen::p2p
