#include "merkle/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "codec/base64.hpp"
#include "codec/utf8.hpp"
#include "merkle/lines.hpp"
#include "merkle/tree.hpp"

namespace ggen::merkle {
namespace {

constexpr std::string_view k_record_prefix = "ggen/";
constexpr std::string_view k_proof_header = "c2sp.org/tlog-proof@v1";
constexpr std::string_view k_extra_prefix = "extra ";
constexpr std::string_view k_index_prefix = "index ";

Error bad_checkpoint(std::string why) {
    return Error{Errc::invalid, ErrorId::checkpoint_malformed, "checkpoint: " + std::move(why)};
}

Error bad_proof(std::string why) {
    return Error{Errc::invalid, ErrorId::proof_invalid, "log proof: " + std::move(why)};
}

bool is_valid_origin(std::string_view origin) {
    auto const is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    return !origin.empty() && !origin.starts_with(k_record_prefix) && is_valid_utf8(origin) &&
           std::none_of(origin.begin(), origin.end(), is_control);
}

}  // namespace

std::string Checkpoint::text() const { return fmt::format("{}\n{}\n{}\n", origin, size, base64_encode(root.view())); }

Result<Checkpoint> Checkpoint::parse_text(std::string_view text) {
    auto const origin = take_line(text);
    if (!origin || !is_valid_origin(*origin)) return bad_checkpoint("the first line is no origin");
    auto const size_line = take_line(text);
    auto const size = size_line ? parse_count(*size_line) : std::nullopt;
    if (!size) return bad_checkpoint("the second line is no log size");
    auto const root_line = take_line(text);
    auto const root = root_line ? parse_hash(*root_line) : std::nullopt;
    if (!root) return bad_checkpoint("the third line is no root hash");
    if (!text.empty()) return bad_checkpoint("more than three lines");
    return Checkpoint{std::string{*origin}, *size, *root};
}

Result<SignedCheckpoint> open_checkpoint(std::string_view note_bytes, VerifierKey const& log_key,
                                         std::vector<VerifierKey> const& cosigners) {
    if (note_bytes.size() > k_checkpoint_bytes_max) {
        return Error{Errc::too_large, ErrorId::checkpoint_malformed, "checkpoint: over 16 KiB"};
    }
    auto note = Note::parse(note_bytes);
    if (!note) {
        auto error = wrap(std::move(note).error(), "checkpoint");
        error.id = ErrorId::checkpoint_malformed;
        return error;
    }
    ASSIGN_OR_RETURN(auto checkpoint, Checkpoint::parse_text(note->text));
    if (checkpoint.origin != log_key.name) {
        return bad_checkpoint(fmt::format("it is of {}, not of {}", checkpoint.origin, log_key.name));
    }
    std::vector<VerifierKey> known{log_key};
    known.insert(known.end(), cosigners.begin(), cosigners.end());
    auto verified = verify_note(*note, known);
    if (!verified) return wrap(std::move(verified).error(), "checkpoint of " + log_key.name);
    bool has_log_signature = false;
    UnixTime cosigned_at;
    for (auto const& signature : *verified) {
        has_log_signature = has_log_signature || signature.key == log_key;
        cosigned_at = std::max(cosigned_at, signature.time);
    }
    if (!has_log_signature || log_key.type != KeyType::note_ed25519) {
        return Error{Errc::refused, ErrorId::signature_invalid,
                     fmt::format("checkpoint of {}: the log itself did not sign it", log_key.name)};
    }
    return SignedCheckpoint{std::move(checkpoint), std::string{note_bytes}, cosigned_at};
}

std::string LogProof::print() const {
    std::string text{k_proof_header};
    text += '\n';
    if (!extra.empty()) text += fmt::format("{}{}\n", k_extra_prefix, base64_encode(extra));
    text += fmt::format("{}{}\n", k_index_prefix, index);
    for (auto const& hash : hashes) text += base64_encode(hash.view()) + "\n";
    return text + "\n" + checkpoint_note;
}

Result<LogProof> LogProof::parse(std::string_view bytes) {
    if (bytes.size() > k_bytes_max) return Error{Errc::too_large, ErrorId::proof_invalid, "log proof: over 80 KiB"};
    LogProof proof;
    if (take_line(bytes) != k_proof_header) return bad_proof("the first line is not c2sp.org/tlog-proof@v1");
    auto line = take_line(bytes);
    if (line && line->starts_with(k_extra_prefix)) {
        auto extra = base64_decode(line->substr(k_extra_prefix.size()));
        if (!extra || extra->empty()) return bad_proof("the extra line is not base64");
        proof.extra = std::move(extra).value();
        line = take_line(bytes);
    }
    if (!line || !line->starts_with(k_index_prefix)) return bad_proof("no index line");
    auto const index = parse_count(line->substr(k_index_prefix.size()));
    if (!index) return bad_proof("the index is not a decimal number");
    proof.index = *index;
    for (line = take_line(bytes); line && !line->empty(); line = take_line(bytes)) {
        auto const hash = parse_hash(*line);
        if (!hash || proof.hashes.size() == k_proof_hashes_max) return bad_proof("a line is no hash");
        proof.hashes.push_back(*hash);
    }
    if (!line) return bad_proof("no blank line before the checkpoint");
    if (bytes.empty() || bytes.size() > k_checkpoint_bytes_max) return bad_proof("no checkpoint, or one over 16 KiB");
    proof.checkpoint_note = bytes;
    return proof;
}

}  // namespace ggen::merkle
