#pragma once

#include <archive.h>
#include <archive_entry.h>

namespace ggen {

/// The functions of libarchive that this module calls. Loaded at the first import: with what it brings along it
/// would cost every other command milliseconds.
struct ArchiveApi {
    decltype(&::archive_error_string) error_string;
    decltype(&::archive_read_new) read_new;
    decltype(&::archive_read_free) read_free;
    decltype(&::archive_read_support_filter_gzip) read_support_filter_gzip;
    decltype(&::archive_read_support_filter_none) read_support_filter_none;
    decltype(&::archive_read_support_format_tar) read_support_format_tar;
    decltype(&::archive_read_open_memory) read_open_memory;
    decltype(&::archive_read_next_header) read_next_header;
    decltype(&::archive_read_data) read_data;
    decltype(&::archive_entry_pathname) entry_pathname;
    decltype(&::archive_entry_pathname_utf8) entry_pathname_utf8;
    decltype(&::archive_entry_filetype) entry_filetype;
    decltype(&::archive_entry_hardlink) entry_hardlink;
    decltype(&::archive_entry_perm) entry_perm;
};

/// The same pointer for the life of the process; null when this machine has no libarchive. Thread-safe.
[[nodiscard]] ArchiveApi const* archive_api();

}  // namespace ggen
