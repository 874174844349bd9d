#include "registry/writer_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>



namespace ggen::detail {
namespace {

constexpr char const* k_checkpoint = "checkpoint";
constexpr char const* k_next = "checkpoint.next";
constexpr char const* k_place = "place";
constexpr std::string_view k_header = "ggen/place/v1\n";
constexpr std::uint64_t k_place_bytes_max = 1024;

}  // namespace

std::string birthmark(std::string const& path) {
    struct statx st {};
    int const done = ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &st);
    if (done != 0 || (st.stx_mask & STATX_BTIME) == 0) return {};
    return std::to_string(st.stx_ino) + " " + std::to_string(st.stx_btime.tv_sec) + " " +
           std::to_string(st.stx_btime.tv_nsec);
}

Result<void> WriterPlace::remember(std::vector<std::string> const& marks) const {
    std::string text{k_header};
    for (auto const& mark : marks) {
        if (!mark.empty()) text += mark + "\n";
    }
    return files_.write_file_atomic(path(k_place), as_bytes(text), Sync::durable);
}

Result<void> WriterPlace::replace_checkpoint(BytesView content) const {
    RETURN_IF_ERROR(files_.write_file_atomic(path(k_next), content, Sync::durable));
    auto const next = birthmark(path(k_next));
    // A copy that was brought here does not become at home by the name of its successor.
    auto const old = is_home() ? birthmark(path(k_checkpoint)) : std::string{};
    RETURN_IF_ERROR(remember({old, next}));
    RETURN_IF_ERROR(files_.rename(path(k_next), path(k_checkpoint)));
    // Syncs the directory, and the rename with it.
    return remember({next});
}

bool WriterPlace::is_home() const {
    auto const mark = birthmark(path(k_checkpoint));
    if (mark.empty()) return true;
    auto const kept = files_.read_file(path(k_place), k_place_bytes_max);
    if (!kept) return false;
    auto text = as_text(*kept);
    if (!text.starts_with(k_header)) return false;
    text.remove_prefix(k_header.size());
    while (!text.empty()) {
        auto const end = text.find('\n');
        if (end == std::string_view::npos) return false;
        if (text.substr(0, end) == mark) return true;
        text.remove_prefix(end + 1);
    }
    return false;
}

Result<void> WriterPlace::settle() const { return remember({birthmark(path(k_checkpoint))}); }

}  // namespace ggen::detail
