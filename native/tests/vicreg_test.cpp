#include "test_util.h"

namespace lacuna::test {
namespace {

struct Sizes {
  int64_t n, d, gap;  // gap: elements between the rows of every matrix
};

constexpr double kLambda = 0.7, kMu = 1.3, kNu = 0.9, kGamma = 0.8, kEpsilon = 1e-4;

// Loss, and gradients laid out densely, by the definition.
template <class Real>
struct Naive {
  std::vector<Real> loss{0}, dx, dy;

  Naive(const Sizes& s, const std::vector<float>& x, const std::vector<float>& y) {
    const Real elements = static_cast<Real>(s.n * s.d);
    for (size_t i = 0; i < x.size(); ++i) {
      const Real apart = static_cast<Real>(x[i]) - static_cast<Real>(y[i]);
      loss[0] += static_cast<Real>(kLambda) * apart * apart / elements;
      dx.push_back(2 * static_cast<Real>(kLambda) * apart / elements);
      dy.push_back(-dx.back());
    }
    spread(s, x, dx);
    spread(s, y, dy);
  }

  void spread(const Sizes& s, const std::vector<float>& x, std::vector<Real>& gradient) {
    const Real degrees = static_cast<Real>(s.n - 1), d = static_cast<Real>(s.d);
    std::vector<Real> centred(x.begin(), x.end());
    for (int64_t j = 0; j < s.d; ++j) {
      Real mean = 0;
      for (int64_t i = 0; i < s.n; ++i) mean += centred[i * s.d + j] / static_cast<Real>(s.n);
      for (int64_t i = 0; i < s.n; ++i) centred[i * s.d + j] -= mean;
    }
    for (int64_t a = 0; a < s.d; ++a) {
      for (int64_t b = 0; b < s.d; ++b) {
        Real covariance = 0;
        for (int64_t i = 0; i < s.n; ++i) covariance += centred[i * s.d + a] * centred[i * s.d + b] / degrees;
        Real factor = 4 * static_cast<Real>(kNu) * covariance / (d * degrees);
        if (a == b) {
          const Real sd = std::sqrt(covariance + static_cast<Real>(kEpsilon));
          const Real hinge = static_cast<Real>(kGamma) - sd;
          loss[0] += static_cast<Real>(kMu) * std::max(Real{0}, hinge) / d;
          factor = hinge > 0 ? -static_cast<Real>(kMu) / (d * degrees * sd) : 0;
        } else {
          loss[0] += static_cast<Real>(kNu) * covariance * covariance / d;
        }
        for (int64_t i = 0; i < s.n; ++i) gradient[i * s.d + a] += factor * centred[i * s.d + b];
      }
    }
  }
};

struct Results {
  std::vector<float> loss, dx, dy;
};

std::vector<float> dense(const std::vector<float>& strided, const Sizes& s) {
  std::vector<float> out;
  for (int64_t i = 0; i < static_cast<int64_t>(strided.size()); ++i) {
    if (i % (s.d + s.gap) < s.d) {
      out.push_back(strided[static_cast<size_t>(i)]);
    } else {
      EXPECT_TRUE(std::isnan(strided[static_cast<size_t>(i)])) << "a gap was written";
    }
  }
  return out;
}

Results run(lacuna_context* ctx, const Sizes& s, int64_t form, const std::vector<float>& x, const std::vector<float>& y,
            Edge edge) {
  const int64_t ld = s.d + s.gap, size = (s.n - 1) * ld + s.d;
  Guarded<float> gx(size, edge), gy(size, edge), dx(size, edge), dy(size, edge), loss(1, edge), terms(5, edge);
  for (int64_t i = 0; i < s.n; ++i) {
    std::copy_n(x.begin() + i * s.d, s.d, gx.data() + i * ld);
    std::copy_n(y.begin() + i * s.d, s.d, gy.data() + i * ld);
  }
  lacuna_vicreg_args args{};
  args.n = s.n, args.d = s.d, args.form = form;
  args.ld_x = args.ld_y = args.ld_dx = args.ld_dy = ld;
  args.lambda = kLambda, args.mu = kMu, args.nu = kNu, args.gamma = kGamma, args.epsilon = kEpsilon;
  args.x = gx.data(), args.y = gy.data(), args.dx = dx.data(), args.dy = dy.data();
  args.loss = loss.data(), args.terms = terms.data();
  EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_vicreg, args)) << lacuna_last_error(ctx);
  return {loss.values(), dense(dx.values(), s), dense(dy.values(), s)};
}

class Vicreg : public testing::TestWithParam<Sizes> {
 protected:
  const Sizes s = GetParam();
  const std::vector<float> x = random_values(s.n * s.d, 1), y = random_values(s.n * s.d, 2);
};
INSTANTIATE_TEST_SUITE_P(Sizes, Vicreg,
                         testing::Values(Sizes{2, 1, 0}, Sizes{2, 33, 1}, Sizes{33, 2, 0}, Sizes{17, 15, 3},
                                         Sizes{63, 65, 0}, Sizes{65, 63, 1}, Sizes{48, 192, 0}, Sizes{193, 49, 2},
                                         Sizes{20, 900, 0}, Sizes{900, 20, 1}, Sizes{130, 400, 0}));

TEST_P(Vicreg, matches_double_on_every_tier_and_in_both_forms) {
  const Naive<double> exact(s, x, y);
  const Naive<float> naive(s, x, y);
  for (int tier : usable_tiers()) {
    Context ctx(2, tier);
    for (int64_t form = 0; form <= 2; ++form) {
      for (Edge edge : {Edge::kBefore, Edge::kAfter}) {
        const Results got = run(ctx, s, form, x, y, edge);
        expect_close(got.loss, exact.loss, naive.loss, 2);
        expect_close(got.dx, exact.dx, naive.dx, 3);
        expect_close(got.dy, exact.dy, naive.dy, 3);
      }
    }
  }
}

TEST_P(Vicreg, has_the_same_bits_for_any_thread_count) {
  Context one(1), two(2), three(3);
  const Results want = run(one, s, 0, x, y, Edge::kAfter);
  for (lacuna_context* ctx : {static_cast<lacuna_context*>(two), static_cast<lacuna_context*>(three)}) {
    for (int round = 0; round < 3; ++round) {
      const Results got = run(ctx, s, 0, x, y, Edge::kAfter);
      EXPECT_TRUE(same_bits(want.loss, got.loss));
      EXPECT_TRUE(same_bits(want.dx, got.dx));
      EXPECT_TRUE(same_bits(want.dy, got.dy));
    }
  }
}

TEST(VicregWorkspace, holds_no_square_of_the_longer_side) {
  Context ctx;
  lacuna_vicreg_args args{};
  args.struct_size = sizeof args;
  const auto workspace = [&](int64_t n, int64_t d, int64_t form) {
    args.n = n, args.d = d, args.form = form;
    args.ld_x = args.ld_y = args.ld_dx = args.ld_dy = d;
    int64_t bytes = -1;
    EXPECT_EQ(LACUNA_OK, lacuna_workspace(ctx, LACUNA_OP_vicreg, &args, &bytes)) << ctx.error();
    return bytes;
  };
  EXPECT_LT(workspace(64, 100'000, 0), int64_t{32} << 20);
  EXPECT_LT(workspace(1'000'000, 64, 0), int64_t{32} << 20);
  EXPECT_EQ(std::numeric_limits<int64_t>::max(), workspace(2, int64_t{1} << 50, 1));
  EXPECT_EQ(0, workspace(1, 8, 0));
}

}  // namespace
}  // namespace lacuna::test
