#include "node/served_folders.hpp"

#include <utility>

#include "registry/source.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint64_t k_served_bytes_max = std::uint64_t{2} << 30U;

/// A file that is published by rename, and so never changes while it is mapped.
class FileContent final : public Content {
public:
    explicit FileContent(std::unique_ptr<MappedFile> file) : file_(std::move(file)) {}
    [[nodiscard]] std::uint64_t size() const override { return file_->bytes().size(); }
    Result<Bytes> read(std::uint64_t offset, std::size_t length) override {
        Bytes out(length);
        RETURN_IF_ERROR(file_->read_at(offset, out));
        return out;
    }

private:
    std::unique_ptr<MappedFile> file_;
};

}  // namespace

void ServedFolders::add(LogId const& log, std::string folder) {
    {
        std::lock_guard const guard{mutex_};
        folders_.insert_or_assign(log, std::move(folder));
    }
    if (changed_) changed_();
}

void ServedFolders::remove(LogId const& log) {
    {
        std::lock_guard const guard{mutex_};
        folders_.erase(log);
    }
    if (changed_) changed_();
}

std::vector<std::string> ServedFolders::folders(std::optional<LogId> const& log) const {
    std::lock_guard const guard{mutex_};
    std::vector<std::string> out;
    for (auto const& [id, folder] : folders_) {
        if (!log || *log == id) out.push_back(folder);
    }
    return out;
}

std::optional<std::string> ServedFolders::find_blob(Digest const& digest) const {
    for (auto const& folder : folders(std::nullopt)) {
        auto path = join_path(folder, blob_path(digest));
        if (files_.info(path)) return path;
    }
    return std::nullopt;
}

Result<std::shared_ptr<Content>> ServedFolders::open(std::optional<LogId> const& log, std::string_view path) {
    auto const kind = kind_of_path(path);
    bool const is_served = kind == ObjectKind::log || kind == ObjectKind::blob;
    if (is_served) {
        for (auto const& folder : folders(log)) {
            auto file = files_.map(join_path(folder, path), k_served_bytes_max);
            if (file) return std::shared_ptr<Content>{std::make_shared<FileContent>(*std::move(file))};
        }
    }
    return Error{Errc::not_found, "not here: " + std::string{path}};
}

}  // namespace ggen::p2p
