#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace leoflow::metrics {
namespace {

using std::chrono::milliseconds;

TEST(Metrics, BucketsAreCumulativeAndIncludeTheirBound) {
  Histogram histogram;
  EXPECT_TRUE(histogram.is_empty());
  histogram.observe(milliseconds(1));
  histogram.observe(milliseconds(2));
  histogram.observe(std::chrono::minutes(2));
  Page page;
  page.only("h_seconds", "histogram", "Help.", histogram);
  EXPECT_NE(page.text().find("h_seconds_bucket{le=\"0.0005\"} 0\nh_seconds_bucket{le=\"0.001\"} 1\n"
                             "h_seconds_bucket{le=\"0.0025\"} 2\n"),
            std::string::npos)
      << page.text();
  EXPECT_NE(page.text().find("h_seconds_bucket{le=\"30\"} 2\nh_seconds_bucket{le=\"+Inf\"} 3\n"
                             "h_seconds_sum 120.003\nh_seconds_count 3\n"),
            std::string::npos)
      << page.text();
}

TEST(Metrics, LabelsAreQuotedAsPrometheusReadsThem) {
  Page page;
  page.family("n_total", "counter", "Help.");
  page.sample(3, {{"pool", "a \"b\" \\ c\nd"}, {"state", "x"}});
  EXPECT_EQ(page.text(),
            "# HELP n_total Help.\n# TYPE n_total counter\n"
            "n_total{pool=\"a \\\"b\\\" \\\\ c\\nd\",state=\"x\"} 3\n");
}

}  // namespace
}  // namespace leoflow::metrics
