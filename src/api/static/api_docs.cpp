#include "api/static/api_docs.hpp"

#include "gen/operations.hpp"

namespace leoflow::api {
namespace {

constexpr std::string_view kSwagger = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Airflow API - Swagger UI</title>
    <link rel="icon" href="/docs/static/favicon.png">
    <link rel="stylesheet" href="/docs/static/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/static/swagger-ui-bundle.js"></script>
    <script>
      SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "none"})
    </script>
  </body>
</html>
)";

constexpr std::string_view kRedoc = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Airflow API - ReDoc</title>
    <link rel="icon" href="/docs/static/favicon.png">
    <style>body { margin: 0 }</style>
  </head>
  <body>
    <redoc spec-url="/openapi.json"></redoc>
    <script src="/docs/static/redoc.standalone.js"></script>
  </body>
</html>
)";

}  // namespace

bool is_api_docs(std::string_view path) {
  return path == "/docs" || path == "/redoc" || path == "/openapi.json";
}

http::Response api_docs(std::string_view path) {
  http::Response response;
  const bool is_page = path != "/openapi.json";
  response.content_type = is_page ? "text/html; charset=utf-8" : "application/json";
  response.body = !is_page ? gen::kOpenApi : path == "/docs" ? kSwagger : kRedoc;
  return response;
}

}  // namespace leoflow::api
