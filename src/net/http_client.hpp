#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/cancel.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "import/http_getter.hpp"

namespace ggen {

/// Times and tries of an HttpClient. The defaults are for people; tests shorten them.
struct HttpOptions {
    std::chrono::seconds connect_timeout{10};
    /// Fewer than `floor_bytes_per_second` over this long, headers included, ends a try.
    std::chrono::seconds stall_window{30};
    std::uint64_t floor_bytes_per_second = 16 * k_kib;
    unsigned tries_max = 6;
    std::chrono::milliseconds backoff_first{100};  ///< Doubles with every try, with jitter.
    std::chrono::milliseconds backoff_max{2'000};
    unsigned redirects_max = 5;
    std::string user_agent = "ggen";

    /// The defaults, with `stall_window` from GGEN_HTTP_STALL_SECONDS when that is 1 to 600.
    [[nodiscard]] static HttpOptions from_environment();
};

/// Whether a body may be put together from several answers.
enum class Resume : std::uint8_t {
    no,         ///< The document may change between tries (a checkpoint).
    immutable,  ///< Named by its content: continue at the first missing byte.
};

/// HTTP(S) GET over libcurl: bounded, retried, resumed. Connections are kept and reused.
///
/// Never follows a redirect from https to http or to anything but HTTP. Proxies come from the
/// environment as curl reads them. Thread-safe; every call blocks its caller only.
class HttpClient final : public HttpGetter {
public:
    /// `random` (for jitter) and `cancel` outlive the client.
    HttpClient(HttpOptions options, Random& random, CancelToken const& cancel);
    ~HttpClient() override;
    HttpClient(HttpClient const&) = delete;
    HttpClient& operator=(HttpClient const&) = delete;

    Result<Bytes> get(std::string const& url, std::uint64_t bytes_max, std::string const& accept) override;
    /// As above. Temporary failures (5xx, 408, 429, broken or stalled connections, short bodies) are tried
    /// again up to `tries_max`; `not_found` for 404 and 410.
    Result<Bytes> fetch(std::string const& url, std::uint64_t bytes_max, Resume resume,
                        std::string const& accept = {});

    using Take = std::function<Result<void>(BytesView)>;
    /// The body of something immutable from byte `from` on, as it comes: `take` gets every byte once and in order,
    /// also when the connection breaks and the rest is asked for again. Holds one piece. `too_large` when more
    /// than `bytes_max` come in all, those before `from` counted. Errors: as fetch, and `take`'s.
    Result<void> stream(std::string const& url, std::uint64_t from, std::uint64_t bytes_max, Take const& take);

    struct Answer {
        int status = 0;
        std::string content_type;
        Bytes body;
    };
    /// Sends `body` once, and returns whatever was answered, with at most `bytes_max`. Not repeated, and no redirect is
    /// followed. Errors: unavailable, timed_out (after `patience`), too_large, cancelled.
    Result<Answer> post(std::string const& url, BytesView body, std::uint64_t bytes_max, std::chrono::seconds patience);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// "http" or "https", a host, no user, password, query or fragment; without a trailing '/'.
/// Errors: invalid (url_invalid).
[[nodiscard]] Result<std::string> check_base_url(std::string const& url);

}  // namespace ggen
