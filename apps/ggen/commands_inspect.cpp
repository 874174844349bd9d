#include <fmt/format.h>

#include <algorithm>

#include "archive/archive.hpp"
#include "codec/base64.hpp"
#include "handlers.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "merkle/tree.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

constexpr std::uint64_t k_proof_file_bytes_max = std::uint64_t{1} * k_mib;

/// The leaf that a proof is about: given as hash, as file, or standing in the proof.
Result<std::optional<Digest>> leaf_of(Context& context, merkle::LogProof const& proof) {
    auto const& args = context.args();
    if (args.has("leaf")) {
        auto text = args.value("leaf");
        if (text.starts_with("sha256:")) text.erase(0, 7);
        ASSIGN_OR_RETURN(auto const leaf, context.argument(Digest::from_hex(text), "--leaf"));
        return std::optional{leaf};
    }
    if (args.has("entry")) {
        ASSIGN_OR_RETURN(auto const entry, context.read_user_file(args.value("entry"), k_proof_file_bytes_max));
        return std::optional{merkle::leaf_hash(entry)};
    }
    if (!proof.extra.empty()) return std::optional{merkle::leaf_hash(proof.extra)};
    return std::optional<Digest>{};
}

Json json_checkpoint(merkle::SignedCheckpoint const& signed_checkpoint) {
    auto json = Json::object();
    json.set("origin", signed_checkpoint.checkpoint.origin);
    json.set("size", signed_checkpoint.checkpoint.size);
    json.set("root", signed_checkpoint.checkpoint.root.hex());
    return json;
}

}  // namespace

Result<ExitCode> run_inspect_proof(Context& context) {
    auto& out = context.out();
    ASSIGN_OR_RETURN(auto const key_text, context.needed("key"));
    ASSIGN_OR_RETURN(auto const key, context.argument(merkle::VerifierKey::parse(key_text), "--key"));
    auto const path = context.args().positional(0);
    ASSIGN_OR_RETURN(auto const bytes, context.read_user_file(path, k_proof_file_bytes_max));
    auto proof = merkle::LogProof::parse(as_text(bytes));
    // A file that is no proof proves nothing: exit code 6, as for one that leads elsewhere.
    if (!proof) return Error{Errc::refused, ErrorId::proof_invalid, path + ": " + proof.error().context};
    ASSIGN_OR_RETURN(auto const leaf, leaf_of(context, *proof));
    if (!leaf) {
        return usage_error("the proof does not hold its leaf", "give it with --leaf HEX or --entry FILE");
    }
    auto const checkpoint = merkle::open_checkpoint(proof->checkpoint_note, key);
    if (!checkpoint) return distrusted(checkpoint.error(), path);
    auto const& tree = checkpoint->checkpoint;
    if (auto checked = merkle::check_inclusion(*leaf, proof->index, tree.size, proof->hashes, tree.root); !checked) {
        return wrap(std::move(checked).error(), path);
    }
    if (out.wants_json()) {
        auto json = json_checkpoint(*checkpoint);
        json.set("index", proof->index);
        json.set("leaf", leaf->hex());
        json.set("hashes", std::uint64_t{proof->hashes.size()});
        out.document("ggen.inspect-proof/1", std::move(json));
        return ExitCode::ok;
    }
    out.field("origin", tree.origin);
    out.field("size", fmt::format("{}", tree.size));
    out.field("root", tree.root.hex());
    out.field("index", fmt::format("{}", proof->index));
    out.field("leaf", leaf->hex());
    out.field("proof", fmt::format("holds, {}", count_of(proof->hashes.size(), "hash", "hashes")));
    return ExitCode::ok;
}

Result<ExitCode> run_inspect_archive(Context& context) {
    auto& out = context.out();
    auto const path = context.args().positional(0);
    ASSIGN_OR_RETURN(auto const bytes, context.read_user_file(path, ArchiveLimits::k_packed_bytes_max));
    auto decoded = decode_archive(bytes);
    if (!decoded) return wrap(std::move(decoded).error(), path);
    auto const archive = sha256(bytes);
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("top_directory", decoded->top_directory);
        json.set("archive", json_blob({archive, bytes.size()}));
        json.set("tree", decoded->tree.text());
        json.set("tree_bytes", std::uint64_t{decoded->tree_bytes.size()});
        auto files = Json::array();
        for (auto const& file : decoded->files) {
            auto entry = Json::object();
            entry.set("path", file.path);
            entry.set("bytes", std::uint64_t{file.content.size()});
            entry.set("executable", file.executable);
            entry.set("sha256", sha256(file.content).hex());
            files.push(std::move(entry));
        }
        json.set("files", std::move(files));
        out.document("ggen.inspect-archive/1", std::move(json));
        return ExitCode::ok;
    }
    out.field("top", decoded->top_directory);
    out.field("archive", fmt::format("{}, {}", archive.text(), format_bytes(bytes.size())));
    out.field("tree", fmt::format("{}, {}", decoded->tree.text(), format_bytes(decoded->tree_bytes.size())));
    Table table{{"MODE", "BYTES", "PATH"}, {}};
    for (auto const& file : decoded->files) {
        table.rows.push_back({file.executable ? "755" : "644", fmt::format("{}", file.content.size()), file.path});
    }
    out.table(table);
    return ExitCode::ok;
}

}  // namespace ggen::cli
