#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"

namespace ggen {

inline constexpr std::size_t k_witness_request_bytes_max = std::size_t{64} * 1024;

/// What a witness answers, in the words of HTTP whatever carries it.
struct WitnessAnswer {
    int status = 200;
    std::string body = {};
    bool is_size = false;  ///< The body is the size of the latest cosigned checkpoint (text/x.tlog.size).
};

/// A C2SP tlog-witness: cosigns a checkpoint when it extends the last one that it cosigned of that log, and never two
/// that contradict each other. What it cosigned last is durable before it says so. Thread-safe; one process for a
/// directory, held by who owns it.
class Witness {
public:
    /// `key` is of type cosignature. One file for each log stands in `directory`.
    Witness(FileSystem& files, Clock& clock, std::string directory, merkle::SignerKey key);

    [[nodiscard]] merkle::VerifierKey verifier() const { return key_.verifier(); }
    /// Checkpoints of this log are cosigned from now on.
    void add_log(merkle::VerifierKey const& log_key);
    void remove_log(std::string const& origin);

    /// The body of `add-checkpoint`: "old N", proof lines, an empty line, the checkpoint. 200 with cosignature lines;
    /// 400 malformed, or old size over the new one; 403 not signed by the log; 404 unknown log; 409 with the size of
    /// the latest cosigned checkpoint when the old size is another, or the same size has another root; 422 the proof
    /// does not hold; 500 the disk failed, and nothing was cosigned.
    [[nodiscard]] WitnessAnswer add_checkpoint(std::string_view body);
    /// The latest cosigned checkpoint of a log, with the cosignature; nothing when there is none.
    [[nodiscard]] std::optional<std::string> checkpoint(std::string const& origin) const;
    /// The same by the SHA-256 of the origin, in hex.
    [[nodiscard]] std::optional<std::string> checkpoint_at(std::string_view origin_hash) const;

private:
    [[nodiscard]] std::string path(std::string const& origin) const;
    [[nodiscard]] Result<std::optional<merkle::SignedCheckpoint>> latest(merkle::VerifierKey const& log_key) const;

    FileSystem& files_;
    Clock& clock_;
    std::string directory_;
    merkle::SignerKey key_;
    mutable std::mutex mutex_;  // Guards logs_, and what stands in the directory.
    std::map<std::string, merkle::VerifierKey> logs_;
};

}  // namespace ggen
