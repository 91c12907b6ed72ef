#pragma once

#include <utility>

#include "agentrpc/session.hpp"

namespace leoflow::agentrpc {

/// Tells an agent that it may go, as soon as all that it has to tell is kept.
inline void let_go(AgentSession& agent) {
  ServerMessage message;
  message.mutable_shutdown();
  agent.send(std::move(message));
}

}  // namespace leoflow::agentrpc
