#include "market/lock_proofs.hpp"

#include <charconv>

#include "merkle/tree.hpp"
#include "registry/reader.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_first_line = "ggen-proofs/v1\n";
constexpr std::size_t k_publishers_max = 64;

Error malformed(std::string_view what) {
    return Error{Errc::invalid, ErrorId::proof_invalid, "ggen.lock.proofs: " + std::string{what},
                 "run: ggen lock, which fetches the proofs anew"};
}

/// Cuts one line off `rest`; without its LF.
Result<std::string_view> take_line(std::string_view& rest) {
    auto const end = rest.find('\n');
    if (end == std::string_view::npos) return malformed("it is cut");
    auto const line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

std::string_view take_word(std::string_view& line) {
    auto const end = std::min(line.find(' '), line.size());
    auto const word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

Result<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return malformed("a number is expected");
    return value;
}

/// "package NAME VERSION THRESHOLD BYTES", publisher lines, then BYTES bytes of tlog-proof.
Result<std::pair<PackageName, PackageProof>> take_block(std::string_view& rest) {
    ASSIGN_OR_RETURN(auto line, take_line(rest));
    if (take_word(line) != "package") return malformed("a package line is expected");
    ASSIGN_OR_RETURN(auto name, PackageName::parse(take_word(line)));
    PackageProof proof;
    ASSIGN_OR_RETURN(proof.version, Version::parse(take_word(line)));
    ASSIGN_OR_RETURN(auto const threshold, parse_number(take_word(line)));
    ASSIGN_OR_RETURN(auto const bytes, parse_number(line));
    if (threshold == 0 || threshold > k_publishers_max) return malformed("impossible threshold");
    proof.threshold = static_cast<unsigned>(threshold);
    while (rest.starts_with("publisher ")) {
        if (proof.publishers.size() == k_publishers_max) return malformed("too many publishers");
        ASSIGN_OR_RETURN(auto publisher, take_line(rest));
        take_word(publisher);
        ASSIGN_OR_RETURN(auto key, merkle::VerifierKey::parse(publisher));
        proof.publishers.push_back(std::move(key));
    }
    if (bytes > merkle::LogProof::k_bytes_max || bytes > rest.size()) return malformed("it is cut");
    ASSIGN_OR_RETURN(proof.proof, merkle::LogProof::parse(rest.substr(0, bytes)));
    rest.remove_prefix(bytes);
    return std::pair{std::move(name), std::move(proof)};
}

Result<void> check_same(ReleaseRecord const& record, PackageProof const& proof, LockedPackage const& locked) {
    bool const is_same = record.name == locked.name && record.version == locked.version &&
                         record.registry == locked.origin && record.archive.digest == locked.archive &&
                         record.archive.bytes == locked.archive_bytes && record.tree == locked.tree &&
                         proof.proof.index == locked.index &&
                         merkle::leaf_hash(proof.proof.extra) == locked.leaf;
    if (is_same) return ok();
    return Error{Errc::refused, ErrorId::proof_invalid,
                 "the proven release is not the one that ggen.lock names"};
}

}  // namespace

std::string LockProofs::print() const {
    std::string out{k_first_line};
    for (auto const& [name, package] : packages) {
        auto const proof = package.proof.print();
        out += "package " + name.text() + " " + package.version.text() + " " +
               std::to_string(package.threshold) + " " + std::to_string(proof.size()) + "\n";
        for (auto const& key : package.publishers) out += "publisher " + key.text() + "\n";
        out += proof;
    }
    return out;
}

Result<LockProofs> LockProofs::parse(std::string_view text) {
    if (text.size() > k_bytes_max)
        return Error{Errc::too_large, ErrorId::proof_invalid, "ggen.lock.proofs is too large"};
    if (!text.starts_with(k_first_line))
        return malformed("another version of ggen wrote it, or it is no proof file");
    auto rest = text.substr(k_first_line.size());
    LockProofs proofs;
    while (!rest.empty()) {
        ASSIGN_OR_RETURN(auto block, take_block(rest));
        if (!proofs.packages.empty() && !(proofs.packages.rbegin()->first < block.first)) {
            return malformed("packages out of order");
        }
        proofs.packages.insert(std::move(block));
    }
    return proofs;
}

Result<ReleaseRecord> check_package_proof(RootFile const& root, PackageProof const& proof,
                                          LockedPackage const& locked) {
    ASSIGN_OR_RETURN(auto record, verify_proof_offline(root, proof.proof, proof.proof.extra));
    RETURN_IF_ERROR(check_same(record, proof, locked));
    ASSIGN_OR_RETURN(auto const signed_record, parse_record(proof.proof.extra));
    ASSIGN_OR_RETURN(auto const signers, merkle::verify_note(signed_record.note, proof.publishers));
    if (signers.size() < proof.threshold) {
        return Error{Errc::refused, ErrorId::not_owner,
                     "the release is not signed by a key that owns the name"};
    }
    return record;
}

}  // namespace ggen
