#include "market/lock_proofs.hpp"

#include <charconv>
#include <optional>

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
struct BlockHead {
    PackageName name;
    std::string_view version;
    unsigned threshold;
    std::vector<std::string_view> publishers;
    std::string_view proof;
};

Result<BlockHead> take_block(std::string_view& rest) {
    ASSIGN_OR_RETURN(auto line, take_line(rest));
    if (take_word(line) != "package") return malformed("a package line is expected");
    ASSIGN_OR_RETURN(auto name, PackageName::parse(take_word(line)));
    BlockHead head{std::move(name), take_word(line), 1, {}, {}};
    ASSIGN_OR_RETURN(auto const threshold, parse_number(take_word(line)));
    ASSIGN_OR_RETURN(auto const bytes, parse_number(line));
    if (threshold == 0 || threshold > k_publishers_max) return malformed("impossible threshold");
    head.threshold = static_cast<unsigned>(threshold);
    while (rest.starts_with("publisher ")) {
        if (head.publishers.size() == k_publishers_max) return malformed("too many publishers");
        ASSIGN_OR_RETURN(auto publisher, take_line(rest));
        take_word(publisher);
        head.publishers.push_back(publisher);
    }
    if (bytes > merkle::LogProof::k_bytes_max || bytes > rest.size()) return malformed("it is cut");
    head.proof = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    return head;
}

Result<PackageProof> parse_body(BlockHead const& head) {
    PackageProof proof;
    ASSIGN_OR_RETURN(proof.version, Version::parse(head.version));
    proof.threshold = head.threshold;
    for (auto const publisher : head.publishers) {
        ASSIGN_OR_RETURN(auto key, merkle::VerifierKey::parse(publisher));
        proof.publishers.push_back(std::move(key));
    }
    ASSIGN_OR_RETURN(proof.proof, merkle::LogProof::parse(head.proof));
    return proof;
}

/// Calls `take(head, block)` for every block of the file, in order.
template <class Take>
Result<void> each_block(std::string_view text, Take const& take) {
    if (text.size() > LockProofs::k_bytes_max)
        return Error{Errc::too_large, ErrorId::proof_invalid, "ggen.lock.proofs is too large"};
    if (!text.starts_with(k_first_line))
        return malformed("another version of ggen wrote it, or it is no proof file");
    auto rest = text.substr(k_first_line.size());
    std::optional<PackageName> before;
    while (!rest.empty()) {
        auto const start = rest;
        ASSIGN_OR_RETURN(auto head, take_block(rest));
        if (before && !(*before < head.name)) return malformed("packages out of order");
        before = head.name;
        RETURN_IF_ERROR(take(head, start.substr(0, start.size() - rest.size())));
    }
    return ok();
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

std::string print_proof_block(PackageName const& name, PackageProof const& package) {
    auto const proof = package.proof.print();
    std::string out = "package " + name.text() + " " + package.version.text() + " " +
                      std::to_string(package.threshold) + " " + std::to_string(proof.size()) + "\n";
    for (auto const& key : package.publishers) out += "publisher " + key.text() + "\n";
    return out + proof;
}

Result<PackageProof> parse_proof_block(PackageName const& name, std::string_view block) {
    ASSIGN_OR_RETURN(auto const head, take_block(block));
    if (head.name != name || !block.empty()) return malformed("a block is not the one of its package");
    return parse_body(head);
}

std::string LockProofs::print() const {
    std::string out{k_first_line};
    for (auto const& [name, package] : packages) out += print_proof_block(name, package);
    return out;
}

Result<LockProofs> LockProofs::parse(std::string_view text) {
    LockProofs proofs;
    RETURN_IF_ERROR(each_block(text, [&](BlockHead& head, std::string_view) -> Result<void> {
        ASSIGN_OR_RETURN(auto proof, parse_body(head));
        proofs.packages.emplace_hint(proofs.packages.end(), std::move(head.name), std::move(proof));
        return ok();
    }));
    return proofs;
}

std::string ProofTexts::print() const {
    std::string out{k_first_line};
    std::size_t bytes = out.size();
    for (auto const& [name, block] : blocks) bytes += block.size();
    out.reserve(bytes);
    for (auto const& [name, block] : blocks) out += block;
    return out;
}

Result<ProofTexts> ProofTexts::parse(std::string_view text) {
    ProofTexts proofs;
    RETURN_IF_ERROR(each_block(text, [&](BlockHead& head, std::string_view block) {
        proofs.blocks.emplace_hint(proofs.blocks.end(), std::move(head.name), block);
        return ok();
    }));
    return proofs;
}

Result<ReleaseRecord> check_package_proof(OfflineVerifier& verifier, PackageProof const& proof,
                                          LockedPackage const& locked) {
    ASSIGN_OR_RETURN(auto proven, verifier.verify(proof.proof, proof.proof.extra));
    auto& record = std::get<ReleaseRecord>(proven.record);
    RETURN_IF_ERROR(check_same(record, proof, locked));
    ASSIGN_OR_RETURN(auto const signers, merkle::verify_note(proven.note, proof.publishers));
    if (signers.size() < proof.threshold) {
        return Error{Errc::refused, ErrorId::not_owner,
                     "the release is not signed by a key that owns the name"};
    }
    return std::move(record);
}

}  // namespace ggen
