#include "import/foreign_archive.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "import/archive_api.hpp"

namespace ggen {
namespace {

using Reader = std::unique_ptr<::archive, int (*)(::archive*)>;

Error reader_error(::archive* reader) {
    char const* const text = archive_api()->error_string(reader);
    return Error{Errc::invalid, ErrorId::import_package,
                 std::string{"npm's archive: "} + (text != nullptr ? text : "cannot be read")};
}

/// "package/lib/a.js" -> "lib/a.js"; "" when nothing is left.
std::string cut_first_component(std::string_view path) {
    while (path.starts_with("./")) path.remove_prefix(2);
    auto const slash = path.find('/');
    return slash == std::string_view::npos ? std::string{} : std::string{path.substr(slash + 1)};
}

Result<Bytes> read_content(::archive* reader, std::uint64_t bytes_max) {
    Bytes content;
    std::uint8_t buffer[65'536];
    while (true) {
        auto const n = archive_api()->read_data(reader, buffer, sizeof buffer);
        if (n < 0) return reader_error(reader);
        if (n == 0) return content;
        if (content.size() + static_cast<std::size_t>(n) > bytes_max) {
            return Error{Errc::too_large, ErrorId::import_package, "npm's archive unpacks to more than its limit"};
        }
        content.insert(content.end(), buffer, buffer + n);
    }
}

/// The path's bytes as they stand, or, from a pax header that the locale cannot say, its UTF-8.
std::string path_of(archive_entry* entry) {
    char const* text = archive_api()->entry_pathname(entry);
    if (text == nullptr) text = archive_api()->entry_pathname_utf8(entry);
    return text != nullptr ? text : "";
}

/// Remembers what was taken, so that later spellings of the same file are left out.
class Acceptance {
public:
    explicit Acceptance(std::string top_directory) : top_directory_(std::move(top_directory)) {
        // Two manifests in one package would be one too many; ours is generated.
        files_.insert("gpack.toml");
    }

    /// Why `path` may not be taken, or "".
    std::string refuse(std::string const& path) {
        if (auto const checked = check_archive_room(top_directory_, path); !checked) return checked.error().context;
        auto key = collision_key(path);
        if (directories_.contains(key)) return "a directory has this name already";
        for (auto slash = key.find('/'); slash != std::string::npos; slash = key.find('/', slash + 1)) {
            if (files_.contains(key.substr(0, slash))) return "a file has the name of one of its directories";
        }
        if (spells_directory_otherwise(path)) return "one of its directories was spelled in another way before";
        if (files_.contains(key)) return "a path that differs only in case or form came before";
        for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
            directories_.emplace(collision_key(path.substr(0, slash)), path.substr(0, slash));
        }
        files_.insert(std::move(key));
        return {};
    }

private:
    [[nodiscard]] bool spells_directory_otherwise(std::string const& path) const {
        for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
            auto const directory = path.substr(0, slash);
            auto const known = directories_.find(collision_key(directory));
            if (known != directories_.end() && known->second != directory) return true;
        }
        return false;
    }

    std::string top_directory_;
    std::set<std::string> files_;                     // Collision keys.
    std::map<std::string, std::string> directories_;  // Collision key -> the spelling that came first.
};

}  // namespace

Result<ForeignContents> read_npm_tarball(BytesView tarball, ForeignLimits const& limits) {
    if (archive_api() == nullptr) {
        return Error{Errc::unavailable, ErrorId::import_package, "libarchive.so.13 cannot be loaded",
                     "install the package that holds it (Debian: libarchive13)"};
    }
    Reader const owner{archive_api()->read_new(), archive_api()->read_free};
    auto* const reader = owner.get();
    archive_api()->read_support_filter_gzip(reader);
    archive_api()->read_support_filter_none(reader);
    archive_api()->read_support_format_tar(reader);
    if (archive_api()->read_open_memory(reader, tarball.data(), tarball.size()) != ARCHIVE_OK)
        return reader_error(reader);

    ForeignContents contents;
    RETURN_IF_ERROR(check_archive_room(limits.top_directory, "gpack.toml"));
    Acceptance acceptance{limits.top_directory};
    std::uint64_t bytes_left = std::min(limits.unpacked_bytes_max,
                                        std::max(limits.unpacked_floor_bytes,
                                                 tarball.size() * limits.unpacked_ratio_max));
    std::size_t entries = 0;
    archive_entry* entry = nullptr;
    while (true) {
        int const status = archive_api()->read_next_header(reader, &entry);
        if (status == ARCHIVE_EOF) break;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return reader_error(reader);
        if (++entries > limits.files_max) {
            return Error{Errc::too_large, ErrorId::import_package, "npm's archive holds too many files"};
        }
        auto const shown = path_of(entry);
        auto const type = archive_api()->entry_filetype(entry);
        if (type == AE_IFDIR) continue;
        auto path = cut_first_component(shown);
        if (type != AE_IFREG || archive_api()->entry_hardlink(entry) != nullptr) {
            contents.skipped.push_back(escape_for_terminal(shown) + ": not a regular file");
            continue;
        }
        auto const reason = path.empty() ? "it stands outside the package directory"
                            : path == "gpack.toml" ? "ggen writes this file itself"
                                                   : acceptance.refuse(path);
        ASSIGN_OR_RETURN(auto content, read_content(reader, bytes_left));
        bytes_left -= content.size();
        if (!reason.empty()) {
            contents.skipped.push_back(escape_for_terminal(shown) + ": " + reason);
            continue;
        }
        bool const executable = (archive_api()->entry_perm(entry) & 0111U) != 0;
        contents.files.push_back({std::move(path), executable, std::move(content)});
    }
    return contents;
}

}  // namespace ggen
