#include "archive/tree_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/path_rules.hpp"

namespace ggen {
namespace {

Error not_canonical(std::string_view reason) {
    return Error{Errc::corrupt, ErrorId::archive_not_canonical, std::string{reason}};
}

Error truncated(std::string_view reason) {
    return Error{Errc::corrupt, ErrorId::archive_truncated, std::string{reason}};
}

Error unsafe(std::string reason) {
    return Error{Errc::refused, ErrorId::archive_path_unsafe, std::move(reason)};
}

}  // namespace

Result<void> TreeStream::feed(BytesView bytes) {
    while (!bytes.empty()) {
        std::size_t taken = 0;
        switch (expecting_) {
            case Expecting::header:
            case Expecting::end_marker:
                if (block_filled_ == 0) RETURN_IF_ERROR(expect_header());
                taken = std::min(bytes.size(), block_.size() - block_filled_);
                std::copy_n(bytes.begin(), taken, block_.begin() + static_cast<std::ptrdiff_t>(block_filled_));
                block_filled_ += taken;
                break;
            case Expecting::content:
                taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), content_left_));
                RETURN_IF_ERROR(sink_.add_content(bytes.first(taken)));
                content_left_ -= taken;
                break;
            case Expecting::padding:
                taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), padding_left_));
                RETURN_IF_ERROR(read_padding(bytes.first(taken)));
                break;
            case Expecting::nothing: return not_canonical("bytes follow the end marker");
        }
        left_ -= std::min<std::uint64_t>(taken, left_);
        bytes = bytes.subspan(taken);
        if (block_filled_ == block_.size()) RETURN_IF_ERROR(read_block());
        if (expecting_ == Expecting::content && content_left_ == 0) expecting_ = Expecting::padding;
        if (expecting_ == Expecting::padding && padding_left_ == 0) expecting_ = Expecting::header;
    }
    return ok();
}

Result<void> TreeStream::finish() {
    if (expecting_ == Expecting::header) return truncated("it ends before the end marker");
    if (expecting_ == Expecting::end_marker) return truncated("it ends within the end marker");
    if (expecting_ != Expecting::nothing) return truncated("it ends within a file");
    if (paths_.empty()) return not_canonical("it holds no file");
    std::vector<std::string_view> const paths(paths_.begin(), paths_.end());
    return path_rules::check_collisions(paths);
}

/// A block begins here: that it is whole can be told before it is read.
Result<void> TreeStream::expect_header() {
    if (left_ >= block_.size()) return ok();
    return truncated(expecting_ == Expecting::header ? "it ends before the end marker"
                                                     : "it ends within the end marker");
}

Result<void> TreeStream::read_block() {
    block_filled_ = 0;
    bool const is_zero = ustar::is_zero(block_);
    if (expecting_ == Expecting::end_marker) {
        if (!is_zero) return not_canonical("a header follows a block of zeros");
        if (left_ > 0) return not_canonical("bytes follow the end marker");
        expecting_ = Expecting::nothing;
        return ok();
    }
    if (is_zero) {
        expecting_ = Expecting::end_marker;
        return expect_header();
    }
    auto entry = read_entry();
    if (!entry) return wrap(std::move(entry).error(), fmt::format("entry {}", paths_.size() + 1));
    return ok();
}

Result<void> TreeStream::read_entry() {
    ASSIGN_OR_RETURN(auto const header, ustar::read_header(block_));
    if (paths_.size() == bounds_.files_max) {
        return Error{Errc::too_large, ErrorId::archive_too_large,
                     fmt::format("it has more than {} files", bounds_.files_max)};
    }
    ASSIGN_OR_RETURN(auto path, take_top(header.path));
    auto const shown = [&] { return path_rules::shown(path); };
    if (header.size_bytes > left_) {
        return truncated(fmt::format("{}: {} bytes are announced, {} are left", shown(), header.size_bytes, left_));
    }
    auto const data_bytes = ustar::padded(header.size_bytes);
    if (data_bytes > left_) return truncated(shown() + ": its padding is cut off");
    if (!paths_.empty() && paths_.back() >= path) {
        if (paths_.back() != path) return not_canonical(shown() + " stands after one that sorts behind it");
        return Error{Errc::refused, ErrorId::archive_collision, shown() + " stands twice in the archive"};
    }
    RETURN_IF_ERROR(check_spelling(header));
    RETURN_IF_ERROR(sink_.begin_file(path, header.executable, header.size_bytes));
    paths_.push_back(std::move(path));
    content_left_ = header.size_bytes;
    padding_left_ = data_bytes - header.size_bytes;
    expecting_ = Expecting::content;
    return ok();
}

Result<void> TreeStream::read_padding(BytesView piece) {
    if (!ustar::is_zero(piece)) {
        return wrap(not_canonical(path_rules::shown(paths_.back()) + ": its padding is not zero"),
                    fmt::format("entry {}", paths_.size()));
    }
    padding_left_ -= piece.size();
    return ok();
}

/// The path below the top directory, which the first entry sets.
Result<std::string> TreeStream::take_top(std::string const& path) {
    RETURN_IF_ERROR(path_rules::check(path, path_rules::k_ustar_path_bytes_max));
    auto const slash = path.find('/');
    if (slash == std::string::npos)
        return unsafe(fmt::format("{}: it is not below a top directory", path_rules::shown(path)));
    if (paths_.empty()) top_ = path.substr(0, slash);
    if (std::string_view{path}.substr(0, slash) != top_) {
        return unsafe(fmt::format("{}: it is outside of the top directory \"{}\"", path_rules::shown(path),
                                  escape_for_terminal(top_)));
    }
    auto below = path.substr(slash + 1);
    RETURN_IF_ERROR(check_archive_path(below));
    return below;
}

/// Encodes what was read again: any second spelling shows here.
Result<void> TreeStream::check_spelling(ustar::Header const& header) const {
    std::array<std::uint8_t, ustar::k_block_bytes> again;
    RETURN_IF_ERROR(ustar::write_header(again, header));
    if (std::equal(again.begin(), again.end(), block_.begin())) return ok();
    return not_canonical(fmt::format("{}: its header has another spelling than the canonical one",
                                     path_rules::shown(header.path)));
}

}  // namespace ggen
