#include "node/chunk_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "merkle/chunk_tree.hpp"

namespace ggen::p2p {
namespace {

using posix::Fd;

Result<void> write_at(Fd const& fd, std::uint64_t offset, BytesView bytes, std::string const& path) {
    while (!bytes.empty()) {
        auto const count = posix::retry_eintr(
            [&] { return ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
        if (count < 0) return posix::errno_error("write", path);
        offset += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return ok();
}

}  // namespace

ChunkFile::ChunkFile(std::string path, std::uint64_t bytes, Fd data, Fd marks, std::vector<std::uint8_t> have)
    : path_(std::move(path)), bytes_(bytes), data_(std::move(data)), marks_(std::move(marks)), have_(std::move(have)) {}

Result<std::shared_ptr<ChunkFile>> ChunkFile::open(std::string const& path, std::uint64_t bytes) {
    constexpr int k_flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    Fd data{::open(path.c_str(), k_flags, 0644)};
    if (!data.is_open()) return posix::errno_error("open", path);
    auto const marks_path = path + ".have";
    Fd marks{::open(marks_path.c_str(), k_flags, 0644)};
    if (!marks.is_open()) return posix::errno_error("open", marks_path);
    std::vector<std::uint8_t> have((bytes + merkle::k_chunk_bytes - 1) / merkle::k_chunk_bytes, 0);
    auto const count = posix::retry_eintr([&] { return ::pread(marks.get(), have.data(), have.size(), 0); });
    if (count < 0) return posix::errno_error("read", marks_path);
    std::fill(have.begin() + count, have.end(), std::uint8_t{0});
    return std::shared_ptr<ChunkFile>{
        new ChunkFile{path, bytes, std::move(data), std::move(marks), std::move(have)}};
}

bool ChunkFile::has(std::uint64_t chunk) const { return chunk < have_.size() && have_[chunk] == 1; }

Result<void> ChunkFile::put(std::uint64_t chunk, BytesView bytes) {
    if (chunk >= have_.size()) return Error{Errc::io, path_ + ": a chunk past the end"};
    RETURN_IF_ERROR(write_at(data_, chunk * merkle::k_chunk_bytes, bytes, path_));
    have_[chunk] = 1;
    return write_at(marks_, chunk, BytesView{&have_[chunk], 1}, path_);
}

Result<Bytes> ChunkFile::read(std::uint64_t offset, std::size_t length) {
    if (length > bytes_ || offset > bytes_ - length) return Error{Errc::not_found, path_ + ": past the end"};
    Bytes out(length);
    std::size_t done = 0;
    while (done < length) {
        auto const count = posix::retry_eintr([&] {
            return ::pread(data_.get(), out.data() + done, length - done, static_cast<off_t>(offset + done));
        });
        if (count < 0) return posix::errno_error("read", path_);
        if (count == 0) return Error{Errc::not_found, path_ + ": not here yet"};
        done += static_cast<std::size_t>(count);
    }
    return out;
}

Result<void> ChunkFile::clear() {
    std::fill(have_.begin(), have_.end(), std::uint8_t{0});
    bool const is_done = ::ftruncate(marks_.get(), 0) == 0 && ::ftruncate(data_.get(), 0) == 0;
    return is_done ? ok() : Result<void>{posix::errno_error("clear", path_)};
}

}  // namespace ggen::p2p
