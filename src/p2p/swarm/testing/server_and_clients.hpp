#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "p2p/swarm/testing/script_protocol.hpp"
#include "p2p/swarm/testing/virtual_net.hpp"

namespace ggen::p2p::testing {

/// A server, which a test adds, and as many clients as it wants, each with a protocol of its own.
class ServerAndClients : public ::testing::Test {
protected:
    struct Client {
        VirtualNet::Node* node = nullptr;
        std::unique_ptr<ScriptProtocol> protocol{};
    };

    Client& client(std::string const& address) {
        auto& node = net_.add(address);
        auto& added = *clients_.emplace_back(std::make_unique<Client>(
            Client{&node, std::make_unique<ScriptProtocol>(std::vector<std::string>{"/c/1"})}));
        node.swarm->add_protocol(*added.protocol, net_.now);
        return added;
    }
    /// Asks for a connection without a stream, and waits for what becomes of it.
    void dial(Client& from) {
        from.protocol->say(ConnectPeer{server_->id, {server_->address}});
        net_.settle(*from.node);
        net_.run_for(std::chrono::seconds{2});
    }

    VirtualNet net_{std::chrono::milliseconds{20}};
    VirtualNet::Node* server_ = nullptr;
    std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace ggen::p2p::testing
