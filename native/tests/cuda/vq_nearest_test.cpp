// The search for the nearest code on the device: the first minimum of distances in double, whatever its products are
// rounded to, and FAST the same.
#include "lacuna/vq_shape.h"
#include "parity.h"

namespace lacuna::test {
namespace {

struct Search {
  int64_t n, d, k, ld_z, ld_codebook;
  std::vector<float> z, codebook;
  std::vector<int32_t> index;
  std::vector<float> distance;

  Search(int64_t rows, int64_t width, int64_t codes, uint32_t seed, int64_t gap = 0)
      : n(rows),
        d(width),
        k(codes),
        ld_z(width + gap),
        ld_codebook(width + 2 * gap),
        z(random_values(n * ld_z, seed)),
        codebook(random_values(k * ld_codebook, seed + 1)),
        index(static_cast<size_t>(n), -7),
        distance(static_cast<size_t>(n), -7.0f) {}

  lacuna_vq_nearest_args args() {
    lacuna_vq_nearest_args args{};
    args.n = n;
    args.d = d;
    args.k = k;
    args.ld_z = ld_z;
    args.ld_codebook = ld_codebook;
    args.z = z.data();
    args.codebook = codebook.data();
    args.index = index.data();
    args.distance = distance.data();
    return args;
  }

  double squared_distance(int64_t i, int64_t j) const {
    double sum = 0;
    for (int64_t t = 0; t < d; ++t) {
      const double difference = static_cast<double>(z[i * ld_z + t]) - codebook[j * ld_codebook + t];
      sum += difference * difference;
    }
    return sum;
  }

  // The first minimum of direct distances in double.
  std::vector<int32_t> nearest() const {
    std::vector<int32_t> found(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      double least = std::numeric_limits<double>::infinity();
      for (int64_t j = 0; j < k; ++j) {
        const double square = squared_distance(i, j);
        if (square < least) {
          least = square;
          found[i] = static_cast<int32_t>(j);
        }
      }
    }
    return found;
  }

  // Codes [first, k) become copies of codes [0, sources) plus noise.
  void copy_codes(int64_t first, int64_t sources, float noise) {
    const std::vector<float> random = random_values(k * ld_codebook, 99);
    for (int64_t j = first; j < k; ++j) {
      for (int64_t t = 0; t < d; ++t)
        codebook[j * ld_codebook + t] = codebook[j % sources * ld_codebook + t] + noise * random[j * ld_codebook + t];
    }
  }
};

class VqNearestOnDevice : public ::testing::Test {
 protected:
  // Holds index and distance to the search in double, in fp32 and FAST, with and without distances.
  void expect_nearest(Search search) {
    const std::vector<int32_t> wanted = search.nearest();
    std::vector<float> distances;
    for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
      for (const bool with_distance : {true, false}) {
        search.index.assign(wanted.size(), -7);
        lacuna_vq_nearest_args args = search.args();
        if (!with_distance) args.distance = nullptr;
        const Outcome outcome = run_on_device(ctx, LACUNA_OP_vq_nearest, args, flags);
        ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
        EXPECT_EQ(wanted, search.index) << "flags " << flags << " n " << search.n << " d " << search.d << " k "
                                        << search.k;
        if (!with_distance) continue;
        if (flags == 0) distances = search.distance;
        EXPECT_EQ(distances, search.distance) << "FAST has other distances";
        for (int64_t i = 0; i < search.n; ++i) {
          const double square = search.squared_distance(i, wanted[i]);
          if (square > std::numeric_limits<float>::max()) {
            EXPECT_EQ(std::numeric_limits<float>::infinity(), search.distance[i]);
          } else {
            EXPECT_NEAR(square, search.distance[i], 1e-6 * square + 1e-37) << "row " << i;
          }
        }
      }
    }
  }

  void expect_fault(Search& search, uint32_t flags) {
    const std::vector<int32_t> index = search.index;
    const std::vector<float> distance = search.distance;
    const Outcome outcome = run_on_device(ctx, LACUNA_OP_vq_nearest, search.args(), flags);
    EXPECT_EQ(LACUNA_NON_FINITE, outcome.status) << outcome.text;
    EXPECT_NE(std::string::npos, outcome.text.find("vq_nearest: ")) << outcome.text;
    EXPECT_EQ(index, search.index);
    EXPECT_EQ(distance, search.distance);
  }

  DeviceContext ctx;
};

TEST_F(VqNearestOnDevice, FindsTheNearestCodeAtEverySize) {
  for (const int64_t n : {1, 3, 31, 33, 65, 129, 257}) expect_nearest(Search(n, 20, 40, 1));
  for (const int64_t d : {1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 200})
    expect_nearest(Search(40, d, 70, 2));
  for (const int64_t k : {1, 2, 31, 33, 64, 127, 128, 129, 300, 515}) expect_nearest(Search(33, 24, k, 3));
}

TEST_F(VqNearestOnDevice, FindsTheNearestWhereRowsHaveGaps) {
  for (const int64_t gap : {1, 3, 4}) expect_nearest(Search(70, 21, 90, 5, gap));
}

TEST_F(VqNearestOnDevice, TakesNoRowsAndNoColumns) {
  for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
    expect_parity(ctx, LACUNA_OP_vq_nearest, Search(0, 5, 4, 1).args(), 0, flags);
    expect_parity(ctx, LACUNA_OP_vq_nearest, Search(9, 0, 400, 1).args(), 0, flags);
  }
}

TEST_F(VqNearestOnDevice, AgreesWithTheCpu) {
  Search search(300, 64, 200, 7, 1);
  for (const uint32_t flags : {0u, LACUNA_FLAG_FAST})
    expect_parity(ctx, LACUNA_OP_vq_nearest, search.args(), 1e-6, flags);
}

TEST_F(VqNearestOnDevice, FindsTheFirstOfEqualCodesAndOfTies) {
  Search copies(40, 40, 333, 9);
  copies.copy_codes(7, 7, 0);  // some 47 of each: more than are noted
  expect_nearest(copies);
  Search few(40, 40, 150, 9);
  few.copy_codes(10, 10, 0);  // 15 of each
  expect_nearest(few);
  std::mt19937 random(29);
  Search ties(80, 20, 300, 1);  // of few values, so that many codes are equally far
  for (float& x : ties.z) x = static_cast<float>(random() % 3) - 1;
  for (float& x : ties.codebook) x = static_cast<float>(random() % 3) - 1;
  expect_nearest(ties);
  std::fill(ties.z.begin(), ties.z.begin() + 20 * 20, 0.0f);
  std::fill(ties.codebook.begin(), ties.codebook.end(), 0.25f);
  expect_nearest(ties);
}

// Noisy copies of popular codes, as resets of dead codes leave them: some within what bf16 tells apart, some not.
TEST_F(VqNearestOnDevice, FindsTheNearestAfterDeadCodesWereReset) {
  for (const float noise : {1.0f / 64, 1.0f / 1024, 1e-6f}) {
    Search few(60, 64, 200, 11);
    few.copy_codes(160, 160, noise);
    expect_nearest(few);
    Search many(30, 64, 300, 13);
    many.copy_codes(2, 2, noise);
    expect_nearest(many);
  }
}

TEST_F(VqNearestOnDevice, FindsTheNearestFarFromTheOrigin) {
  Search search(200, 64, 150, 15);
  for (float& x : search.z) x = 50 + x;
  for (float& x : search.codebook) x = 50 + x;
  expect_nearest(search);
}

TEST_F(VqNearestOnDevice, FindsTheNearestAtEveryScale) {
  for (const float scale : {1e-38f, 1e-30f, 1e-20f, 1e-10f, 1e10f, 1e17f, 1e30f}) {
    Search search(20, 20, 100, 17);
    for (float& x : search.z) x *= scale;
    for (float& x : search.codebook) x *= scale;
    expect_nearest(search);
  }
}

TEST_F(VqNearestOnDevice, FindsTheNearestWhereScalesDiffer) {
  for (const bool codes_too : {false, true}) {
    Search search(70, 48, 150, 23);
    std::mt19937 random(24);
    std::uniform_real_distribution<float> decades(-10, 10);
    const auto scale = [&](std::vector<float>& x) {
      for (size_t i = 0; i < x.size(); i += 48) {
        const float factor = std::pow(10.0f, decades(random));
        for (size_t t = i; t < i + 48; ++t) x[t] *= factor;
      }
    };
    scale(search.z);
    if (codes_too) scale(search.codebook);
    expect_nearest(search);
  }
}

TEST_F(VqNearestOnDevice, FindsTheNearestWhereCodesExploded) {
  for (const float factor : {1e5f, 1e19f, -1e30f}) {
    Search search(60, 40, 133, 11);
    for (int64_t j = 0; j < search.k; j += 50) {
      for (int64_t t = 0; t < search.d; ++t) search.codebook[j * search.d + t] *= factor;
    }
    for (int64_t t = 0; t < search.d; ++t) search.z[5 * search.d + t] = 0.9f * search.codebook[50 * search.d + t];
    expect_nearest(search);
  }
}

// In bf16, numbers from 1 to 2 are multiples of 1/128. Here the nearest code's half of a row, or that code, is rounded
// down by 0.49/128, the other's up by as much, and the other seems nearer: of rows the scores 16.37 and 16.25 become
// 16.25 and 16.36, of codes 113.21 and 112.73 become 112.72 and 113.21. Codes come with their negatives, so that
// centring changes nothing.
TEST_F(VqNearestOnDevice, FindsTheNearestWhereEveryRoundingPullsTheSameWay) {
  const float down = 1 + 1.49f / 128;
  for (const bool rows_are_rounded : {true, false}) {
    const float z[] = {rows_are_rounded ? down : 4, rows_are_rounded ? 1 + 1.51f / 128 : 3.875f};
    const float codes[] = {rows_are_rounded ? 1 : down, rows_are_rounded ? 0.921875f : 1 + 6.51f / 128};
    Search search(20, 64, 4, 1);
    for (int64_t t = 0; t < 64; ++t) {
      const int64_t half = t / 32;
      for (int64_t i = 0; i < search.n; ++i) search.z[i * 64 + t] = z[half];
      for (int64_t j = 0; j < 2; ++j) {
        search.codebook[j * 64 + t] = j == half ? codes[half] : 0;
        search.codebook[(2 + j) * 64 + t] = -search.codebook[j * 64 + t];
      }
    }
    ASSERT_EQ(std::vector<int32_t>(20, 0), search.nearest());
    expect_nearest(search);
  }
}

// Codes nearer to each other than a product tells apart, so that only the bound of their own length keeps them all;
// the codes of the other half of a warp's lanes are short. On two sides, so that no centre is near.
TEST_F(VqNearestOnDevice, FindsTheNearestAmongLongCodesInAnyLane) {
  for (const int long_half : {0, 1}) {
    Search search(64, 48, 128, 41);
    std::mt19937 random(42);
    std::normal_distribution<float> normal;
    std::vector<float> base(48);
    for (float& x : base) x = 1000 * normal(random);
    for (size_t code = 0; code < 128; ++code) {
      for (size_t col = 0; col < 48; ++col) {
        float& x = search.codebook[code * 48 + col];
        const float side = code % 2 ? base[col] : -base[col];
        x = static_cast<int>(code / 16 % 2) == long_half ? side + 1e-3f * normal(random) : 1e-3f * x;
      }
    }
    for (size_t i = 0; i < search.z.size(); ++i) {
      search.z[i] = (i / 48 % 2 ? base[i % 48] : -base[i % 48]) + 1e-3f * normal(random);
    }
    expect_nearest(search);
  }
}

TEST_F(VqNearestOnDevice, FindsTheNearestOfWideRows) { expect_nearest(Search(5, 3000, 9, 31)); }

TEST_F(VqNearestOnDevice, RefusesWhatIsNotFiniteAndWritesNothing) {
  for (const float bad : {kNaN, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
    for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
      Search rows(140, 33, 60, 33);
      rows.z[139 * 33 + 32] = bad;
      expect_fault(rows, flags);
      Search codes(14, 33, 140, 33);
      codes.codebook[139 * 33] = bad;
      expect_fault(codes, flags);
      Search gaps(14, 33, 30, 33, 1);
      gaps.z[33] = gaps.codebook[33] = bad;  // between rows
      expect_nearest(gaps);
    }
  }
}

TEST_F(VqNearestOnDevice, RefusesNoCodes) {
  expect_refused(ctx, LACUNA_OP_vq_nearest, Search(3, 2, 0, 1).args(), "vq_nearest: k is 0, want [1, 2^31 - 128)");
}

TEST_F(VqNearestOnDevice, AMillionRowsTakeLessThan64MebibytesOfWorkspace) {
  for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
    lacuna_vq_nearest_args args{};
    args.struct_size = sizeof args;
    args.flags = flags;
    args.n = 1'000'000;
    args.d = args.ld_z = args.ld_codebook = 64;
    args.k = 1024;
    int64_t bytes = 0;
    ASSERT_EQ(LACUNA_OK, ctx.cuda.lacuna_workspace(ctx, LACUNA_OP_vq_nearest, &args, &bytes));
    EXPECT_GT(bytes, 0);
    EXPECT_LT(bytes, int64_t{64} << 20);
  }
}

// More rows than a pass takes: every pass finds its own, and a wrong row of the first or last keeps all from writing.
TEST_F(VqNearestOnDevice, SearchesInPasses) {
  Search search(vq::kPassRows + 40, 2, 3, 35);
  const std::vector<int32_t> wanted = search.nearest();
  Search found = search;
  const Outcome outcome = run_on_device(ctx, LACUNA_OP_vq_nearest, found.args(), LACUNA_FLAG_FAST);
  ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
  EXPECT_EQ(wanted, found.index);
  for (const int64_t row : {int64_t{3}, search.n - 1}) {
    Search bad = search;
    bad.z[row * 2] = kNaN;
    expect_fault(bad, 0);
  }
}

// Blocks, warps and lanes in whatever order, copies into shared memory late or at once: the same bits.
TEST_F(VqNearestOnDevice, IsTheSameInEveryOrder) {
  const Standin& driver = Standin::get();
  Search search(150, 40, 300, 39);
  search.copy_codes(250, 5, 1.0f / 1024);
  const std::vector<int32_t> wanted = search.nearest();
  std::vector<float> distances;
  for (const int32_t order : {0, 1, 2}) {
    for (const uint32_t flags : {0u, LACUNA_FLAG_FAST}) {
      driver.standin_order(order, 7, order != 0);
      Search found = search;
      ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_vq_nearest, found.args(), flags).status);
      EXPECT_EQ(wanted, found.index);
      if (distances.empty()) distances = found.distance;
      EXPECT_EQ(distances, found.distance);
    }
  }
  driver.standin_reset();
}

// How many rows each form of the search left to the next stands in the workspace, after the word for wrong rows: random
// data is settled from the candidates of the first form, codes that bf16 cannot tell apart by fp32.
TEST_F(VqNearestOnDevice, LeavesRowsToASlowerFormOnlyWhereItMust) {
  const auto rows_left = [&](Search search, uint32_t flags) {
    lacuna_vq_nearest_args args = search.args();
    args.struct_size = sizeof args;
    args.flags = flags;
    int64_t bytes = 0;
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_workspace(ctx, LACUNA_OP_vq_nearest, &args, &bytes));
    std::vector<char> workspace(static_cast<size_t>(bytes));
    const auto on_device = [&](void* host, int64_t size) {
      auto block = std::make_unique<DeviceBlock>(ctx, size);
      EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_upload(ctx, block->address(), host, size));
      return block;
    };
    const auto z = on_device(search.z.data(), static_cast<int64_t>(search.z.size() * sizeof(float)));
    const auto codebook =
        on_device(search.codebook.data(), static_cast<int64_t>(search.codebook.size() * sizeof(float)));
    const auto index = on_device(search.index.data(), search.n * 4);
    const auto room = on_device(workspace.data(), bytes);
    args.z = static_cast<float*>(z->address());
    args.codebook = static_cast<float*>(codebook->address());
    args.index = static_cast<int32_t*>(index->address());
    args.distance = nullptr;
    args.workspace = room->address();
    args.workspace_bytes = bytes;
    lacuna_op_fn function = nullptr;
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_op_lookup(ctx, LACUNA_OP_vq_nearest, &function));
    EXPECT_EQ(LACUNA_OK, function(ctx, &args)) << ctx.error();
    std::vector<int32_t> words(3);
    EXPECT_EQ(LACUNA_OK, ctx.cuda.lacuna_download(ctx, words.data(), room->address(), 3 * sizeof(int32_t)));
    return words;
  };
  using Words = std::vector<int32_t>;
  Search search(150, 64, 200, 37);
  EXPECT_EQ((Words{0, 0, 0}), rows_left(search, 0));
  EXPECT_EQ((Words{0, 0, 0}), rows_left(search, LACUNA_FLAG_FAST));
  Search far = search;
  for (float& x : far.z) x += 50;
  for (float& x : far.codebook) x += 50;
  EXPECT_EQ((Words{0, 0, 0}), rows_left(far, LACUNA_FLAG_FAST));
  search.copy_codes(2, 2, 1.0f / 1024);
  EXPECT_EQ((Words{0, 150, 0}), rows_left(search, LACUNA_FLAG_FAST));
  search.copy_codes(2, 2, 0);
  EXPECT_EQ((Words{0, 150, 150}), rows_left(search, LACUNA_FLAG_FAST));
}

}  // namespace
}  // namespace lacuna::test
