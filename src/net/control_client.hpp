#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/cancel.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "net/local_socket.hpp"

namespace ggen {

/// Where the node of a profile listens for commands (docs/protocols/p2p-control.md).
[[nodiscard]] std::string control_socket_path(std::string const& state_directory);

/// Gives commands to the node that runs for a profile: one JSON object a line, over a Unix socket. Blocks; one thread.
class ControlClient {
public:
    /// Errors: unavailable (p2p_no_node: none runs), refused (p2p_control: another user's).
    [[nodiscard]] static Result<ControlClient> connect(std::string const& state_directory);

    /// What the node answers to `name`. `on_event` is told what happens until then.
    /// Errors: those of the node; unavailable (p2p_no_node) when it ends before it answered; cancelled.
    [[nodiscard]] Result<Json> call(std::string_view name, Json arguments,
                                    std::function<void(Json const& event)> const& on_event = {},
                                    CancelToken const* cancel = nullptr);

private:
    explicit ControlClient(LineSocket socket) : socket_(std::move(socket)) {}
    LineSocket socket_;
};

/// An error as it goes over the socket, and back.
[[nodiscard]] Json control_error(Error const& error);
[[nodiscard]] Error parse_control_error(Json const& document);

}  // namespace ggen
