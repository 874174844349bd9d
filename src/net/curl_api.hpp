#pragma once

#include <curl/curl.h>

namespace ggen {

/// The functions of libcurl that this module calls. The library brings thirty others, and loading them takes
/// longer than most commands, which open no connection: so it is loaded at the first use.
struct CurlApi {
    decltype(&::curl_easy_init) easy_init;
    decltype(&::curl_easy_cleanup) easy_cleanup;
    decltype(&::curl_easy_getinfo) easy_getinfo;
    decltype(&::curl_easy_perform) easy_perform;
    decltype(&::curl_easy_reset) easy_reset;
    decltype(&::curl_easy_setopt) easy_setopt;
    decltype(&::curl_easy_strerror) easy_strerror;
    decltype(&::curl_slist_append) slist_append;
    decltype(&::curl_slist_free_all) slist_free_all;
};

/// The same pointer for the life of the process; null when this machine has no libcurl. Thread-safe.
[[nodiscard]] CurlApi const* curl_api();

}  // namespace ggen
