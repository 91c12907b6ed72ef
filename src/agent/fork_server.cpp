#include "agent/fork_server.hpp"

#include <algorithm>
#include <sys/socket.h>

namespace leoflow::agent {
namespace {
/// The clock of a file system is that coarse: a change this close to the import
/// may or may not have been seen by it.
constexpr std::int64_t kFileClockNs = 10'000'000;
}  // namespace

ForkServer::ForkServer(boost::asio::any_io_executor executor, Fd socket)
    : channel_(std::make_shared<Channel>(std::move(executor), std::move(socket))) {}

void ForkServer::start(Events events) {
  events_ = std::move(events);
  channel_->start({.on_message =
                       [weak = weak_from_this()](const json::value& message) {
                         if (const auto self = weak.lock()) self->on_message(message);
                       },
                   .on_closed =
                       [weak = weak_from_this()] {
                         if (const auto self = weak.lock()) self->on_closed();
                       }});
}

bool ForkServer::is_stale() const {
  return std::ranges::any_of(files_, [this](const FileStamp& file) {
    return file.modified_ns >= import_started_ns_ - kFileClockNs || is_changed(file);
  });
}

void ForkServer::fork(const std::shared_ptr<Child>& child, std::string_view kind) {
  children_.emplace(child->id(), child);
  channel_->send({{"do", "fork"}, {"id", child->id()}, {"kind", kind}}, child->take_child_ends());
}

Fd ForkServer::fork_zygote(std::uint64_t id, const DagFile& file) {
  SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
  std::vector<Fd> fds;
  fds.push_back(std::move(pair.theirs));
  channel_->send({{"do", "zygote"},
                  {"id", id},
                  {"file", file.path},
                  {"bundle_path", file.bundle_path},
                  {"bundle_name", file.bundle_name},
                  {"environment", bundle_environment(file)}},
                 std::move(fds));
  return std::move(pair.ours);
}

void ForkServer::guard(pid_t pid, bool is_on) {
  channel_->send({{"do", is_on ? "guard" : "unguard"}, {"pid", pid}});
}

void ForkServer::retire() {
  channel_->send({{"do", "retire"}});
}

std::vector<std::shared_ptr<Child>> ForkServer::children() const {
  std::vector<std::shared_ptr<Child>> all;
  for (const auto& [id, child] : children_) all.push_back(child);
  return all;
}

void ForkServer::on_message(const json::value& message) {
  const auto keep = shared_from_this();
  if (const json::value* files = find(message, "files")) {
    for (const json::value& file : files->as_array()) {
      const json::array& fields = file.as_array();
      files_.push_back(
          {std::string(fields.at(0).as_string()), fields.at(1).as_int64(), fields.at(2).as_int64()});
    }
  } else if (find(message, "ready")) {
    on_ready(message);
  } else if (find(message, "zygote")) {
    const auto id = static_cast<std::uint64_t>(get_integer(message, "zygote", 0));
    if (events_.on_zygote) events_.on_zygote(id, static_cast<pid_t>(get_integer(message, "pid", 0)));
  } else if (find(message, "forking")) {
    forking_.insert(static_cast<std::uint64_t>(get_integer(message, "forking", 0)));
  } else if (find(message, "not_forked")) {
    end(static_cast<std::uint64_t>(get_integer(message, "not_forked", 0)),
        {.is_known = false, .never_ran = true});
  } else if (find(message, "forked")) {
    const auto found = children_.find(static_cast<std::uint64_t>(get_integer(message, "forked", 0)));
    if (found == children_.end()) return;
    forking_.erase(found->first);
    found->second->forked(static_cast<pid_t>(get_integer(message, "pid", 0)));
  } else if (find(message, "exited")) {
    end(static_cast<std::uint64_t>(get_integer(message, "exited", 0)),
        ProcessEnd::from_status(static_cast<int>(get_integer(message, "status", 0)),
                                get_integer(message, "memory", 0), get_integer(message, "cpu", 0)));
  }
}

void ForkServer::end(std::uint64_t id, const ProcessEnd& how) {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  const std::shared_ptr<Child> child = found->second;
  children_.erase(found);
  forking_.erase(id);
  child->ended(how);
  if (events_.on_child_gone) events_.on_child_gone(child);
}

void ForkServer::on_ready(const json::value& message) {
  import_started_ns_ = get_integer(message, "started", 0);
  reason_ = get_text(message, "reason");
  set_phase(get_bool(message, "ready", false) ? Phase::ready : Phase::refused);
}

void ForkServer::on_closed() {
  // A refusal is followed by the process's exit.
  if (phase_ != Phase::refused) set_phase(Phase::lost);
}

void ForkServer::set_phase(Phase phase) {
  phase_ = phase;
  has_served_ = has_served_ || phase == Phase::ready;
  const auto keep = shared_from_this();
  if (events_.on_phase) events_.on_phase();
}

}  // namespace leoflow::agent
