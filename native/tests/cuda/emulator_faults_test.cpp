// Every kind of fault, made on purpose in kernels/emulator/tests/faults.cu: the emulator reports it with the line, in
// any order, and finds nothing in the sound twin.
#include <fstream>

#include "cuda/emulated.h"

namespace lacuna::test {
namespace {

// "faults.cu:12" of the line that ends in "// [tag]".
std::string line_of(const std::string& tag) {
  std::ifstream source(LACUNA_EMULATOR_TESTS "faults.cu");
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    if (line.find("// [" + tag + "]") != line.npos) return "faults.cu:" + std::to_string(number);
  }
  return "no line [" + tag + "]";
}

struct Fault {
  const char* kernel;
  const char* report;              // part of the text
  std::vector<const char*> lines;  // tags behind "<kernel>: "; none: the tag is the kernel's name
  int threads = 64;
  int64_t blocks = 1;
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << fault.kernel; }

std::string run(const Fault& fault, int32_t sound, Options options) {
  DeviceArray<float> in(std::vector<float>(256, 1.0f));
  DeviceArray<float> out(std::max<int64_t>(256, fault.threads * fault.blocks));
  if (std::string("atomic_and_plain") == fault.kernel) emulator::check_initialise(out.get(), 4);
  const float* from = in.get();
  return launch(fault.kernel, fault.blocks, fault.threads, options, sound, from, out.get()).error;
}

void expect_found(const Fault& fault, const std::string& error) {
  EXPECT_NE(error.npos, error.find(fault.report)) << error;
  EXPECT_NE(error.npos, error.find(fault.kernel)) << error;
  std::vector<std::string> tags;
  for (const char* tag : fault.lines) tags.push_back(std::string(fault.kernel) + ": " + tag);
  if (tags.empty()) tags.push_back(fault.kernel);
  for (const std::string& tag : tags) {
    EXPECT_NE(error.npos, error.find(line_of(tag))) << "not in " << line_of(tag) << ": " << error;
  }
}

const std::vector<Options> kOrders = {{.order = Order::kForward},
                                      {.order = Order::kReverse},
                                      {.order = Order::kRandom, .seed = 1},
                                      {.order = Order::kForward, .late_copies = true},
                                      {.order = Order::kRandom, .seed = 2, .late_copies = true}};

// Found in every mode.
class EmulatorFault : public testing::TestWithParam<Fault> {};

TEST_P(EmulatorFault, IsReportedAndItsTwinIsNot) {
  for (Options options : kOrders) {
    options.check = false;
    EXPECT_EQ("", run(GetParam(), 1, options));
    expect_found(GetParam(), run(GetParam(), 0, options));
  }
}

// Found in check mode.
class EmulatorCheck : public testing::TestWithParam<Fault> {};

TEST_P(EmulatorCheck, IsReportedAndItsTwinIsNot) {
  if (!emulator::find_kernel(GetParam().kernel)->checked) GTEST_SKIP() << "not compiled for check mode";
  for (const Options& options : kOrders) {
    emulator::clear_reports();
    EXPECT_EQ("", run(GetParam(), 1, options));
    EXPECT_TRUE(emulator::check_reports().empty());
    expect_found(GetParam(), run(GetParam(), 0, options));
    const std::vector<std::string> reports = emulator::check_reports();
    EXPECT_FALSE(reports.empty());
    // The same fault again fails the launch again, and is no other report.
    EXPECT_NE("", run(GetParam(), 0, options));
    EXPECT_EQ(reports.size(), emulator::check_reports().size());
  }
}

const Fault kInEveryMode[] = {
    {"divergent_barriers", "waits at the one in", {"first", "second"}},
    {"barrier_against_shuffle", "the threads wait for each other", {"shuffle", "barrier"}},
    {"divergent_operations", "of its warp waits at", {"shuffle", "ballot"}},
    {"divergent_lines", "of its warp waits at", {"first", "second"}},
    {"shuffle_from_the_dead", ", which takes no part", {}},
    {"mma_without_all_lanes", "needs all 32 lanes of the warp, has 31", {}},
    {"too_much_shared", "makes 49168 bytes of shared memory", {}},
    {"misaligned_copy", "reads from an address that is no multiple of 16", {}},
    {"misaligned_load", ": the address is no multiple of 16", {}},
    {"misaligned_pair_load", ": the address is no multiple of 8", {}},
    {"misaligned_store", ": the address is no multiple of 16", {}},
    {"misaligned_pair_store", ": the address is no multiple of 8", {}},
    {"misaligned_bits_store", ": the address is no multiple of 8", {}},
};

const Fault kInCheckMode[] = {
    {"race_across_warps", "race within a block", {"write", "read"}},
    {"race_in_warp", "race within a block", {"write", "read"}},
    {"shuffle_as_barrier", "race within a block", {"write", "read"}},
    {"warp_barrier_across_warps", "race within a block", {"write", "read"}},
    {"missing_trailing_barrier", "race within a block", {"write", "read"}},
    {"reader_in_warp_writes", "race within a block", {"write", "read"}},
    {"reader_in_block_writes", "race within a block", {"write of warp 0", "write of warp 1", "read"}},
    {"race_in_device_memory", "race within a block", {"write", "read"}},
    {"two_blocks_write", "race between blocks", {}, 64, 3},
    {"block_reads_what_another_writes", "race between blocks", {"write", "read"}, 64, 3},
    {"atomic_and_plain", "race", {"atomic", "write"}, 64, 2},
    {"bytes", "race within a block", {}},
    {"uninitialised_shared", "uninitialised", {}},
    {"uninitialised_device", "uninitialised", {}},
    {"reads_past_the_end", "out of bounds", {}},
    {"writes_before_the_start", "out of bounds", {}},
    {"straddles_the_end", "out of bounds", {}},
    {"shared_past_the_end", "out of bounds", {}},
    {"reads_before_the_wait", "copy in flight", {}},
    {"waits_for_too_few", "copy in flight", {}},
    {"no_barrier_after_the_wait", "race within a block", {"copy", "read"}},
    {"writes_into_a_copy", "copy in flight", {}},
    {"copies_over_readers", "race within a block", {"copy", "read"}},
    {"matrices_without_barrier", "race within a block", {"write", "read"}, 32},
};

std::string name_of(const testing::TestParamInfo<Fault>& info) { return info.param.kernel; }

INSTANTIATE_TEST_SUITE_P(All, EmulatorFault, testing::ValuesIn(kInEveryMode), name_of);
INSTANTIATE_TEST_SUITE_P(All, EmulatorCheck, testing::ValuesIn(kInCheckMode), name_of);

#ifdef __SANITIZE_ADDRESS__
// AddressSanitizer knows the red zones of shared arrays, fibers and all.
TEST(EmulatorSanitized, StopsOutOfBounds) {
  EXPECT_DEATH(run({"shared_past_the_end", "", {}}, 0, {}), "use-after-poison");
  EXPECT_DEATH(run({"reads_past_the_end", "", {}}, 0, {}), "heap-buffer-overflow");
}
#else
// Without check mode a write behind a shared array lands in a red zone.
TEST(EmulatorSharedMemory, ReportsAWrittenRedZone) {
  const Fault fault = {"shared_past_the_end", "bytes written outside shared array values", {}};
  EXPECT_EQ("", run(fault, 1, {.check = false}));
  const std::string error = run(fault, 0, {.check = false});
  EXPECT_NE(error.npos, error.find(fault.report)) << error;
}
#endif

}  // namespace
}  // namespace lacuna::test
