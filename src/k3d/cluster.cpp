#include "k3d/cluster.hpp"

#include "base/json.hpp"
#include "base/process.hpp"

namespace leoflow::k3d {

Result<bool> Cluster::exists() const {
  const auto told = run_or_fail({"k3d", "cluster", "list", "--output", "json"});
  if (!told) return std::unexpected(told.error());
  const auto clusters = parse_json(*told);
  if (!clusters || !clusters->is_array())
    return fail(ErrorCode::unavailable, "`k3d cluster list --output json` does not answer with a list");
  for (const json::value& cluster : clusters->get_array()) {
    if (get_text(cluster, "name") == name_) return true;
  }
  return false;
}

Result<void> Cluster::create(const Lines& on_line) const {
  return have_run({"k3d", "cluster", "create", name_, "--servers", "1", "--no-lb", "--wait", "--timeout",
                   "180s", "--kubeconfig-update-default=false", "--k3s-arg",
                   "--disable=traefik,servicelb,metrics-server@server:*"},
                  on_line);
}

Result<void> Cluster::remove(const Lines& on_line) const {
  return have_run({"k3d", "cluster", "delete", name_}, on_line);
}

Result<void> Cluster::import_image(const std::string& image, const Lines& on_line) const {
  return have_run({"k3d", "image", "import", "--cluster", name_, image}, on_line);
}

Result<std::string> Cluster::kubeconfig() const {
  return run_or_fail({"k3d", "kubeconfig", "get", name_});
}

Result<kube::Access> Cluster::access() const {
  const auto text = kubeconfig();
  if (!text) return std::unexpected(text.error());
  return kube::read_kubeconfig(*text, "");
}

}  // namespace leoflow::k3d
