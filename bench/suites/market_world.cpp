#include "suites/market_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/registries.hpp"

namespace ggen::bench {

MarketWorld::MarketWorld(std::string directory)
    : directory_(std::move(directory)),
      files_(make_posix_file_system()),
      opener_(*files_),
      market_{*files_, clock_, random_, log_, opener_, observer_, cancel_, {}, {}, {}} {}

Result<std::unique_ptr<MarketWorld>> MarketWorld::create(std::string const& directory) {
    std::unique_ptr<MarketWorld> world{new MarketWorld{directory}};
    for (auto const* name : {"/config", "/cache", "/data", "/state", "/projects"}) {
        RETURN_IF_ERROR(world->files_->make_directories(directory + name));
    }
    auto& market = world->market_;
    market.directories = {directory + "/config", directory + "/cache", directory + "/data",
                          directory + "/state"};
    RETURN_IF_ERROR(world->enter_project("first"));
    RETURN_IF_ERROR(new_key(market, {"acme/device", false}));
    RETURN_IF_ERROR(create_registry(market, {world->registry_directory(), "example/main", "main"}));
    RETURN_IF_ERROR(world->reload());
    return world;
}

Result<void> MarketWorld::reload() {
    ASSIGN_OR_RETURN(market_.config,
                     Config::load(*files_, market_.directories, market_.project_directory, {}));
    return ok();
}

PublishItem MarketWorld::item(std::string const& name, std::string const& version, Needs const& needs,
                              std::size_t bytes) {
    auto text = fmt::format(
        "[gpack]\nname = \"{}\"\nversion = \"{}\"\ndescription = \"package for measurements\"\n"
        "license = \"MIT\"\n",
        name, version);
    if (!needs.empty()) text += "\n[dependencies]\n";
    for (auto const& [needed, range] : needs) text += fmt::format("\"{}\" = \"{}\"\n", needed, range);
    SeededBytes random{std::hash<std::string>{}(name + version)};
    Bytes data(bytes);
    random.fill(data);
    // Letters, so that zstd has as much to do as with text.
    for (auto& byte : data) byte = static_cast<std::uint8_t>('a' + byte % 20);
    std::vector<ArchiveFile> files{{"gpack.toml", false, to_bytes(text)},
                                   {"README.md", false, to_bytes("# " + name + " " + version + "\n")},
                                   {"data/text.txt", false, std::move(data)}};
    return {std::move(text), std::move(files)};
}

Result<void> MarketWorld::publish(std::vector<PublishItem> items) {
    RETURN_IF_ERROR(publish_items(market_, "main", std::move(items)));
    return ok();
}

Result<void> MarketWorld::publish_many(std::size_t count) {
    constexpr std::size_t k_batch = 500;
    for (std::size_t begin = 0; begin < count; begin += k_batch) {
        std::vector<PublishItem> items;
        auto const end = std::min(count, begin + k_batch);
        items.reserve(end - begin);
        for (auto i = begin; i < end; ++i) items.push_back(item(fmt::format("acme/p{}", i), "1.0.0", {}));
        RETURN_IF_ERROR(publish(std::move(items)));
    }
    return ok();
}

Result<void> MarketWorld::enter_project(std::string const& name) {
    market_.project_directory = directory_ + "/projects/" + name;
    RETURN_IF_ERROR(files_->remove_tree(market_.project_directory));
    return files_->make_directories(market_.project_directory);
}

Result<InstallReport> MarketWorld::install(std::vector<std::string> const& specs) {
    InstallRequest request;
    for (auto const& spec : specs) {
        ASSIGN_OR_RETURN(auto parsed, PackageSpec::parse(spec));
        request.packages.push_back(std::move(parsed));
    }
    ASSIGN_OR_RETURN(auto outcome, ggen::install(market_, request));
    if (auto* const conflict = std::get_if<Conflict>(&outcome))
        return Error{Errc::conflict, conflict->explanation};
    return std::get<InstallReport>(std::move(outcome));
}

Result<void> MarketWorld::forget_store() { return files_->remove_tree(market_.directories.cache + "/store"); }

}  // namespace ggen::bench
