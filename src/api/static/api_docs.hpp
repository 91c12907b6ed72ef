#pragma once

#include <string_view>

#include "http/message.hpp"

/// The description of the public REST API and two pages that show it, at the paths that Airflow has them.
/// Like Airflow's they are open to everybody: they are the same in every install.
namespace leoflow::api {

/// Where the scripts and styles of the pages are.
inline constexpr std::string_view kDocsFiles = "/docs/static/";

/// Whether this is the path of a page or of the description.
bool is_api_docs(std::string_view path);
/// @param path one of those.
http::Response api_docs(std::string_view path);

}  // namespace leoflow::api
