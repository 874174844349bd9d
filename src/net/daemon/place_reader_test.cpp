// Further places of a blob: what a slow one may cost, and what is told after the end.
#include "net/daemon/place_reader.hpp"

#include <gtest/gtest.h>

#include <future>

namespace ggen::p2p {
namespace {

/// A web server that has begun to answer and says no more until it is let go.
class StuckSource final : public RegistrySource {
public:
    StuckSource(std::promise<void>& asked, std::shared_future<void> go_on) : asked_(asked), go_on_(std::move(go_on)) {}
    Result<Bytes> read(std::string const& path, std::uint64_t /*bytes_max*/) override {
        return Error{Errc::not_found, path};
    }
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t /*bytes_max*/) override {
        return Error{Errc::not_found, digest.hex()};
    }
    Result<void> stream_blob(Digest const& /*digest*/, std::uint64_t /*from*/, std::uint64_t /*bytes_max*/,
                             TakeBytes const& take) override {
        asked_.set_value();
        go_on_.wait();
        return take(Bytes(4, 7));
    }
    [[nodiscard]] std::string describe() const override { return "stuck"; }

private:
    std::promise<void>& asked_;
    std::shared_future<void> go_on_;
};

class StuckOpener final : public SourceOpener {
public:
    Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override {
        if (location == "nowhere") return Error{Errc::unavailable, location};
        return std::unique_ptr<RegistrySource>{std::make_unique<StuckSource>(asked, go_on.get_future().share())};
    }
    std::promise<void> asked;
    std::promise<void> go_on;
};

TEST(PlaceReaderTest, AServerThatIsSlowDelaysNobodyWhoHasTheBlobAlready) {
    StuckOpener opener;
    EndedReaders ended;
    bool is_told = false;
    auto reader = std::make_shared<PlaceReader>(opener, std::vector<std::string>{"nowhere", "https://slow.example"},
                                                BlobRef{sha256(as_bytes("blob")), 4});
    ASSERT_EQ(reader->places().size(), 1U);
    EXPECT_FALSE(reader->places().front().is_near);
    reader->read({1, 1, 0, 0, 4}, [&](BlobRead const&, Result<Bytes> const&) { is_told = true; });
    opener.asked.get_future().wait();
    ended.add(std::move(reader));  // Comes back while the server still says nothing.
    EXPECT_EQ(ended.size(), 1U);
    opener.go_on.set_value();
    // The next one lets go of it as soon as it has come to rest.
    while (ended.size() != 0) {
        ended.add(std::make_shared<PlaceReader>(opener, std::vector<std::string>{}, BlobRef{}));
        std::this_thread::yield();
    }
    EXPECT_FALSE(is_told);
}

TEST(PlaceReaderTest, GivesThePartThatWasAskedFor) {
    StuckOpener opener;
    opener.go_on.set_value();
    std::promise<Result<Bytes>> told;
    PlaceReader reader{opener, {"/folder"}, BlobRef{sha256(as_bytes("blob")), 4}};
    EXPECT_TRUE(reader.places().front().is_near);
    reader.read({1, 1, 0, 0, 3}, [&](BlobRead const&, Result<Bytes> bytes) { told.set_value(std::move(bytes)); });
    auto const bytes = told.get_future().get();
    ASSERT_TRUE(bytes) << bytes.error().context;
    EXPECT_EQ(*bytes, Bytes(3, 7));
}

}  // namespace
}  // namespace ggen::p2p
