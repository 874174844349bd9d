#include "registry/witness_policy.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/lines.hpp"
#include "registry/text_fields.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_none = "none";

struct Group {
    std::uint64_t needed = 0;
    std::vector<std::string> members;
};

struct Policy {
    std::map<std::string, Group> groups;
    std::vector<std::string> order;  ///< Of the groups; members stand before the groups that name them.
    std::string quorum;
};

Error invalid(std::string why) {
    return Error{Errc::invalid, ErrorId::root_file_invalid, "root file: " + std::move(why)};
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (;;) {
        auto const space = line.find(' ');
        words.emplace_back(line.substr(0, space));
        if (space == std::string_view::npos) return words;
        line.remove_prefix(space + 1);
    }
}

Result<Group> parse_group(std::vector<std::string> const& words, std::set<std::string>& free_names) {
    constexpr std::size_t k_head_words = 3;  // group, its name, how many
    if (words.size() <= k_head_words) return invalid("a group needs a name, a number and members");
    Group group;
    for (auto at = words.begin() + k_head_words; at != words.end(); ++at) {
        if (free_names.erase(*at) == 0) {
            return invalid("group " + words[1] + ": \"" + *at + "\" is no witness or group before it, or in another");
        }
        group.members.push_back(*at);
    }
    auto const number = detail::parse_canonical_number(words[2]);
    if (words[2] == "any") group.needed = 1;
    else if (words[2] == "all") group.needed = group.members.size();
    else if (number) group.needed = *number;
    if (group.needed < 1 || group.needed > group.members.size()) {
        return invalid("group " + words[1] + " needs 1 to " + std::to_string(group.members.size()) + " of its members");
    }
    return group;
}

Result<Policy> parse_policy(RootFile const& root) {
    Policy policy;
    std::set<std::string> names;
    std::set<Ed25519PublicKey> keys;
    for (std::size_t i = 0; i < root.witnesses.size(); ++i) {
        names.insert("w" + std::to_string(i + 1));
        if (!keys.insert(root.witnesses[i].key).second) return invalid("one witness key stands here twice");
    }
    auto known = names;
    auto free_names = std::move(names);
    std::string_view rest = root.policy_tail;
    while (auto const line = merkle::take_line(rest)) {
        auto const words = words_of(*line);
        if (words[0] == "group") {
            ASSIGN_OR_RETURN(auto group, parse_group(words, free_names));
            bool const is_new = words[1] != k_none && !words[1].empty() && known.insert(words[1]).second;
            if (!is_new) return invalid("the group \"" + words[1] + "\" needs a name of its own");
            free_names.insert(words[1]);
            policy.groups.emplace(words[1], std::move(group));
            policy.order.push_back(words[1]);
        } else {
            policy.quorum = words.size() == 2 ? words[1] : std::string{};
        }
    }
    bool const is_known = policy.quorum == k_none || known.contains(policy.quorum);
    if (!is_known) return invalid("the quorum \"" + policy.quorum + "\" is no witness and no group");
    return policy;
}

/// Numbers of the witnesses whose cosignature holds.
std::vector<std::size_t> cosigned_by(RootFile const& root, std::string_view checkpoint_note) {
    std::vector<std::size_t> out;
    auto const note = merkle::Note::parse(checkpoint_note);
    if (!note) return out;
    for (std::size_t i = 0; i < root.witnesses.size(); ++i) {
        if (merkle::verify_note(*note, {root.witnesses[i]})) out.push_back(i);
    }
    return out;
}

}  // namespace

Result<void> check_witness_policy(RootFile const& root) {
    RETURN_IF_ERROR(parse_policy(root));
    return ok();
}

bool demands_witnesses(RootFile const& root) { return root.policy_tail != "quorum none\n"; }

std::vector<std::string> cosigners_of(RootFile const& root, std::string_view checkpoint_note) {
    std::vector<std::string> names;
    for (auto const i : cosigned_by(root, checkpoint_note)) names.push_back(root.witnesses[i].name);
    return names;
}

Result<void> check_quorum(RootFile const& root, std::string_view checkpoint_note) {
    if (!demands_witnesses(root)) return ok();
    ASSIGN_OR_RETURN(auto const policy, parse_policy(root));
    if (policy.quorum == k_none) return ok();
    std::set<std::string> met;
    auto const cosigned = cosigned_by(root, checkpoint_note);
    for (auto const i : cosigned) met.insert("w" + std::to_string(i + 1));
    for (auto const& name : policy.order) {
        auto const& group = policy.groups.at(name);
        auto const count = std::count_if(group.members.begin(), group.members.end(),
                                         [&](std::string const& member) { return met.contains(member); });
        if (static_cast<std::uint64_t>(count) >= group.needed) met.insert(name);
    }
    if (met.contains(policy.quorum)) return ok();
    std::string missing;
    for (std::size_t i = 0; i < root.witnesses.size(); ++i) {
        if (std::find(cosigned.begin(), cosigned.end(), i) != cosigned.end()) continue;
        missing += (missing.empty() ? "" : ", ") + root.witnesses[i].name;
    }
    auto const group = policy.groups.find(policy.quorum);
    auto const wanted = group == policy.groups.end()
                            ? policy.quorum
                            : std::to_string(group->second.needed) + " of " +
                                  std::to_string(group->second.members.size()) + " witnesses";
    return Error{Errc::refused, ErrorId::witness_quorum,
                 "the checkpoint of " + root.registry + " is not cosigned as its root file demands (" + wanted +
                     "); without a cosignature: " + missing};
}

std::string print_witness_policy(std::size_t witnesses, std::size_t left_out, std::size_t needed) {
    if (needed == 0) return "quorum none\n";
    auto line = "group witnesses " + std::to_string(needed);
    for (auto i = left_out; i < witnesses; ++i) line += " w" + std::to_string(i + 1);
    return line + "\nquorum witnesses\n";
}

SimpleQuorum quorum_of(RootFile const& root) {
    auto const policy = parse_policy(root);
    if (!policy || policy->quorum == k_none) return {};
    auto const group = policy->groups.find(policy->quorum);
    if (group == policy->groups.end()) return {1, 1};
    return {static_cast<std::size_t>(group->second.needed), group->second.members.size()};
}

}  // namespace ggen
