#include "net/curl_api.hpp"

#include <dlfcn.h>

#include <optional>

namespace ggen {
namespace {

template <class Function>
bool find(void* library, char const* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

std::optional<CurlApi> load() {
    // Never closed: handles of other threads may live until the end of the process.
    void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return std::nullopt;
    CurlApi api{};
    decltype(&::curl_global_init) global_init = nullptr;
    bool const is_complete =
        find(library, "curl_global_init", global_init) && find(library, "curl_easy_init", api.easy_init) &&
        find(library, "curl_easy_cleanup", api.easy_cleanup) &&
        find(library, "curl_easy_getinfo", api.easy_getinfo) &&
        find(library, "curl_easy_perform", api.easy_perform) &&
        find(library, "curl_easy_reset", api.easy_reset) &&
        find(library, "curl_easy_setopt", api.easy_setopt) &&
        find(library, "curl_easy_strerror", api.easy_strerror) &&
        find(library, "curl_slist_append", api.slist_append) &&
        find(library, "curl_slist_free_all", api.slist_free_all);
    if (!is_complete || global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return std::nullopt;
    return api;
}

}  // namespace

CurlApi const* curl_api() {
    static std::optional<CurlApi> const api = load();
    return api ? &*api : nullptr;
}

}  // namespace ggen
