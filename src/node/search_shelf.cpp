#include "node/search_shelf.hpp"

#include <algorithm>
#include <utility>

#include "merkle/checkpoint.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "registry/root_chain.hpp"
#include "search/delta.hpp"
#include "search/index.hpp"

namespace ggen::p2p {
namespace {

/// The version that is found: the highest that was not withdrawn, releases before prereleases.
std::optional<VersionState> shown_version(NameState const& name) {
    std::optional<VersionState> best;
    for (auto const& version : name.versions) {
        if (version.yanked || version.revoked) continue;
        bool const is_release = !version.version.is_prerelease();
        bool const is_better = !best || (is_release && best->version.is_prerelease()) ||
                               (is_release == !best->version.is_prerelease() && best->version < version.version);
        if (is_better) best = version;
    }
    return best;
}

/// The name that an entry may have changed something about.
std::optional<PackageName> name_in(BytesView entry) {
    auto const record = parse_record(entry);
    if (!record) return std::nullopt;
    if (auto const* const release = std::get_if<ReleaseRecord>(&record->record)) return release->name;
    if (auto const* const status = std::get_if<StatusRecord>(&record->record)) return status->name;
    return std::nullopt;
}

void append(Bytes& out, BytesView message) {
    auto const framed = frame_message(message);
    out.insert(out.end(), framed.begin(), framed.end());
}

}  // namespace

SearchShelf::SearchShelf(FileSystem& files, Clock& clock)
    : files_(files), clock_(clock), index_(search_index::Delta::empty(nullptr)) {}
SearchShelf::~SearchShelf() = default;

std::size_t SearchShelf::packages() const {
    std::size_t count = 0;
    for (auto const& [id, log] : logs_) count += log.shown.size();
    return count;
}

void SearchShelf::follow(std::map<LogId, std::string> const& folders) {
    for (auto at = logs_.begin(); at != logs_.end();) {
        auto const wanted = folders.find(at->first);
        if (wanted != folders.end() && wanted->second == at->second.folder) {
            ++at;
            continue;
        }
        remove(at->first, at->second);
        at = logs_.erase(at);
    }
    for (auto const& [id, folder] : folders) {
        auto& log = logs_[id];
        log.folder = folder;
        look(id, log);
    }
}

void SearchShelf::look(LogId const& id, Log& log) {
    auto checkpoint = files_.read_file(join_path(log.folder, "checkpoint"), merkle::k_checkpoint_bytes_max);
    if (!checkpoint || *checkpoint == log.checkpoint) return;
    log.checkpoint = *std::move(checkpoint);
    if (replay(id, log)) return;
    // Another history than before, or a copy that was made anew: from the start.
    remove(id, log);
    if (!replay(id, log)) remove(id, log);
}

void SearchShelf::remove(LogId const& id, Log& log) {
    std::vector<IndexChange> changes;
    for (auto const& [name, version] : log.shown) {
        IndexChange change{IndexChange::Kind::remove, {}};
        change.document.name = name;
        change.document.origin = id.hex();
        changes.push_back(std::move(change));
        if (auto const kept = kept_.extract({id, name}); !kept.empty()) kept_bytes_ -= kept.mapped()->size();
    }
    if (auto without = index_->with(changes)) index_ = *std::move(without);
    log.shown.clear();
    log.state.reset();
    log.reader.reset();
    log.source.reset();
}

Result<void> SearchShelf::replay(LogId const& id, Log& log) {
    if (log.reader == nullptr) {
        ASSIGN_OR_RETURN(auto root, ggen::detail::load_root_chain(files_, log.folder));
        if (log_id(root.log_key) != id) return Error{Errc::corrupt, log.folder + " holds another log"};
        log.state.emplace(root.registry);
        log.source = std::make_unique<FolderSource>(files_, log.folder);
        ASSIGN_OR_RETURN(log.reader, RegistryReader::open(files_, clock_, *log.source, std::move(root), {}));
    }
    ASSIGN_OR_RETURN(auto const refreshed, log.reader->refresh());
    std::set<PackageName> names;
    auto const visit = [&](std::uint64_t, BytesView entry) -> Result<void> {
        static_cast<void>(log.state->apply(entry));
        if (auto const name = name_in(entry)) names.insert(*name);
        return ok();
    };
    RETURN_IF_ERROR(log.reader->each_entry(log.state->size(), refreshed.size, visit));
    auto const others = packages() - log.shown.size();
    std::vector<IndexChange> changes;
    for (auto const& name : names) {
        auto const* const state = log.state->find(name);
        auto const version = state != nullptr ? shown_version(*state) : std::nullopt;
        IndexChange change{IndexChange::Kind::remove, {}};
        change.document.name = name.text();
        change.document.origin = id.hex();
        bool const has_room = others + log.shown.size() < k_shelf_packages_max;
        auto document = version && has_room ? document_of(id, log, *version)
                                            : Result<SearchDocument>{Error{Errc::not_found, "nothing to be found"}};
        if (document) {
            change = {IndexChange::Kind::upsert, *std::move(document)};
            log.shown.insert_or_assign(name.text(), *version);
        } else if (log.shown.erase(name.text()) == 0) {
            continue;
        }
        changes.push_back(std::move(change));
        if (auto const kept = kept_.extract({id, name.text()}); !kept.empty()) kept_bytes_ -= kept.mapped()->size();
    }
    ASSIGN_OR_RETURN(index_, index_->with(changes));
    return ok();
}

Result<SearchDocument> SearchShelf::document_of(LogId const& id, Log& log, VersionState const& version) {
    ASSIGN_OR_RETURN(auto const record, log.reader->release(version));
    if (record.manifest.bytes > k_search_manifest_bytes_max) return Error{Errc::too_large, "a long manifest"};
    ASSIGN_OR_RETURN(auto const text, log.reader->blob(record.manifest));
    ASSIGN_OR_RETURN(auto const manifest, Manifest::parse(as_text(text)));
    auto document = search_document(manifest, id);
    document.released_unix = version.first_seen.seconds;
    return document;
}

Bytes SearchShelf::answer(PeerSearchRequest const& request) {
    SearchQuery query;
    query.text = request.text;
    query.category = request.category;
    query.tags = request.tags;
    query.limit = std::min(request.limit, k_search_hits_max);
    for (auto const& [id, log] : logs_) {
        bool const is_wanted = std::find(request.except.begin(), request.except.end(), id) == request.except.end();
        if (is_wanted && !log.shown.empty()) query.origins.push_back(id.hex());
    }
    PeerSearchSummary summary;
    Bytes hits;
    auto page = Result<SearchPage>{SearchPage{}};
    if (!query.origins.empty()) page = search_index::make_parts_index(index_->parts())->search(query);
    if (page) {
        summary.matches = page->total;
        for (auto const& found : page->hits) {
            auto const log = Digest::from_hex(found.document.origin);
            auto const hit = hit_of(*log, found.document.name);
            // One that cannot be proven is none.
            if (!hit || hits.size() + (*hit)->size() > k_search_answer_bytes_max - k_kib) continue;
            hits.insert(hits.end(), (*hit)->begin(), (*hit)->end());
            ++summary.hits;
        }
    }
    Bytes out;
    append(out, encode_search_summary(summary));
    out.insert(out.end(), hits.begin(), hits.end());
    return out;
}

/// Proven in the tree that was newest when the package was asked for first.
Result<std::shared_ptr<Bytes const>> SearchShelf::hit_of(LogId const& id, std::string const& name) {
    if (auto const kept = kept_.find({id, name}); kept != kept_.end()) return kept->second;
    auto& log = logs_.at(id);
    auto const& version = log.shown.at(name);
    PeerSearchHit hit;
    ASSIGN_OR_RETURN(auto proof, log.reader->prove(version.index));
    RETURN_IF_ERROR(log.reader->each_entry(version.index, version.index + 1,
                                           [&](std::uint64_t, BytesView entry) -> Result<void> {
                                               proof.extra.assign(entry.begin(), entry.end());
                                               return ok();
                                           }));
    hit.proof = proof.print();
    hit.log_key = log.reader->root().log_key.text();
    ASSIGN_OR_RETURN(auto const record, log.reader->release(version));
    ASSIGN_OR_RETURN(hit.manifest, log.reader->blob(record.manifest));
    auto const message = encode_search_hit(hit);
    if (message.size() > k_search_hit_bytes_max) return Error{Errc::too_large, "a long hit"};
    auto framed = std::make_shared<Bytes const>(frame_message(message));
    keep({id, name}, framed);
    return framed;
}

void SearchShelf::keep(std::pair<LogId, std::string> const& key, std::shared_ptr<Bytes const> const& hit) {
    if (kept_bytes_ + hit->size() > k_shelf_kept_bytes_max) {
        kept_.clear();
        kept_bytes_ = 0;
    }
    kept_bytes_ += hit->size();
    kept_.insert_or_assign(key, hit);
}

}  // namespace ggen::p2p
