#include "test_util.h"

namespace lacuna::test {
namespace {

struct Sizes {
  int64_t n, d, o, gap;  // gap: elements between the rows of every matrix
};

// Strided matrices: the gaps hold NaN on the way in and must hold it on the way out.
std::vector<float> spread(const std::vector<float>& dense, int64_t rows, int64_t cols, int64_t gap) {
  if (rows == 0 || cols == 0) return {};
  std::vector<float> out(static_cast<size_t>((rows - 1) * (cols + gap) + cols), kNaN);
  for (int64_t r = 0; r < rows; ++r) std::copy_n(dense.begin() + r * cols, cols, out.begin() + r * (cols + gap));
  return out;
}

std::vector<float> gather(const std::vector<float>& strided, int64_t rows, int64_t cols, int64_t gap) {
  std::vector<float> out;
  for (int64_t i = 0; i < static_cast<int64_t>(strided.size()); ++i) {
    if (i % (cols + gap) < cols) {
      out.push_back(strided[static_cast<size_t>(i)]);
    } else {
      EXPECT_TRUE(std::isnan(strided[static_cast<size_t>(i)])) << "a gap was written";
    }
  }
  EXPECT_EQ(static_cast<size_t>(rows * cols), out.size());
  return out;
}

template <class Real>
struct Naive {
  std::vector<Real> y, dx, dw, db;

  Naive(const Sizes& s, const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& b,
        const std::vector<float>& dy, Real before)
      : y(s.n * s.o), dx(s.n * s.d, before), dw(s.o * s.d, before), db(s.o, before) {
    for (int64_t i = 0; i < s.n; ++i) {
      for (int64_t j = 0; j < s.o; ++j) {
        Real sum = 0;
        const Real g = dy[i * s.o + j];
        for (int64_t k = 0; k < s.d; ++k) {
          sum += static_cast<Real>(x[i * s.d + k]) * static_cast<Real>(w[j * s.d + k]);
          dx[i * s.d + k] += g * static_cast<Real>(w[j * s.d + k]);
          dw[j * s.d + k] += g * static_cast<Real>(x[i * s.d + k]);
        }
        db[j] += g;
        y[i * s.o + j] = sum + static_cast<Real>(b[j]);
      }
    }
  }
};

struct Results {
  std::vector<float> y, dx, dw, db;
};

// before: what dx, dw and db hold when they are added to; NaN when they are overwritten.
Results run(lacuna_context* ctx, const Sizes& s, const std::vector<float>& x, const std::vector<float>& w,
            const std::vector<float>& b, const std::vector<float>& dy, float before, Edge edge) {
  Guarded<float> gx(spread(x, s.n, s.d, s.gap), edge), gw(spread(w, s.o, s.d, s.gap), edge), gb(b, edge);
  Guarded<float> gdy(spread(dy, s.n, s.o, s.gap), edge);
  Guarded<float> y(spread(std::vector<float>(s.n * s.o, kNaN), s.n, s.o, s.gap), edge);
  Guarded<float> dx(spread(std::vector<float>(s.n * s.d, before), s.n, s.d, s.gap), edge);
  Guarded<float> dw(spread(std::vector<float>(s.o * s.d, before), s.o, s.d, s.gap), edge);
  Guarded<float> db(std::vector<float>(s.o, before), edge);

  lacuna_linear_fwd_args fwd{};
  fwd.n = s.n, fwd.d = s.d, fwd.o = s.o;
  fwd.ld_x = fwd.ld_w = s.d + s.gap, fwd.ld_y = s.o + s.gap;
  fwd.x = gx.data(), fwd.w = gw.data(), fwd.b = gb.data(), fwd.y = y.data();
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_linear_fwd, fwd)) << lacuna_last_error(ctx);

  lacuna_linear_bwd_args bwd{};
  bwd.n = s.n, bwd.d = s.d, bwd.o = s.o;
  bwd.ld_x = bwd.ld_w = bwd.ld_dx = bwd.ld_dw = s.d + s.gap, bwd.ld_dy = s.o + s.gap;
  bwd.acc_dx = bwd.acc_dw = bwd.acc_db = !std::isnan(before);
  bwd.x = gx.data(), bwd.w = gw.data(), bwd.dy = gdy.data(), bwd.dx = dx.data(), bwd.dw = dw.data(), bwd.db = db.data();
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_linear_bwd, bwd)) << lacuna_last_error(ctx);
  return {gather(y.values(), s.n, s.o, s.gap), gather(dx.values(), s.n, s.d, s.gap),
          gather(dw.values(), s.o, s.d, s.gap), db.values()};
}

class Linear : public testing::TestWithParam<Sizes> {
 protected:
  const Sizes s = GetParam();
  const std::vector<float> x = random_values(s.n * s.d, 1), w = random_values(s.o * s.d, 2), b = random_values(s.o, 3),
                           dy = random_values(s.n * s.o, 4);
};
INSTANTIATE_TEST_SUITE_P(Sizes, Linear,
                         testing::Values(Sizes{1, 1, 1, 0}, Sizes{3, 7, 5, 2}, Sizes{17, 33, 15, 1},
                                         Sizes{64, 65, 10, 0}, Sizes{0, 4, 3, 0}, Sizes{4, 0, 3, 0}, Sizes{4, 3, 0, 0},
                                         Sizes{63, 500, 301, 3}, Sizes{257, 129, 130, 0}, Sizes{5003, 33, 48, 1}));

TEST_P(Linear, matches_double_on_every_tier) {
  for (int tier : usable_tiers()) {
    Context ctx(2, tier);
    for (float before : {kNaN, 0.5f}) {
      const float start = std::isnan(before) ? 0.0f : before;
      const Naive<double> exact(s, x, w, b, dy, start);
      const Naive<float> naive(s, x, w, b, dy, start);
      for (Edge edge : {Edge::kBefore, Edge::kAfter}) {
        const Results got = run(ctx, s, x, w, b, dy, before, edge);
        expect_close(got.y, exact.y, naive.y, 2);
        expect_close(got.dx, exact.dx, naive.dx, 3);
        expect_close(got.dw, exact.dw, naive.dw, 3);
        expect_close(got.db, exact.db, naive.db, 3);
      }
    }
  }
}

TEST_P(Linear, has_the_same_bits_for_any_thread_count) {
  Context one(1), two(2), three(3);
  const Results want = run(one, s, x, w, b, dy, kNaN, Edge::kAfter);
  for (lacuna_context* ctx : {static_cast<lacuna_context*>(two), static_cast<lacuna_context*>(three)}) {
    for (int round = 0; round < 3; ++round) {
      const Results got = run(ctx, s, x, w, b, dy, kNaN, Edge::kAfter);
      EXPECT_TRUE(same_bits(want.y, got.y));
      EXPECT_TRUE(same_bits(want.dx, got.dx));
      EXPECT_TRUE(same_bits(want.dw, got.dw));
      EXPECT_TRUE(same_bits(want.db, got.db));
    }
  }
}

TEST(LinearBackward, computes_only_what_is_wanted) {
  Context ctx;
  const std::vector<float> values = random_values(12, 5);
  Guarded<float> x(values, Edge::kAfter), w(values, Edge::kAfter), dy(values, Edge::kAfter);
  lacuna_linear_bwd_args args{};
  args.n = 3, args.d = 4, args.o = 3;
  args.ld_dy = 3, args.ld_x = args.ld_w = 4;  // the strides of unwanted gradients stay 0
  args.x = x.data(), args.w = w.data(), args.dy = dy.data();
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_linear_bwd, args)) << ctx.error();
  args.acc_dw = 2;
  EXPECT_EQ(LACUNA_INVALID_ARGUMENT, call(ctx, LACUNA_OP_linear_bwd, args));
  EXPECT_EQ("linear_bwd: acc_dw is 2, want 0 or 1", ctx.error());
}

}  // namespace
}  // namespace lacuna::test
