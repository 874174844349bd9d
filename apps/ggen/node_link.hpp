#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "context.hpp"
#include "net/control_client.hpp"

/// How commands speak to the node, and read what it answers.
namespace ggen::cli {

/// Errors: those of ControlClient::connect.
[[nodiscard]] Result<ControlClient> node_of(Context& context);
/// One call of a connection of its own.
[[nodiscard]] Result<Json> ask_node(Context& context, std::string_view call, Json arguments);

// Members of an answer; empty when they are absent.
[[nodiscard]] std::string text_of(Json const& document, std::string_view key);
[[nodiscard]] std::int64_t number_of(Json const& document, std::string_view key, std::int64_t fallback = 0);
[[nodiscard]] std::string number_text(Json const& document, std::string_view key);
[[nodiscard]] double decimal_of(Json const& document, std::string_view key);
[[nodiscard]] bool is_set(Json const& document, std::string_view key);
[[nodiscard]] std::vector<std::string> texts_of(Json const& document, std::string_view key);
[[nodiscard]] Json::Array const& list_of(Json const& document, std::string_view key);
[[nodiscard]] Json member_of(Json const& document, std::string_view key);

}  // namespace ggen::cli
