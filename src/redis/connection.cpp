#include "redis/connection.hpp"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace leoflow::redis {
namespace {

using OwnedReply = std::unique_ptr<void, Freed<freeReplyObject>>;

Reply copy(const redisReply& from) {
  Reply out;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.text.emplace(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      out.number = from.integer;
      break;
    default:
      break;
  }
  return out;
}

/// Only its kind: some errors repeat what was asked.
std::unexpected<Error> refusal(const std::string& verb, std::string_view said) {
  return fail(ErrorCode::invalid, fmt::format("it refuses {}: {}", verb, said.substr(0, said.find(' '))));
}

std::string formatted(const Command& command) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : command) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  char* made = nullptr;
  const int size =
      redisFormatCommandArgv(&made, static_cast<int>(command.size()), texts.data(), sizes.data());
  if (size < 0) throw Fatal("a command for Redis does not fit into memory");
  const std::unique_ptr<char, Freed<redisFreeCommand>> owned(made);
  return {made, static_cast<std::size_t>(size)};
}

}  // namespace

Connection::Connection(Stream stream, std::chrono::milliseconds limit)
    : stream_(std::move(stream)), limit_(limit), reader_(redisReaderCreate()) {
  if (reader_ == nullptr) throw Fatal("a reader for Redis does not fit into memory");
}

Connection::~Connection() {
  redisReaderFree(reader_);
}

Result<std::unique_ptr<Connection>> Connection::open(const Address& address, Resolver& resolver,
                                                     const Tls& tls, std::chrono::milliseconds limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  const auto places = resolver.resolve(until);
  if (!places) return std::unexpected(places.error());
  auto stream = Stream::open(*places, tls, address.host, until);
  if (!stream) return std::unexpected(stream.error());
  std::unique_ptr<Connection> out(new Connection(std::move(*stream), limit));
  if (auto known = out->log_in(address); !known) return std::unexpected(known.error());
  return out;
}

Result<void> Connection::log_in(const Address& address) {
  if (!address.password.empty()) {
    Command command{"AUTH"};
    if (!address.user.empty()) command.push_back(address.user);
    command.push_back(address.password);
    if (const auto reply = ask(command); !reply) return fail(ErrorCode::unavailable, reply.error().message);
  }
  if (address.database == 0) return {};
  const auto reply = ask({"SELECT", std::to_string(address.database)});
  return reply ? Result<void>() : fail(ErrorCode::unavailable, reply.error().message);
}

Result<Reply> Connection::ask(const Command& command) {
  if (auto sent = stream_.write(formatted(command), std::chrono::steady_clock::now() + limit_); !sent)
    return std::unexpected(sent.error());
  while (true) {
    void* got = nullptr;
    if (redisReaderGetReply(reader_, &got) != REDIS_OK)
      return fail(ErrorCode::unavailable, "it does not speak as Redis does");
    if (got != nullptr) {
      const OwnedReply owned(got);
      const auto& reply = *static_cast<const redisReply*>(got);
      if (reply.type == REDIS_REPLY_ERROR) return refusal(command.at(0), {reply.str, reply.len});
      return copy(reply);
    }
    const auto part = stream_.read(std::chrono::steady_clock::now() + limit_);
    if (!part) return std::unexpected(part.error());
    redisReaderFeed(reader_, part->data(), part->size());
  }
}

}  // namespace leoflow::redis
