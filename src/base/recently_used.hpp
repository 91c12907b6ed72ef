#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <utility>

namespace leoflow {

/// The values that were used last, as many as may be kept. Not thread safe.
template <typename Key, typename Value>
class RecentlyUsed {
 public:
  /// @param most how much the values may weigh together; what alone weighs more is not kept.
  explicit RecentlyUsed(std::size_t most) : most_(most) {}

  /// nullptr for what is not kept. Valid until something is put in.
  template <typename Like>
  const Value* find(const Like& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  /// Keeps this in place of what was kept by that key.
  void put(const Key& key, Value value, std::size_t weight = 1) {
    if (const auto old = by_key_.find(key); old != by_key_.end()) drop(old->second);
    if (weight > most_) return;
    entries_.push_front({key, std::move(value), weight});
    by_key_.emplace(key, entries_.begin());
    weight_ += weight;
    while (weight_ > most_) drop(std::prev(entries_.end()));
  }

 private:
  struct Entry {
    Key key;
    Value value;
    std::size_t weight;
  };
  using Place = typename std::list<Entry>::iterator;

  void drop(Place entry) {
    weight_ -= entry->weight;
    by_key_.erase(entry->key);
    entries_.erase(entry);
  }

  const std::size_t most_;
  std::size_t weight_ = 0;
  std::list<Entry> entries_;  // newest first
  std::map<Key, Place, std::less<>> by_key_;
};

}  // namespace leoflow
