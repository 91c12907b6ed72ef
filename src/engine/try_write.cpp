#include "engine/try_write.hpp"

#include "base/log.hpp"

namespace leoflow::engine {

Result<void> try_write(store::Session& session, const std::function<Result<void>(store::Session&)>& work) {
  Result<void> answer;
  session.execute("SAVEPOINT one_write");
  try {
    answer = work(session);
  } catch (const store::Unavailable&) {
    throw;
  } catch (const store::UniqueViolation&) {
    answer = fail(ErrorCode::conflict, "it exists already");
  } catch (const std::exception& error) {
    log::error("a write failed: {}", error.what());
    answer = fail(ErrorCode::unavailable, "the write failed; the server's log says why");
  }
  if (!answer) session.execute("ROLLBACK TO SAVEPOINT one_write");
  session.execute("RELEASE SAVEPOINT one_write");
  return answer;
}

}  // namespace leoflow::engine
