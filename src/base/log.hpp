#pragma once

#include <cstdint>
#include <string_view>

namespace ggen {

enum class LogLevel : std::uint8_t { error, warning, info, debug };

/// Port: diagnostics for a person (stderr). Never data. A `Logger&` is passed; there is no global.
class Logger {
public:
    virtual ~Logger() = default;
    virtual void write(LogLevel level, std::string_view message) = 0;
    void warn(std::string_view message) { write(LogLevel::warning, message); }
    void info(std::string_view message) { write(LogLevel::info, message); }
    void debug(std::string_view message) { write(LogLevel::debug, message); }
};

/// Drops everything.
class NullLogger final : public Logger {
public:
    void write(LogLevel, std::string_view) override {}
};

}  // namespace ggen
