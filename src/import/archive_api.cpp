#include "import/archive_api.hpp"

#include <dlfcn.h>

#include <optional>

namespace ggen {
namespace {

template <class Function>
bool find(void* library, char const* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

std::optional<ArchiveApi> load() {
    // Never closed: the table is used until the end of the process.
    void* const library = ::dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return std::nullopt;
    ArchiveApi api{};
    bool const is_complete =
        find(library, "archive_error_string", api.error_string) &&
        find(library, "archive_read_new", api.read_new) &&
        find(library, "archive_read_free", api.read_free) &&
        find(library, "archive_read_support_filter_gzip", api.read_support_filter_gzip) &&
        find(library, "archive_read_support_filter_none", api.read_support_filter_none) &&
        find(library, "archive_read_support_format_tar", api.read_support_format_tar) &&
        find(library, "archive_read_open_memory", api.read_open_memory) &&
        find(library, "archive_read_next_header", api.read_next_header) &&
        find(library, "archive_read_data", api.read_data) &&
        find(library, "archive_entry_pathname", api.entry_pathname) &&
        find(library, "archive_entry_pathname_utf8", api.entry_pathname_utf8) &&
        find(library, "archive_entry_filetype", api.entry_filetype) &&
        find(library, "archive_entry_hardlink", api.entry_hardlink) &&
        find(library, "archive_entry_perm", api.entry_perm);
    return is_complete ? std::optional{api} : std::nullopt;
}

}  // namespace

ArchiveApi const* archive_api() {
    static std::optional<ArchiveApi> const api = load();
    return api ? &*api : nullptr;
}

}  // namespace ggen
