#include "sim/fields.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace ggen::sim {

namespace {
constexpr double k_seconds_max = 30.0 * 24 * 3'600;
}

Fields::Fields(Json const* object, std::string path) : object_(object), path_(std::move(path)) {
    if (object_ != nullptr && object_->is_null()) object_ = nullptr;
    if (object_ != nullptr && !object_->is_object()) {
        failed_ = Error{Errc::invalid, fmt::format("{}: an object is expected", path_)};
        object_ = nullptr;
    }
}

void Fields::fail(std::string_view name, std::string_view why) {
    if (!failed_) failed_ = Error{Errc::invalid, fmt::format("{}.{}: {}", path_, name, why)};
}

Json const* Fields::find(std::string_view name) {
    asked_.emplace(name);
    return object_ == nullptr ? nullptr : object_->find(name);
}

std::uint64_t Fields::number(std::string_view name, std::uint64_t absent, std::uint64_t most) {
    auto const* const value = find(name);
    if (value == nullptr) return absent;
    auto const* const integer = value->if_integer();
    if (integer == nullptr || *integer < 0 || static_cast<std::uint64_t>(*integer) > most) {
        fail(name, fmt::format("a whole number from 0 to {} is expected", most));
        return absent;
    }
    return static_cast<std::uint64_t>(*integer);
}

bool Fields::flag(std::string_view name, bool absent) {
    auto const* const value = find(name);
    if (value == nullptr) return absent;
    if (!value->is_bool()) fail(name, "true or false is expected");
    return value->is_bool() ? *value->if_bool() : absent;
}

std::string Fields::text(std::string_view name, std::string_view absent) {
    auto const* const value = find(name);
    if (value == nullptr) return std::string{absent};
    if (!value->is_string()) fail(name, "a text is expected");
    return value->is_string() ? *value->if_string() : std::string{absent};
}

double Fields::real(std::string_view name, double absent) {
    auto const* const value = find(name);
    if (value == nullptr) return absent;
    if (auto const* const integer = value->if_integer()) return static_cast<double>(*integer);
    if (auto const* const real = value->if_double()) return *real;
    fail(name, "a number is expected");
    return absent;
}

Nanos Fields::seconds(std::string_view name, Nanos absent) {
    if (find(name) == nullptr) return absent;
    auto const value = real(name, 0);
    if (!(value >= 0) || value > k_seconds_max) {
        fail(name, "seconds from 0 to 30 days are expected");
        return absent;
    }
    return static_cast<Nanos>(std::llround(value * 1e6)) * k_microsecond;
}

Json const* Fields::object(std::string_view name) { return find(name); }

std::vector<Json> Fields::list(std::string_view name) {
    auto const* const value = find(name);
    if (value == nullptr) return {};
    if (!value->is_array()) {
        fail(name, "a list is expected");
        return {};
    }
    return *value->if_array();
}

Result<void> Fields::finish() const {
    if (failed_) return *failed_;
    if (object_ == nullptr) return ok();
    for (auto const& [name, value] : *object_->if_object()) {
        if (!asked_.contains(name)) return Error{Errc::invalid, fmt::format("{}: unknown member \"{}\"", path_, name)};
    }
    return ok();
}

}  // namespace ggen::sim
