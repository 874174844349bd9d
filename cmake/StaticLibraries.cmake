# Every shared library costs each start a tenth of a millisecond and more, the C++ runtime half a millisecond: the
# product takes the archives of those that have one, and compiles fmt and toml++ from their headers. libcurl,
# libarchive and simdjson are loaded when they are needed.
add_library(ggen_fmt STATIC ${CMAKE_SOURCE_DIR}/cmake/static/fmt.cpp)
add_library(fmt::fmt ALIAS ggen_fmt)

add_library(ggen_toml STATIC ${CMAKE_SOURCE_DIR}/cmake/static/toml.cpp)
target_compile_definitions(ggen_toml PUBLIC TOML_HEADER_ONLY=0)
add_library(PkgConfig::TOMLPLUSPLUS ALIAS ggen_toml)

add_link_options(-static-libstdc++ -static-libgcc LINKER:-z,pack-relative-relocs LINKER:--gc-sections)
