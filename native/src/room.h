// A workspace handed out in parts.
#ifndef LACUNA_SRC_ROOM_H
#define LACUNA_SRC_ROOM_H

#include "extent.h"

namespace lacuna {

// Where the parts of a workspace lie: each from a multiple of 64 bytes on. Sizes beyond memory come to its largest
// number of bytes.
class Room {
 public:
  template <class T>
  int64_t take(Extent count) {
    const int64_t begin = bytes_.value;
    bytes_ = bytes_ + count * Extent{sizeof(T)} + Extent{63};
    bytes_.value -= bytes_.overflow ? 0 : bytes_.value % 64;
    return begin;
  }
  int64_t bytes() const { return bytes_.saturated(); }

 private:
  Extent bytes_{0};
};

template <class T>
T* part(void* workspace, int64_t offset) {
  return reinterpret_cast<T*>(static_cast<char*>(workspace) + offset);
}

}  // namespace lacuna
#endif
