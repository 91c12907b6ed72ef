#pragma once

#include <future>
#include <memory>

#include "engine/engine.hpp"

namespace leoflow::engine {

template <typename T>
Result<T> Engine::call(std::function<Result<T>(Deciding&)> decide,
                       std::function<void(store::Session&)> record) {
  struct State {
    std::promise<Result<T>> promise;
    Result<T> answer = fail(ErrorCode::unavailable, "the engine is stopping; try again");
    ~State() { promise.set_value(std::move(answer)); }  // also when the item is dropped
  };
  auto state = std::make_shared<State>();
  auto future = state->promise.get_future();
  Item item;
  item.decide = [state, decide = std::move(decide)](Deciding& d) { state->answer = decide(d); };
  if (record) {
    item.record = [state, record = std::move(record)](store::Session& session) {
      if (state->answer) record(session);
    };
  }
  item.refused = [state] {
    state->answer = fail(ErrorCode::unavailable, "the write failed; the server's log says why");
  };
  item.done = [state = std::move(state)] {};
  post(std::move(item));
  return future.get();
}

}  // namespace leoflow::engine
