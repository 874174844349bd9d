#include "node_link.hpp"

#include <utility>

#include "market/config.hpp"

namespace ggen::cli {

Result<ControlClient> node_of(Context& context) {
    ASSIGN_OR_RETURN(auto const directories, Directories::from_environment(context.environment()));
    return ControlClient::connect(directories.state);
}

Result<Json> ask_node(Context& context, std::string_view call, Json arguments) {
    ASSIGN_OR_RETURN(auto node, node_of(context));
    return node.call(call, std::move(arguments), {}, &context.cancel());
}

std::string text_of(Json const& document, std::string_view key) {
    auto const* const member = document.find(key);
    auto const* const text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? *text : std::string{};
}

std::int64_t number_of(Json const& document, std::string_view key, std::int64_t fallback) {
    auto const* const member = document.find(key);
    auto const* const number = member != nullptr ? member->if_integer() : nullptr;
    return number != nullptr ? *number : fallback;
}

std::string number_text(Json const& document, std::string_view key) {
    auto const* const member = document.find(key);
    return member != nullptr && member->is_integer() ? std::to_string(*member->if_integer()) : std::string{};
}

double decimal_of(Json const& document, std::string_view key) {
    auto const* const member = document.find(key);
    if (member == nullptr) return 0;
    if (auto const* const number = member->if_double()) return *number;
    auto const* const whole = member->if_integer();
    return whole != nullptr ? static_cast<double>(*whole) : 0;
}

bool is_set(Json const& document, std::string_view key) {
    auto const* const member = document.find(key);
    auto const* const flag = member != nullptr ? member->if_bool() : nullptr;
    return flag != nullptr && *flag;
}

std::vector<std::string> texts_of(Json const& document, std::string_view key) {
    std::vector<std::string> out;
    for (auto const& entry : list_of(document, key)) {
        if (auto const* const text = entry.if_string()) out.push_back(*text);
    }
    return out;
}

Json::Array const& list_of(Json const& document, std::string_view key) {
    static Json::Array const empty;
    auto const* const member = document.find(key);
    auto const* const list = member != nullptr ? member->if_array() : nullptr;
    return list != nullptr ? *list : empty;
}

Json member_of(Json const& document, std::string_view key) {
    auto const* const member = document.find(key);
    return member != nullptr ? *member : Json{};
}

}  // namespace ggen::cli
