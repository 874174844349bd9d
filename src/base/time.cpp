#include "base/time.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace ggen {

std::string format_utc(UnixTime time) {
    std::time_t const seconds = time.seconds;
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "out of range";
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text;
}

UnixTime SystemClock::wall_now() {
    if (char const* const fake = std::getenv("GGEN_FAKE_TIME"); fake != nullptr) {  // NOLINT(concurrency-mt-unsafe)
        return {std::strtoll(fake, nullptr, 10)};
    }
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::seconds>(now).count()};
}

TimePoint SystemClock::steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace ggen
