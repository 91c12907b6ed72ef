#pragma once

#include <future>
#include <memory>

#include "engine/engine.hpp"

namespace leoflow::engine {

/// What somebody waits for until the engine has stored it.
template <typename T>
struct Awaited {
  std::promise<Result<T>> promise;
  Result<T> answer = fail(ErrorCode::unavailable, "the engine does not run here now; try again");
  ~Awaited() { promise.set_value(std::move(answer)); }  // also when the item is dropped
};

template <typename T>
Result<T> Engine::call(std::function<Result<T>(Deciding&)> decide,
                       std::function<void(store::Session&)> record) {
  auto state = std::make_shared<Awaited<T>>();
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
