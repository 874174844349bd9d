#include "net/daemon/arguments.hpp"

#include <utility>

namespace ggen::p2p {
namespace {

Error bad(std::string_view name, std::string_view wanted) {
    return Error{Errc::invalid, "control: " + std::string{name} + " must be " + std::string{wanted}};
}

}  // namespace

Result<std::string> text_argument(Json const& arguments, std::string_view name) {
    auto const* const member = arguments.find(name);
    auto const* const text = member != nullptr ? member->if_string() : nullptr;
    if (text == nullptr) return bad(name, "a text");
    return *text;
}

Result<std::vector<std::string>> list_argument(Json const& arguments, std::string_view name) {
    auto const* const member = arguments.find(name);
    if (member == nullptr) return std::vector<std::string>{};
    auto const* const list = member->if_array();
    if (list == nullptr) return bad(name, "a list");
    std::vector<std::string> out;
    out.reserve(list->size());
    for (auto const& entry : *list) {
        auto const* const text = entry.if_string();
        if (text == nullptr) return bad(name, "a list of texts");
        out.push_back(*text);
    }
    return out;
}

Result<std::uint64_t> number_argument(Json const& arguments, std::string_view name, std::uint64_t fallback,
                                      std::uint64_t max) {
    auto const* const member = arguments.find(name);
    if (member == nullptr) return fallback;
    auto const* const number = member->if_integer();
    if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) > max) {
        return bad(name, "a whole number up to " + std::to_string(max));
    }
    return static_cast<std::uint64_t>(*number);
}

Json json_addresses(std::vector<Multiaddr> const& addresses) {
    auto list = Json::array();
    for (auto const& address : addresses) list.push(address.text());
    return list;
}

}  // namespace ggen::p2p
