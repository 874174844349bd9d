#include "market/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "market/config_document.hpp"
#include "spec/text_checks.hpp"

namespace ggen {
namespace {

using detail::ConfigDocument;
using Environment = std::map<std::string, std::string>;

constexpr int k_links_max = 16;
constexpr std::uint32_t k_writable_by_others = 0022;
constexpr char const* k_system_file = "/etc/ggen/config.toml";
constexpr char const* k_url_variable = "GGEN_REGISTRY_URL";
constexpr char const* k_url_alias = "environment";

Error invalid(std::string text, std::string help = {}) {
    return {Errc::invalid, ErrorId::config_invalid, std::move(text), std::move(help)};
}

std::string const* find_variable(Environment const& environment, std::string_view name) {
    auto const found = environment.find(std::string{name});
    return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

/// GGEN_X itself, else $XDG_X/ggen, else ~/<fallback>/ggen.
Result<std::string> directory_from(Environment const& environment, std::string_view own, std::string_view xdg,
                                   std::string_view fallback) {
    if (auto const* const path = find_variable(environment, own)) return *path;
    auto const* const base = find_variable(environment, xdg);
    // The XDG specification says to ignore relative paths.
    if (base != nullptr && base->starts_with('/')) return join_path(*base, "ggen");
    if (auto const* const home = find_variable(environment, "HOME")) {
        return join_path(join_path(*home, fallback), "ggen");
    }
    return invalid(fmt::format("neither HOME nor {} says where to keep files", own), fmt::format("set {}", own));
}

/// Whether a URL and a folder are the same place, however they are written.
std::string plain_location(std::string text) {
    if (text.starts_with("file://")) text.erase(0, 7);
    while (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

/// Collects layers, the strongest first.
class Merger {
public:
    void add(ConfigDocument const& document, std::string const& origin) {
        for (auto const& [key, value] : document.values) add_value(key, value, origin);
        for (auto const& registry : document.registries) {
            bool const is_hidden = std::any_of(registries_.begin(), registries_.end(), [&](KnownRegistry const& known) {
                return known.alias == registry.alias;
            });
            if (is_hidden) continue;
            registries_.push_back(registry);
            registry_origins_[registry.alias] = origin;
        }
    }

    void add_value(std::string const& key, std::string const& value, std::string const& origin) {
        settings_.try_emplace(key, Setting{key, value, origin});
    }

    /// The registry of GGEN_REGISTRY_URL: the known one at that place, else one that is pinned when it
    /// is first opened. It is the default one.
    void add_location(std::string const& location) {
        auto const same = [&](KnownRegistry const& known) {
            return plain_location(known.location) == plain_location(location);
        };
        auto found = std::find_if(registries_.begin(), registries_.end(), same);
        if (found == registries_.end()) {
            KnownRegistry fresh;
            fresh.alias = k_url_alias;
            fresh.location = location;
            registries_.push_back(std::move(fresh));
            found = std::prev(registries_.end());
            registry_origins_[found->alias] = std::string{"environment "} + k_url_variable;
        }
        settings_["default_registry"] = Setting{"default_registry", found->alias,
                                                std::string{"environment "} + k_url_variable};
    }

    [[nodiscard]] Result<Config> finish();

private:
    [[nodiscard]] Result<void> check_namespaces() const;
    [[nodiscard]] std::string const& value(std::string const& key) const { return settings_.at(key).value; }
    [[nodiscard]] std::int64_t number(std::string const& key) const {
        std::int64_t out = 0;
        auto const& text = value(key);
        std::from_chars(text.data(), text.data() + text.size(), out);
        return out;
    }

    std::vector<KnownRegistry> registries_;
    std::map<std::string, std::string> registry_origins_;
    std::map<std::string, Setting> settings_;
};

/// A namespace that two registries claim would be taken from either: exactly the confusion to avoid.
Result<void> Merger::check_namespaces() const {
    std::map<std::string, std::string> homes;
    for (auto const& registry : registries_) {
        for (auto const& name_space : registry.namespaces) {
            auto const [home, is_new] = homes.try_emplace(name_space, registry.alias);
            if (is_new) continue;
            return invalid(fmt::format("the namespace {} is mapped to two registries, {} ({}) and {} ({})", name_space,
                                       home->second, registry_origins_.at(home->second), registry.alias,
                                       registry_origins_.at(registry.alias)),
                           "leave it in one of them");
        }
    }
    return ok();
}

Result<Config> Merger::finish() {
    RETURN_IF_ERROR(check_namespaces());
    for (auto const& spec : detail::setting_specs()) {
        add_value(std::string{spec.key}, std::string{spec.fallback}, "default");
    }
    Config out;
    out.registries = registries_;
    out.default_registry = value("default_registry");
    auto const is_default = [&](KnownRegistry const& known) { return known.alias == out.default_registry; };
    if (!out.default_registry.empty() && std::none_of(registries_.begin(), registries_.end(), is_default)) {
        return invalid(fmt::format("default_registry = {} ({}): no registry is called so", quoted(out.default_registry),
                                   settings_.at("default_registry").origin),
                       "`ggen config set default_registry ''` takes it back");
    }
    ASSIGN_OR_RETURN(out.link_mode, parse_link_mode(value("link_mode")));
    out.is_link_mode_chosen = settings_.at("link_mode").origin != "default";
    out.download_parallel = static_cast<unsigned>(number("download_parallel"));
    out.min_release_age_seconds = number("min_release_age_seconds");
    out.offline = value("offline") == "true";
    for (auto const& [key, setting] : settings_) out.settings.push_back(setting);
    for (auto const& registry : registries_) {
        out.settings.push_back({"registry." + registry.alias, registry.location, registry_origins_.at(registry.alias)});
    }
    return out;
}

/// Nothing when there is no such file.
Result<void> add_file(FileSystem& files, std::string const& path, Merger& merger) {
    auto const checked = check_private_file(files, path, k_writable_by_others);
    if (!checked) {
        if (checked.error().code == Errc::not_found) return ok();
        return checked.error();
    }
    auto const bytes = files.read_file(path, ConfigDocument::k_bytes_max);
    if (!bytes) return wrap(bytes.error(), path);
    ASSIGN_OR_RETURN(auto const document, ConfigDocument::parse(as_text(*bytes), path));
    merger.add(document, path);
    return ok();
}

Result<void> add_environment(Environment const& environment, Merger& merger) {
    for (auto const& spec : detail::setting_specs()) {
        auto const* const text = find_variable(environment, spec.variable);
        if (text == nullptr) continue;
        auto const value = detail::check_setting(spec, *text);
        if (!value) return wrap(value.error(), std::string{"environment "} + std::string{spec.variable});
        merger.add_value(std::string{spec.key}, *value, std::string{"environment "} + std::string{spec.variable});
    }
    return ok();
}

std::string user_file(Directories const& directories) { return join_path(directories.config, "config.toml"); }

/// Reads, edits and replaces the user's file; one process at a time.
template <class Edit>
Result<void> edit_user_file(FileSystem& files, Directories const& directories, Edit const& edit) {
    RETURN_IF_ERROR(files.make_directories(directories.config, 0700));
    ASSIGN_OR_RETURN(auto const lock, files.lock(join_path(directories.config, "lock"), LockMode::exclusive));
    auto const path = user_file(directories);
    std::string text;
    if (auto const checked = check_private_file(files, path, k_writable_by_others)) {
        ASSIGN_OR_RETURN(auto const bytes, files.read_file(path, ConfigDocument::k_bytes_max));
        text = as_text(bytes);
    } else if (checked.error().code != Errc::not_found) {
        return checked.error();
    }
    Result<std::string> const edited = edit(text);
    if (!edited) return wrap(edited.error(), path);
    if (*edited == text) return ok();
    return files.write_file_atomic(path, as_bytes(*edited), Sync::durable, 0600);
}

}  // namespace

Result<Directories> Directories::from_environment(Environment const& environment) {
    Directories out;
    ASSIGN_OR_RETURN(out.config, directory_from(environment, "GGEN_CONFIG_DIR", "XDG_CONFIG_HOME", ".config"));
    ASSIGN_OR_RETURN(out.cache, directory_from(environment, "GGEN_CACHE_DIR", "XDG_CACHE_HOME", ".cache"));
    ASSIGN_OR_RETURN(out.data, directory_from(environment, "GGEN_DATA_DIR", "XDG_DATA_HOME", ".local/share"));
    ASSIGN_OR_RETURN(out.state, directory_from(environment, "GGEN_STATE_DIR", "XDG_STATE_HOME", ".local/state"));
    return out;
}

Result<void> check_private_file(FileSystem& files, std::string const& path, std::uint32_t forbidden_mode) {
    auto at = path;
    for (int links = 0; links < k_links_max; ++links) {
        ASSIGN_OR_RETURN(auto const info, files.info(at));
        bool const is_ours = info.owner_uid == ::geteuid() || info.owner_uid == 0;
        if (!is_ours) {
            return Error{Errc::refused, ErrorId::config_untrusted,
                         fmt::format("{} belongs to the user with id {}, not to you", at, info.owner_uid),
                         "take a copy that belongs to you"};
        }
        if (info.kind == FileKind::symlink) {
            ASSIGN_OR_RETURN(auto const target, files.read_symlink(at));
            at = target.starts_with('/') ? target : join_path(parent_path(at), target);
            continue;
        }
        if (info.kind != FileKind::regular) {
            return Error{Errc::refused, ErrorId::config_untrusted, at + " is not a regular file"};
        }
        if ((info.mode & forbidden_mode) != 0) {
            bool const is_secret = (forbidden_mode & 0044U) != 0;
            return Error{Errc::refused, ErrorId::config_untrusted,
                         fmt::format("{} can be {} by other users (mode {:04o})", at, is_secret ? "read" : "written",
                                     info.mode),
                         fmt::format("chmod {} {}", is_secret ? "600" : "go-w", at)};
        }
        return ok();
    }
    return Error{Errc::refused, ErrorId::config_untrusted, path + ": too many links"};
}

Result<Config> Config::load(FileSystem& files, Directories const& directories, std::string const& project_directory,
                            Environment const& environment) {
    Merger merger;
    RETURN_IF_ERROR(add_environment(environment, merger));
    if (!project_directory.empty()) {
        RETURN_IF_ERROR(add_file(files, join_path(project_directory, ".ggen/config.toml"), merger));
    }
    RETURN_IF_ERROR(add_file(files, user_file(directories), merger));
    RETURN_IF_ERROR(add_file(files, k_system_file, merger));
    if (auto const* const location = find_variable(environment, k_url_variable)) merger.add_location(*location);
    ASSIGN_OR_RETURN(auto config, merger.finish());
    if (auto const* const path = find_variable(environment, "GGEN_KEY")) config.key_file = *path;
    return config;
}

Result<void> set_config_value(FileSystem& files, Directories const& directories, std::string const& key,
                              std::string const& value) {
    auto const* const spec = detail::find_setting_spec(key);
    if (spec == nullptr) {
        return invalid("there is no setting " + quoted(key), "`ggen config list` shows the settings");
    }
    std::string checked;
    if (!value.empty()) {
        ASSIGN_OR_RETURN(checked, detail::check_setting(*spec, value));
    }
    return edit_user_file(files, directories, [&](std::string const& text) -> Result<std::string> {
        if (key == "default_registry" && !checked.empty()) {
            ASSIGN_OR_RETURN(auto const document, ConfigDocument::parse(text, "config.toml"));
            auto const same = [&](KnownRegistry const& known) { return known.alias == checked; };
            if (std::none_of(document.registries.begin(), document.registries.end(), same)) {
                return invalid("no registry is called " + quoted(checked), "`ggen registry list` shows the known ones");
            }
        }
        return detail::with_setting(text, *spec, checked);
    });
}

Result<void> add_config_registry(FileSystem& files, Directories const& directories, KnownRegistry const& registry) {
    return edit_user_file(files, directories,
                          [&](std::string const& text) { return detail::with_registry(text, registry); });
}

Result<void> remove_config_registry(FileSystem& files, Directories const& directories, std::string const& alias) {
    return edit_user_file(files, directories, [&](std::string const& text) -> Result<std::string> {
        ASSIGN_OR_RETURN(auto shorter, detail::without_registry(text, alias));
        ASSIGN_OR_RETURN(auto const document, ConfigDocument::parse(shorter, "config.toml"));
        auto const found = document.values.find("default_registry");
        if (found == document.values.end() || found->second != alias) return shorter;
        return detail::with_setting(shorter, *detail::find_setting_spec("default_registry"), {});
    });
}

}  // namespace ggen
