#include "registry/reader.hpp"

#include <utility>

#include "base/error_id.hpp"
#include "merkle/tree.hpp"
#include "registry/log_reader.hpp"
#include "registry/root_chain.hpp"
#include "registry/witness_policy.hpp"

namespace ggen {
namespace {

/// The log that signed a checkpoint: the present one, or a retired one up to its last size.
Result<merkle::SignedCheckpoint> open_with_any_log(RootFile const& root, std::string const& note) {
    auto opened = merkle::open_checkpoint(note, root.log_key, root.witnesses);
    if (opened) return opened;
    for (auto const& log : root.frozen) {
        auto frozen = merkle::open_checkpoint(note, log.key, root.witnesses);
        if (!frozen) continue;
        bool const is_within = frozen->checkpoint.size < log.size ||
                               (frozen->checkpoint.size == log.size && frozen->checkpoint.root == log.root);
        if (is_within) return frozen;
        return Error{Errc::refused, ErrorId::signature_invalid,
                     "the checkpoint lies past the size at which its log was retired"};
    }
    return opened;
}

}  // namespace

Result<std::unique_ptr<RegistryReader>> RegistryReader::open(FileSystem& files, Clock& clock,
                                                             RegistrySource& source, RootFile root,
                                                             ReaderOptions options) {
    auto reader =
        std::make_unique<detail::LogReader>(files, clock, source, std::move(root), std::move(options));
    RETURN_IF_ERROR(reader->load_memory());
    return std::unique_ptr<RegistryReader>{std::move(reader)};
}

Result<RootFile> fetch_root_on_first_use(RegistrySource& source) {
    auto first = source.read("root/1", RootFile::k_bytes_max);
    if (!first) {
        if (first.error().code != Errc::not_found) return std::move(first).error();
        return Error{Errc::not_found, ErrorId::registry_not_found,
                     "there is no registry at " + source.describe()};
    }
    ASSIGN_OR_RETURN(auto root, RootFile::parse(as_text(*first)));
    if (root.version != 1) {
        return Error{Errc::refused, ErrorId::root_file_invalid,
                     "root/1 is version " + std::to_string(root.version)};
    }
    RETURN_IF_ERROR(root.verify_signed_by(root));
    return detail::follow_root_chain(source, std::move(root));
}

Result<SignedRecord> OfflineVerifier::verify(merkle::LogProof const& proof, BytesView entry) {
    auto known = checkpoints_.find(proof.checkpoint_note);
    if (known == checkpoints_.end()) {
        ASSIGN_OR_RETURN(auto opened, open_with_any_log(root_, proof.checkpoint_note));
        RETURN_IF_ERROR(check_quorum(root_, proof.checkpoint_note));
        if (checkpoints_.size() == k_checkpoints_max) checkpoints_.clear();
        known = checkpoints_.emplace(proof.checkpoint_note, std::move(opened.checkpoint)).first;
    }
    auto const& checkpoint = known->second;
    RETURN_IF_ERROR(merkle::check_inclusion(merkle::leaf_hash(entry), proof.index, checkpoint.size, proof.hashes,
                                            checkpoint.root));
    ASSIGN_OR_RETURN(auto record, parse_record(entry));
    auto const* const release = std::get_if<ReleaseRecord>(&record.record);
    if (release == nullptr || release->registry != checkpoint.origin) {
        return Error{Errc::refused, ErrorId::proof_invalid,
                     "the proven entry is no release of " + root_.registry};
    }
    return record;
}

Result<ReleaseRecord> verify_proof_offline(RootFile const& root, merkle::LogProof const& proof,
                                           BytesView entry) {
    ASSIGN_OR_RETURN(auto record, OfflineVerifier{root}.verify(proof, entry));
    return std::get<ReleaseRecord>(std::move(record.record));
}

}  // namespace ggen
