#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/static/page_policy.hpp"
#include "http/message.hpp"

namespace leoflow::api {

/// The web UI and the login page, as the wheel has them, and the pages of the API's description. Files are
/// read and compressed at their first use; only the compressed form is kept. Thread safe.
class StaticFiles {
 public:
  /// @param ui     airflow/ui/dist; served under /static and as the page of every other path.
  /// @param login  the login page's dist; served under /auth.
  /// @param docs   the scripts of the pages that show the API's description; served under /docs/static.
  /// @param shows_docs  whether there are these pages.
  StaticFiles(std::filesystem::path ui, std::filesystem::path login, std::filesystem::path docs,
              bool shows_docs);

  /// Whether serve() would answer with the UI's page (rather than a file, the login page or an error).
  bool is_ui_page(const http::Request& request) const;
  /// Every path that is no API route: files, the pages, or Airflow's 404s.
  /// @param also  what the UI's page may show of other hosts.
  http::Response serve(const http::Request& request, const PageSources& also);

 private:
  struct File {
    std::string content_type;
    std::string etag;
    std::shared_ptr<const std::string> plain;    ///< null if the compressed form is kept
    std::shared_ptr<const std::string> gzipped;  ///< null if not worth it
  };
  using FilePointer = std::shared_ptr<const File>;

  bool is_docs(std::string_view path) const;
  http::Response file_answer(const http::Request& request, const std::filesystem::path& folder,
                             std::string_view relative);
  http::Response page_answer(const http::Request& request, const std::filesystem::path& folder,
                             const PageSources& also);
  FilePointer find(const std::filesystem::path& folder, std::string_view relative);

  const std::filesystem::path ui_;
  const std::filesystem::path login_;
  const std::filesystem::path docs_;
  const bool shows_docs_;
  std::mutex mutex_;
  std::map<std::string, FilePointer, std::less<>> files_;  // protected by mutex_
};

}  // namespace leoflow::api
