#include "import/archive_api.hpp"

#include <optional>

#include "base/shared_library.hpp"

namespace ggen {
namespace {

std::optional<ArchiveApi> load() {
    auto const library = SharedLibrary::load("libarchive.so.13");
    if (!library) return std::nullopt;
    ArchiveApi api{};
    bool const is_complete =
        library->find("archive_error_string", api.error_string) &&
        library->find("archive_read_new", api.read_new) &&
        library->find("archive_read_free", api.read_free) &&
        library->find("archive_read_support_filter_gzip", api.read_support_filter_gzip) &&
        library->find("archive_read_support_filter_none", api.read_support_filter_none) &&
        library->find("archive_read_support_format_tar", api.read_support_format_tar) &&
        library->find("archive_read_open_memory", api.read_open_memory) &&
        library->find("archive_read_next_header", api.read_next_header) &&
        library->find("archive_read_data", api.read_data) &&
        library->find("archive_entry_pathname", api.entry_pathname) &&
        library->find("archive_entry_pathname_utf8", api.entry_pathname_utf8) &&
        library->find("archive_entry_filetype", api.entry_filetype) &&
        library->find("archive_entry_hardlink", api.entry_hardlink) &&
        library->find("archive_entry_perm", api.entry_perm);
    return is_complete ? std::optional{api} : std::nullopt;
}

}  // namespace

ArchiveApi const* archive_api() {
    static std::optional<ArchiveApi> const api = load();
    return api ? &*api : nullptr;
}

}  // namespace ggen
