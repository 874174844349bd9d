#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "p2p/gossip/options.hpp"
#include "registry/root_file.hpp"

namespace ggen::p2p {

/// One checkpoint of a log each so often goes through its topic; a few may follow each other at once.
inline constexpr std::chrono::seconds k_checkpoint_interval{10};
inline constexpr double k_checkpoint_burst = 3;

/// "/ggen/log/1/<log id in hex>": where the signed checkpoints of one log are told (docs/protocols/p2p-market.md).
[[nodiscard]] std::string checkpoint_topic(Digest const& log);

/// Judges what comes through the topic of one log: the note of a newer checkpoint, signed by the log, at most one per
/// `k_checkpoint_interval` but for a burst; and once, for ever, evidence that the log signed two histories, after which
/// no checkpoint of it is news. Nothing else is forwarded. On the node's thread.
class CheckpointTopic {
public:
    CheckpointTopic(merkle::VerifierKey log_key, std::uint64_t known_size)
        : log_key_(std::move(log_key)), size_(known_size) {}

    [[nodiscard]] Verdict judge(BytesView data, TimePoint now);
    /// Whether a checkpoint of our own may be told now; takes its turn.
    [[nodiscard]] bool takes_turn(TimePoint now);
    /// Of the newest checkpoint that was accepted or is known here.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Told of checkpoints that the log signed and that are not larger than what is known: the log may have signed two
    /// histories. Not often.
    void on_older(std::function<void(std::string note)> handler) { older_ = std::move(handler); }
    /// Told of evidence that holds, once.
    void on_fork(std::function<void(std::string document)> handler) { fork_ = std::move(handler); }
    void know(std::uint64_t size) { size_ = std::max(size_, size); }
    /// Evidence is kept here already.
    void know_fork() { is_forked_ = true; }

    /// What `Gossip::join` takes; `topic` lives as long as the node.
    [[nodiscard]] static TopicOptions options(std::shared_ptr<CheckpointTopic> topic);

private:
    [[nodiscard]] Verdict judge_evidence(BytesView data);

    merkle::VerifierKey log_key_;
    std::uint64_t size_;
    std::function<void(std::string note)> older_;
    std::function<void(std::string document)> fork_;
    bool is_forked_ = false;
    struct Turns {
        double tokens = k_checkpoint_burst;
        std::optional<TimePoint> at = std::nullopt;
    };
    [[nodiscard]] static bool take(Turns& turns, TimePoint now);
    Turns newer_turns_;
    Turns older_turns_;
};

}  // namespace ggen::p2p
