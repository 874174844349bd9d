#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

struct redisContext;

namespace ggen::p2p::interop {

/// The Redis server over which the members of an interop test find each other. Calls block.
class RoleStore {
public:
    /// `address` = HOST:PORT. Errors: invalid (no such address), unavailable.
    [[nodiscard]] static Result<RoleStore> connect(std::string const& address);

    [[nodiscard]] Result<void> set(std::string const& key, std::string const& value);
    /// A list of this one value.
    [[nodiscard]] Result<void> offer(std::string const& key, std::string const& value);
    /// Waits until somebody has set the key. Errors: timed_out.
    [[nodiscard]] Result<std::string> wait(std::string const& key, std::chrono::seconds timeout);
    /// Waits for a value of the list and takes it. Errors: timed_out.
    [[nodiscard]] Result<std::string> take(std::string const& key, std::chrono::seconds timeout);
    /// The address of this machine that packets to the server leave from.
    [[nodiscard]] std::string const& own_ip() const { return own_ip_; }

private:
    struct Free { void operator()(redisContext* context) const; };
    /// The text of the answer, or of its last element; nullopt = nil.
    [[nodiscard]] Result<std::optional<std::string>> command(std::vector<std::string> const& words);

    std::unique_ptr<redisContext, Free> context_;
    std::string own_ip_;
};

}  // namespace ggen::p2p::interop
