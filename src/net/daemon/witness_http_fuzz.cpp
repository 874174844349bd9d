// Requests of strangers, whole and cut: the same answer either way, and always one of HTTP's.
#include <cstdint>

#include "base/testing/fakes.hpp"
#include "base/testing/temp_dir.hpp"
#include "net/daemon/witness_http.hpp"

namespace ggen::p2p {
namespace {

struct Place {
    testing::TempDir dir;
    testing::FakeClock clock;
    testing::SeededRandom random{1};
    Witness witness{dir.files(), clock, dir / "",
                    merkle::SignerKey::create("w", Ed25519PrivateKey::generate(random),
                                              merkle::KeyType::cosignature_ed25519)
                        .value()};
};

std::string ask(Witness& witness, std::string_view request, std::size_t step) {
    WitnessHttp http{witness};
    for (std::size_t at = 0; at < request.size(); at += step) {
        if (auto answer = http.feed(request.substr(at, step)); !answer.empty()) return answer;
    }
    return {};
}

void look(std::string_view request) {
    static Place place;
    auto const whole = ask(place.witness, request, request.size() + 1);
    GGEN_ASSERT(whole.empty() || whole.starts_with("HTTP/1.1 "));
    GGEN_ASSERT(!whole.starts_with("HTTP/1.1 200"));  // It follows no log.
    // A head that is wrong may be told when it is whole; a limit may be met by one piece that another cut had answered.
    auto const cut = ask(place.witness, request, 3);
    bool const is_told = !whole.empty() && !cut.empty();
    bool const is_over = whole.starts_with("HTTP/1.1 431") || cut.starts_with("HTTP/1.1 431");
    GGEN_ASSERT(!is_told || is_over || whole == cut);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::look(ggen::as_text({data, size}));
    return 0;
}
