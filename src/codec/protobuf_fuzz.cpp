// The reader ends on every input, within its limits; rewriting the fields gives a message that reads the same.
#include <cstdint>

#include "codec/protobuf.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::ProtoReader reader{{data, size}};
    ggen::ProtoWriter writer;
    std::vector<std::uint64_t> numbers;
    std::vector<ggen::ProtoField> fields;
    for (;;) {
        auto const field = reader.next();
        if (!field) return 0;
        if (!*field) break;
        auto const& f = **field;
        if (auto const added = ggen::proto_append_uints(f, 64, numbers); !added) numbers.clear();
        GGEN_ASSERT(numbers.size() <= 64);
        if (f.wire == ggen::ProtoWire::fixed32) continue;
        fields.push_back(f);
        if (f.wire == ggen::ProtoWire::varint) writer.uint(f.number, f.value);
        if (f.wire == ggen::ProtoWire::fixed64) writer.fixed64(f.number, f.value);
        if (f.wire == ggen::ProtoWire::bytes) writer.bytes(f.number, f.bytes);
    }
    auto const message = std::move(writer).take();
    ggen::ProtoReader again{message};
    for (auto const& expected : fields) {
        auto const field = again.next();
        GGEN_ASSERT(field.has_value() && field->has_value());
        GGEN_ASSERT((*field)->number == expected.number && (*field)->value == expected.value);
        GGEN_ASSERT(std::equal((*field)->bytes.begin(), (*field)->bytes.end(), expected.bytes.begin(),
                               expected.bytes.end()));
    }
    GGEN_ASSERT(!again.next()->has_value());
    return 0;
}
