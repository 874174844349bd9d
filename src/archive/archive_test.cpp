#include "archive/archive.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

TEST(ArchiveTest, WhatIsEncodedDecodesToTheSameFiles) {
    std::vector<ArchiveFile> files{{"b/run.sh", true, to_bytes("#!/bin/sh\n")}, {"a.txt", false, {}}};

    auto const encoded = encode_archive("pack-1.0.0", files);

    ASSERT_TRUE(encoded) << encoded.error().context;
    auto const decoded = decode_archive(encoded->packed);
    ASSERT_TRUE(decoded) << decoded.error().context;
    EXPECT_EQ(decoded->top_directory, "pack-1.0.0");
    ASSERT_EQ(decoded->files.size(), 2U);
    EXPECT_EQ(decoded->files[1].path, "b/run.sh");
    EXPECT_TRUE(decoded->files[1].executable);
    EXPECT_EQ(as_text(decoded->files[1].content), "#!/bin/sh\n");
    EXPECT_EQ(decoded->tree, encoded->tree);
}

}  // namespace
}  // namespace ggen
