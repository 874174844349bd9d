#include "market/catalogue.hpp"

#include <algorithm>
#include <set>

#include "market/labels.hpp"
#include "market/sqlite_db.hpp"
#include "spec/manifest.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_version = "1";
constexpr char k_separator = '\x1f';  // Between the items of a list; no manifest text can hold it.

constexpr char k_schema[] = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE package(
  name TEXT PRIMARY KEY, version TEXT NOT NULL, description TEXT NOT NULL, category TEXT NOT NULL,
  tags TEXT NOT NULL, keywords TEXT NOT NULL, authors TEXT NOT NULL, license TEXT NOT NULL,
  released INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE release(
  name TEXT NOT NULL, log_index INTEGER NOT NULL, version TEXT NOT NULL, leaf TEXT NOT NULL,
  yanked INTEGER NOT NULL, revoked INTEGER NOT NULL, deprecated INTEGER NOT NULL, first_seen INTEGER NOT NULL,
  PRIMARY KEY(name, log_index)) STRICT, WITHOUT ROWID;
)sql";

std::string join(std::vector<std::string> const& items) {
    std::string joined;
    for (auto const& item : items) {
        if (!joined.empty()) joined += k_separator;
        joined += item;
    }
    return joined;
}

std::vector<std::string> split(std::string_view joined) {
    std::vector<std::string> items;
    while (!joined.empty()) {
        auto const end = std::min(joined.find(k_separator), joined.size());
        items.emplace_back(joined.substr(0, end));
        joined.remove_prefix(std::min(end + 1, joined.size()));
    }
    return items;
}

/// The version that stands for a package: the highest listed release, else the highest listed prerelease.
VersionState const* newest_listed(NameState const& state) {
    VersionState const* best = nullptr;
    for (auto const& version : state.versions) {
        if (version.yanked || version.revoked) continue;
        bool const is_better = best == nullptr ||
                               (best->version.is_prerelease() && !version.version.is_prerelease()) ||
                               (best->version.is_prerelease() == version.version.is_prerelease() &&
                                best->version < version.version);
        if (is_better) best = &version;
    }
    return best;
}

constexpr std::string_view k_document_columns =
    "SELECT name, version, description, category, tags, keywords, authors, license, released FROM package";

SearchDocument document_of(detail::Statement& row) {
    SearchDocument document;
    document.name = row.text(0);
    document.version = row.text(1);
    document.description = row.text(2);
    document.category = row.text(3);
    document.tags = split(row.text(4));
    document.keywords = split(row.text(5));
    document.authors = split(row.text(6));
    document.license = row.text(7);
    document.released_unix = row.integer(8);
    return document;
}

class SqliteCatalogue final : public Catalogue {
public:
    SqliteCatalogue(FileSystem& files, std::string path, detail::Database db, bool was_remade)
        : files_(files), path_(std::move(path)), db_(std::move(db)), was_remade_(was_remade) {}

    Result<void> load() {
        ASSIGN_OR_RETURN(auto statement, db_.prepare("SELECT value FROM meta WHERE key = 'log_size'"));
        ASSIGN_OR_RETURN(bool const found, statement.step());
        log_size_ = found ? std::strtoull(statement.text(0).c_str(), nullptr, 10) : 0;
        return ok();
    }

    [[nodiscard]] bool was_remade() const override { return was_remade_; }
    [[nodiscard]] std::uint64_t log_size() const override { return log_size_; }

    Result<void> refresh(RegistryReader& reader, CancelToken const& cancel) override {
        auto const size = reader.checkpoint().checkpoint.size;
        if (size < log_size_) return Error{Errc::corrupt, "catalogue: it covers more than the log holds"};
        if (size == log_size_) return ok();
        RETURN_IF_ERROR(db_.run("BEGIN IMMEDIATE"));
        auto done = fill(reader, size, cancel);
        if (!done) {
            static_cast<void>(db_.run("ROLLBACK"));
            return done;
        }
        RETURN_IF_ERROR(db_.run("COMMIT"));
        log_size_ = size;
        return ok();
    }

    Result<void> each_document(std::function<Result<void>(SearchDocument&&)> const& visit) override {
        ASSIGN_OR_RETURN(auto statement, db_.prepare(std::string{k_document_columns} + " ORDER BY name"));
        while (true) {
            ASSIGN_OR_RETURN(bool const has_row, statement.step());
            if (!has_row) return ok();
            RETURN_IF_ERROR(visit(document_of(statement)));
        }
    }

    Result<std::optional<SearchDocument>> document(std::string const& name) override {
        ASSIGN_OR_RETURN(auto statement, db_.prepare(std::string{k_document_columns} + " WHERE name = ?1"));
        ASSIGN_OR_RETURN(bool const has_row, statement.bind(1, name).step());
        return has_row ? std::optional{document_of(statement)} : std::nullopt;
    }

    Result<std::vector<std::string>> names(std::string const& prefix, std::size_t max) override {
        // Names are [a-z0-9./_-]: '~' sorts after all of them.
        ASSIGN_OR_RETURN(
            auto statement,
            db_.prepare("SELECT name FROM package WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3"));
        statement.bind(1, prefix).bind(2, prefix + "~").bind(3, static_cast<std::int64_t>(max));
        std::vector<std::string> names;
        while (true) {
            ASSIGN_OR_RETURN(bool const has_row, statement.step());
            if (!has_row) return names;
            names.push_back(statement.text(0));
        }
    }

    Result<Counts> counts() override {
        ASSIGN_OR_RETURN(
            auto statement,
            db_.prepare("SELECT (SELECT count(*) FROM package), (SELECT count(*) FROM release)"));
        ASSIGN_OR_RETURN(bool const has_row, statement.step());
        GGEN_ASSERT(has_row);  // An aggregate always gives one row.
        return Counts{static_cast<std::uint64_t>(statement.integer(0)),
                      static_cast<std::uint64_t>(statement.integer(1))};
    }

    Result<Digest> image_digest() override {
        auto const image = path_ + ".image";
        RETURN_IF_ERROR(files_.remove_tree(image));
        ASSIGN_OR_RETURN(auto statement, db_.prepare("VACUUM INTO ?1"));
        ASSIGN_OR_RETURN(bool const has_row, statement.bind(1, image).step());
        static_cast<void>(has_row);
        auto const bytes = files_.read_file(image, 2 * k_gib);
        RETURN_IF_ERROR(files_.remove_tree(image));
        if (!bytes) return bytes.error();
        return sha256(*bytes);
    }

private:
    Result<void> fill(RegistryReader& reader, std::uint64_t size, CancelToken const& cancel) {
        ASSIGN_OR_RETURN(auto const touched, names_changed(reader, log_size_, size, cancel));
        for (auto const& name : touched) {
            RETURN_IF_ERROR(cancel.check());
            RETURN_IF_ERROR(renew(reader, name));
        }
        ASSIGN_OR_RETURN(auto statement, db_.prepare("INSERT OR REPLACE INTO meta VALUES('log_size', ?1)"));
        ASSIGN_OR_RETURN(bool const has_row, statement.bind(1, std::to_string(size)).step());
        static_cast<void>(has_row);
        return ok();
    }

    Result<void> forget(PackageName const& name) {
        for (auto const* sql :
             {"DELETE FROM package WHERE name = ?1", "DELETE FROM release WHERE name = ?1"}) {
            ASSIGN_OR_RETURN(auto statement, db_.prepare(sql));
            ASSIGN_OR_RETURN(bool const has_row, statement.bind(1, name.text()).step());
            static_cast<void>(has_row);
        }
        return ok();
    }

    /// Replaces what is known of one name by what the state tree proves.
    Result<void> renew(RegistryReader& reader, PackageName const& name) {
        RETURN_IF_ERROR(forget(name));
        ASSIGN_OR_RETURN(auto const state, reader.lookup(name));
        if (!state) return ok();
        for (auto const& version : state->versions) {
            ASSIGN_OR_RETURN(auto statement,
                             db_.prepare("INSERT INTO release VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
            statement.bind(1, name.text())
                .bind(2, static_cast<std::int64_t>(version.index))
                .bind(3, version.version.text());
            statement.bind(4, version.leaf.hex())
                .bind(5, std::int64_t{version.yanked})
                .bind(6, std::int64_t{version.revoked});
            statement.bind(7, std::int64_t{version.deprecated}).bind(8, version.first_seen.seconds);
            ASSIGN_OR_RETURN(bool const has_row, statement.step());
            static_cast<void>(has_row);
        }
        auto const* const shown = newest_listed(*state);
        return shown == nullptr ? ok() : insert_package(reader, name, *shown);
    }

    Result<void> insert_package(RegistryReader& reader, PackageName const& name, VersionState const& shown) {
        ASSIGN_OR_RETURN(auto const record, reader.release(shown));
        auto const bytes = reader.blob(record.manifest);
        // A withdrawn text leaves the name and its versions to be found.
        if (!bytes && bytes.error().code != Errc::not_found) return bytes.error();
        auto const manifest = bytes ? Manifest::parse(as_text(*bytes)) : Result<Manifest>{bytes.error()};
        ASSIGN_OR_RETURN(auto statement,
                         db_.prepare("INSERT INTO package VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
        statement.bind(1, name.text()).bind(2, shown.version.text());
        statement.bind(3, manifest ? manifest->description : "").bind(4, manifest ? manifest->category : "");
        statement.bind(5, manifest ? join(manifest->tags) : "")
            .bind(6, manifest ? join(manifest->keywords) : "");
        statement.bind(7, manifest ? join(manifest->authors) : "").bind(8, manifest ? manifest->license : "");
        statement.bind(9, shown.first_seen.seconds);
        ASSIGN_OR_RETURN(bool const has_row, statement.step());
        static_cast<void>(has_row);
        return ok();
    }

    FileSystem& files_;
    std::string path_;
    detail::Database db_;
    bool was_remade_;
    std::uint64_t log_size_ = 0;
};

Result<detail::Database> open_checked(std::string const& path) {
    ASSIGN_OR_RETURN(auto db, detail::Database::open(path));
    RETURN_IF_ERROR(db.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"));
    ASSIGN_OR_RETURN(auto check, db.prepare("SELECT value FROM meta WHERE key = 'version'"));
    ASSIGN_OR_RETURN(bool const has_row, check.step());
    if (!has_row || check.text(0) != k_version)
        return Error{Errc::corrupt, "catalogue: another version wrote it"};
    return db;
}

}  // namespace

Result<std::unique_ptr<Catalogue>> Catalogue::open(FileSystem& files, std::string const& path) {
    RETURN_IF_ERROR(files.make_directories(parent_path(path)));
    bool const was_there = files.info(path).has_value();
    if (was_there) {
        auto db = open_checked(path);
        if (db) {
            auto catalogue = std::make_unique<SqliteCatalogue>(files, path, *std::move(db), false);
            if (catalogue->load()) return std::unique_ptr<Catalogue>{std::move(catalogue)};
        } else if (db.error().code != Errc::corrupt) {
            return std::move(db).error();
        }
    }
    for (auto const* suffix : {"", "-wal", "-shm"}) RETURN_IF_ERROR(files.remove_tree(path + suffix));
    ASSIGN_OR_RETURN(auto db, detail::Database::open(path));
    RETURN_IF_ERROR(db.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"));
    RETURN_IF_ERROR(db.run(std::string{"BEGIN IMMEDIATE;"} + k_schema +
                           "INSERT INTO meta VALUES('version', '" + std::string{k_version} + "');COMMIT"));
    return std::unique_ptr<Catalogue>{
        std::make_unique<SqliteCatalogue>(files, path, std::move(db), was_there)};
}

Result<std::vector<PackageName>> names_changed(RegistryReader& reader, std::uint64_t begin, std::uint64_t end,
                                               CancelToken const& cancel) {
    std::set<PackageName> names;
    auto const note_name = [&](std::uint64_t, BytesView entry) -> Result<void> {
        RETURN_IF_ERROR(cancel.check());
        auto const record = parse_record(entry);
        if (!record) return ok();  // Any bytes may stand in a log; they have no effect.
        if (auto const* const release = std::get_if<ReleaseRecord>(&record->record)) names.insert(release->name);
        if (auto const* const status = std::get_if<StatusRecord>(&record->record)) names.insert(status->name);
        return ok();
    };
    RETURN_IF_ERROR(reader.each_entry(begin, end, note_name));
    return std::vector<PackageName>{names.begin(), names.end()};
}

std::string catalogue_path(Directories const& directories, KnownRegistry const& known) {
    return join_path(directories.cache,
                     "catalogue/" + detail::registry_label(known.origin, known.root_fingerprint) + ".sqlite");
}

}  // namespace ggen
