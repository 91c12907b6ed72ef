#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/core.h>
#include <mutex>

#include "base/text.hpp"

namespace leoflow::http {

namespace {

CURL* new_handle() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return curl_easy_init();
}

/// Whatever the environment says of proxies: they do not reach servers of this host, nor those that a cloud
/// has at each host for its credentials.
bool is_this_host(std::string_view url) {
  for (const std::string_view host : {"://127.", "://localhost", "://[::1]", "://169.254.",
                                      "://[fd00:ec2::", "://metadata.google.internal"}) {
    if (url.find(host) != std::string_view::npos) return true;
  }
  return false;
}

/// A header list of libcurl's.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }
  void add(std::string_view name, std::string_view value) {
    list_ = curl_slist_append(list_, fmt::format("{}: {}", name, value).c_str());
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

}  // namespace

/// One request on its way.
struct Client::Transfer {
  std::string_view body{};
  std::string_view content_type{};
  const ClientHeaders* headers = nullptr;  ///< besides the client's own
  std::chrono::seconds silence{0};         ///< 0: the limit of the whole request counts
  const std::function<bool(std::string_view)>* on_part = nullptr;
  const std::atomic<bool>* stopped = nullptr;
  CURL* curl = nullptr;
  bool is_ended = false;  ///< by on_part
  ClientResponse response{};

  static std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view part(data, size * count);
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer.on_part == nullptr || status >= 300) {
      transfer.response.body += part;
      return part.size();
    }
    transfer.is_ended = !(*transfer.on_part)(part);
    return transfer.is_ended ? CURL_WRITEFUNC_ERROR : part.size();
  }

  static std::size_t take_header(const char* data, std::size_t size, std::size_t count, void* self) {
    auto& headers = static_cast<Transfer*>(self)->response.headers;
    const std::string_view line(data, size * count);
    // Of an answer that announces another one nothing is kept.
    if (line.starts_with("HTTP/")) headers.clear();
    const auto colon = line.find(':');
    if (colon != std::string_view::npos)
      headers.emplace_back(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    return line.size();
  }

  static int look_for_stop(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(self)->stopped->load() ? 1 : 0;
  }
};

std::string_view ClientResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

Client::Client(std::string base_url, ClientOptions options)
    : base_url_(std::move(base_url)), options_(std::move(options)), curl_(new_handle()) {}

Client::~Client() {
  if (curl_ != nullptr) curl_easy_cleanup(curl_);
}

Client::Client(Client&& other) noexcept
    : base_url_(std::move(other.base_url_)),
      options_(std::move(other.options_)),
      token_(std::move(other.token_)),
      headers_(std::move(other.headers_)),
      curl_(std::exchange(other.curl_, nullptr)),
      stopped_(std::move(other.stopped_)) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(base_url_, other.base_url_);
  std::swap(options_, other.options_);
  std::swap(token_, other.token_);
  std::swap(headers_, other.headers_);
  std::swap(curl_, other.curl_);
  std::swap(stopped_, other.stopped_);
  return *this;
}

Result<ClientResponse> Client::send(std::string_view method, std::string_view target, std::string_view body,
                                    std::string_view content_type) {
  Transfer transfer{.body = body, .content_type = content_type, .silence = options_.silence};
  return perform(transfer, method, target);
}

Result<ClientResponse> Client::send(std::string_view method, std::string_view target, std::string_view body,
                                    const ClientHeaders& headers) {
  Transfer transfer{.body = body, .headers = &headers, .silence = options_.silence};
  return perform(transfer, method, target);
}

Result<ClientResponse> Client::stream(std::string_view target, std::chrono::seconds silence,
                                      const std::function<bool(std::string_view)>& on_part) {
  Transfer transfer{.silence = silence, .on_part = &on_part};
  return perform(transfer, "GET", target);
}

Result<ClientResponse> Client::perform(Transfer& transfer, std::string_view method, std::string_view target) {
  transfer.stopped = stopped_.get();
  transfer.curl = curl_;
  // What was set for the last request is forgotten; its connection stays.
  curl_easy_reset(curl_);
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(curl_, option, value); };
  const std::string url = base_url_ + std::string(target);
  const std::string verb(method);
  char problem[CURL_ERROR_SIZE] = "";
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_CUSTOMREQUEST, verb.c_str());
  if (method == "HEAD") set(CURLOPT_NOBODY, 1L);
  set(CURLOPT_ERRORBUFFER, problem);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  // libcurl closes a connection on which a request took too long only if no other shares it: one of HTTP/2,
  // whose server has gone without a word, would be asked again and again.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (is_this_host(base_url_)) set(CURLOPT_PROXY, "");
  const auto set_pem = [&set](CURLoption option, std::string& pem) {
    curl_blob blob{pem.data(), pem.size(), CURL_BLOB_NOCOPY};
    if (!pem.empty()) set(option, &blob);
  };
  set_pem(CURLOPT_CAINFO_BLOB, options_.ca);
  set_pem(CURLOPT_SSLCERT_BLOB, options_.certificate);
  set_pem(CURLOPT_SSLKEY_BLOB, options_.key);
  if (transfer.silence.count() > 0) {
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.limit.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(transfer.silence.count()));
  } else {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.limit.count()));
  }
  HeaderList headers;
  for (const auto& [name, value] : headers_) headers.add(name, value);
  if (transfer.headers != nullptr) {
    for (const auto& [name, value] : *transfer.headers) headers.add(name, value);
  }
  if (!token_.empty()) headers.add("Authorization", "Bearer " + token_);
  if (!transfer.body.empty()) {
    if (transfer.headers == nullptr) headers.add("Content-Type", transfer.content_type);
    headers.add("Expect", "");  // or libcurl waits for leave to send it
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body.size()));
    set(CURLOPT_POSTFIELDS, transfer.body.data());
  }
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_WRITEFUNCTION, Transfer::take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, Transfer::take_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_XFERINFOFUNCTION, Transfer::look_for_stop);
  set(CURLOPT_XFERINFODATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);

  const CURLcode code = curl_easy_perform(curl_);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
    return fail(ErrorCode::invalid, fmt::format("'{}' is not an http:// or https:// URL", base_url_));
  if (code != CURLE_OK && !transfer.is_ended) {
    return fail(ErrorCode::unavailable, fmt::format("{} does not answer: {}", base_url_,
                                                    problem[0] != '\0' ? problem : curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

}  // namespace leoflow::http
