#include "netlab/router.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_map>
#include <utility>

#include "measure.hpp"
#include "sim/dice.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_packet_bytes_max = 65'535;
constexpr std::size_t k_ipv4_header_bytes = 20;
constexpr std::size_t k_ipv4_destination = 16;
/// Of all hosts together: what a window of every connection may hold at once is far below.
constexpr std::size_t k_waiting_bytes_max = std::size_t{256} << 20U;
constexpr std::int64_t k_late_ns = 1'000'000;
/// Reads of one device in a row, so that one host does not keep the others waiting.
constexpr int k_burst = 64;
constexpr std::uint64_t k_stop = ~std::uint64_t{0};
constexpr std::uint64_t k_timer = k_stop - 1;

}  // namespace

struct Router::Impl {
    struct Packet {
        std::int64_t due_ns;
        std::uint64_t number;  ///< equal times: first come, first served
        std::size_t to;
        std::vector<std::uint8_t> bytes;
    };
    struct IsLater {
        bool operator()(Packet const& a, Packet const& b) const {
            return a.due_ns != b.due_ns ? a.due_ns > b.due_ns : a.number > b.number;
        }
    };

    Lab const& lab;
    std::vector<std::int64_t> one_way_ns;
    std::uint32_t jitter_permille;
    std::uint64_t seed;
    posix::Fd poll{};
    posix::Fd timer{};
    posix::Fd stop{};
    std::unordered_map<std::uint32_t, std::size_t> by_address{};
    std::vector<std::int64_t> last_due_ns{};  ///< of each way
    std::priority_queue<Packet, std::vector<Packet>, IsLater> waiting{};
    std::size_t waiting_bytes = 0;
    Counters counters{};
    std::array<std::uint8_t, k_packet_bytes_max> buffer{};

    Result<void> open() {
        poll = posix::Fd{::epoll_create1(EPOLL_CLOEXEC)};
        timer = posix::Fd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
        stop = posix::Fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        if (!poll.is_open() || !timer.is_open() || !stop.is_open()) return posix::errno_error("opening a poll", "");
        RETURN_IF_ERROR(watch(timer.get(), k_timer));
        RETURN_IF_ERROR(watch(stop.get(), k_stop));
        for (std::size_t host = 0; host < lab.size(); ++host) {
            by_address.emplace(lab.address(host), host);
            RETURN_IF_ERROR(watch(lab.device(host), host));
        }
        last_due_ns.assign(one_way_ns.size(), 0);
        return ok();
    }

    Result<void> watch(int fd, std::uint64_t what) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = what;
        if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event) != 0) return posix::errno_error("watching a device", "");
        return ok();
    }

    void run() {
        sched_param const priority{.sched_priority = 1};
        (void)::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &priority);
        std::array<epoll_event, 128> events{};
        while (true) {
            auto const count = ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                auto const what = events[static_cast<std::size_t>(i)].data.u64;
                if (what == k_stop) return;
                if (what != k_timer) take_from(static_cast<std::size_t>(what));
            }
            send_due();
            set_timer();
        }
    }

    void take_from(std::size_t from) {
        for (int i = 0; i < k_burst; ++i) {
            auto const size = ::read(lab.device(from), buffer.data(), buffer.size());
            if (size <= 0) return;
            take(from, {buffer.data(), buffer.data() + size});
        }
    }

    void take(std::size_t from, std::vector<std::uint8_t> bytes) {
        constexpr unsigned k_version_shift = 4;
        bool const is_ipv4 = bytes.size() >= k_ipv4_header_bytes && bytes[0] >> k_version_shift == 4;
        std::uint32_t address = 0;
        for (std::size_t i = 0; is_ipv4 && i < 4; ++i) address = address << 8U | bytes[k_ipv4_destination + i];
        auto const to = by_address.find(address);
        if (!is_ipv4 || to == by_address.end() || waiting_bytes + bytes.size() > k_waiting_bytes_max) {
            ++counters.lost;
            return;
        }
        auto const way = from * lab.size() + to->second;
        auto const most = static_cast<std::uint64_t>(one_way_ns[way]) * jitter_permille / 1'000;
        auto const jitter = static_cast<std::int64_t>(sim::scale(sim::mix(seed, way, counters.packets), most + 1));
        auto const due = std::max(static_cast<std::int64_t>(now_ns()) + one_way_ns[way] + jitter, last_due_ns[way]);
        last_due_ns[way] = due;
        ++counters.packets;
        counters.bytes += bytes.size();
        waiting_bytes += bytes.size();
        waiting.push({due, counters.packets, to->second, std::move(bytes)});
    }

    void send_due() {
        auto const now = static_cast<std::int64_t>(now_ns());
        while (!waiting.empty() && waiting.top().due_ns <= now) {
            auto const& packet = waiting.top();
            auto const late = static_cast<std::int64_t>(now_ns()) - packet.due_ns;
            counters.most_late_ns = std::max(counters.most_late_ns, late);
            if (late > k_late_ns) ++counters.late;
            // A device that takes no more loses the packet, as any full queue does.
            auto const written = ::write(lab.device(packet.to), packet.bytes.data(), packet.bytes.size());
            if (written < 0) ++counters.lost;
            waiting_bytes -= packet.bytes.size();
            waiting.pop();
        }
    }

    void set_timer() const {
        constexpr std::int64_t k_second_ns = 1'000'000'000;
        itimerspec when{};
        if (!waiting.empty()) {
            when.it_value.tv_sec = waiting.top().due_ns / k_second_ns;
            when.it_value.tv_nsec = waiting.top().due_ns % k_second_ns;
        }
        (void)::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &when, nullptr);
    }
};

Router::Router(std::unique_ptr<Impl> impl) : impl_(std::move(impl)), thread_([this] { impl_->run(); }) {}

Router::~Router() { (void)stop(); }

Result<std::unique_ptr<Router>> Router::start(Lab const& lab, std::vector<std::int64_t> one_way_ns,
                                              std::uint32_t jitter_permille, std::uint64_t seed) {
    auto impl = std::make_unique<Impl>(Impl{lab, std::move(one_way_ns), jitter_permille, seed});
    RETURN_IF_ERROR(impl->open());
    return std::unique_ptr<Router>{new Router{std::move(impl)}};
}

Router::Counters Router::stop() {
    if (thread_.joinable()) {
        std::uint64_t const one = 1;
        (void)!::write(impl_->stop.get(), &one, sizeof one);
        thread_.join();
    }
    return impl_->counters;
}

}  // namespace ggen::bench
