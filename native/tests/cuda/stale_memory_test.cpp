// Memory whose owner freed it without a lacuna_release comes back from the allocator: what the context knows of it
// then.
#include <gtest/gtest.h>

#include "context.h"

namespace lacuna::test {
namespace {

// Lends the addresses that a test wants.
class ScriptedContext final : public lacuna_context {
 public:
  ScriptedContext() : lacuna_context("scripted", nullptr, 1, MemorySpace::kDevice) {}

  static void* address(int64_t number) { return reinterpret_cast<void*>(uintptr_t{0x10000} + number); }
  lacuna_status lend(int64_t number, int64_t bytes) {
    next_ = address(number);
    void* lent = nullptr;
    const lacuna_status status = alloc(bytes, &lent);
    EXPECT_EQ(next_, lent);
    return status;
  }
  bool reaches_range(int64_t number, int64_t bytes) const { return reaches(address(number), bytes); }

  const char* describe() noexcept override { return ""; }
  lacuna_status upload(void*, const void*, int64_t) override { return LACUNA_UNSUPPORTED; }
  lacuna_status download(void*, const void*, int64_t) override { return LACUNA_UNSUPPORTED; }
  lacuna_status copy(void*, const void*, int64_t) override { return LACUNA_UNSUPPORTED; }
  lacuna_status synchronize() override { return LACUNA_OK; }
  lacuna_status synchronize_device() override { return LACUNA_OK; }
  lacuna_status timer_start() override { return LACUNA_UNSUPPORTED; }
  lacuna_status timer_stop(double*) override { return LACUNA_UNSUPPORTED; }

 private:
  lacuna_status allocate(int64_t, void** out) override {
    *out = next_;
    return LACUNA_OK;
  }
  lacuna_status deallocate(void*) override { return LACUNA_OK; }
  lacuna_status check_foreign(const void*, int64_t) override { return LACUNA_OK; }

  void* next_ = nullptr;
};

TEST(StaleMemory, IsForgottenWhereItIsLentAgain) {
  ScriptedContext ctx;
  // Adopted: before the block, over its start, at its start, within, over its end, behind it.
  for (const int64_t first : {0, 900, 1000, 1200, 1900, 2000}) {
    SCOPED_TRACE(first);
    const int64_t bytes = first == 900 ? 100 + 1 : first == 0 ? 900 : 100 + (first == 1900);
    ASSERT_EQ(LACUNA_OK, ctx.adopt(ScriptedContext::address(first), bytes)) << ctx.error();
    ASSERT_EQ(LACUNA_OK, ctx.lend(1000, 1000)) << ctx.error();
    EXPECT_TRUE(ctx.reaches_range(1000, 1000));
    const bool apart = first == 0 || first == 2000;
    EXPECT_EQ(apart, ctx.reaches_range(first, bytes) && ctx.release(ScriptedContext::address(first)) == LACUNA_OK);
    EXPECT_EQ(LACUNA_OK, ctx.free(ScriptedContext::address(1000))) << ctx.error();
    EXPECT_FALSE(ctx.reaches_range(first, 1)) << "nothing is known of it any more";
  }
}

TEST(StaleMemory, LeavesTheNeighboursAlone) {
  ScriptedContext ctx;
  ASSERT_EQ(LACUNA_OK, ctx.lend(0, 1000));
  ASSERT_EQ(LACUNA_OK, ctx.lend(2000, 1000));
  ASSERT_EQ(LACUNA_OK, ctx.lend(1000, 1000));
  for (const int64_t first : {0, 1000, 2000}) {
    EXPECT_TRUE(ctx.reaches_range(first, 1000));
    EXPECT_EQ(LACUNA_OK, ctx.free(ScriptedContext::address(first))) << ctx.error();
  }
}

}  // namespace
}  // namespace lacuna::test
