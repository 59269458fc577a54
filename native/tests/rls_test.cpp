// RLS: a fused step against the two calls that it replaces, in every form, tier, norm and order, on guarded memory.
// Values against the double reference are the contract tests' business.
#include <cmath>
#include <string>
#include <vector>

#include "test_util.h"

namespace lacuna::test {
namespace {

constexpr int64_t kPotter = 0, kPlain = 1, kLowRank = 2, kRank = 12;

int64_t rows_of(int64_t form, int64_t s) { return form == kPotter ? s : form == kPlain ? s + 1 : 2 * kRank; }

struct Projector {
  Projector(int64_t form, int64_t norm, int64_t s)
      : form(form), norm(norm), s(s), rows(rows_of(form, s)), factor(rows * s), state({1, 0}, Edge::kAfter) {
    std::fill_n(factor.data(), rows * s, form == kLowRank ? kNaN : 0.0f);  // rows not in use are not read
    for (int64_t i = 0; form != kLowRank && i < s; ++i) factor.data()[i * s + i] = 1;
  }

  template <class Args>
  Args args() {
    Args args{};
    args.s = s;
    args.rows = rows;
    args.form = form;
    args.ld_factor = s;
    args.factor = factor.data();
    args.state = state.data();
    return args;
  }
  void absorb(lacuna_context* ctx, std::vector<float> r, int64_t b) {
    auto call_args = args<lacuna_rls_absorb_args>();
    call_args.b = b;
    call_args.ld_r = s;
    call_args.norm = norm;
    call_args.alpha = 0.5;
    call_args.r = r.data();
    ASSERT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_rls_absorb, call_args)) << lacuna_last_error(ctx);
  }
  std::vector<float> project(lacuna_context* ctx, std::vector<float> g, int64_t c) {
    Guarded<float> out(g, Edge::kAfter);
    auto call_args = args<lacuna_rls_project_args>();
    call_args.c = c;
    call_args.ld_g = call_args.ld_out = s;
    call_args.scale = 1;
    call_args.g = call_args.out = out.data();
    EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_rls_project, call_args)) << lacuna_last_error(ctx);
    return out.values();
  }
  std::vector<float> step(lacuna_context* ctx, std::vector<float> r, int64_t b, std::vector<float> g, int64_t c,
                          int64_t order) {
    Guarded<float> in(g, Edge::kBefore), out(c * s);
    auto call_args = args<lacuna_rls_step_args>();
    call_args.b = b;
    call_args.c = c;
    call_args.ld_r = call_args.ld_g = call_args.ld_out = s;
    call_args.norm = norm;
    call_args.order = order;
    call_args.alpha = 0.5;
    call_args.scale = 1;
    call_args.r = r.data();
    call_args.g = in.data();
    call_args.out = out.data();
    EXPECT_EQ(LACUNA_OK, call(ctx, LACUNA_OP_rls_step, call_args)) << lacuna_last_error(ctx);
    return out.values();
  }

  int64_t form, norm, s, rows;
  Guarded<float> factor;
  Guarded<double> state;
};

void expect_near(const std::vector<float>& wanted, const std::vector<float>& got) {
  ASSERT_EQ(wanted.size(), got.size());
  for (size_t i = 0; i < wanted.size(); ++i) ASSERT_TRUE(std::abs(wanted[i] - got[i]) <= 2e-5) << i;
}

TEST(Rls, AStepIsAProjectionAndAnAbsorption) {
  for (int tier : usable_tiers()) {
    Context ctx(2, tier);
    for (int64_t form : {kPotter, kPlain, kLowRank}) {
      for (int64_t norm : {0, 1}) {
        for (int64_t order : {0, 1}) {
          for (int64_t s : {1, 15, 33, 130}) {
            for (int64_t c : {1, 9, 21, 101}) {
              SCOPED_TRACE("tier " + std::to_string(tier) + " form " + std::to_string(form) + " norm " +
                           std::to_string(norm) + " order " + std::to_string(order) + " s " + std::to_string(s) +
                           " c " + std::to_string(c));
              Projector fused(form, norm, s), apart(form, norm, s);
              for (int64_t b : {1, 1, 4}) {
                const auto r = random_values(b * s, static_cast<uint32_t>(s + b)), g = random_values(c * s, 7);
                const std::vector<float> got = fused.step(ctx, r, b, g, c, order);
                if (order == 1) apart.absorb(ctx, r, b);
                expect_near(apart.project(ctx, g, c), got);
                if (order == 0) apart.absorb(ctx, r, b);
              }
              EXPECT_EQ(6, fused.state.data()[1]);
              EXPECT_NEAR(apart.state.data()[0], fused.state.data()[0], 1e-5);
            }
          }
        }
      }
    }
  }
}

// x I = x to the last bit shows a number that a panel, narrow, deep or ragged, puts in a wrong place.
TEST(Rls, TheIdentityProjectsNothingAway) {
  for (int tier : usable_tiers()) {
    Context ctx(2, tier);
    for (int64_t form : {kPotter, kPlain}) {
      for (int64_t s : {1, 63, 64, 65, 1100}) {
        for (int64_t c : {1, 7, 40}) {
          SCOPED_TRACE("tier " + std::to_string(tier) + " form " + std::to_string(form) + " s " + std::to_string(s) +
                       " c " + std::to_string(c));
          Projector projector(form, 0, s);
          const auto g = random_values(c * s, 5);
          EXPECT_EQ(g, projector.project(ctx, g, c));
        }
      }
    }
  }
}

// r P r beyond float: P stays, the update that PLAIN lets wait included, and so do out and the state.
TEST(Rls, ARefusedStepLeavesPAsItWas) {
  const int64_t s = 130, c = 9;
  const auto r = random_values(s, 1), g = random_values(c * s, 2);
  std::vector<float> large = random_values(s, 3);
  for (float& value : large) value *= 1e30f;
  for (int tier : usable_tiers()) {
    Context ctx(2, tier);
    for (int64_t form : {kPotter, kPlain, kLowRank}) {
      for (int64_t norm : {0, 1}) {
        SCOPED_TRACE("tier " + std::to_string(tier) + " form " + std::to_string(form) + " norm " +
                     std::to_string(norm));
        Projector projector(form, norm, s);
        projector.absorb(ctx, r, 1);
        const std::vector<float> before = projector.project(ctx, g, c);
        const std::vector<double> state = projector.state.values();
        Guarded<float> out(c * s);
        std::fill_n(out.data(), c * s, 7.0f);
        auto args = projector.args<lacuna_rls_step_args>();
        args.b = 1;
        args.c = c;
        args.ld_r = args.ld_g = args.ld_out = s;
        args.norm = norm;
        args.alpha = args.scale = 1;
        args.r = large.data();
        args.g = const_cast<float*>(g.data());
        args.out = out.data();
        EXPECT_EQ(LACUNA_NON_FINITE, call(ctx, LACUNA_OP_rls_step, args));
        EXPECT_EQ(std::vector<float>(c * s, 7.0f), out.values());
        EXPECT_EQ(state, projector.state.values());
        expect_near(before, projector.project(ctx, g, c));
      }
    }
  }
}

TEST(Rls, TheNumberOfThreadsDoesNotShow) {
  const int64_t s = 410, c = 37;
  const auto r = random_values(s, 1), g = random_values(c * s, 2);
  for (int tier : usable_tiers()) {
    Context one(1, tier), three(3, tier);
    for (int64_t form : {kPotter, kPlain, kLowRank}) {
      for (int64_t norm : {0, 1}) {
        for (int64_t order : {0, 1}) {
          Projector a(form, norm, s), b(form, norm, s);
          for (int i = 0; i < 2; ++i) {
            EXPECT_TRUE(same_bits(a.step(one, r, 1, g, c, order), b.step(three, r, 1, g, c, order)));
          }
          EXPECT_TRUE(same_bits(a.factor.values(), b.factor.values()));
          EXPECT_EQ(a.state.values(), b.state.values());
        }
      }
    }
  }
}

}  // namespace
}  // namespace lacuna::test
