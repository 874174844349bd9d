#include "net/curl_api.hpp"

#include <optional>

#include "base/shared_library.hpp"

namespace ggen {
namespace {

std::optional<CurlApi> load() {
    auto const library = SharedLibrary::load("libcurl.so.4");
    if (!library) return std::nullopt;
    CurlApi api{};
    decltype(&::curl_global_init) global_init = nullptr;
    bool const is_complete =
        library->find("curl_global_init", global_init) && library->find("curl_easy_init", api.easy_init) &&
        library->find("curl_easy_cleanup", api.easy_cleanup) &&
        library->find("curl_easy_getinfo", api.easy_getinfo) &&
        library->find("curl_easy_perform", api.easy_perform) &&
        library->find("curl_easy_reset", api.easy_reset) &&
        library->find("curl_easy_setopt", api.easy_setopt) &&
        library->find("curl_easy_strerror", api.easy_strerror) &&
        library->find("curl_slist_append", api.slist_append) &&
        library->find("curl_slist_free_all", api.slist_free_all);
    if (!is_complete || global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return std::nullopt;
    return api;
}

}  // namespace

CurlApi const* curl_api() {
    static std::optional<CurlApi> const api = load();
    return api ? &*api : nullptr;
}

}  // namespace ggen
