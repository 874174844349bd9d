#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "store/package_store.hpp"

namespace ggen {
namespace {

using testing::FaultFileSystem;
using Broken = FaultFileSystem::Broken;

class PromisesTest : public ::testing::Test {
protected:
    Result<std::unique_ptr<PackageStore>> open() { return PackageStore::open(files_, clock_, dir_ / "store"); }

    testing::TempDir dir_;
    FaultFileSystem files_{dir_.files()};
    testing::FakeClock clock_;
};

TEST_F(PromisesTest, AStoreOnADiskThatKeepsThemIsMade) {
    ASSERT_TRUE(open());
    EXPECT_TRUE(dir_.files().list(dir_ / "store/tmp")->empty()) << "nothing is left of the trial";
}

TEST_F(PromisesTest, ADiskThatBreaksOneIsRefusedWithTheReasonAndIsNoStoreAfterwards) {
    struct Case {
        Broken promise;
        std::string reason;
    };
    for (auto const& [promise, reason] : std::vector<Case>{
             {Broken::no_replace_replaces, "replaced a directory"},
             {Broken::no_replace_is_unknown, "knows no rename that replaces nothing"},
             {Broken::rename_copies, "stands in two places"},
             {Broken::locks_do_nothing, "does not keep a second one away"},
         }) {
        files_.break_promise(promise);
        auto const store = open();
        ASSERT_FALSE(store) << reason;
        EXPECT_EQ(store.error().id, ErrorId::store_unsafe);
        EXPECT_NE(store.error().context.find(reason), std::string::npos) << store.error().context;
        EXPECT_FALSE(store.error().help.empty());
        EXPECT_FALSE(dir_.files().info(dir_ / "store/format")) << "the next try asks again";
    }
    files_.break_promise(Broken::nothing);
    EXPECT_TRUE(open());
}

}  // namespace
}  // namespace ggen
