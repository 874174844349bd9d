#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ggen {

/// `[scope/]name`, each part `[a-z0-9]+([._-][a-z0-9]+)*`, at most k_bytes_max bytes in all.
class PackageName {
public:
    static constexpr std::size_t k_bytes_max = 64;

    /// Errors: invalid (name_invalid), with the offending character escaped and, when lower-casing
    /// or trimming would make it valid, that spelling as help.
    [[nodiscard]] static Result<PackageName> parse(std::string_view text);

    [[nodiscard]] std::string const& text() const { return text_; }
    /// "" for a bare name.
    [[nodiscard]] std::string_view scope() const;
    /// The part after the scope.
    [[nodiscard]] std::string_view base() const;
    /// What look-alikes share: '.', '_' and '-' dropped, 0=o, 1=l=i, rn=m, vv=w. The scope's '/' stays.
    [[nodiscard]] std::string skeleton() const;

    friend auto operator<=>(PackageName const&, PackageName const&) = default;

private:
    explicit PackageName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace ggen

template <>
struct std::hash<ggen::PackageName> {
    std::size_t operator()(ggen::PackageName const& name) const noexcept {
        return std::hash<std::string>{}(name.text());
    }
};
