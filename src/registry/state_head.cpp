#include "registry/state_head.hpp"

#include <algorithm>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tree.hpp"

namespace ggen::detail {
namespace {

constexpr std::int64_t k_time_difference_seconds_max = 3'600;

}  // namespace

UnixTime StateHead::last_sign_of_life() const { return std::max(checkpoint.cosigned_at, leaf.time); }

Result<StateHead> open_state_head(std::string_view bytes, RootFile const& root) {
    auto const mismatch = [](std::string why) {
        return Error{Errc::refused, ErrorId::state_mismatch, "state/head: " + std::move(why)};
    };
    StateHead head;
    ASSIGN_OR_RETURN(head.proof, merkle::LogProof::parse(bytes));
    ASSIGN_OR_RETURN(head.checkpoint,
                     merkle::open_checkpoint(head.proof.checkpoint_note, root.log_key, root.witnesses));
    auto const& checkpoint = head.checkpoint.checkpoint;
    if (checkpoint.size == 0 || head.proof.index != checkpoint.size - 1) {
        return mismatch("it does not prove the last entry of the log");
    }
    auto const record = parse_record(head.proof.extra);
    auto const* const leaf = record ? std::get_if<StateLeaf>(&record->record) : nullptr;
    if (leaf == nullptr || leaf->size != head.proof.index)
        return mismatch("it holds no state leaf of this checkpoint");
    RETURN_IF_ERROR(merkle::check_inclusion(merkle::leaf_hash(head.proof.extra), head.proof.index,
                                            checkpoint.size, head.proof.hashes, checkpoint.root));
    head.leaf = *leaf;
    auto const cosigned = head.checkpoint.cosigned_at.seconds;
    if (cosigned != 0 && leaf->time.seconds > cosigned + k_time_difference_seconds_max) {
        return mismatch("its time lies after that of the cosignatures");
    }
    return head;
}

}  // namespace ggen::detail
