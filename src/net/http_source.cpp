#include "net/http_source.hpp"

#include <utility>

namespace ggen {
namespace {

/// Everything in a registry is named by its content or position but these two (trust.md 3.2).
Resume resume_of(std::string const& path) {
    return path == "checkpoint" || path == "state/head" ? Resume::no : Resume::immutable;
}

}  // namespace

HttpSource::HttpSource(HttpClient& client, std::string base_url)
    : client_(client), base_url_(std::move(base_url)) {}

Result<Bytes> HttpSource::read(std::string const& path, std::uint64_t bytes_max) {
    return client_.fetch(base_url_ + "/" + path, bytes_max, resume_of(path));
}

Result<Bytes> HttpSource::read_blob(Digest const& digest, std::uint64_t bytes_max) {
    return client_.fetch(base_url_ + "/" + blob_path(digest), bytes_max, Resume::immutable);
}

Result<void> HttpSource::stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                                     TakeBytes const& take) {
    return client_.stream(base_url_ + "/" + blob_path(digest), from, bytes_max, take);
}

}  // namespace ggen
