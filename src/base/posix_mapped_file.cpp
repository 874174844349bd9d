#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/posix_file.hpp"

namespace ggen::posix {
namespace {

class PosixMappedFile final : public MappedFile {
public:
    PosixMappedFile(Fd fd, std::string path, void* data, std::size_t size_bytes)
        : fd_(std::move(fd)), path_(std::move(path)), data_(data), size_bytes_(size_bytes) {}
    PosixMappedFile(PosixMappedFile const&) = delete;
    PosixMappedFile& operator=(PosixMappedFile const&) = delete;
    ~PosixMappedFile() override {
        if (size_bytes_ > 0) ::munmap(data_, size_bytes_);
    }

    [[nodiscard]] BytesView bytes() const override {
        return {static_cast<std::uint8_t const*>(data_), size_bytes_};
    }

    Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
        while (!out.empty()) {
            auto const n = retry_eintr(
                [&] { return ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
            if (n < 0) return errno_error("read", path_);
            if (n == 0) return Error{Errc::corrupt, "read " + path_ + ": the file ends too early"};
            offset += static_cast<std::uint64_t>(n);
            out = out.subspan(static_cast<std::size_t>(n));
        }
        return ok();
    }

    void prefetch() const override {
        // A hint: whether the kernel takes it changes only the time of the first queries.
        if (size_bytes_ > 0) static_cast<void>(::madvise(data_, size_bytes_, MADV_WILLNEED));
    }

private:
    Fd fd_;
    std::string path_;
    void* data_;
    std::size_t size_bytes_;
};

}  // namespace

Result<std::unique_ptr<MappedFile>> map_file(Fd file, std::string path, std::uint64_t bytes_max) {
    struct stat st {};
    if (::fstat(file.get(), &st) != 0) return errno_error("stat", path);
    if (!S_ISREG(st.st_mode)) return Error{Errc::io, "map " + path + ": not a regular file"};
    auto const size = static_cast<std::uint64_t>(st.st_size);
    if (size > bytes_max) {
        return Error{Errc::too_large, path + " holds " + std::to_string(size) + " bytes; the limit here is " +
                                          std::to_string(bytes_max)};
    }
    void* data = nullptr;  // mmap refuses empty files; no bytes need no mapping.
    if (size > 0) {
        data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
        if (data == MAP_FAILED) return errno_error("map", path);
    }
    return std::unique_ptr<MappedFile>{
        std::make_unique<PosixMappedFile>(std::move(file), std::move(path), data, size)};
}

}  // namespace ggen::posix
