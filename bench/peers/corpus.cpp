#include "peers/corpus.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "peers/corpus_columns.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_chunk_bytes = 1 << 17;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
struct FreeStream {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};
using TakeLine = std::function<Result<void>(std::string_view)>;

/// Cuts a stream of bytes into lines.
class Lines {
public:
    explicit Lines(TakeLine const& take) : take_(take) {}

    Result<void> feed(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const end = bytes.find('\n');
            if (end == std::string_view::npos) {
                rest_.append(bytes);
                break;
            }
            rest_.append(bytes.substr(0, end));
            bytes.remove_prefix(end + 1);
            RETURN_IF_ERROR(take_(rest_));
            rest_.clear();
        }
        if (rest_.size() > k_corpus_line_bytes_max) return Error{Errc::invalid, "a line is over 1 MB"};
        return ok();
    }
    Result<void> finish() { return rest_.empty() ? ok() : take_(rest_); }

private:
    TakeLine const& take_;
    std::string rest_;
};

Result<void> feed_compressed(std::FILE* file, Lines& lines) {
    std::unique_ptr<ZSTD_DStream, FreeStream> const stream{ZSTD_createDStream()};
    std::vector<char> packed(k_chunk_bytes);
    std::vector<char> plain(k_chunk_bytes);
    std::size_t state = 1;  // 0 = at the end of a frame.
    while (auto const count = std::fread(packed.data(), 1, packed.size(), file)) {
        ZSTD_inBuffer in{packed.data(), count, 0};
        bool is_full = false;
        while (in.pos < in.size || (is_full && state != 0)) {
            ZSTD_outBuffer out{plain.data(), plain.size(), 0};
            state = ZSTD_decompressStream(stream.get(), &out, &in);
            if (ZSTD_isError(state) != 0) return Error{Errc::invalid, "not zstd, or damaged"};
            RETURN_IF_ERROR(lines.feed({plain.data(), out.pos}));
            is_full = out.pos == out.size;
        }
    }
    if (state != 0) return Error{Errc::invalid, "the compressed text is cut short"};
    return ok();
}

Result<void> feed_plain(std::FILE* file, Lines& lines) {
    std::vector<char> plain(k_chunk_bytes);
    while (auto const count = std::fread(plain.data(), 1, plain.size(), file)) {
        RETURN_IF_ERROR(lines.feed({plain.data(), count}));
    }
    return ok();
}

std::string origin_of(std::string const& path) {
    auto const name = path.substr(path.rfind('/') + 1);
    return name.substr(0, name.find('.'));
}

}  // namespace

Result<void> each_document(std::string const& path, std::function<Result<void>(SearchDocument&&)> const& take) {
    std::unique_ptr<std::FILE, CloseFile> const file{std::fopen(path.c_str(), "re")};
    if (!file) return Error{Errc::io, path + ": cannot be opened"};
    Columns columns{origin_of(path)};
    bool is_head = true;
    TakeLine const take_line = [&](std::string_view line) -> Result<void> {
        if (std::exchange(is_head, false)) return columns.read_head(line);
        return take(columns.document(line));
    };
    Lines lines{take_line};
    auto fed = path.ends_with(".zst") ? feed_compressed(file.get(), lines) : feed_plain(file.get(), lines);
    if (fed) fed = lines.finish();
    if (!fed) return wrap(std::move(fed).error(), path);
    if (is_head) return Error{Errc::invalid, path + ": has no head line"};
    return ok();
}

Result<std::vector<SearchDocument>> load_corpus(std::vector<std::string> const& paths) {
    std::vector<SearchDocument> out;
    for (auto const& path : paths) {
        RETURN_IF_ERROR(each_document(path, [&](SearchDocument&& document) {
            out.push_back(std::move(document));
            return ok();
        }));
    }
    return out;
}

std::vector<SearchDocument> most_downloaded(std::vector<SearchDocument> const& documents, std::size_t count) {
    std::vector<std::size_t> order(documents.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    count = std::min(count, order.size());
    auto const comes_first = [&](std::size_t x, std::size_t y) {
        auto const& a = documents[x];
        auto const& b = documents[y];
        if (a.downloads != b.downloads) return a.downloads > b.downloads;
        return a.name != b.name ? a.name < b.name : a.origin < b.origin;
    };
    auto const middle = order.begin() + static_cast<std::ptrdiff_t>(count);
    if (middle != order.end()) std::nth_element(order.begin(), middle, order.end(), comes_first);
    std::sort(order.begin(), middle, comes_first);
    std::vector<SearchDocument> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) out.push_back(documents[order[i]]);
    return out;
}

}  // namespace ggen::bench
