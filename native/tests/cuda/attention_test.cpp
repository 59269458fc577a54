// Attention's kernels against the CPU's.
#include <bit>
#include <functional>

#include "parity.h"

namespace lacuna::test {
namespace {

constexpr int64_t kNone = 0, kSelf = 1, kFull = 2;

struct Shape {
  int64_t b, h, n, p, d;
};

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << "b " << s.b << " h " << s.h << " n " << s.n << " p " << s.p << " d " << s.d;
}

// Rows of a token-major tensor, `gap` numbers apart; NaN lies between them.
struct Rows {
  int64_t rows = 0, cols = 0, ld = 0;
  std::vector<float> values;

  Rows(int64_t rows, int64_t cols, int64_t gap, const std::function<float()>& value)
      : rows(rows), cols(cols), ld(cols + gap), values(static_cast<size_t>(std::max<int64_t>(rows * (cols + gap), 1))) {
    std::fill(values.begin(), values.end(), kNaN);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < cols; ++j) at(i, j) = value();
    }
  }
  float& at(int64_t i, int64_t j) { return values[static_cast<size_t>(i * ld + j)]; }
  float* data() { return values.data(); }
};

// All tensors of a forward and a backward call.
struct Problem {
  Shape s;
  std::mt19937 random;
  std::normal_distribution<float> normal;
  std::function<float()> draw = [this] { return normal(random); };
  Rows q, k, v, prompt_q, prompt_k, prompt_v, dout, prompt_dout;
  Rows out, prompt_out, lse, prompt_lse, dq, dk, dv, dprompt_q, dprompt_k, dprompt_v;
  std::vector<uint8_t> mask;

  explicit Problem(const Shape& s, int64_t gap = 0, unsigned seed = 7)
      : s(s),
        random(seed),
        q(inputs(gap)),
        k(inputs(gap)),
        v(inputs(gap)),
        prompt_q(prompts(gap)),
        prompt_k(prompts(gap)),
        prompt_v(prompts(gap)),
        dout(inputs(gap)),
        prompt_dout(prompts(gap)),
        out(inputs(gap)),
        prompt_out(prompts(gap)),
        lse(s.b * s.h, s.n, 0, draw),
        prompt_lse(s.b * s.h, s.p, 0, draw),
        dq(inputs(gap)),
        dk(inputs(gap)),
        dv(inputs(gap)),
        dprompt_q(prompts(gap)),
        dprompt_k(prompts(gap)),
        dprompt_v(prompts(gap)) {}
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  Rows inputs(int64_t gap) { return {s.b * s.n, s.h * s.d, gap, draw}; }
  Rows prompts(int64_t gap) { return {s.b * s.p, s.h * s.d, gap, draw}; }

  // Every token is visible with this probability.
  void hide(double visible) {
    std::bernoulli_distribution coin(visible);
    mask.assign(static_cast<size_t>(s.b * s.n), 0);
    for (uint8_t& byte : mask) byte = coin(random);
  }

  template <class Args>
  Args common(int64_t mode) {
    Args args{};
    args.b = s.b, args.h = s.h, args.n = s.n, args.p = s.p, args.d = s.d;
    args.prompts = mode;
    args.scale = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(s.d, 1)));
    args.ld_q = q.ld, args.ld_k = k.ld, args.ld_v = v.ld;
    args.ld_prompt_q = prompt_q.ld, args.ld_prompt_k = prompt_k.ld, args.ld_prompt_v = prompt_v.ld;
    args.ld_out = out.ld, args.ld_prompt_out = prompt_out.ld;
    args.q = q.data(), args.k = k.data(), args.v = v.data();
    args.prompt_q = prompt_q.data(), args.prompt_k = prompt_k.data(), args.prompt_v = prompt_v.data();
    args.out = out.data(), args.prompt_out = prompt_out.data();
    args.lse = lse.data(), args.prompt_lse = prompt_lse.data();
    args.key_mask = mask.empty() ? nullptr : mask.data();
    return args;
  }
  lacuna_attention_fwd_args forward(int64_t mode) { return common<lacuna_attention_fwd_args>(mode); }

  // After a forward pass on the CPU, whose results it reads.
  lacuna_attention_bwd_args backward(int64_t mode, int64_t encoder_grad) {
    static Context cpu(1);
    lacuna_attention_fwd_args saved = forward(mode);
    EXPECT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_attention_fwd, saved)) << cpu.error();
    auto args = common<lacuna_attention_bwd_args>(mode);
    args.encoder_grad = encoder_grad;
    args.ld_dout = dout.ld, args.ld_prompt_dout = prompt_dout.ld;
    args.ld_dq = dq.ld, args.ld_dk = dk.ld, args.ld_dv = dv.ld;
    args.ld_dprompt_q = dprompt_q.ld, args.ld_dprompt_k = dprompt_k.ld, args.ld_dprompt_v = dprompt_v.ld;
    args.dout = dout.data(), args.prompt_dout = prompt_dout.data();
    args.dq = dq.data(), args.dk = dk.data(), args.dv = dv.data();
    args.dprompt_q = dprompt_q.data(), args.dprompt_k = dprompt_k.data(), args.dprompt_v = dprompt_v.data();
    return args;
  }
};

template <class Args>
void leave_out_inputs(Args& args) {
  args.q = args.out = args.lse = nullptr;
  if constexpr (requires { args.dout; }) args.dout = nullptr;
}
template <class Args>
void leave_out_prompts(Args& args) {
  args.prompt_q = args.prompt_k = args.prompt_v = args.prompt_out = args.prompt_lse = nullptr;
  if constexpr (requires { args.prompt_dout; }) args.prompt_dout = nullptr;
}

class AttentionOnDevice : public testing::Test {
 protected:
  void expect_forward(Problem& problem, int64_t mode) {
    SCOPED_TRACE(testing::Message() << "forward " << problem.s << " mode " << mode);
    expect_parity(device, LACUNA_OP_attention_fwd, problem.forward(mode), 2e-6);
  }
  void expect_backward(Problem& problem, int64_t mode, int64_t encoder_grad) {
    SCOPED_TRACE(testing::Message() << "backward " << problem.s << " mode " << mode << " encoder_grad "
                                    << encoder_grad);
    expect_parity(device, LACUNA_OP_attention_bwd, problem.backward(mode, encoder_grad), 5e-6);
  }
  void run(int32_t op, const auto& args, uint32_t flags = 0) {
    const Outcome outcome = run_on_device(device, op, args, flags);
    ASSERT_EQ(LACUNA_OK, outcome.status) << outcome.text;
  }
  DeviceContext device;
};

constexpr int64_t kWidths[] = {1, 4, 31, 32, 33, 64, 80, 96, 127, 128, 160};
constexpr int64_t kInputs[] = {1, 3, 16, 31, 33, 64, 65, 130};
constexpr int64_t kPrompts[] = {1, 3, 16, 31, 33, 65, 130};

TEST_F(AttentionOnDevice, everyWidthInEveryModeIsTheCpus) {
  size_t turn = 0;
  for (const int64_t d : kWidths) {
    for (int64_t mode = kNone; mode <= kFull; ++mode, ++turn) {
      Problem problem({1, 2, kInputs[(5 * turn + 6) % std::size(kInputs)], kPrompts[3 * turn % std::size(kPrompts)], d},
                      turn % 2 ? 3 : 0);
      if (turn % 3 != 0) problem.hide(0.7);
      expect_forward(problem, mode);
      expect_backward(problem, mode, turn % 2);
    }
  }
}

TEST_F(AttentionOnDevice, everyNumberOfTokensIsTheCpus) {
  for (const int64_t n : kInputs) {
    for (const int64_t p : {int64_t{0}, kPrompts[static_cast<size_t>(n) % std::size(kPrompts)]}) {
      for (int64_t mode = kNone; mode <= kFull; ++mode) {
        Problem problem({1, 1, n, p, 20});
        expect_forward(problem, mode);
        expect_backward(problem, mode, 1);
      }
    }
  }
}
TEST_F(AttentionOnDevice, entriesAndHeadsAreKeptApart) {
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    Problem problem({3, 2, 37, 6, 8}, 4);
    problem.hide(0.5);
    std::fill_n(problem.mask.begin() + 37, 37, uint8_t{0});  // an entry of padding alone
    expect_forward(problem, mode);
    for (int64_t flow = 0; flow < 2; ++flow) expect_backward(problem, mode, flow);
  }
}

TEST_F(AttentionOnDevice, nothingToReadGivesZeroMinusInfinityAndNoGradient) {
  Problem problem({2, 2, 40, 5, 12});
  problem.hide(0);
  run(LACUNA_OP_attention_fwd, problem.forward(kNone));
  for (const Rows* rows : {&problem.out, &problem.prompt_out}) {
    EXPECT_EQ(std::vector<float>(rows->values.size(), 0.0f), rows->values);
  }
  for (const Rows* rows : {&problem.lse, &problem.prompt_lse}) {
    EXPECT_EQ(std::vector<float>(rows->values.size(), -std::numeric_limits<float>::infinity()), rows->values);
  }
  run(LACUNA_OP_attention_bwd, problem.backward(kNone, 1));
  for (const Rows* rows : {&problem.dq, &problem.dk, &problem.dv, &problem.dprompt_q}) {
    EXPECT_EQ(std::vector<float>(rows->values.size(), 0.0f), rows->values);
  }
}

TEST_F(AttentionOnDevice, whatPaddingHoldsDoesNotMatter) {
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    Problem problem({2, 2, 70, 9, 36});
    problem.hide(0.6);
    for (int64_t token = 0; token < 140; ++token) {
      if (problem.mask[static_cast<size_t>(token)]) continue;
      for (int64_t col = 0; col < 72; ++col) problem.k.at(token, col) = problem.v.at(token, col) = kNaN;
    }
    expect_forward(problem, mode);
    expect_backward(problem, mode, 1);
    run(LACUNA_OP_attention_fwd, problem.forward(mode), LACUNA_FLAG_FAST);
    for (const float x : problem.out.values) EXPECT_TRUE(std::isfinite(x));
  }
}

TEST_F(AttentionOnDevice, anotherByteInTheMaskIsRefusedAndNothingIsWritten) {
  for (const uint8_t byte : {uint8_t{2}, uint8_t{255}}) {
    for (const size_t where : {size_t{0}, size_t{299}, size_t{300}, size_t{599}}) {
      Problem problem({2, 1, 300, 4, 8});
      problem.hide(0.5);
      auto backward = problem.backward(kSelf, 1);
      problem.mask[where] = byte;
      for (const uint32_t flags : {0u, uint32_t{LACUNA_FLAG_FAST}})
        expect_refused(device, LACUNA_OP_attention_fwd, problem.forward(kSelf), "attention_fwd", flags);
      expect_refused(device, LACUNA_OP_attention_bwd, backward, "attention_bwd");
    }
  }
}

TEST_F(AttentionOnDevice, aStreamMayBeLeftOut) {
  for (const Shape& shape : {Shape{1, 2, 50, 7, 24}, Shape{1, 1, 66, 40, 64}, Shape{1, 1, 20, 70, 100}}) {
    for (int64_t mode = kNone; mode <= kFull; ++mode) {
      for (const bool inputs : {false, true}) {
        Problem problem(shape);
        problem.hide(0.8);
        const auto leave_out = [inputs](auto& args) { inputs ? leave_out_inputs(args) : leave_out_prompts(args); };
        SCOPED_TRACE(testing::Message() << shape << " mode " << mode << (inputs ? " no inputs" : " no prompts"));
        auto forward = problem.forward(mode);
        leave_out(forward);
        expect_parity(device, LACUNA_OP_attention_fwd, forward, 2e-6);
        for (int64_t flow = 0; flow < 2; ++flow) {
          for (int64_t accumulate = 0; accumulate < 2; ++accumulate) {
            auto backward = problem.backward(mode, flow);
            leave_out(backward);
            backward.acc_dq = backward.acc_dk = backward.acc_dprompt_k = accumulate;
            backward.acc_dv = backward.acc_dprompt_q = backward.acc_dprompt_v = 1 - accumulate;
            expect_parity(device, LACUNA_OP_attention_bwd, backward, 5e-6);
          }
        }
      }
    }
  }
}

TEST_F(AttentionOnDevice, promptsAloneNeedNothingOfTheInputs) {
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    Problem problem({2, 2, 90, 16, 64});
    auto backward = problem.backward(mode, 0);
    leave_out_inputs(backward);
    backward.dq = backward.dk = backward.dv = nullptr;
    expect_parity(device, LACUNA_OP_attention_bwd, backward, 5e-6);
  }
}

TEST_F(AttentionOnDevice, everyGradientMayBeLeftOutOrAddedTo) {
  using Args = lacuna_attention_bwd_args;
  const std::pair<float * Args::*, int64_t Args::*> gradients[] = {
      {&Args::dq, &Args::acc_dq},
      {&Args::dk, &Args::acc_dk},
      {&Args::dv, &Args::acc_dv},
      {&Args::dprompt_q, &Args::acc_dprompt_q},
      {&Args::dprompt_k, &Args::acc_dprompt_k},
      {&Args::dprompt_v, &Args::acc_dprompt_v},
  };
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    for (unsigned chosen = 0; chosen < 6; ++chosen) {
      Problem problem({1, 2, 18, 35, 12}, 1);
      problem.hide(0.6);
      auto without = problem.backward(mode, 1), added = without, alone = without;
      for (unsigned i = 0; i < 6; ++i) {
        if (i == chosen) without.*gradients[i].first = nullptr;
        if (i == chosen) added.*gradients[i].second = 1;
        if (i != chosen) alone.*gradients[i].first = nullptr;
      }
      SCOPED_TRACE(testing::Message() << "mode " << mode << " gradient " << chosen);
      expect_parity(device, LACUNA_OP_attention_bwd, without, 5e-6);
      expect_parity(device, LACUNA_OP_attention_bwd, added, 5e-6);
      expect_parity(device, LACUNA_OP_attention_bwd, alone, 5e-6);
    }
  }
}

TEST_F(AttentionOnDevice, optionalResultsMayBeLeftOut) {
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    Problem problem({1, 2, 30, 6, 16});
    auto forward = problem.forward(mode);
    forward.lse = forward.prompt_lse = nullptr;
    if (mode == kNone) forward.prompt_k = forward.prompt_v = nullptr;
    expect_parity(device, LACUNA_OP_attention_fwd, forward, 2e-6);
  }
}

TEST_F(AttentionOnDevice, logitsOfTenThousandAreTheCpus) {
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    Problem problem({1, 2, 70, 9, 16});
    for (Rows* rows : {&problem.q, &problem.k, &problem.prompt_q, &problem.prompt_k}) {
      for (float& x : rows->values) x *= 100;
    }
    // Keys come in pairs and prompts, which ask for a pair, bring a third of them: they differ in the first column of
    // a head alone, of which prompts ask nothing. One key alone would leave no gradient but rounding.
    for (int64_t col = 0; col < 32; ++col) {
      const bool differs = col % 16 == 0;
      for (int64_t token = 0; token < 70 && !differs; token += 2)
        problem.k.at(token + 1, col) = problem.k.at(token, col);
      for (int64_t prompt = 0; prompt < 9; ++prompt) {
        problem.prompt_q.at(prompt, col) = differs ? 0 : problem.k.at(2 * prompt, col);
        if (!differs) problem.prompt_k.at(prompt, col) = problem.k.at(2 * prompt, col);
      }
    }
    // Rounding of a logit of 4e4 is 2e-3 of a weight.
    expect_parity(device, LACUNA_OP_attention_fwd, problem.forward(mode), 4e-3);
    expect_parity(device, LACUNA_OP_attention_bwd, problem.backward(mode, 1), 1e-2);
  }
}

TEST_F(AttentionOnDevice, logitsThatAreAllMinusInfinityHaveNoSoftmax) {
  Problem problem({1, 1, 20, 3, 8});
  for (float& x : problem.q.values) x = 1;
  for (float& x : problem.k.values) x = -std::numeric_limits<float>::infinity();
  expect_forward(problem, kNone);
}

// Bits of tensors after a call.
std::vector<std::vector<uint32_t>> bits_of(const std::vector<const Rows*>& tensors) {
  std::vector<std::vector<uint32_t>> bits;
  for (const Rows* rows : tensors) {
    bits.emplace_back();
    for (const float x : rows->values) bits.back().push_back(std::bit_cast<uint32_t>(x));
  }
  return bits;
}

TEST_F(AttentionOnDevice, promptsDoNotChangeABitOfTheInputs) {
  for (const uint32_t flags : {0u, uint32_t{LACUNA_FLAG_FAST}}) {
    for (const int64_t n : {10, 33, 100}) {
      for (int64_t mode = kNone; mode <= kFull; ++mode) {
        Problem problem({1, 2, n, 40, 32});
        problem.hide(0.9);
        auto alone = problem.forward(mode);
        leave_out_prompts(alone);
        run(LACUNA_OP_attention_fwd, alone, flags);
        const auto want = bits_of({&problem.out, &problem.lse});
        for (float& x : problem.prompt_v.values) x = kNaN;
        run(LACUNA_OP_attention_fwd, problem.forward(mode), flags);
        EXPECT_EQ(want, bits_of({&problem.out, &problem.lse})) << "n " << n << " mode " << mode << " flags " << flags;
      }
    }
  }
}

TEST_F(AttentionOnDevice, promptsDoNotChangeABitOfTheInputsGradient) {
  for (int64_t mode = kNone; mode <= kFull; ++mode) {
    Problem problem({1, 2, 100, 40, 32});
    auto alone = problem.backward(mode, 0), both = alone;
    leave_out_prompts(alone);
    run(LACUNA_OP_attention_bwd, alone);
    const auto want = bits_of({&problem.dq, &problem.dk, &problem.dv});
    for (float& x : problem.prompt_v.values) x = kNaN;
    run(LACUNA_OP_attention_bwd, both);
    EXPECT_EQ(want, bits_of({&problem.dq, &problem.dk, &problem.dv})) << "mode " << mode;
  }
}

TEST_F(AttentionOnDevice, promptsAloneReadTheSameBits) {
  for (const uint32_t flags : {0u, uint32_t{LACUNA_FLAG_FAST}}) {
    for (int64_t mode = kNone; mode <= kFull; ++mode) {
      Problem problem({1, 2, 77, 20, 64});
      run(LACUNA_OP_attention_fwd, problem.forward(mode), flags);
      const auto want = bits_of({&problem.prompt_out, &problem.prompt_lse});
      auto alone = problem.forward(mode);
      leave_out_inputs(alone);
      run(LACUNA_OP_attention_fwd, alone, flags);
      EXPECT_EQ(want, bits_of({&problem.prompt_out, &problem.prompt_lse})) << "mode " << mode << " flags " << flags;
    }
  }
}

TEST_F(AttentionOnDevice, aMaskOfOnesChangesNothing) {
  Problem problem({1, 2, 150, 20, 40});
  run(LACUNA_OP_attention_fwd, problem.forward(kSelf));
  const auto want = bits_of({&problem.out, &problem.lse, &problem.prompt_out, &problem.prompt_lse});
  problem.hide(1);
  run(LACUNA_OP_attention_fwd, problem.forward(kSelf));
  EXPECT_EQ(want, bits_of({&problem.out, &problem.lse, &problem.prompt_out, &problem.prompt_lse}));
}

float to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u);
}

// With operands that bf16 holds, only the weights are rounded, by 2^-9 of themselves.
TEST_F(AttentionOnDevice, fastRoundsOperandsAndWeightsAndNothingElse) {
  size_t turn = 0;
  for (const int64_t d : {4, 19, 32, 33, 64, 80, 96, 127, 128, 160}) {
    for (int64_t mode = kNone; mode <= kFull; ++mode, ++turn) {
      Problem problem({1, 2, kInputs[(3 * turn + 7) % std::size(kInputs)], kPrompts[5 * turn % std::size(kPrompts)], d},
                      turn % 3 == 2 ? 1 : 4);
      if (turn % 2) problem.hide(0.7);
      float largest = 0;
      for (Rows* rows : {&problem.q, &problem.k, &problem.v, &problem.prompt_q, &problem.prompt_k, &problem.prompt_v}) {
        for (float& x : rows->values) x = to_bf16(x);
      }
      SCOPED_TRACE(testing::Message() << problem.s << " mode " << mode);
      static Context cpu(1);
      auto args = problem.forward(mode);
      ASSERT_EQ(LACUNA_OK, call(cpu, LACUNA_OP_attention_fwd, args)) << cpu.error();
      const std::vector<float> out = problem.out.values, lse = problem.lse.values,
                               prompt_out = problem.prompt_out.values, prompt_lse = problem.prompt_lse.values;
      for (const std::vector<float>& values : {problem.v.values, problem.prompt_v.values}) {
        for (const float x : values) largest = std::isnan(x) ? largest : std::max(largest, std::abs(x));
      }
      run(LACUNA_OP_attention_fwd, args, LACUNA_FLAG_FAST);
      const auto expect_near = [](const std::vector<float>& want, const std::vector<float>& got, float tolerance) {
        for (size_t i = 0; i < want.size(); ++i) {
          if (std::isfinite(want[i])) {
            ASSERT_NEAR(want[i], got[i], tolerance) << i;
          } else {
            ASSERT_EQ(std::isnan(want[i]), std::isnan(got[i])) << i;
            if (!std::isnan(want[i])) {
              ASSERT_EQ(want[i], got[i]) << i;
            }
          }
        }
      };
      expect_near(out, problem.out.values, largest * 0x1p-9f + 1e-5f);
      expect_near(prompt_out, problem.prompt_out.values, largest * 0x1p-9f + 1e-5f);
      expect_near(lse, problem.lse.values, 1e-5f);
      expect_near(prompt_lse, problem.prompt_lse.values, 1e-5f);
    }
  }
}

TEST_F(AttentionOnDevice, emptySizesAreLegal) {
  for (const Shape& shape :
       {Shape{2, 2, 0, 5, 8}, Shape{2, 2, 7, 0, 8}, Shape{2, 2, 7, 5, 0}, Shape{0, 2, 7, 5, 8}, Shape{2, 0, 7, 5, 8}}) {
    for (int64_t mode = kNone; mode <= kFull; ++mode) {
      Problem problem(shape);
      problem.hide(0.5);
      expect_forward(problem, mode);
      expect_backward(problem, mode, 1);
    }
  }
}

TEST_F(AttentionOnDevice, wrongArgumentsAreRefusedAsTheCpuDoes) {
  Problem problem({1, 1, 8, 4, 8});
  const auto refuse_forward = [&](const std::string& text,
                                  const std::function<void(lacuna_attention_fwd_args&)>& change) {
    auto args = problem.forward(kSelf);
    change(args);
    expect_refused(device, LACUNA_OP_attention_fwd, args, text);
  };
  refuse_forward("prompts is 3, want 0 NONE, 1 SELF or 2 FULL", [](auto& args) { args.prompts = 3; });
  refuse_forward("scale is 0, want a number > 0", [](auto& args) { args.scale = 0; });
  refuse_forward("scale is inf, want a number > 0", [](auto& args) { args.scale = INFINITY; });
  refuse_forward("prompt_k is NULL, want it for prompts SELF and FULL", [](auto& args) { args.prompt_k = nullptr; });
  refuse_forward("prompt_v is NULL, want it for prompts SELF and FULL", [](auto& args) { args.prompt_v = nullptr; });
  refuse_forward("out is NULL, want it with q", [](auto& args) { args.out = nullptr; });
  refuse_forward("q is NULL, want it with out", [](auto& args) { args.q = nullptr; });
  refuse_forward("prompt_out is NULL, want it with prompt_q", [](auto& args) { args.prompt_out = nullptr; });
  refuse_forward("k is NULL", [](auto& args) { args.k = nullptr; });
  refuse_forward("ld_q is 7", [](auto& args) { args.ld_q = 7; });
  const auto refuse_backward = [&](const std::string& text,
                                   const std::function<void(lacuna_attention_bwd_args&)>& change) {
    auto args = problem.backward(kSelf, 1);
    change(args);
    expect_refused(device, LACUNA_OP_attention_bwd, args, text);
  };
  refuse_backward("encoder_grad is 2, want 0 STOP or 1 FLOW", [](auto& args) { args.encoder_grad = 2; });
  refuse_backward("acc_dprompt_k is 2, want 0 or 1", [](auto& args) { args.acc_dprompt_k = 2; });
  refuse_backward("lse is NULL, want it with dout", [](auto& args) { args.lse = nullptr; });
  refuse_backward("prompt_out is NULL, want it with prompt_dout", [](auto& args) { args.prompt_out = nullptr; });
}

}  // namespace
}  // namespace lacuna::test
