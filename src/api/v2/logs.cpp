#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/core.h>
#include <utility>

#include "api/core/acceptable.hpp"
#include "api/core/copied_log.hpp"
#include "api/core/log_file.hpp"
#include "api/core/log_lines.hpp"
#include "api/core/stored_log.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"
#include "engine/stored_states.hpp"
#include "redis/shared_logs.hpp"
#include "tasks/log_path.hpp"

namespace leoflow::api {

namespace {

constexpr std::uintmax_t kLargestWhole = 256 * 1024;  // bytes

struct Attempt {
  bool exists = false;
  bool finished = false;
};

Attempt find_attempt(Call& call, const gen::GetLogParams& params) {
  const auto rows = call.query(
      "SELECT try_number, state FROM task_instance "
      "WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4",
      {params.dag_id, params.dag_run_id, params.task_id, params.map_index});
  if (rows.empty()) return {};
  const dag::TaskState state = engine::stored_task_state(rows[0], 1);
  // As in Airflow the log of a task that awaits an answer does not go on.
  const bool is_over = dag::is_finished(state) || state == dag::TaskState::up_for_retry ||
                       state == dag::TaskState::awaiting_input;
  // A try that has not begun is none; 0 asks for what was not started.
  if (params.try_number > rows[0].integer(0)) return {};
  return {true, params.try_number < rows[0].integer(0) || is_over};
}

/// Below a folder, or in a store: Airflow's layout.
std::string log_name(const gen::GetLogParams& params) {
  return tasks::relative_log_path(params.dag_id, params.dag_run_id, params.task_id,
                                  static_cast<int>(params.map_index), static_cast<int>(params.try_number));
}

struct FoundLog {
  std::shared_ptr<LogSource> source;
  std::string place;    ///< a path or a URL
  std::string trouble;  ///< why it cannot be read; "" if it can
  bool is_there = true;
};

/// Where a log stays in the end: a path or a URL.
std::string place_of(Call& call, const std::string& name) {
  const auto& store = call.api.around.log_store;
  return store ? store->url(name) : (call.api.config.logs_folder / name).string();
}

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

/// What another replica, which leads, has copied into Redis of a log that goes on.
std::optional<FoundLog> find_copied(Call& call, const gen::GetLogParams& params, std::uintmax_t from) {
  const Surroundings& around = call.api.around;
  if (!around.redis || around.leads()) return std::nullopt;
  const std::string name = log_name(params);
  auto text = redis::SharedLogs(around.redis).read(name, from);
  if (!text) return std::nullopt;
  return FoundLog{.source = std::make_shared<CopiedLog>(from, std::move(*text)),
                  .place = place_of(call, name)};
}

/// What this process can read of a log.
FoundLog find_log(Call& call, const gen::GetLogParams& params) {
  const std::string name = log_name(params);
  const std::filesystem::path kept = call.api.config.logs_folder / name;
  const auto in_file = [](const std::filesystem::path& path) {
    return FoundLog{
        .source = std::make_shared<LogFile>(path), .place = path.string(), .is_there = is_file(path)};
  };
  objects::ObjectStore* store = call.api.around.log_store.get();
  if (store == nullptr) return in_file(kept);
  const std::filesystem::path spooled = call.api.config.spool_folder / name;
  FoundLog out{.source = std::make_shared<LogFile>(spooled), .place = place_of(call, name)};
  // Only of the leader is it all that there is.
  if (call.api.around.leads() && is_file(spooled)) return out;
  auto stored = StoredLog::open(*store, name);
  if (stored) {
    out.source = std::move(*stored);
    return out;
  }
  // From before logs were stored.
  if (is_file(kept)) return in_file(kept);
  out.is_there = false;
  if (stored.error().code != ErrorCode::not_found) out.trouble = stored.error().message;
  return out;
}

// The records that every log begins with; the UI folds what is between them.
std::string header_lines(const std::string& source) {
  return message_line("::group::Log message source details") + message_line(source) +
         message_line("::endgroup::");
}

http::Stream as_lines(LogLines log) {
  return [log = std::move(log)]() mutable -> std::optional<http::Part> {
    std::optional<std::string> lines = log.next();
    if (!lines) return std::nullopt;
    return http::Part{std::move(*lines)};
  };
}

/// {"content": [the lines], "continuation_token": token}
http::Stream as_document(LogLines log, const std::optional<std::string>& token) {
  std::string end =
      "],\"continuation_token\":" + (token ? json::serialize(json::value(*token)) : "null") + "}";
  return [log = std::move(log), before = std::string("{\"content\":["), end = std::move(end),
          is_over = false]() mutable -> std::optional<http::Part> {
    if (is_over) return std::nullopt;
    std::optional<std::string> lines = log.next();
    if (!lines) {
      is_over = true;
      return http::Part{before == "," ? end : before + end};
    }
    if (lines->empty()) return http::Part{};
    std::ranges::replace(*lines, '\n', ',');
    lines->pop_back();
    lines->insert(0, std::exchange(before, ","));
    return http::Part{std::move(*lines)};
  };
}

// Not worth sending in parts, which have no length that tells how much is to come.
void make_whole(Answer& answer) {
  while (const auto part = answer.stream()) answer.body += part->text;
  answer.stream = nullptr;
}

Result<std::uintmax_t> offset_from(const std::optional<std::string>& token) {
  if (!token || token->empty()) return 0;
  const auto text = from_base64(*token);
  std::uintmax_t offset = 0;
  if (!text || !text->starts_with("l:") ||
      std::from_chars(text->data() + 2, text->data() + text->size(), offset).ec != std::errc{}) {
    return fail(ErrorCode::invalid, "Bad Signature. Please use only the tokens provided by the API.");
  }
  return offset;
}

/// @returns where the lines of the next time begin.
std::uintmax_t add_log(LogLines& log, const FoundLog& found, std::uintmax_t from, bool full) {
  std::string trouble = found.trouble;
  if (trouble.empty()) {
    try {
      return log.add_log(from, full);
    } catch (const LogUnreadable& error) {
      trouble = error.what();
    }
  }
  log.add_text(message_line(fmt::format("This log cannot be read now: {}", trouble)));
  return from;
}

Result<Answer> get_log(Call& call, const gen::GetLogParams& params) {
  if (auto refused = not_acceptable(call, "application/x-ndjson")) return std::move(*refused);
  const auto from = offset_from(params.token);
  if (!from) return std::unexpected(from.error());
  const Attempt attempt = find_attempt(call, params);
  // A name with a slash would leave the folder; no DAG, run or task has one.
  const bool odd = (params.dag_id + params.dag_run_id + params.task_id).find('/') != std::string::npos;
  if (!attempt.exists || odd) return fail(ErrorCode::not_found, "TaskInstance not found");

  // Of what runs, the leader has most.
  const bool goes_on = !attempt.finished && params.try_number > 0;
  auto copied = goes_on ? find_copied(call, params, *from) : std::nullopt;
  if (!copied && (goes_on || call.api.around.log_store == nullptr)) {
    if (auto answer = call.api.around.leader(call.request)) return std::move(*answer);
  }
  const FoundLog found = copied ? std::move(*copied) : find_log(call, params);
  // Its end may still be with the leader.
  if (!found.is_there && params.try_number > 0) {
    if (auto answer = call.api.around.leader(call.request)) return std::move(*answer);
  }
  LogLines log(found.source);
  std::uintmax_t next = 0;
  if (params.try_number == 0) {
    log.add_text(message_line("Task was not started yet: it has no logs."));
  } else {
    if (*from == 0) log.add_text(header_lines(found.place));
    next = add_log(log, found, *from, params.full_content);
    if (next == 0 && attempt.finished && found.trouble.empty())
      log.add_text(message_line(fmt::format("This attempt left no log ({}).", found.place)));
  }
  std::optional<std::string> token;
  if (!attempt.finished) token = to_base64_url(fmt::format("l:{}", next));

  Answer answer;
  const bool is_small = log.size() <= kLargestWhole;
  if (call.request.header("accept").starts_with("application/x-ndjson")) {
    answer.content_type = "application/x-ndjson";
    if (token) answer.headers.emplace_back("Airflow-Continuation-Token", *token);
    answer.stream = as_lines(std::move(log));
  } else {
    answer.stream = as_document(std::move(log), token);
  }
  if (is_small) make_whole(answer);
  return answer;
}

Result<Answer> get_external_log_url(Call&, const gen::GetExternalLogUrlParams&) {
  return fail(ErrorCode::invalid, "Task log handler does not support external logs.");
}

}  // namespace

void bind_logs(Registry& registry) {
  registry.bind<op::get_log>(get_log);
  registry.bind<op::get_external_log_url>(get_external_log_url);
}

}  // namespace leoflow::api
