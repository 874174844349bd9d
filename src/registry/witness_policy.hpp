#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "registry/root_file.hpp"

namespace ggen {

/// Groups and quorum of a root file (C2SP tlog-policy): groups name witnesses and groups that stand before them, each
/// of which belongs to one group at most; "any", "all" or a number of them must have cosigned. Errors: invalid
/// (root_file_invalid): grammar, a number of none or of more than there are, one key under two names.
[[nodiscard]] Result<void> check_witness_policy(RootFile const& root);
/// Whether the root file demands cosignatures at all.
[[nodiscard]] bool demands_witnesses(RootFile const& root);
/// Names of the root file's witnesses whose cosignature stands in this note and holds. Others are passed over.
[[nodiscard]] std::vector<std::string> cosigners_of(RootFile const& root, std::string_view checkpoint_note);
/// Errors: refused (witness_quorum): the note lacks the cosignatures that the root file demands.
[[nodiscard]] Result<void> check_quorum(RootFile const& root, std::string_view checkpoint_note);
/// The policy that any `needed` of all witnesses but the first `left_out` have cosigned; 0 = none need to.
[[nodiscard]] std::string print_witness_policy(std::size_t witnesses, std::size_t left_out, std::size_t needed);
/// The other way round: how many are needed of how many; nothing when the policy is of another form.
struct SimpleQuorum {
    std::size_t needed = 0;
    std::size_t of = 0;
};
[[nodiscard]] SimpleQuorum quorum_of(RootFile const& root);

}  // namespace ggen
