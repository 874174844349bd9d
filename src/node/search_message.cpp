#include "node/search_message.hpp"

#include <algorithm>
#include <utility>

#include "codec/protobuf.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/tree.hpp"
#include "node/profile.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_fields_max = 128;

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"search: "} + what}; }
Error too_large(char const* what) { return Error{Errc::too_large, std::string{"search: "} + what}; }
Error lie(std::string what) { return Error{Errc::refused, ErrorId::proof_invalid, "search: " + std::move(what)}; }

Result<std::string> take_text(ProtoField const& field, std::size_t bytes_max) {
    ASSIGN_OR_RETURN(auto const bytes, proto_bytes(field));
    if (bytes.size() > bytes_max) return too_large("a long text");
    return std::string{as_text(bytes)};
}

Result<LogId> take_log(ProtoField const& field) {
    ASSIGN_OR_RETURN(auto const bytes, proto_bytes(field));
    if (bytes.size() != Digest::k_bytes) return invalid("the name of a log has 32 bytes");
    LogId log;
    std::copy(bytes.begin(), bytes.end(), log.bytes.begin());
    return log;
}

/// The log of a peer is signed by that peer's key, whatever an answer says.
Result<void> check_log_key(merkle::VerifierKey const& key) {
    if (key.type != merkle::KeyType::note_ed25519) return invalid("a log is signed by a key of another kind");
    auto const peer = peer_of_origin(key.name);
    if (!peer) return ok();
    ASSIGN_OR_RETURN(auto const right, log_key_of_peer(*peer));
    if (right == key) return ok();
    return lie("a log that claims to be a peer's is signed by another key");
}

}  // namespace

Bytes encode_search_request(PeerSearchRequest const& request) {
    ProtoWriter out;
    out.bytes(1, as_bytes(request.text));
    if (!request.category.empty()) out.bytes(2, as_bytes(request.category));
    for (auto const& tag : request.tags) out.bytes(3, as_bytes(tag));
    out.uint(4, request.limit);
    for (auto const& log : request.except) out.bytes(5, log.view());
    return std::move(out).take();
}

Result<PeerSearchRequest> decode_search_request(BytesView message) {
    if (message.size() > k_search_request_bytes_max) return too_large("a long request");
    PeerSearchRequest request;
    request.limit = 0;
    ProtoReader fields{message, k_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number == 1) {
            ASSIGN_OR_RETURN(request.text, take_text(*field, k_search_text_bytes_max));
        } else if (field->number == 2) {
            ASSIGN_OR_RETURN(request.category, take_text(*field, k_search_word_bytes_max));
        } else if (field->number == 3) {
            if (request.tags.size() == k_search_tags_max) return too_large("many tags");
            ASSIGN_OR_RETURN(auto tag, take_text(*field, k_search_word_bytes_max));
            request.tags.push_back(std::move(tag));
        } else if (field->number == 4) {
            ASSIGN_OR_RETURN(auto const limit, proto_uint(*field));
            request.limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, k_search_hits_max));
        } else if (field->number == 5) {
            if (request.except.size() == k_search_except_max) return too_large("many logs");
            ASSIGN_OR_RETURN(auto const log, take_log(*field));
            request.except.push_back(log);
        }
    }
    if (request.limit == 0) return invalid("a request for nothing");
    return request;
}

Bytes encode_search_summary(PeerSearchSummary const& summary) {
    ProtoWriter out;
    out.uint(1, summary.hits);
    out.uint(2, summary.matches);
    return std::move(out).take();
}

Result<PeerSearchSummary> decode_search_summary(BytesView message) {
    PeerSearchSummary summary;
    ProtoReader fields{message, k_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number != 1 && field->number != 2) continue;
        ASSIGN_OR_RETURN(auto const value, proto_uint(*field));
        if (field->number == 2) summary.matches = value;
        if (field->number != 1) continue;
        if (value > k_search_hits_max) return too_large("an answer of many hits");
        summary.hits = static_cast<std::size_t>(value);
    }
    return summary;
}

Bytes encode_search_hit(PeerSearchHit const& hit) {
    ProtoWriter out;
    out.bytes(1, as_bytes(hit.log_key));
    out.bytes(2, as_bytes(hit.proof));
    out.bytes(3, hit.manifest);
    return std::move(out).take();
}

Result<PeerSearchHit> decode_search_hit(BytesView message) {
    if (message.size() > k_search_hit_bytes_max) return too_large("a long hit");
    PeerSearchHit hit;
    ProtoReader fields{message, k_fields_max};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number < 1 || field->number > 3) continue;
        ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
        if (field->number == 1) hit.log_key = as_text(bytes);
        if (field->number == 2) hit.proof = as_text(bytes);
        if (field->number == 3) hit.manifest.assign(bytes.begin(), bytes.end());
    }
    if (hit.manifest.size() > k_search_manifest_bytes_max) return too_large("a long manifest");
    if (hit.log_key.empty() || hit.proof.empty() || hit.manifest.empty()) return invalid("a hit without its proof");
    return hit;
}

Result<ProvenHit> prove_search_hit(PeerSearchHit const& hit) {
    ASSIGN_OR_RETURN(auto key, merkle::VerifierKey::parse(hit.log_key));
    RETURN_IF_ERROR(check_log_key(key));
    ASSIGN_OR_RETURN(auto const proof, merkle::LogProof::parse(hit.proof));
    ASSIGN_OR_RETURN(auto const signed_tree, merkle::open_checkpoint(proof.checkpoint_note, key));
    auto const& tree = signed_tree.checkpoint;
    RETURN_IF_ERROR(merkle::check_inclusion(merkle::leaf_hash(proof.extra), proof.index, tree.size, proof.hashes,
                                            tree.root));
    ASSIGN_OR_RETURN(auto parsed, parse_record(proof.extra));
    auto* const release = std::get_if<ReleaseRecord>(&parsed.record);
    if (release == nullptr) return lie("a proof of something that is no release");
    if (release->registry != key.name) return lie("the record is of another registry than its log");
    bool const is_manifest =
        release->manifest.bytes == hit.manifest.size() && release->manifest.digest == sha256(hit.manifest);
    if (!is_manifest) return lie("the manifest is not the one that was signed");
    ASSIGN_OR_RETURN(auto manifest, Manifest::parse(as_text(hit.manifest)));
    bool const is_named = manifest.name == release->name && manifest.version.text() == release->version.text();
    // Its publisher wrote that, not whoever passed it on.
    if (!is_named) return invalid("a release whose manifest names another one");
    auto const log = log_id(key);
    return ProvenHit{std::move(key), log, std::move(*release), std::move(manifest), proof.index, tree.size};
}

SearchDocument search_document(Manifest const& manifest, LogId const& log) {
    SearchDocument document;
    document.name = manifest.name.text();
    document.version = manifest.version.text();
    document.description = manifest.description;
    document.category = manifest.category;
    document.tags = manifest.tags;
    document.keywords = manifest.keywords;
    document.authors = manifest.authors;
    document.license = manifest.license;
    document.origin = log.hex();
    document.is_signed = true;  // A release without its publisher's signature has no effect in a log.
    return document;
}

}  // namespace ggen::p2p
