#include "market/mirrored_source.hpp"

#include <optional>
#include <utility>

namespace ggen::detail {
namespace {

/// Another place may do better.
bool may_try_next(Error const& error) { return error.code != Errc::cancelled && error.code != Errc::internal; }

/// Files that are asked for to learn whether they exist: that they do not is an answer.
bool may_be_missing(std::string const& path) { return path.starts_with("root/") || path == "popularity.tsv"; }

}  // namespace

MirroredSource::MirroredSource(std::vector<std::unique_ptr<RegistrySource>> places) : places_(std::move(places)) {
    GGEN_ASSERT(!places_.empty());
}

template <class Ask, class IsGood>
Result<Bytes> MirroredSource::ask_in_turn(Ask const& ask, IsGood const& is_good) {
    auto const first = first_.load(std::memory_order_relaxed);
    std::optional<Result<Bytes>> first_answer;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        auto const place = (first + i) % places_.size();
        auto answer = ask(*places_[place]);
        if (is_good(answer)) {
            if (i > 0 && first_answer && !*first_answer && may_try_next(first_answer->error())) {
                first_.store(place, std::memory_order_relaxed);
            }
            return answer;
        }
        if (!answer && answer.error().code == Errc::cancelled) return answer;
        if (!first_answer) first_answer = std::move(answer);
    }
    return *std::move(first_answer);
}

Result<Bytes> MirroredSource::read(std::string const& path, std::uint64_t bytes_max) {
    return ask_in_turn([&](RegistrySource& place) { return place.read(path, bytes_max); },
                       [&](Result<Bytes> const& answer) {
                           return answer || (answer.error().code == Errc::not_found && may_be_missing(path));
                       });
}

Result<Bytes> MirroredSource::read_blob(Digest const& digest, std::uint64_t bytes_max) {
    // With one place the reader's own check tells the difference; hashing twice would gain nothing.
    bool const is_alone = places_.size() == 1;
    return ask_in_turn([&](RegistrySource& place) { return place.read_blob(digest, bytes_max); },
                       [&](Result<Bytes> const& answer) { return answer && (is_alone || sha256(*answer) == digest); });
}

Result<void> MirroredSource::stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                                         TakeBytes const& take) {
    auto const first = first_.load(std::memory_order_relaxed);
    std::optional<Error> refused;  // By `take`: no other place would do better.
    auto const count = [&](BytesView piece) -> Result<void> {
        auto taken = take(piece);
        if (!taken) refused = taken.error();
        from += piece.size();
        return taken;
    };
    std::optional<Error> first_error;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        auto const place = (first + i) % places_.size();
        auto done = places_[place]->stream_blob(digest, from, bytes_max, count);
        if (done || refused || !may_try_next(done.error())) {
            if (done && i > 0) first_.store(place, std::memory_order_relaxed);
            return done;
        }
        if (!first_error) first_error = std::move(done).error();
    }
    return *std::move(first_error);
}

void MirroredSource::distrust() { first_.store((first_.load() + 1) % places_.size(), std::memory_order_relaxed); }

std::string MirroredSource::describe() const { return places_.front()->describe(); }

}  // namespace ggen::detail
