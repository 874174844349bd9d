#include "net/control_client.hpp"

#include <unistd.h>

#include <array>
#include <utility>

#include "base/file_system.hpp"

namespace ggen {
namespace {

constexpr std::array k_codes = {Errc::invalid,   Errc::not_found, Errc::corrupt,     Errc::conflict,
                                Errc::refused,   Errc::too_large, Errc::timed_out,   Errc::unavailable,
                                Errc::offline,   Errc::io,        Errc::cancelled,   Errc::internal};

std::string text_of(Json const& document, std::string_view key) {
    auto const* const member = document.find(key);
    auto const* const text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? *text : std::string{};
}

Error no_node(std::string text) {
    return Error{Errc::unavailable, ErrorId::p2p_no_node, std::move(text), "ggen p2p start --daemon"};
}

}  // namespace

std::string control_socket_path(std::string const& state_directory) {
    return join_path(state_directory, "p2p/control");
}

Json control_error(Error const& error) {
    auto json = Json::object();
    json.set("code", errc_name(error.code));
    json.set("id", static_cast<std::int64_t>(error.id));
    json.set("text", error.context);
    json.set("help", error.help);
    return json;
}

Error parse_control_error(Json const& document) {
    Error error{Errc::internal, text_of(document, "text")};
    auto const code = text_of(document, "code");
    for (auto const known : k_codes) {
        if (errc_name(known) == code) error.code = known;
    }
    auto const* const id = document.find("id");
    auto const* const number = id != nullptr ? id->if_integer() : nullptr;
    for (auto const& known : error_explanations()) {
        if (number != nullptr && static_cast<std::int64_t>(known.id) == *number) error.id = known.id;
    }
    error.help = text_of(document, "help");
    return error;
}

Result<ControlClient> ControlClient::connect(std::string const& state_directory) {
    auto const path = control_socket_path(state_directory);
    auto socket = connect_local(path);
    if (!socket) {
        if (socket.error().code == Errc::refused) {
            return Error{Errc::refused, ErrorId::p2p_control, socket.error().context,
                         "each user runs a node of his own: ggen p2p start --daemon"};
        }
        if (socket.error().code == Errc::io) return std::move(socket).error();
        return no_node("no node runs for this profile (" + state_directory + ")");
    }
    ASSIGN_OR_RETURN(auto const uid, socket->peer_uid());
    if (uid != ::geteuid()) {
        return Error{Errc::refused, ErrorId::p2p_control,
                     path + " is held by a process of user " + std::to_string(uid) + ", not of yours",
                     "end that process, or choose another GGEN_STATE_DIR"};
    }
    return ControlClient{*std::move(socket)};
}

Result<Json> ControlClient::call(std::string_view name, Json arguments,
                                 std::function<void(Json const&)> const& on_event, CancelToken const* cancel) {
    auto request = Json::object();
    request.set("call", name);
    request.set("arguments", std::move(arguments));
    auto const is_sent = socket_.write_line(request.dump());
    for (;;) {
        // A node that turned us away has said why before it hung up.
        auto line = socket_.read_line(cancel);
        if (!line && line.error().code == Errc::cancelled) return std::move(line).error();
        if (!line || !*line) return no_node(is_sent ? "the node ended before it answered" : "the node ended");
        ASSIGN_OR_RETURN(auto const answer, Json::parse(**line));
        if (auto const* const result = answer.find("result")) return *result;
        if (auto const* const error = answer.find("error")) return parse_control_error(*error);
        auto const* const event = answer.find("event");
        if (event != nullptr && on_event) on_event(*event);
    }
}

}  // namespace ggen
