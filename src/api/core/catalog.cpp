#include "api/core/catalog.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/turn.hpp"

namespace leoflow::api {

Result<json::array> Catalog::read(engine::Commands& commands, const std::string& list,
                                  const json::object& more) {
  std::promise<Told> promise;
  std::shared_future<Told> told;
  bool asks = false;
  {
    const std::lock_guard lock(mutex_);
    std::shared_future<Told>& known = told_[list];
    asks = !known.valid();
    if (asks) known = promise.get_future().share();
    told = known;
  }
  // Whoever comes meanwhile waits for the same answer, be it an error.
  if (asks) {
    Told answer = ask(commands, list, more);
    if (!answer) {
      const std::lock_guard lock(mutex_);
      told_.erase(list);
    }
    promise.set_value(std::move(answer));
  }
  using namespace std::chrono_literals;
  if (told.wait_for(0s) == std::future_status::ready) return told.get();
  const Turn turn(waiting_, 1s);
  if (turn.is_taken()) return told.get();
  return fail(ErrorCode::unavailable,
              fmt::format("too many wait for the {} of the installed packages at once; try again", list));
}

void Catalog::forget() {
  const std::lock_guard lock(mutex_);
  told_.clear();
}

Catalog::Told Catalog::ask(engine::Commands& commands, const std::string& list, const json::object& more) {
  json::object question{{"ask", "catalog"}, {"list", list}};
  question.insert(more.begin(), more.end());
  auto told = commands.ask_python(std::move(question));
  if (told && told->is_array()) return std::move(told->get_array());
  log::error("reading '{}' of the installed packages: {}", list, told ? "not a list" : told.error().message);
  return fail(
      ErrorCode::unavailable,
      fmt::format("the {} of the installed packages could not be read; the server's log says why", list));
}

}  // namespace leoflow::api
