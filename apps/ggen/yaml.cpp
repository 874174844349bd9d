#include "yaml.hpp"

namespace ggen::cli {
namespace {

/// Keys of ours and scalars: JSON's spelling is YAML's too.
void print(Json const& value, std::size_t indent, bool is_in_line, std::string* out) {
    std::string const margin(indent, ' ');
    if (auto const* const object = value.if_object(); object != nullptr && !object->empty()) {
        bool is_first = true;
        for (auto const& [key, member] : *object) {
            if (!is_first || !is_in_line) *out += margin;
            is_first = false;
            *out += key + ":";
            auto const* const list = member.if_array();
            auto const* const inner = member.if_object();
            bool const is_block = (list != nullptr && !list->empty()) || (inner != nullptr && !inner->empty());
            *out += is_block ? "\n" : " ";
            print(member, is_block ? indent + 2 : indent, false, out);
        }
        return;
    }
    if (auto const* const array = value.if_array(); array != nullptr && !array->empty()) {
        for (auto const& entry : *array) {
            *out += margin + "- ";
            print(entry, indent + 2, true, out);
        }
        return;
    }
    *out += value.dump() + "\n";
}

}  // namespace

std::string yaml(Json const& document) {
    std::string out = "---\n";
    print(document, 0, false, &out);
    return out;
}

}  // namespace ggen::cli
