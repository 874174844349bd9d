#include "registry/witness.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/digest.hpp"
#include "merkle/lines.hpp"
#include "merkle/tree.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_old = "old ";
constexpr int k_bad_request = 400;
constexpr int k_forbidden = 403;
constexpr int k_not_found = 404;
constexpr int k_conflict = 409;
constexpr int k_too_large = 413;
constexpr int k_unprocessable = 422;
constexpr int k_failed = 500;

struct Request {
    std::uint64_t old_size = 0;
    std::vector<Digest> proof;
    std::string_view note;
};

std::optional<Request> parse_request(std::string_view body) {
    Request request;
    auto const first = merkle::take_line(body);
    if (!first || !first->starts_with(k_old)) return std::nullopt;
    auto const old_size = merkle::parse_count(first->substr(k_old.size()));
    if (!old_size) return std::nullopt;
    request.old_size = *old_size;
    for (;;) {
        auto const line = merkle::take_line(body);
        if (!line) return std::nullopt;
        if (line->empty()) break;
        auto const hash = merkle::parse_hash(*line);
        if (!hash || request.proof.size() == merkle::k_proof_hashes_max) return std::nullopt;
        request.proof.push_back(*hash);
    }
    request.note = body;
    return request;
}

WitnessAnswer refuse(int status, std::string_view why) { return {status, std::string{why} + "\n"}; }
WitnessAnswer conflict(std::uint64_t size) { return {k_conflict, std::to_string(size) + "\n", true}; }

/// The line that a note has for the last of its signatures.
std::string last_signature_line(merkle::Note const& note) {
    auto const printed = note.print();
    auto const start = printed.rfind('\n', printed.size() - 2);
    return printed.substr(start + 1);
}

}  // namespace

Witness::Witness(FileSystem& files, Clock& clock, std::string directory, merkle::SignerKey key)
    : files_(files), clock_(clock), directory_(std::move(directory)), key_(std::move(key)) {
    GGEN_ASSERT(key_.verifier().type == merkle::KeyType::cosignature_ed25519);
}

void Witness::add_log(merkle::VerifierKey const& log_key) {
    std::lock_guard const guard{mutex_};
    logs_.insert_or_assign(log_key.name, log_key);
}

void Witness::remove_log(std::string const& origin) {
    std::lock_guard const guard{mutex_};
    logs_.erase(origin);
}

std::string Witness::path(std::string const& origin) const {
    return join_path(directory_, sha256(as_bytes(origin)).hex());
}

/// A file that is there and cannot be read is no reason to begin anew: it may hold more than the log shows.
Result<std::optional<merkle::SignedCheckpoint>> Witness::latest(merkle::VerifierKey const& log_key) const {
    auto const note = files_.read_file(path(log_key.name), merkle::k_checkpoint_bytes_max);
    if (!note) {
        if (note.error().code == Errc::not_found) return std::optional<merkle::SignedCheckpoint>{};
        return note.error();
    }
    ASSIGN_OR_RETURN(auto opened, merkle::open_checkpoint(as_text(*note), log_key, {key_.verifier()}));
    return std::optional{std::move(opened)};
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
    if (body.size() > k_witness_request_bytes_max) return refuse(k_too_large, "over 64 KiB");
    auto const request = parse_request(body);
    auto const note = request ? merkle::Note::parse(request->note) : Result<merkle::Note>{Error{Errc::invalid, ""}};
    auto const shown = note ? merkle::Checkpoint::parse_text(note->text)
                            : Result<merkle::Checkpoint>{Error{Errc::invalid, ""}};
    if (!shown) return refuse(k_bad_request, "this is no add-checkpoint request");
    std::lock_guard const guard{mutex_};
    auto const log = logs_.find(shown->origin);
    if (log == logs_.end()) return refuse(k_not_found, "this log is not followed here");
    if (!merkle::open_checkpoint(request->note, log->second)) return refuse(k_forbidden, "not signed by the log");
    if (request->old_size > shown->size) return refuse(k_bad_request, "the old size is over the new one");
    auto const known = latest(log->second);
    if (!known) return refuse(k_failed, "what was cosigned last cannot be read");
    auto const known_size = *known ? (*known)->checkpoint.size : 0;
    if (request->old_size != known_size) return conflict(known_size);
    bool const has_another_root = *known && shown->size == known_size && shown->root != (*known)->checkpoint.root;
    if (has_another_root) return conflict(known_size);
    auto const old_root = *known ? (*known)->checkpoint.root : merkle::empty_root();
    auto const consistent =
        merkle::check_consistency(known_size, old_root, shown->size, shown->root, request->proof);
    if (!consistent) return refuse(k_unprocessable, consistent.error().context);

    // With the log's signature and ours, whatever else the request brought.
    merkle::Note kept{note->text, {}};
    for (auto const& signature : note->signatures) {
        bool const is_log = signature.name == log->second.name && signature.key_id == log->second.key_id();
        if (is_log && kept.signatures.empty()) kept.signatures.push_back(signature);
    }
    kept.sign(key_, clock_.wall_now());
    auto const stored = files_.write_file_atomic(path(shown->origin), as_bytes(kept.print()), Sync::durable);
    if (!stored) return refuse(k_failed, "the disk failed");
    return {200, last_signature_line(kept)};
}

std::optional<std::string> Witness::checkpoint(std::string const& origin) const {
    std::lock_guard const guard{mutex_};
    if (!logs_.contains(origin)) return std::nullopt;
    auto const note = files_.read_file(path(origin), merkle::k_checkpoint_bytes_max);
    if (!note) return std::nullopt;
    return std::string{as_text(*note)};
}

std::optional<std::string> Witness::checkpoint_at(std::string_view origin_hash) const {
    std::optional<std::string> origin;
    {
        std::lock_guard const guard{mutex_};
        for (auto const& [name, key] : logs_) {
            if (sha256(as_bytes(name)).hex() == origin_hash) origin = name;
        }
    }
    return origin ? checkpoint(*origin) : std::nullopt;
}

}  // namespace ggen
