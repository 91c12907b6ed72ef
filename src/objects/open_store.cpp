#include "objects/open_store.hpp"

#include <fmt/format.h>

#include "objects/aws_credentials.hpp"
#include "objects/bucket.hpp"
#include "objects/encoded_path.hpp"
#include "objects/google_credentials.hpp"
#include "objects/split_url.hpp"

namespace leoflow::objects {
namespace {

struct Place {
  std::string bucket;
  std::string prefix;  ///< "prefix/", or "" for the whole bucket
  std::string name;    ///< the URL, without slashes at its end
};

std::string first_of(const Variables& variables, const char* one, const char* other) {
  std::string out = variables(one);
  return out.empty() ? variables(other) : out;
}

std::string without_slashes(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

Result<std::unique_ptr<ObjectStore>> open_s3(const Place& place, const Variables& variables,
                                             const Clock& clock) {
  std::string region = first_of(variables, "AWS_REGION", "AWS_DEFAULT_REGION");
  // As AWS's own tools.
  if (region.empty()) region = "us-east-1";
  auto credentials = AwsCredentials::find(variables, region, clock);
  if (!credentials) return std::unexpected(credentials.error());
  BucketOptions options{.name = place.name};
  std::string above;
  const std::string endpoint =
      without_slashes(first_of(variables, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"));
  if (!endpoint.empty()) {
    auto [server, folder] = split_url(endpoint);
    options.server = std::move(server);
    above = without_slashes(std::move(folder)) + "/" + place.bucket;
  } else if (place.bucket.find('.') != std::string::npos) {
    // The certificate of S3 is for names of one part before its own.
    options.server = fmt::format("https://s3.{}.{}", region, aws_domain(region));
    above = "/" + place.bucket;
  } else {
    options.server = fmt::format("https://{}.s3.{}.{}", place.bucket, region, aws_domain(region));
  }
  options.read = options.write = [above = above + "/", prefix = place.prefix](const std::string& key) {
    return above + encoded_path(prefix + key);
  };
  return std::make_unique<Bucket>(std::move(options),
                                  std::make_unique<AwsAuthorizer>(std::move(*credentials), region, clock));
}

Result<std::unique_ptr<ObjectStore>> open_gs(const Place& place, const Variables& variables,
                                             const Clock& clock) {
  // The JSON API. A name is one part of a path there, slashes and all.
  const auto target = [prefix = place.prefix](std::string before, std::string after) {
    return [=](const std::string& key) { return before + url_encode(prefix + key) + after; };
  };
  const std::string objects = "/storage/v1/b/" + url_encode(place.bucket) + "/o";
  BucketOptions options{.name = place.name,
                        .server = "https://storage.googleapis.com",
                        .read = target(objects + "/", "?alt=media"),
                        .write = target("/upload" + objects + "?uploadType=media&name=", ""),
                        .write_method = "POST"};
  // As Google's own clients: an emulator asks nobody who it is.
  if (std::string emulator = without_slashes(variables("STORAGE_EMULATOR_HOST")); !emulator.empty()) {
    options.server = emulator.find("://") == std::string::npos ? "http://" + emulator : emulator;
    return std::make_unique<Bucket>(std::move(options), nullptr);
  }
  auto authorizer = GoogleAuthorizer::find(variables, clock);
  if (!authorizer) return std::unexpected(authorizer.error());
  return std::make_unique<Bucket>(std::move(options), std::move(*authorizer));
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_store(const std::string& url, const Variables& variables,
                                                const Clock& clock) {
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = url.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  if (scheme != "s3" && scheme != "gs") {
    return fail(
        ErrorCode::invalid,
        fmt::format("'{}' is no place for objects: s3://bucket/prefix or gs://bucket/prefix is", url));
  }
  Place place{.name = without_slashes(url)};
  const std::string rest = place.name.substr(std::min(place.name.size(), scheme_end + 3));
  const std::size_t slash = rest.find('/');
  place.bucket = rest.substr(0, slash);
  if (slash != std::string::npos) place.prefix = rest.substr(slash + 1) + "/";
  if (place.bucket.empty()) return fail(ErrorCode::invalid, fmt::format("'{}' names no bucket", url));
  return scheme == "s3" ? open_s3(place, variables, clock) : open_gs(place, variables, clock);
}

}  // namespace leoflow::objects
