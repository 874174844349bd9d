#include "net/http_client.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/curl_api.hpp"

namespace ggen {
namespace {

constexpr std::uint64_t k_error_page_bytes_max = 64 * k_kib;

/// What has been received so far, over all tries; shared with libcurl's callbacks.
struct Transfer {
    HttpClient::Take const& take;
    std::uint64_t bytes_max = 0;
    CancelToken const* cancel = nullptr;
    CURL* handle = nullptr;
    std::uint64_t received = 0;  ///< Bytes of the body that are known, those before the first try included.
    std::optional<Error> refused{};  ///< By `take`.
    bool can_restart = false;   ///< What came may be thrown away.
    bool must_restart = false;  ///< The server has no such range.
    bool is_too_large = false;
    // Of the present try:
    bool is_first_write = true;
    bool is_body = true;  ///< Not the page of an error.
    std::uint64_t resumed_at = 0;
    std::uint64_t to_skip = 0;
    std::uint64_t page_bytes = 0;
};

/// How a try ended: a body, an error worth another try, or a final error.
struct TryOutcome {
    std::optional<Error> error;
    bool may_retry = false;
    std::chrono::seconds retry_after{0};
};

std::size_t on_body(char* data, std::size_t one, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    auto const bytes = one * count;
    if (transfer.is_first_write) {
        transfer.is_first_write = false;
        long status = 0;
        curl_api()->easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
        transfer.is_body = status == 200 || (status == 206 && transfer.resumed_at > 0);
        // A server that ignores the range sends everything again.
        transfer.to_skip = status == 200 ? transfer.resumed_at : 0;
    }
    if (!transfer.is_body) {
        transfer.page_bytes += bytes;
        return transfer.page_bytes > k_error_page_bytes_max ? 0 : bytes;
    }
    BytesView piece{reinterpret_cast<std::uint8_t const*>(data), bytes};
    auto const known = static_cast<std::size_t>(std::min<std::uint64_t>(transfer.to_skip, bytes));
    transfer.to_skip -= known;
    piece = piece.subspan(known);
    if (transfer.received + piece.size() > transfer.bytes_max) {
        transfer.is_too_large = true;
        return 0;
    }
    if (piece.empty()) return bytes;
    if (auto taken = transfer.take(piece); !taken) {
        transfer.refused = std::move(taken).error();
        return 0;
    }
    transfer.received += piece.size();
    return bytes;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer const*>(user)->cancel->is_cancelled() ? 1 : 0;
}

bool is_temporary(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_GOT_NOTHING:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_WEIRD_SERVER_REPLY:
            return true;
        default:
            return false;
    }
}

bool is_temporary_status(long status) {
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

Error transport_error(CURLcode code, std::string const& url) {
    std::string const text = "GET " + url + ": " + curl_api()->easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT) return Error{Errc::timed_out, ErrorId::http_too_slow, text};
    if (code == CURLE_TOO_MANY_REDIRECTS) {
        return Error{Errc::unavailable, ErrorId::http_failed, "GET " + url + ": too many redirects"};
    }
    return Error{Errc::unavailable, ErrorId::http_failed, text};
}

Error no_curl() {
    return Error{Errc::unavailable, ErrorId::http_failed, "libcurl.so.4 cannot be loaded",
                 "install the package that holds it (Debian: libcurl4); folders work without it"};
}

Error status_error(long status, std::string const& url) {
    std::string const text = "GET " + url + ": the server answered " + std::to_string(status);
    if (status == 404 || status == 410) return Error{Errc::not_found, ErrorId::http_failed, text};
    return Error{Errc::unavailable, ErrorId::http_failed, text};
}

}  // namespace

HttpOptions HttpOptions::from_environment() {
    HttpOptions options;
    if (char const* const text = std::getenv("GGEN_HTTP_STALL_SECONDS");
        text != nullptr) {  // NOLINT(concurrency-mt-unsafe)
        auto const seconds = std::strtol(text, nullptr, 10);
        if (seconds >= 1 && seconds <= 600) options.stall_window = std::chrono::seconds{seconds};
    }
    return options;
}

struct HttpClient::Impl {
    HttpOptions options;
    Random& random;
    CancelToken const& cancel;
    std::mutex mutex;         // Guards idle.
    std::vector<CURL*> idle;  // Handles keep their connections between calls.

    Impl(HttpOptions options_in, Random& random_in, CancelToken const& cancel_in)
        : options(std::move(options_in)), random(random_in), cancel(cancel_in) {}
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;
    ~Impl() {
        for (CURL* const handle : idle) curl_api()->easy_cleanup(handle);
    }

    Result<void> run(std::string const& url, Transfer& transfer, std::string const& accept,
                     std::function<void()> const& before_retry);

    CURL* take_handle() {
        std::lock_guard const lock{mutex};
        if (idle.empty()) return curl_api()->easy_init();
        CURL* const handle = idle.back();
        idle.pop_back();
        return handle;
    }

    void give_back(CURL* handle) {
        std::lock_guard const lock{mutex};
        idle.push_back(handle);
    }

    void configure(CURL* handle, std::string const& url, Transfer& transfer) const {
        curl_api()->easy_reset(handle);
        curl_api()->easy_setopt(handle, CURLOPT_URL, url.c_str());
        curl_api()->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_api()->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR,
                         url.starts_with("https:") ? "https" : "http,https");
        curl_api()->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
        curl_api()->easy_setopt(handle, CURLOPT_MAXREDIRS, static_cast<long>(options.redirects_max));
        curl_api()->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_api()->easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
        curl_api()->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
        curl_api()->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.floor_bytes_per_second));
        curl_api()->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_window.count()));
        curl_api()->easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(transfer.bytes_max));
        curl_api()->easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
        curl_api()->easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
        curl_api()->easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
        curl_api()->easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
        curl_api()->easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    }

    TryOutcome try_once(CURL* handle, std::string const& url, Transfer& transfer, std::string const& accept) const {
        configure(handle, url, transfer);
        transfer.is_first_write = true;
        transfer.is_body = true;
        transfer.page_bytes = 0;
        transfer.to_skip = 0;
        transfer.resumed_at = transfer.received;
        if (transfer.resumed_at > 0) {
            std::string const range = std::to_string(transfer.resumed_at) + "-";
            curl_api()->easy_setopt(handle, CURLOPT_RANGE, range.c_str());
        }
        curl_slist* headers = nullptr;
        if (!accept.empty()) {
            headers = curl_api()->slist_append(headers, ("Accept: " + accept).c_str());
            // Decoded length differs from ranges, so compression goes with documents only.
            curl_api()->easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
        }
        curl_api()->easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
        CURLcode const code = curl_api()->easy_perform(handle);
        curl_api()->slist_free_all(headers);
        return judge(handle, code, url, transfer);
    }

    TryOutcome judge(CURL* handle, CURLcode code, std::string const& url, Transfer& transfer) const {
        if (cancel.is_cancelled()) return {Error{Errc::cancelled, "stopped on request"}, false, {}};
        if (transfer.refused) return {std::move(transfer.refused), false, {}};
        if (transfer.is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
            return {Error{Errc::too_large, ErrorId::http_too_large,
                          "GET " + url + ": more than " + std::to_string(transfer.bytes_max) + " bytes came"},
                    false,
                    {}};
        }
        bool const is_page_cut = code == CURLE_WRITE_ERROR && !transfer.is_body;
        if (code != CURLE_OK && !is_page_cut) return {transport_error(code, url), is_temporary(code), {}};
        long status = 0;
        curl_api()->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200 || (status == 206 && transfer.resumed_at > 0)) return {};
        // A range that the server cannot satisfy: what came so far is not a beginning of what it has.
        if (status == 416 && transfer.resumed_at > 0) {
            transfer.must_restart = true;
            return {status_error(status, url), transfer.can_restart, {}};
        }
        curl_off_t retry_after = 0;
        curl_api()->easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
        return {status_error(status, url), is_temporary_status(status),
                std::chrono::seconds{std::clamp<curl_off_t>(retry_after, 0, 5)}};
    }

    /// Sleeps before try number `next_try` (1 = the first repetition), listening to the cancel token.
    void wait_before(unsigned next_try, std::chrono::seconds retry_after) {
        auto pause = options.backoff_first * (1U << std::min(next_try - 1, 10U));
        pause = std::min(pause, options.backoff_max);
        auto const jitter = random.next_u64() % static_cast<std::uint64_t>(pause.count() + 1);
        pause = std::max<std::chrono::milliseconds>(
            pause / 2 + std::chrono::milliseconds{static_cast<std::int64_t>(jitter / 2)}, retry_after);
        constexpr std::chrono::milliseconds k_slice{20};
        for (; pause.count() > 0 && !cancel.is_cancelled(); pause -= k_slice) {
            std::this_thread::sleep_for(std::min(pause, k_slice));
        }
    }
};

HttpClient::HttpClient(HttpOptions options, Random& random, CancelToken const& cancel)
    : impl_(std::make_unique<Impl>(std::move(options), random, cancel)) {}

HttpClient::~HttpClient() = default;

Result<Bytes> HttpClient::get(std::string const& url, std::uint64_t bytes_max, std::string const& accept) {
    return fetch(url, bytes_max, Resume::no, accept);
}

Result<void> HttpClient::Impl::run(std::string const& url, Transfer& transfer, std::string const& accept,
                                   std::function<void()> const& before_retry) {
    if (curl_api() == nullptr) return no_curl();
    CURL* const handle = take_handle();
    if (handle == nullptr) return Error{Errc::io, ErrorId::http_failed, "libcurl gave no handle"};
    transfer.handle = handle;
    TryOutcome outcome;
    for (unsigned tried = 0; tried < options.tries_max; ++tried) {
        if (tried > 0) {
            wait_before(tried, outcome.retry_after);
            before_retry();
        }
        outcome = try_once(handle, url, transfer, accept);
        if (!outcome.error || !outcome.may_retry) break;
    }
    give_back(handle);
    if (!outcome.error) return ok();
    auto error = std::move(*outcome.error);
    if (outcome.may_retry) error.context += " (tried " + std::to_string(options.tries_max) + " times)";
    return error;
}

Result<Bytes> HttpClient::fetch(std::string const& url, std::uint64_t bytes_max, Resume resume,
                                std::string const& accept) {
    Bytes body;
    Take const take = [&](BytesView piece) {
        body.insert(body.end(), piece.begin(), piece.end());
        return ok();
    };
    Transfer transfer{take, bytes_max, &impl_->cancel};
    transfer.can_restart = true;
    auto const before_retry = [&] {
        if (resume == Resume::immutable && !transfer.must_restart) return;
        transfer.must_restart = false;
        body.clear();
        transfer.received = 0;
    };
    RETURN_IF_ERROR(impl_->run(url, transfer, accept, before_retry));
    return body;
}

Result<void> HttpClient::stream(std::string const& url, std::uint64_t from, std::uint64_t bytes_max,
                                Take const& take) {
    Transfer transfer{take, bytes_max, &impl_->cancel};
    transfer.received = from;
    return impl_->run(url, transfer, {}, [] {});
}

namespace {

/// The answer to a post, as it comes.
struct PostAnswer {
    Bytes body;
    std::uint64_t bytes_max = 0;
    CancelToken const* cancel = nullptr;
};

std::size_t on_post_body(char* data, std::size_t one, std::size_t count, void* user) {
    auto& answer = *static_cast<PostAnswer*>(user);
    BytesView const piece{reinterpret_cast<std::uint8_t const*>(data), one * count};
    if (answer.body.size() + piece.size() > answer.bytes_max) return 0;
    answer.body.insert(answer.body.end(), piece.begin(), piece.end());
    return piece.size();
}

int on_post_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<PostAnswer const*>(user)->cancel->is_cancelled() ? 1 : 0;
}

}  // namespace

Result<HttpClient::Answer> HttpClient::post(std::string const& url, BytesView body, std::uint64_t bytes_max,
                                            std::chrono::seconds patience) {
    if (curl_api() == nullptr) return no_curl();
    CURL* const handle = impl_->take_handle();
    if (handle == nullptr) return Error{Errc::io, ErrorId::http_failed, "libcurl gave no handle"};
    PostAnswer taken{{}, bytes_max, &impl_->cancel};
    auto const set = curl_api()->easy_setopt;
    curl_api()->easy_reset(handle);
    set(handle, CURLOPT_URL, url.c_str());
    set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_USERAGENT, impl_->options.user_agent.c_str());
    set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(impl_->options.connect_timeout.count()));
    set(handle, CURLOPT_TIMEOUT, static_cast<long>(patience.count()));
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(handle, CURLOPT_POSTFIELDS, body.data());
    set(handle, CURLOPT_WRITEFUNCTION, &on_post_body);
    set(handle, CURLOPT_WRITEDATA, &taken);
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &on_post_progress);
    set(handle, CURLOPT_XFERINFODATA, &taken);
    curl_slist* headers = curl_api()->slist_append(nullptr, "Content-Type: text/plain; charset=utf-8");
    headers = curl_api()->slist_append(headers, "Expect:");
    set(handle, CURLOPT_HTTPHEADER, headers);
    auto const code = curl_api()->easy_perform(handle);
    curl_api()->slist_free_all(headers);
    long status = 0;
    char const* type = nullptr;
    curl_api()->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_api()->easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
    Answer answer{static_cast<int>(status), type == nullptr ? "" : type, std::move(taken.body)};
    impl_->give_back(handle);
    if (impl_->cancel.is_cancelled()) return Error{Errc::cancelled, "stopped on request"};
    if (code == CURLE_OK) return answer;
    if (code == CURLE_WRITE_ERROR) {
        return Error{Errc::too_large, ErrorId::http_too_large,
                     "POST " + url + ": more than " + std::to_string(bytes_max) + " bytes came"};
    }
    bool const is_late = code == CURLE_OPERATION_TIMEDOUT;
    return Error{is_late ? Errc::timed_out : Errc::unavailable,
                 is_late ? ErrorId::http_too_slow : ErrorId::http_failed,
                 "POST " + url + ": " + curl_api()->easy_strerror(code)};
}

Result<std::string> check_base_url(std::string const& url) {
    auto const refuse = [&](std::string const& why) {
        return Error{Errc::invalid, ErrorId::url_invalid, "address " + url + ": " + why};
    };
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return refuse("it begins with neither http:// nor https://");
    }
    auto const host = rest.substr(0, rest.find('/'));
    if (host.empty()) return refuse("it names no host");
    if (host.find('@') != std::string_view::npos) {
        return Error{Errc::invalid, ErrorId::url_invalid,
                     "the address holds a user name; addresses are shown and logged"};
    }
    for (char const c : url) {
        if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f)
            return refuse("it holds a blank or control character");
        if (c == '?' || c == '#') return refuse("a registry's address has no ? or #");
    }
    std::string base = url;
    while (base.ends_with('/')) base.pop_back();
    return base;
}

}  // namespace ggen
