#include "market/publish_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "market/look_alikes.hpp"
#include "merkle/chunk_tree.hpp"
#include "market/witnesses.hpp"
#include "merkle/tree.hpp"

namespace ggen::detail {
namespace {

std::string label_of(Manifest const& manifest) {
    return manifest.name.text() + "@" + manifest.version.text();
}

Error not_owner(std::string text) {
    return {Errc::refused, ErrorId::not_owner, std::move(text), "`ggen key show` shows your key"};
}

Error exists_already(std::string const& label) {
    return {Errc::conflict, ErrorId::version_exists, label + " is published already, with other content",
            "raise the version in gpack.toml, or publish with --tag VERSION"};
}

std::string owners_text(Ownership const& owner) {
    std::string out;
    for (auto const& key : owner.keys) out += (out.empty() ? "" : ", ") + key.name;
    return out;
}

/// What the release record says of the archive's chunks: nothing when there is but one. A large archive is read from
/// its file a chunk at a time.
Result<std::optional<Digest>> chunk_root_of(FileSystem& files, PackedArchive const& archive) {
    if (archive.blob.bytes <= merkle::k_chunk_bytes) return std::optional<Digest>{};
    if (!archive.file) return std::optional{merkle::chunk_root(archive.bytes)};
    ASSIGN_OR_RETURN(auto const file, files.map(archive.file->path(), archive.blob.bytes));
    merkle::ChunkHasher hasher;
    Bytes chunk;
    for (std::uint64_t index = 0; index < merkle::chunk_count(archive.blob.bytes); ++index) {
        chunk.resize(static_cast<std::size_t>(merkle::chunk_size(archive.blob.bytes, index)));
        RETURN_IF_ERROR(file->read_at(index * merkle::k_chunk_bytes, chunk));
        hasher.update(chunk);
    }
    return std::optional{merkle::root_of(hasher.finish())};
}

/// The namespace that a key stands for: the first part of its name.
std::string namespace_of(merkle::SignerKey const& key) {
    auto const name = key.verifier().name;
    return name.substr(0, name.find('/'));
}

}  // namespace

bool ReleaseBatch::owns(Ownership const& owner) const {
    auto const ours = key_.verifier();
    return owner.threshold == 1 && std::any_of(owner.keys.begin(), owner.keys.end(),
                                               [&](merkle::VerifierKey const& key) { return key == ours; });
}

void ReleaseBatch::claim(ClaimSubject subject) {
    if (!claimed_.insert(subject).second) return;
    ClaimRecord const record{writer_.origin(), std::move(subject), {key_.verifier()}, 1, {}};
    // A claim of one key is far below the size limit.
    entries_.push_back(sign_record(Record{record}, {key_}).value());
}

/// Makes sure that our key owns `name`, by claims in this batch where nobody does.
Result<void> ReleaseBatch::claim_for(PackageName const& name, PublishedPackage* out) {
    auto const& state = writer_.state();
    bool const is_bare = name.scope().empty();
    ClaimSubject const subject{is_bare ? ClaimSubject::Kind::name : ClaimSubject::Kind::name_space,
                               is_bare ? name.text() : std::string{name.scope()}};
    if (claimed_.contains(subject)) return ok();
    if (auto const* const owner = state.owner_of(name)) {
        if (owns(*owner)) return ok();
        auto const what = is_bare ? "the name " + name.text() : "the namespace " + subject.text;
        if (owner->threshold > 1) {
            return not_owner(fmt::format("{} needs {} signatures", what, owner->threshold));
        }
        return not_owner(
            fmt::format("{} belongs to {}, not to {}", what, owners_text(*owner), key_.verifier().name));
    }
    if (is_bare) {
        // Bare names are for owners of a namespace: it makes hoarding them dearer.
        ClaimSubject const own{ClaimSubject::Kind::name_space, namespace_of(key_)};
        auto const* const owner = state.find_claim(own);
        if (owner == nullptr) {
            claim(own);
        } else if (!owns(*owner)) {
            return not_owner(
                fmt::format("{} can be claimed only with a key that owns a namespace, and {} belongs to {}",
                            name.text(), own.text, owners_text(*owner)));
        }
    }
    claim(subject);
    out->claimed = true;
    return ok();
}

/// The release that stands in the log under this version: the same one, or a conflict.
Result<bool> ReleaseBatch::is_published(PackedPackage const& package, PublishedPackage* out) {
    auto const label = label_of(package.manifest);
    auto const key = std::pair{package.manifest.name, package.manifest.version};
    if (auto const twin = added_.find(key); twin != added_.end()) {
        return Error{Errc::conflict, ErrorId::version_exists, label + " is given twice"};
    }
    auto const* const state = writer_.state().find(package.manifest.name);
    if (state == nullptr) return false;
    auto const version =
        std::find_if(state->versions.begin(), state->versions.end(),
                     [&](VersionState const& known) { return known.version == package.manifest.version; });
    if (version == state->versions.end()) return false;

    if (!reader_) {
        ASSIGN_OR_RETURN(reader_, open_registry(market_, known_, false));
        RETURN_IF_ERROR(reader_->reader->refresh());
    }
    ASSIGN_OR_RETURN(auto const record, reader_->reader->release(*version));
    // Of the same tree there are many archives: another zstd, or another ggen, packs it in another way.
    bool const is_same = record.manifest == out->manifest && record.tree == out->tree &&
                         record.version.text() == package.manifest.version.text();
    if (!is_same) return exists_already(label);
    out->already_published = true;
    out->archive = record.archive;
    out->index = version->index;
    out->leaf = version->leaf;
    return true;
}

void ReleaseBatch::warn_of_look_alikes(PackageName const& name, std::vector<std::string>* warnings) const {
    auto const& names = writer_.state().names();
    if (names.contains(name)) return;
    auto const ours = [this](NameState const& other) { return owns(other.owner); };
    for (auto const& other : look_alikes(name, names, ours)) {
        warnings->push_back(
            fmt::format("{} looks like {}, which belongs to somebody else", name.text(), other));
    }
}

Result<void> ReleaseBatch::add(PackedPackage const& package) {
    auto const& manifest = package.manifest;
    PublishedPackage out{.name = manifest.name,
                         .version = manifest.version,
                         .manifest = {sha256(as_bytes(package.manifest_text)), package.manifest_text.size()},
                         .archive = package.archive.blob,
                         .tree = package.archive.tree,
                         .warnings = package.warnings};
    ASSIGN_OR_RETURN(bool const is_old, is_published(package, &out));
    auto const key = std::pair{manifest.name, manifest.version};
    if (!is_old) {
        RETURN_IF_ERROR(claim_for(manifest.name, &out));
        warn_of_look_alikes(manifest.name, &out.warnings);
        RETURN_IF_ERROR(writer_.put_blob(as_bytes(package.manifest_text)));
        ASSIGN_OR_RETURN(auto const chunks, chunk_root_of(market_.files, package.archive));
        if (package.archive.file) {
            RETURN_IF_ERROR(writer_.take_blob(package.archive.blob, package.archive.file->path()));
        } else {
            RETURN_IF_ERROR(writer_.put_blob(package.archive.bytes));
        }
        auto const* const state = writer_.state().find(manifest.name);
        auto previous = state != nullptr ? state->last_record : std::nullopt;
        if (auto const last = last_.find(manifest.name); last != last_.end()) previous = last->second;
        ReleaseRecord const record{writer_.origin(), manifest.name, manifest.version, previous,
                                   out.manifest,     out.archive,   out.tree,         chunks};
        ASSIGN_OR_RETURN(auto entry, sign_record(Record{record}, {key_}));
        out.leaf = merkle::leaf_hash(entry);
        last_.insert_or_assign(manifest.name, out.leaf);
        fresh_.push_back({report_.packages.size(), entries_.size()});
        entries_.push_back(std::move(entry));
    }
    added_.emplace(key, report_.packages.size());
    report_.packages.push_back(std::move(out));
    return ok();
}

Result<PublishReport> ReleaseBatch::commit() {
    if (!entries_.empty()) {
        ASSIGN_OR_RETURN(auto const receipts, writer_.append(entries_));
        for (auto const& fresh : fresh_) {
            auto& package = report_.packages[fresh.package];
            package.index = receipts[fresh.entry].index;
            GGEN_ASSERT(package.leaf == receipts[fresh.entry].leaf);
        }
    }
    report_.witnesses = witnesses_of(writer_.root(), writer_.public_checkpoint().note);
    for (auto const& failure : writer_.cosigning_failures()) {
        report_.warnings.push_back("no cosignature from the witness " + failure);
    }
    report_.registry = known_.alias;
    report_.origin = writer_.origin();
    report_.log_size = writer_.checkpoint().checkpoint.size;
    return std::move(report_);
}

}  // namespace ggen::detail
