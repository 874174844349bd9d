#include "role_store.hpp"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <thread>

namespace ggen::p2p::interop {
namespace {

constexpr timeval k_connect_timeout{.tv_sec = 10, .tv_usec = 0};
constexpr std::chrono::milliseconds k_poll{200};

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

std::string local_ip_of(int socket) {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    std::array<char, INET_ADDRSTRLEN> text{};
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0 || own.sin_family != AF_INET ||
        inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size()) == nullptr) {
        return "127.0.0.1";
    }
    return text.data();
}

}  // namespace

void RoleStore::Free::operator()(redisContext* context) const { redisFree(context); }

Result<RoleStore> RoleStore::connect(std::string const& address) {
    auto const colon = address.rfind(':');
    int port = 0;
    if (colon == std::string::npos ||
        std::from_chars(address.data() + colon + 1, address.data() + address.size(), port).ec != std::errc{}) {
        return Error{Errc::invalid, "REDIS_ADDR must be HOST:PORT, not '" + address + "'"};
    }
    RoleStore out;
    out.context_.reset(redisConnectWithTimeout(address.substr(0, colon).c_str(), port, k_connect_timeout));
    if (!out.context_ || out.context_->err != 0) {
        return Error{Errc::unavailable,
                     "redis at " + address + ": " + (out.context_ ? out.context_->errstr : "no memory")};
    }
    out.own_ip_ = local_ip_of(out.context_->fd);
    return out;
}

Result<std::optional<std::string>> RoleStore::command(std::vector<std::string> const& words) {
    std::vector<char const*> texts;
    std::vector<std::size_t> sizes;
    texts.reserve(words.size());
    sizes.reserve(words.size());
    for (auto const& word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    std::unique_ptr<redisReply, FreeReply> const reply{static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data()))};
    if (!reply) return Error{Errc::unavailable, "redis: " + std::string{context_->errstr}};
    auto const* last = reply.get();
    if (last->type == REDIS_REPLY_ARRAY && last->elements > 0) last = last->element[last->elements - 1];
    if (last->type == REDIS_REPLY_ERROR) return Error{Errc::refused, "redis: " + std::string{last->str, last->len}};
    if (last->type == REDIS_REPLY_NIL || last->str == nullptr) return std::optional<std::string>{};
    return std::optional{std::string{last->str, last->len}};
}

Result<void> RoleStore::set(std::string const& key, std::string const& value) {
    RETURN_IF_ERROR(command({"SET", key, value}));
    return ok();
}

Result<void> RoleStore::offer(std::string const& key, std::string const& value) {
    RETURN_IF_ERROR(command({"DEL", key}));
    RETURN_IF_ERROR(command({"RPUSH", key, value}));
    return ok();
}

Result<std::string> RoleStore::wait(std::string const& key, std::chrono::seconds timeout) {
    auto const end = std::chrono::steady_clock::now() + timeout;
    while (std::chrono::steady_clock::now() < end) {
        ASSIGN_OR_RETURN(auto const value, command({"GET", key}));
        if (value) return *value;
        std::this_thread::sleep_for(k_poll);
    }
    return Error{Errc::timed_out, "nobody has set " + key};
}

Result<std::string> RoleStore::take(std::string const& key, std::chrono::seconds timeout) {
    ASSIGN_OR_RETURN(auto const value, command({"BLPOP", key, std::to_string(timeout.count())}));
    if (value) return *value;
    return Error{Errc::timed_out, "nobody has pushed to " + key};
}

}  // namespace ggen::p2p::interop
