#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/core.h>
#include <utility>

#include "api/core/acceptable.hpp"
#include "api/core/log_lines.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"
#include "engine/stored_states.hpp"

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

std::filesystem::path log_file(const std::filesystem::path& folder, const gen::GetLogParams& params) {
  auto path =
      folder / ("dag_id=" + params.dag_id) / ("run_id=" + params.dag_run_id) / ("task_id=" + params.task_id);
  if (params.map_index >= 0) path /= fmt::format("map_index={}", params.map_index);
  return path / fmt::format("attempt={}.log", params.try_number);
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

Result<Answer> get_log(Call& call, const gen::GetLogParams& params) {
  if (auto refused = not_acceptable(call, "application/x-ndjson")) return std::move(*refused);
  const auto from = offset_from(params.token);
  if (!from) return std::unexpected(from.error());
  const Attempt attempt = find_attempt(call, params);
  // A name with a slash would leave the folder; no DAG, run or task has one.
  const bool odd = (params.dag_id + params.dag_run_id + params.task_id).find('/') != std::string::npos;
  if (!attempt.exists || odd) return fail(ErrorCode::not_found, "TaskInstance not found");

  const std::filesystem::path path = log_file(call.api.config.logs_folder, params);
  LogLines log(path);
  std::uintmax_t next = 0;
  if (params.try_number == 0) {
    log.add_text(message_line("Task was not started yet: it has no logs."));
  } else {
    if (*from == 0) log.add_text(header_lines(path.string()));
    next = log.add_file(*from, params.full_content);
    if (next == 0 && attempt.finished)
      log.add_text(message_line(fmt::format("This attempt left no log ({}).", path.string())));
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
