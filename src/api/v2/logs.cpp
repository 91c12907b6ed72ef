#include <charconv>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>

#include "api/core/acceptable.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

/// A log up to this size is answered whole; of a longer one, the beginning and the end.
constexpr std::uintmax_t kMostShown = 16 * 1024 * 1024;

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
  const std::string state = rows[0].find_text(1).value_or("");
  const bool active = state.empty() || state == "scheduled" || state == "queued" || state == "running" ||
                      state == "deferred" || state == "restarting" || state == "up_for_reschedule";
  // A try that has not begun is none; 0 asks for what was not started.
  if (params.try_number > rows[0].integer(0)) return {};
  return {true, params.try_number < rows[0].integer(0) || !active};
}

std::filesystem::path log_file(const std::filesystem::path& folder, const gen::GetLogParams& params) {
  auto path =
      folder / ("dag_id=" + params.dag_id) / ("run_id=" + params.dag_run_id) / ("task_id=" + params.task_id);
  if (params.map_index >= 0) path /= fmt::format("map_index={}", params.map_index);
  return path / fmt::format("attempt={}.log", params.try_number);
}

std::string message_line(std::string_view event) {
  return json::serialize(json::object{{"event", event}}) + "\n";
}

// The records that every log begins with; the UI folds what is between them.
std::string header_lines(const std::string& source) {
  return message_line("::group::Log message source details") + message_line(source) +
         message_line("::endgroup::");
}

std::string read_part(std::ifstream& file, std::uintmax_t from, std::uintmax_t size) {
  std::string text(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(from));
  file.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

struct Content {
  std::string lines;
  std::uintmax_t next = 0;  ///< offset to go on from
};

/// Whole lines from `from` on. What is too long loses its middle, and says so.
Content read_log(const std::filesystem::path& path, std::uintmax_t from, bool full) {
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  const std::uintmax_t size = std::filesystem::file_size(path, ignored);
  if (!file || from >= size) return {"", from};
  if (full || size - from <= kMostShown) {
    std::string text = read_part(file, from, size - from);
    text.resize(text.rfind('\n') + 1);  // a line still being written waits for the next request
    return {text, from + text.size()};
  }
  std::string head = read_part(file, from, kMostShown / 2);
  head.resize(head.rfind('\n') + 1);
  std::string tail = read_part(file, size - kMostShown / 2, kMostShown / 2);
  tail.erase(0, tail.find('\n') + 1);
  tail.resize(tail.rfind('\n') + 1);
  const std::uintmax_t left_out = size - from - head.size() - tail.size();
  return {head +
              message_line(fmt::format(
                  "... {} bytes of this log are not shown here; download it to see all ...", left_out)) +
              tail,
          size};
}

// Lines that are not JSON objects (a cut-off write, another writer) are shown as they are.
std::string repaired(std::string lines) {
  std::string out;
  out.reserve(lines.size());
  std::string_view rest = lines;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) continue;
    if (line.front() == '{' && line.back() == '}' && is_valid_utf8(line)) {
      out.append(line) += '\n';
    } else {
      out += message_line(to_valid_utf8(line));
    }
  }
  return out;
}

Answer ndjson_answer(std::string lines, const std::optional<std::string>& token) {
  Answer answer;
  answer.content_type = "application/x-ndjson";
  answer.body = std::move(lines);
  if (token) answer.headers.emplace_back("Airflow-Continuation-Token", *token);
  return answer;
}

Answer json_answer(const std::string& lines, const std::optional<std::string>& token) {
  Answer answer;
  answer.body = "{\"content\":[";
  std::string_view rest = lines;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (answer.body.back() == '}') answer.body += ',';
    answer.body += rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  answer.body += "],\"continuation_token\":" + (token ? json::serialize(json::value(*token)) : "null") + "}";
  return answer;
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
  Content content;
  std::string lines;
  if (params.try_number == 0) {
    lines = message_line("Task was not started yet: it has no logs.");
  } else {
    content = read_log(path, *from, params.full_content);
    lines = *from == 0 ? header_lines(path.string()) : "";
    if (*from == 0 && content.next == 0 && attempt.finished) {
      lines += message_line(fmt::format("This attempt left no log ({}).", path.string()));
    }
    lines += repaired(std::move(content.lines));
  }
  std::optional<std::string> token;
  if (!attempt.finished) token = to_base64_url(fmt::format("l:{}", content.next));
  const bool as_lines = call.request.header("accept").starts_with("application/x-ndjson");
  return as_lines ? ndjson_answer(std::move(lines), token) : json_answer(lines, token);
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
