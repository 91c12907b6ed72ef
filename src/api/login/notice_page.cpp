#include "api/login/notice_page.hpp"

#include <fmt/format.h>

namespace leoflow::api {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>{0}</title>
    <style>
      :root {{ color-scheme: light dark; font-family: system-ui, sans-serif }}
      main {{ max-width: 32rem; margin: 20vh auto; padding: 0 1rem; line-height: 1.5 }}
    </style>
  </head>
  <body>
    <main>
      <h1>{0}</h1>
      <p>{1}</p>
      <p><a href="{2}">{3}</a></p>
    </main>
  </body>
</html>
)";

}  // namespace

Answer notice_page(int status, std::string_view title, std::string_view text, const Link& link) {
  Answer answer;
  answer.status = status;
  answer.content_type = "text/html; charset=utf-8";
  answer.body = fmt::format(kPage, escaped(title), escaped(text), escaped(link.target), escaped(link.text));
  answer.headers.emplace_back("Content-Security-Policy",
                              "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

}  // namespace leoflow::api
