// RLS on the device against the CPU: single calls tensor by tensor, long runs by the P that they end with.
#include <cmath>

#include "parity.h"

namespace lacuna::test {
namespace {

constexpr int64_t kPotter = 0, kPlain = 1, kLowRank = 2, kForms = 3;
constexpr int64_t kNone = 0, kFro = 1;
constexpr int64_t kRank = 40;

int64_t rows_of(int64_t form, int64_t s) { return form == kPotter ? s : form == kPlain ? s + 1 : 2 * kRank; }

// factor and state of a projector, rows `gap` floats apart. Rows that are not in use hold NaN.
struct Projector {
  Projector(int64_t form, int64_t norm, int64_t s, int64_t gap = 0)
      : form(form),
        norm(norm),
        s(s),
        rows(rows_of(form, s)),
        ld(s + gap),
        factor(static_cast<size_t>(rows * ld), form == kLowRank ? kNaN : 0.0f) {
    for (int64_t i = 0; form != kLowRank && i < s; ++i) factor[i * ld + i] = 1;
  }

  // One that has absorbed `updates` rows, away from I.
  static Projector worn(int64_t form, int64_t norm, int64_t s, int64_t updates, int64_t gap = 0) {
    Projector projector(form, norm, s, gap);
    const std::vector<float> noise = random_values(projector.rows * projector.ld, static_cast<uint32_t>(s + 17));
    const float small = 0.3f / std::sqrt(static_cast<float>(std::max<int64_t>(s, 1)));
    for (int64_t i = 0; i < projector.rows; ++i) {
      for (int64_t j = 0; j < s; ++j) {
        const bool mirrored = form == kPlain && i < s && j < i;
        const float value = small * noise[mirrored ? j * projector.ld + i : i * projector.ld + j];
        if (form != kLowRank) {
          projector.at(i, j) = value + (i == j ? 0.8f : 0.0f);
        } else if (i % kRank < updates) {
          projector.at(i, j) = value / 3;
        }
      }
    }
    projector.state[1] = static_cast<double>(updates);
    if (norm == kFro && s > 0) projector.state[0] = frobenius(projector.matrix());
    return projector;
  }

  static double frobenius(const std::vector<double>& p) {
    double sum = 0;
    for (double value : p) sum += value * value;
    return std::sqrt(sum);
  }

  float& at(int64_t i, int64_t j) { return factor[i * ld + j]; }

  // P in double, times c.
  std::vector<double> matrix() const {
    std::vector<double> p(static_cast<size_t>(s * s));
    const auto row = [&](int64_t i) { return factor.data() + i * ld; };
    for (int64_t i = 0; i < s; ++i) {
      for (int64_t j = 0; j < s; ++j) {
        double& value = p[i * s + j];
        if (form == kPotter) {
          for (int64_t k = 0; k < s; ++k) value += static_cast<double>(row(i)[k]) * row(j)[k];
        } else if (form == kPlain) {
          value = row(i)[j] - static_cast<double>(row(s)[i]) * row(s)[j];
        } else {
          value = i == j ? 1 : 0;
          for (int64_t k = 0; k < static_cast<int64_t>(state[1]); ++k)
            value -= static_cast<double>(row(k)[i]) * row(k)[j];
        }
      }
    }
    return p;
  }
  std::vector<double> p() const {
    std::vector<double> p = matrix();
    for (double& value : p) value /= state[0];
    return p;
  }

  template <class Args>
  Args args() {
    Args args{};
    args.form = form;
    args.s = s;
    args.rows = rows;
    args.ld_factor = ld;
    args.factor = factor.data();
    args.state = state.data();
    if constexpr (requires { args.norm; }) args.norm = norm;
    return args;
  }

  int64_t form, norm, s, rows, ld;
  std::vector<float> factor;
  std::vector<double> state = {1, 0};
};

// What is absorbed and projected by a call. n = 0: the gradient is whole.
struct Rows {
  Rows(int64_t s, int64_t b, int64_t c, int64_t n, int64_t gap = 0)
      : b(b),
        c(c),
        n(n),
        ld(s + gap),
        ld_e(c + gap),
        r(random_values(b * ld, 1)),
        g(random_values(c * ld, 2)),
        e(random_values(n * ld_e, 3)),
        h(random_values(n * ld, 4)),
        out(random_values(c * ld, 5)) {}

  template <class Args>
  Args into(Args args, double alpha = 1, bool in_place = false) {
    if constexpr (requires { args.r; }) {
      args.b = b;
      args.ld_r = ld;
      args.r = r.data();
      args.alpha = alpha;
    }
    if constexpr (requires { args.out; }) {
      args.c = c;
      args.n = n;
      args.ld_g = args.ld_h = args.ld_out = ld;
      args.ld_e = ld_e;
      args.scale = 0.75;
      if (n == 0) {
        args.g = g.data();
      } else {
        args.e = e.data();
        args.h = h.data();
      }
      args.out = in_place ? g.data() : out.data();
    }
    return args;
  }

  int64_t b, c, n, ld, ld_e;
  std::vector<float> r, g, e, h, out;
};

class CudaRls : public testing::Test {
 protected:
  // Every form and norm.
  template <class Body>
  void for_projectors(Body&& body) {
    for (int64_t form = 0; form < kForms; ++form) {
      for (int64_t norm : {kNone, kFro}) {
        SCOPED_TRACE("form " + std::to_string(form) + " norm " + std::to_string(norm));
        body(form, norm);
      }
    }
  }

  void expect_absorbed(Projector projector, Rows rows, double alpha = 1) {
    SCOPED_TRACE("absorb s " + std::to_string(projector.s) + " b " + std::to_string(rows.b));
    expect_parity(ctx, LACUNA_OP_rls_absorb, rows.into(projector.args<lacuna_rls_absorb_args>(), alpha), kTolerance);
  }
  void expect_projected(Projector projector, Rows rows, bool in_place = false) {
    SCOPED_TRACE("project s " + std::to_string(projector.s) + " c " + std::to_string(rows.c) + " n " +
                 std::to_string(rows.n));
    const auto args = rows.into(projector.args<lacuna_rls_project_args>(), 1, in_place);
    expect_parity(ctx, LACUNA_OP_rls_project, args, kTolerance);
  }
  void expect_stepped(Projector projector, Rows rows, int64_t order, bool in_place = false) {
    SCOPED_TRACE("step s " + std::to_string(projector.s) + " b " + std::to_string(rows.b) + " c " +
                 std::to_string(rows.c) + " n " + std::to_string(rows.n) + " order " + std::to_string(order));
    auto args = rows.into(projector.args<lacuna_rls_step_args>(), 1, in_place);
    args.order = order;
    expect_parity(ctx, LACUNA_OP_rls_step, args, kTolerance);
  }

  static constexpr double kTolerance = 2e-5;
  DeviceContext ctx;
};

TEST_F(CudaRls, AbsorbsAtEverySize) {
  for_projectors([&](int64_t form, int64_t norm) {
    for (int64_t s : {0, 1, 2, 3, 4, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200}) {
      for (int64_t b : {0, 1, 2, 5}) expect_absorbed(Projector::worn(form, norm, s, 3), Rows(s, b, 0, 0));
    }
    for (int64_t s : {257, 515}) expect_absorbed(Projector::worn(form, norm, s, 2), Rows(s, 1, 0, 0));
    for (int64_t b : {3, 15, 16, 17, 31, 32, 33}) {
      expect_absorbed(Projector::worn(form, norm, 70, 4, 3), Rows(70, b, 0, 0, 1), 0.3);
    }
  });
}

// The exact norm is due at the first update, at every 16th, and when much goes at once: a c that is off by a hundredth
// tells whether it was taken.
TEST_F(CudaRls, AbsorbsAtEveryCount) {
  for_projectors([&](int64_t form, int64_t norm) {
    for (int64_t updates : {0, 1, 14, 15, 16, 31, 32}) {
      for (int64_t b : {1, 2, 7}) {
        for (double alpha : {1e-3, 1.0, 1e4}) {
          Projector projector = Projector::worn(form, norm, 40, updates);
          if (norm == kFro) projector.state[0] *= 1.01;
          expect_absorbed(projector, Rows(40, b, 0, 0), alpha);
        }
      }
    }
  });
}

TEST_F(CudaRls, ProjectsAtEverySize) {
  for_projectors([&](int64_t form, int64_t norm) {
    for (int64_t s : {0, 1, 2, 3, 4, 31, 32, 33, 63, 64, 65, 127, 128, 129}) {
      for (int64_t n : {0, 4, 9}) expect_projected(Projector::worn(form, norm, s, 3), Rows(s, 0, 7, n));
    }
    for (int64_t s : {257, 515}) expect_projected(Projector::worn(form, norm, s, 2), Rows(s, 0, 3, 0));
    for (int64_t c : {0, 1, 3, 33, 63, 64, 65, 129}) {
      for (int64_t n : {0, 1, 30, 64, 70}) {
        expect_projected(Projector::worn(form, norm, 50, 5, 2), Rows(50, 0, c, n, 3));
      }
      expect_projected(Projector::worn(form, norm, 50, 5), Rows(50, 0, c, 0), true);
    }
    expect_projected(Projector::worn(form, norm, 20, 0), Rows(20, 0, 4, 0));
    expect_projected(Projector::worn(form, norm, 20, kRank), Rows(20, 0, 4, 0));
  });
}

TEST_F(CudaRls, StepsInBothOrders) {
  for_projectors([&](int64_t form, int64_t norm) {
    for (int64_t order : {0, 1}) {
      for (int64_t s : {0, 1, 3, 33, 64, 65, 130}) {
        for (int64_t b : {0, 1, 4}) {
          for (int64_t n : {0, 3, 6}) expect_stepped(Projector::worn(form, norm, s, 3), Rows(s, b, 5, n), order);
        }
      }
      for (int64_t c : {0, 1, 63, 65}) {
        expect_stepped(Projector::worn(form, norm, 49, 15, 1), Rows(49, 1, c, 0, 2), order, true);
        expect_stepped(Projector::worn(form, norm, 49, 15, 1), Rows(49, 3, c, 8, 2), order);
      }
    }
  });
}

// Norms of 2^-33: the next update moves S and M.
TEST_F(CudaRls, SmallNormsAreMovedByPowersOfTwo) {
  for (int64_t form : {kPotter, kPlain}) {
    for (int64_t order : {0, 1}) {
      for (int64_t b : {1, 3}) {
        Projector host = Projector::worn(form, kFro, 30, 5);
        const double scale = form == kPotter ? 0x1p-18 : 0x1p-36;
        for (float& value : host.factor) value = static_cast<float>(value * scale);
        // u counts by its square.
        for (int64_t j = 0; form == kPlain && j < 30; ++j) host.at(30, j) *= 0x1p18f;
        host.state[0] = Projector::frobenius(host.matrix());
        Projector device = host;
        Rows rows(30, b, 6, 0), same(30, b, 6, 0);
        auto host_args = rows.into(host.args<lacuna_rls_step_args>());
        auto device_args = same.into(device.args<lacuna_rls_step_args>());
        host_args.order = device_args.order = order;
        Context cpu;
        ASSERT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_rls_step, host_args)) << cpu.error();
        const Outcome outcome = run_on_device(ctx, LACUNA_OP_rls_step, device_args);
        ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
        EXPECT_GT(device.state[0], 0x1p-10) << "nothing was moved";
        for (size_t i = 0; i < rows.out.size(); ++i) ASSERT_NEAR(rows.out[i], same.out[i], 2e-5);
        const std::vector<double> want = host.p(), got = device.p();
        for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(want[i], got[i], 2e-5);
      }
    }
  }
}

// Rounding must not tell the back ends apart after many updates, one row or three at a time.
TEST_F(CudaRls, LongRunsEndWithTheSameP) {
  const int64_t s = 48, c = 4;
  Context cpu;
  for_projectors([&](int64_t form, int64_t norm) {
    const int updates = form == kLowRank ? 25 : 100;
    Projector host(form, norm, s), device(form, norm, s);
    int64_t absorbed = 0;
    for (int t = 0; t < updates; ++t) {
      const int64_t b = t % 10 == 9 ? 3 : 1;
      Rows rows(s, b, c, 0), same(s, b, c, 0);
      rows.r = same.r = random_values(b * s, static_cast<uint32_t>(100 + t));
      absorbed += b;
      if (t % 3 == 0) {
        auto host_args = rows.into(host.args<lacuna_rls_step_args>(), 0.7);
        auto device_args = same.into(device.args<lacuna_rls_step_args>(), 0.7);
        host_args.order = device_args.order = t % 2;
        ASSERT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_rls_step, host_args)) << cpu.error();
        ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_rls_step, device_args).status) << ctx.error();
        for (size_t i = 0; i < rows.out.size(); ++i) ASSERT_NEAR(rows.out[i], same.out[i], 5e-5) << "update " << t;
      } else {
        const auto host_args = rows.into(host.args<lacuna_rls_absorb_args>(), 0.7);
        const auto device_args = same.into(device.args<lacuna_rls_absorb_args>(), 0.7);
        ASSERT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_rls_absorb, host_args)) << cpu.error();
        ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_rls_absorb, device_args).status) << ctx.error();
      }
    }
    EXPECT_EQ(static_cast<double>(absorbed), device.state[1]);
    const std::vector<double> want = host.p(), got = device.p();
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(want[i], got[i], 5e-5) << i;
    if (norm == kFro) {
      EXPECT_NEAR(1, Projector::frobenius(got), 1e-4);
    }
  });
}

TEST_F(CudaRls, EqualInputGivesEqualBits) {
  for_projectors([&](int64_t form, int64_t norm) {
    Projector first = Projector::worn(form, norm, 130, 15), second = first;
    Rows a(130, 2, 9, 0), b(130, 2, 9, 0);
    auto args = a.into(first.args<lacuna_rls_step_args>());
    auto again = b.into(second.args<lacuna_rls_step_args>());
    ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_rls_step, args).status) << ctx.error();
    ASSERT_EQ(LACUNA_OK, run_on_device(ctx, LACUNA_OP_rls_step, again).status) << ctx.error();
    EXPECT_TRUE(same_bits(a.out, b.out));
    EXPECT_EQ(first.state, second.state);
    EXPECT_EQ(0, std::memcmp(first.factor.data(), second.factor.data(), first.factor.size() * sizeof(float)));
  });
}

// What only the device can see: nothing that the caller sees may change.
TEST_F(CudaRls, RefusesOnTheDeviceWhatTheCpuRefuses) {
  const std::string non_finite = "an input holds NaN or infinity", range = "an input is out of range";
  for_projectors([&](int64_t form, int64_t norm) {
    for (int64_t b : {1, 3}) {
      const int64_t order = b == 1 ? 0 : 1;
      const auto expect = [&](const std::string& what, const std::string& text, auto change) {
        SCOPED_TRACE(what + " b " + std::to_string(b) + " order " + std::to_string(order));
        Projector projector = Projector::worn(form, norm, 37, 3);
        // What waits may be carried out by a call that is refused.
        for (int64_t j = 0; form == kPlain && j < 37; ++j) projector.at(37, j) = 0;
        if (norm == kFro) projector.state[0] = Projector::frobenius(projector.matrix());
        Rows rows(37, b, 5, 0), factored(37, b, 5, 2);
        change(projector, rows);
        factored.r = rows.r;
        auto args = rows.into(projector.args<lacuna_rls_step_args>());
        args.order = order;
        expect_refused(ctx, LACUNA_OP_rls_step, args, "rls_step: " + text);
        auto with_factors = factored.into(projector.args<lacuna_rls_step_args>());
        with_factors.order = order;
        expect_refused(ctx, LACUNA_OP_rls_step, with_factors, "rls_step: " + text);
        const auto absorb = rows.into(projector.args<lacuna_rls_absorb_args>());
        expect_refused(ctx, LACUNA_OP_rls_absorb, absorb, "rls_absorb: " + text);
      };
      expect("NaN", non_finite, [](Projector&, Rows& rows) { rows.r[36] = kNaN; });
      expect("infinity", non_finite,
             [](Projector&, Rows& rows) { rows.r.back() = std::numeric_limits<float>::infinity(); });
      expect("beyond float", non_finite, [](Projector&, Rows& rows) {
        for (float& value : rows.r) value *= 1e30f;
      });
      expect("the last row beyond float", non_finite, [](Projector&, Rows& rows) { rows.r.back() = 1e30f; });
      for (double c : {0.0, -1.0, static_cast<double>(kNaN), HUGE_VAL}) {
        expect("c", range, [c](Projector& projector, Rows&) { projector.state[0] = c; });
      }
      if (norm == kNone) expect("c", range, [](Projector& projector, Rows&) { projector.state[0] = 2; });
      if (form == kLowRank) {
        for (double updates : {-1.0, 1.5, static_cast<double>(kRank), static_cast<double>(kRank + 1)}) {
          expect("updates", range, [=](Projector& projector, Rows&) { projector.state[1] = updates; });
        }
      }
      if (form == kLowRank && norm == kFro) {
        // So small a c does not belong to this U: what is left of the norm is negative.
        expect("lost norm", non_finite, [](Projector& projector, Rows&) { projector.state[0] = 1e-3; });
      }
      if (form == kPlain) {
        expect("indefinite", non_finite, [](Projector& projector, Rows& rows) {
          for (int64_t i = 0; i < 37 * 37; ++i) projector.factor[i] *= -1;
          for (float& value : rows.r) value *= 10;
        });
      }
    }
    Projector projector = Projector::worn(form, norm, 37, 3);
    for (int64_t n : {0, 2, 9}) {
      Rows rows(37, 0, 5, n);
      projector.state[0] = -1;
      expect_refused(ctx, LACUNA_OP_rls_project, rows.into(projector.args<lacuna_rls_project_args>()),
                     "rls_project: " + range);
      projector.state[0] = 1;
    }
    if (form == kLowRank) {
      Rows rows(37, 0, 5, 0);
      projector.state[1] = 0.5;
      expect_refused(ctx, LACUNA_OP_rls_project, rows.into(projector.args<lacuna_rls_project_args>()),
                     "rls_project: " + range);
    }
  });
}

// PLAIN carries out what waits even where it refuses the rest: P stays.
TEST_F(CudaRls, ARefusalCarriesOutNoMoreThanWhatWaited) {
  Projector projector = Projector::worn(kPlain, kNone, 37, 3);
  const std::vector<double> before = projector.p();
  Rows rows(37, 1, 0, 0);
  rows.r[5] = kNaN;
  const auto args = rows.into(projector.args<lacuna_rls_absorb_args>());
  EXPECT_EQ(LACUNA_NON_FINITE, run_on_device(ctx, LACUNA_OP_rls_absorb, args).status);
  const std::vector<double> after = projector.p();
  for (size_t i = 0; i < before.size(); ++i) ASSERT_NEAR(before[i], after[i], 1e-6);
  EXPECT_EQ((std::vector<double>{1, 3}), projector.state);
}

TEST_F(CudaRls, RefusesWhatTheCpuRefuses) {
  const auto expect = [&](int64_t form, const std::string& text, auto change) {
    Projector projector = Projector::worn(form, kFro, 9, 2);
    Rows rows(9, 1, 3, 0), factored(9, 1, 3, 2);
    auto args = rows.into(projector.args<lacuna_rls_step_args>());
    change(args, factored);
    expect_refused(ctx, LACUNA_OP_rls_step, args, "rls_step: " + text);
  };
  using Args = lacuna_rls_step_args;
  expect(0, "form is 3, want 0 (POTTER), 1 (PLAIN) or 2 (LOW_RANK)", [](Args& a, Rows&) { a.form = 3; });
  expect(0, "form is -1, want 0 (POTTER), 1 (PLAIN) or 2 (LOW_RANK)", [](Args& a, Rows&) { a.form = -1; });
  expect(0, "order is 2, want 0 or 1", [](Args& a, Rows&) { a.order = 2; });
  expect(0, "norm is 2, want 0 (NONE) or 1 (FRO)", [](Args& a, Rows&) { a.norm = 2; });
  expect(0, "alpha is 1e-07, want >= 1e-06 and finite", [](Args& a, Rows&) { a.alpha = 1e-7; });
  expect(0, "alpha is inf, want >= 1e-06 and finite", [](Args& a, Rows&) { a.alpha = HUGE_VAL; });
  expect(0, "alpha is nan, want >= 1e-06 and finite", [](Args& a, Rows&) { a.alpha = kNaN; });
  expect(0, "scale is inf, want a finite one", [](Args& a, Rows&) { a.scale = HUGE_VAL; });
  expect(0, "rows is 8, want 9 (= s, as form is POTTER)", [](Args& a, Rows&) { a.rows = 8; });
  expect(1, "rows is 9, want 10 (= s + 1, as form is PLAIN)", [](Args& a, Rows&) { a.rows = 9; });
  expect(2, "rows is 79, want an even number, as form is LOW_RANK", [](Args& a, Rows&) { a.rows = 79; });
  expect(0, "g, e, h are NULL, NULL, NULL, want g alone as n is 0", [](Args& a, Rows&) { a.g = nullptr; });
  expect(0, "g, e, h are given, given, given, want e and h alone as n is 2",
         [](Args& a, Rows& factored) { a.n = 2, a.e = factored.e.data(), a.h = factored.h.data(); });
  expect(0, "g, e, h are NULL, given, NULL, want e and h alone as n is 2",
         [](Args& a, Rows& factored) { a.n = 2, a.e = factored.e.data(), a.g = nullptr; });
}

TEST_F(CudaRls, RefusesAnUnknownFormOfAnySize) {
  for (int64_t s : {0, 9}) {
    Projector projector(kPotter, kNone, s);
    Rows rows(s, 0, 5, 0);
    auto args = rows.into(projector.args<lacuna_rls_project_args>());
    args.form = 99;
    expect_refused(ctx, LACUNA_OP_rls_project, args,
                   "rls_project: form is 99, want 0 (POTTER), 1 (PLAIN) or 2 (LOW_RANK)");
  }
}

}  // namespace
}  // namespace lacuna::test
