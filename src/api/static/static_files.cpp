#include "api/static/static_files.hpp"

#include <algorithm>

#include "api/static/api_docs.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "http/gzip.hpp"

namespace leoflow::api {

namespace {

constexpr std::size_t kLeastWorthCompressing = 1024;

std::string_view content_type_of(std::string_view name) {
  static const std::map<std::string_view, std::string_view> kTypes = {
      {"html", "text/html; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"json", "application/json"},
      {"png", "image/png"},
      {"svg", "image/svg+xml"},
      {"ico", "image/x-icon"},
      {"wasm", "application/wasm"},
      {"woff", "font/woff"},
      {"woff2", "font/woff2"},
      {"ttf", "font/ttf"},
      {"map", "application/json"}};
  const auto found = kTypes.find(name.substr(std::min(name.rfind('.') + 1, name.size())));
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Fills the page's template; preload hints with a bare ./assets would reach the
// page itself instead of the file.
std::string fill_page(std::string text, std::string_view assets) {
  replace_all(text, "{{ backend_server_base_url }}", "/");
  replace_all(text, "\"./assets/", "\"" + std::string(assets));
  return text;
}

// Names of the form "index-1ifPC3Lo.js" change with their content.
bool has_hashed_name(std::string_view relative) {
  return relative.starts_with("assets/");
}

bool is_safe(std::string_view relative) {
  if (relative.empty() || relative.front() == '/' || relative.find('\0') != std::string_view::npos)
    return false;
  const auto parts = split(relative, '/');
  return std::none_of(parts.begin(), parts.end(),
                      [](const std::string& part) { return part.empty() || part.front() == '.'; });
}

http::Response with_policy(http::Response response, const PageSources& also = {}) {
  response.headers.emplace_back("Content-Security-Policy", page_policy(also));
  return response;
}

http::Response json_error(std::string_view message) {
  http::Response response;
  response.status = 404;
  response.body = json::serialize(json::object{{"error", message}});
  return response;
}

}  // namespace

StaticFiles::StaticFiles(std::filesystem::path ui, std::filesystem::path login, std::filesystem::path docs,
                         bool shows_docs)
    : ui_(std::move(ui)), login_(std::move(login)), docs_(std::move(docs)), shows_docs_(shows_docs) {}

// Without the pages there still is the description, as in Airflow.
bool StaticFiles::is_docs(std::string_view path) const {
  return is_api_docs(path) && (shows_docs_ || path == "/openapi.json");
}

bool StaticFiles::is_ui_page(const http::Request& request) const {
  const std::string_view path = request.path;
  return path != "/health" && path != "/auth" && !is_docs(path) && !path.starts_with(kDocsFiles) &&
         !path.starts_with("/api/") && !path.starts_with("/static/") && !path.starts_with("/auth/");
}

http::Response StaticFiles::serve(const http::Request& request, const PageSources& also) {
  const std::string path = url_decode(request.path).value_or("/");
  const std::string_view view = path;
  if (request.method != "GET" && request.method != "HEAD") return http::method_not_allowed("GET, HEAD");
  if (view == "/health") {
    return json_error("Moved in Airflow 3. Please change config to check `/api/v2/monitor/health`");
  }
  if (view.starts_with("/api/v1"))
    return json_error(
        "/api/v1 has been removed in Airflow 3, please use its upgraded version /api/v2 instead.");
  if (view.starts_with("/api/")) return json_error("API route not found");
  if (view.starts_with("/static/")) return file_answer(request, ui_, view.substr(8));
  if (view.starts_with("/auth/static/")) return file_answer(request, login_, view.substr(13));
  if (view.starts_with(kDocsFiles)) return file_answer(request, docs_, view.substr(kDocsFiles.size()));
  if (is_docs(view)) return with_policy(api_docs(view));
  if (view == "/auth" || view.starts_with("/auth/")) return page_answer(request, login_, {});
  return page_answer(request, ui_, also);
}

StaticFiles::FilePointer StaticFiles::find(const std::filesystem::path& folder, std::string_view relative) {
  const std::string full = (folder / relative).string();
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = files_.find(full); known != files_.end()) return known->second;
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(full, ignored)) return nullptr;
  auto content = read_file(full);
  if (!content) return nullptr;
  if (relative == "index.html") {
    content = fill_page(std::move(*content), folder == login_ ? "./auth/static/assets/" : "./static/assets/");
  }
  auto file = std::make_shared<File>();
  file->content_type = content_type_of(relative);
  file->etag = "\"" + sha256_hex(*content).substr(0, 32) + "\"";
  if (content->size() >= kLeastWorthCompressing && http::is_compressible(file->content_type)) {
    file->gzipped = std::make_shared<const std::string>(http::gzip(*content, http::Effort::small));
  } else {
    file->plain = std::make_shared<const std::string>(std::move(*content));
  }
  const std::lock_guard lock(mutex_);
  return files_.emplace(full, file).first->second;
}

http::Response StaticFiles::file_answer(const http::Request& request, const std::filesystem::path& folder,
                                        std::string_view relative) {
  const FilePointer file = is_safe(relative) ? find(folder, relative) : nullptr;
  if (!file) return http::error_response(404, "Not Found");
  http::Response response;
  response.content_type = file->content_type;
  response.headers.emplace_back("ETag", file->etag);
  response.headers.emplace_back(
      "Cache-Control", has_hashed_name(relative) ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.header("if-none-match").find(file->etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  if (!file->gzipped) {
    response.shared_body = file->plain;
    return response;
  }
  http::set_gzipped(response, request, file->gzipped);
  return response;
}

http::Response StaticFiles::page_answer(const http::Request& request, const std::filesystem::path& folder,
                                        const PageSources& also) {
  http::Response response = file_answer(request, folder, "index.html");
  if (response.status == 404) {
    log::error("the web UI is not in {}", folder.string());
    return http::error_response(503, "The web UI is not installed");
  }
  return with_policy(std::move(response), also);
}

}  // namespace leoflow::api
