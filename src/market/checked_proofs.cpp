#include "market/checked_proofs.hpp"

#include <algorithm>
#include <utility>

namespace ggen {

CheckedProofs::CheckedProofs(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {
    auto const bytes = files_.read_file(path_, k_bytes_max);
    if (!bytes) return;
    bytes_ = bytes->size();
    known_.reserve(bytes->size() / Digest::k_bytes);
    for (std::size_t at = 0; at + Digest::k_bytes <= bytes->size(); at += Digest::k_bytes) {
        Digest digest;
        std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(at), Digest::k_bytes, digest.bytes.begin());
        known_.insert(digest);
    }
}

Digest CheckedProofs::key_of(Digest const& root, LockedPackage const& package, std::string_view block) {
    std::string text{"ggen-checked-proof 1\n"};
    text.reserve(block.size() + 512);
    // Every part but the last has a length of its own or ends in LF, which none of them holds.
    text += as_text(root.view());
    for (auto const& digest : {package.archive, package.tree, package.leaf}) text += as_text(digest.view());
    text += std::to_string(package.index) + "\n" + std::to_string(package.archive_bytes) + "\n";
    text += package.name.text() + "\n" + package.version.text() + "\n" + package.origin + "\n";
    text += block;
    return sha256(as_bytes(text));
}

void CheckedProofs::add(Digest const& key) {
    if (known_.insert(key).second) added_.push_back(key);
}

void CheckedProofs::save() {
    if (added_.empty()) return;
    Bytes row;
    row.reserve(added_.size() * Digest::k_bytes);
    for (auto const& digest : added_) row.insert(row.end(), digest.bytes.begin(), digest.bytes.end());
    added_.clear();
    // One that was cut within a digest, or that is full, begins anew with what this run has seen.
    bool const may_append = bytes_ > 0 && bytes_ % Digest::k_bytes == 0 && bytes_ + row.size() <= k_bytes_max;
    if (may_append) {
        if (auto const file = files_.open_append(path_)) static_cast<void>((*file)->append(row));
        return;
    }
    if (row.size() > k_bytes_max || !files_.make_directories(parent_path(path_))) return;
    static_cast<void>(files_.write_file_atomic(path_, row, Sync::none, 0600));
}

}  // namespace ggen
