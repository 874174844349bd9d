#include "resolve/explain.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "resolve/describe.hpp"

namespace ggen::solver {
namespace {

constexpr std::size_t k_proof_steps_max = 200;

/// Writes the derivation graph as pub's `doc/solver.md` describes, "Error Reporting".
class Writer {
public:
    Writer(FactBase const& facts, std::string_view root_label)
        : facts_(facts), describer_(facts, root_label) {}

    std::string write(IncompatibilityId failure) {
        auto const& last = facts_.at(failure);
        if (last.kind != CauseKind::derived) return sentence(describer_.clause(last)) + "\n";
        count_uses(failure);
        visit(failure, false);
        std::string out;
        for (auto const& line : lines_) {
            out += line.text;
            if (line.number != 0) out += " (" + std::to_string(line.number) + ")";
            out += '\n';
        }
        return out;
    }

private:
    struct Line {
        std::string text;
        int number = 0;
    };

    [[nodiscard]] static std::string sentence(std::string text) {
        if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
        return text + ".";
    }
    [[nodiscard]] bool is_derived(IncompatibilityId id) const {
        return facts_.at(id).kind == CauseKind::derived;
    }

    void count_uses(IncompatibilityId root) {
        std::vector<IncompatibilityId> open{root};
        while (!open.empty()) {
            auto const id = open.back();
            open.pop_back();
            for (auto const cause : {facts_.at(id).left, facts_.at(id).right}) {
                if (is_derived(cause) && ++uses_[cause] == 1) open.push_back(cause);
            }
        }
    }

    [[nodiscard]] int number_of(IncompatibilityId id) const {
        auto const found = line_of_.find(id);
        return found == line_of_.end() ? 0 : lines_[found->second].number;
    }

    void put(IncompatibilityId id, std::string text, bool is_conclusion) {
        line_of_[id] = lines_.size();
        lines_.push_back({std::move(text), 0});
        if (is_conclusion || uses_[id] > 1) lines_.back().number = ++numbers_;
    }

    /// "a and b" for two causes, each with the number of its line, if it has one.
    std::string both(IncompatibilityId a, IncompatibilityId b) {
        if (auto merged = merged_clause(a, b); !merged.empty()) return merged;
        if (auto merged = merged_clause(b, a); !merged.empty()) return merged;
        return numbered(a) + " and " + numbered(b);
    }
    std::string numbered(IncompatibilityId id) {
        auto text = describer_.clause(facts_.at(id));
        if (auto const number = number_of(id); number != 0) text += " (" + std::to_string(number) + ")";
        return text;
    }

    /// "x needs both b and c", "x needs b, which needs c"; empty when neither form fits.
    std::string merged_clause(IncompatibilityId first, IncompatibilityId second) {
        auto const& a = facts_.at(first);
        auto const& b = facts_.at(second);
        if (a.kind != CauseKind::dependency || b.kind != CauseKind::dependency) return {};
        auto const& wanted_a = facts_.range(a.range);
        auto const& wanted_b = facts_.range(b.range);
        auto const* source_a = a.term(a.depender);
        auto const* source_b = b.term(b.depender);
        if (wanted_a.states.is_empty() || source_a == nullptr || source_b == nullptr) return {};
        auto const who = describer_.depender(a);
        auto const verb = who.is_plural ? " need " : " needs ";
        if (a.depender == b.depender && source_a->states == source_b->states) {
            if (first > second) return {};  // Keep the order in which they were written.
            if (wanted_b.states.is_empty()) return {};
            return who.text + verb + "both " + describer_.wanted(wanted_a) + " and " +
                   describer_.wanted(wanted_b);
        }
        if (b.depender != wanted_a.package || !wanted_a.states.is_subset_of(source_b->states)) return {};
        auto const need = who.text + verb + describer_.wanted(wanted_a);
        if (source_b->states == wanted_a.states || wanted_a.states.is_subset_of(source_b->states)) {
            return need + ", which needs " + describer_.wanted(wanted_b);
        }
        return {};
    }

    void visit(IncompatibilityId id, bool is_conclusion) {
        if (line_of_.contains(id)) return;
        auto const& incompatibility = facts_.at(id);
        auto const left = incompatibility.left;
        auto const right = incompatibility.right;
        auto const text = describer_.clause(incompatibility);
        if (is_derived(left) && is_derived(right)) {
            visit_two_derived(id, is_conclusion, text);
        } else if (is_derived(left) || is_derived(right)) {
            auto const derived = is_derived(left) ? left : right;
            auto const external = is_derived(left) ? right : left;
            visit_one_derived(id, is_conclusion, text, derived, external);
        } else {
            put(id, "Because " + both(left, right) + ", " + text + ".", is_conclusion);
        }
    }

    void visit_two_derived(IncompatibilityId id, bool is_conclusion, std::string const& text) {
        auto const left = facts_.at(id).left;
        auto const right = facts_.at(id).right;
        auto const left_number = number_of(left);
        auto const right_number = number_of(right);
        if (left_number != 0 && right_number != 0) {
            put(id, "Because " + both(left, right) + ", " + text + ".", is_conclusion);
            return;
        }
        if (left_number != 0 || right_number != 0) {
            auto const known = left_number != 0 ? left : right;
            visit(left_number != 0 ? right : left, false);
            put(id, "And because " + numbered(known) + ", " + text + ".", is_conclusion);
            return;
        }
        if (is_single_line(left) || is_single_line(right)) {
            auto const last = is_single_line(right) ? right : left;
            visit(last == right ? left : right, false);
            visit(last, false);
            put(id, "Thus " + text + ".", is_conclusion);
            return;
        }
        visit(left, true);
        visit(right, false);
        put(id, "And because " + numbered(left) + ", " + text + ".", is_conclusion);
    }

    void visit_one_derived(IncompatibilityId id, bool is_conclusion, std::string const& text,
                           IncompatibilityId derived, IncompatibilityId external) {
        if (number_of(derived) != 0) {
            put(id, "Because " + both(external, derived) + ", " + text + ".", is_conclusion);
            return;
        }
        if (is_collapsible(derived)) {
            auto const& middle = facts_.at(derived);
            auto const inner = is_derived(middle.left) ? middle.left : middle.right;
            auto const inner_external = is_derived(middle.left) ? middle.right : middle.left;
            visit(inner, false);
            put(id, "And because " + both(inner_external, external) + ", " + text + ".", is_conclusion);
            return;
        }
        visit(derived, false);
        put(id, "And because " + numbered(external) + ", " + text + ".", is_conclusion);
    }

    [[nodiscard]] bool is_single_line(IncompatibilityId id) const {
        return !is_derived(facts_.at(id).left) && !is_derived(facts_.at(id).right);
    }

    /// Used once, and following from a derived fact and an external one: its line can be skipped.
    [[nodiscard]] bool is_collapsible(IncompatibilityId id) const {
        if (auto const uses = uses_.find(id); uses != uses_.end() && uses->second > 1) return false;
        auto const& node = facts_.at(id);
        if (is_derived(node.left) == is_derived(node.right)) return false;
        auto const inner = is_derived(node.left) ? node.left : node.right;
        return number_of(inner) == 0;
    }

    FactBase const& facts_;
    Describer describer_;
    std::unordered_map<IncompatibilityId, int> uses_;
    std::unordered_map<IncompatibilityId, std::size_t> line_of_;
    std::vector<Line> lines_;
    int numbers_ = 0;
};

/// Every node of the proof, each once.
std::set<IncompatibilityId> proof_nodes(FactBase const& facts, IncompatibilityId failure) {
    std::set<IncompatibilityId> out{failure};
    std::vector<IncompatibilityId> open{failure};
    while (!open.empty()) {
        auto const& node = facts.at(open.back());
        open.pop_back();
        if (node.kind != CauseKind::derived) continue;
        for (auto const cause : {node.left, node.right}) {
            if (out.insert(cause).second) open.push_back(cause);
        }
    }
    return out;
}

}  // namespace

std::vector<RangeId> root_ranges(FactBase const& facts, IncompatibilityId failure) {
    std::vector<RangeId> out;
    for (auto const id : proof_nodes(facts, failure)) {
        auto const& node = facts.at(id);
        if (node.kind == CauseKind::derived || node.kind == CauseKind::root) continue;
        if (node.depender == k_root) out.push_back(node.range);
    }
    return out;
}

std::string explain(FactBase const& facts, IncompatibilityId failure, std::string_view root_label) {
    auto const nodes = proof_nodes(facts, failure);
    auto const steps = std::count_if(nodes.begin(), nodes.end(), [&](auto id) {
        return facts.at(id).kind == CauseKind::derived;
    });
    if (static_cast<std::size_t>(steps) <= k_proof_steps_max) {
        return Writer{facts, root_label}.write(failure);
    }
    Describer const describer{facts, root_label};
    std::vector<std::string> wanted;
    for (auto const range : root_ranges(facts, failure)) {
        wanted.push_back(describer.wanted(facts.range(range)));
    }
    return "No versions exist that meet " + enumerated(wanted, "and") + " together: the proof has " +
           std::to_string(steps) + " steps, too many to print.\n";
}

}  // namespace ggen::solver
