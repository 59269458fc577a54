// The forward pass of attention, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_ATTENTION_FWD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_ATTENTION_FWD_INL_H
#undef LACUNA_SRC_OPS_ATTENTION_FWD_INL_H
#else
#define LACUNA_SRC_OPS_ATTENTION_FWD_INL_H
#endif

#include <limits>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "ops/attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

// Up to kStrip rows of queries with what they have read so far: the highest product, the sum of exponentials relative
// to it, and their weighted sum of values.
struct Strip {
  // Below every product; where it stays the highest, all were -infinity, and their softmax is not a number.
  static constexpr float kNowhere = std::numeric_limits<float>::lowest();

  HeadRows q;
  int64_t first = 0, rows = 0, d = 0;  // first row of the head's inputs or prompts
  bool prompts = false;
  float* result = nullptr;  // [rows, d]
  int64_t ld_result = 0;
  float* lse = nullptr;      // [rows], or not wanted
  float* queries = nullptr;  // [d][kStrip]
  float* out = nullptr;      // [kStrip][padded(d)]
  bool empty = true;
  alignas(64) float highest[kStrip], sum[kStrip];

  int vectors() const { return rows > kLanes ? 2 : 1; }

  void clear_sums() {
    std::fill_n(highest, kStrip, kNowhere);
    std::fill_n(sum, kStrip, 0.0f);
  }

  // Reads a block of keys; exponent: scale log2 e.
  template <class Math>
  void read(const Keys& keys, float exponent, float* tile, Bf16Space& space, Ahead& ahead) {
    if (empty) {
      Math::transpose_queries(q, rows, d, queries, space);
      clear_sums();
    }
    with_constant<2>(vectors(), [&](auto vectors) { read_vectors<Math, vectors>(keys, exponent, tile, ahead); });
  }

  template <class Math, int kVectors>
  HWY_INLINE void read_vectors(const Keys& keys, float exponent, float* tile, Ahead& ahead) {
    const Floats f;
    alignas(64) float before[kStrip];
    std::copy_n(highest, kStrip, before);
    products_with_queries<Math, kVectors>(keys.k, keys.count, queries, Math::steps(d),
                                          [&](int64_t key, auto& products) {
                                            ahead.step();
                                            Vector top[kVectors];
#pragma GCC unroll 2
                                            for (int v = 0; v < kVectors; ++v)
                                              top[v] = hn::Load(f, highest + v * kLanes);
                                            for_block(products, [&](int r, int v, Vector x) {
                                              hn::Store(x, f, tile + (key + r) * kStrip + v * kLanes);
                                              top[v] = hn::Max(top[v], x);
                                            });
#pragma GCC unroll 2
                                            for (int v = 0; v < kVectors; ++v)
                                              hn::Store(top[v], f, highest + v * kLanes);
                                          });
    const auto c = hn::Set(f, exponent);
    alignas(64) float factor[kStrip];
    Vector top[kVectors], total[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      top[v] = hn::Load(f, highest + v * kLanes);
      const auto shrink = exp2_of<Math::kFast>(hn::Mul(hn::Sub(hn::Load(f, before + v * kLanes), top[v]), c));
      hn::Store(shrink, f, factor + v * kLanes);
      total[v] = hn::Mul(hn::Load(f, sum + v * kLanes), shrink);
    }
    const auto weight = [&](int64_t key, int v) {
      const auto x = hn::Load(f, tile + key * kStrip + v * kLanes);
      const auto p = exp2_of<Math::kFast>(hn::Mul(hn::Sub(x, top[v]), c));
      total[v] = hn::Add(total[v], p);
      return p;
    };
    for (int64_t step = 0; step < Math::steps(keys.count); ++step) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v)
        hn::Store(Math::weights(weight, step, v, keys.count), f, tile + step * kStrip + v * kLanes);
    }
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) hn::Store(total[v], f, sum + v * kLanes);
    weighted_sums<Math>(tile, rows, Math::steps(keys.count), keys.v, Math::columns(d), empty ? nullptr : factor, out);
    empty = false;
  }

  // Each row reads one key of its own.
  void read_own(HeadRows k, HeadRows v, float exponent) {
    const Floats f;
    const int64_t ld_out = padded(d);
    if (empty) clear_sums();
    for (int64_t i = 0; i < rows; ++i) {
      const float x = dot(q.row(i), k.row(i), d), top = x > highest[i] ? x : highest[i];
      const float weights[2] = {(highest[i] - top) * exponent, (x - top) * exponent};
      const float shrink = hn::GetLane(exp2_of<false>(hn::Set(f, weights[0])));
      const float p = hn::GetLane(exp2_of<false>(hn::Set(f, weights[1])));
      highest[i] = top;
      sum[i] = sum[i] * shrink + p;
      for_vectors(f, 0, d, [&](int64_t j, auto lanes) {
        float* const to = out + i * ld_out + j;
        const auto value = hn::Mul(hn::Set(f, p), load(f, v.row(i) + j, lanes));
        store(f, empty ? value : hn::MulAdd(hn::Set(f, shrink), load(f, to, lanes), value), to, lanes);
      });
    }
    empty = false;
  }

  void finish(float scale) const {
    const Floats f;
    const int64_t ld_out = padded(d);
    for (int64_t i = 0; i < rows; ++i) {
      const auto factor = hn::Set(f, highest[i] == kNowhere ? std::numeric_limits<float>::quiet_NaN() : 1.0f / sum[i]);
      for_vectors(f, 0, d, [&](int64_t j, auto lanes) {
        const auto x = empty ? hn::Zero(f) : hn::Mul(load(f, out + i * ld_out + j, lanes), factor);
        store(f, x, result + i * ld_result + j, lanes);
      });
    }
    if (!lse) return;
    const auto nothing = hn::Set(f, -std::numeric_limits<float>::infinity());
    for_vectors(f, 0, rows, [&](int64_t i, auto lanes) {
      const auto s = hn::Load(f, sum + i);
      const auto top = hn::Load(f, highest + i);
      const auto log = hn::IfThenElse(hn::IsNaN(s), s, hn::Log(f, s));
      const auto value =
          hn::IfThenElse(hn::Eq(top, hn::Set(f, kNowhere)), hn::Set(f, std::numeric_limits<float>::quiet_NaN()),
                         hn::MulAdd(top, hn::Set(f, scale), log));
      store(f, empty ? nothing : value, lse + i, lanes);
    });
  }
};

// One call, cut into units of strips of one head.
template <class Math>
class Forward {
 public:
  Forward(CpuContext& ctx, const lacuna_attention_fwd_args& args) : ctx_(ctx), args_(args) {
    input_strips_ = args.q ? (args.n + kStrip - 1) / kStrip : 0;
    strips_ = input_strips_ + (args.prompt_q ? (args.p + kStrip - 1) / kStrip : 0);
    const int64_t work = 2 * kStrip * std::max<int64_t>(args.n, 1) * std::max<int64_t>(args.d, 1);
    unit_ = std::clamp<int64_t>(kAttentionWork / work, 1, kUnitStrips);
  }

  void run() {
    const int64_t floats = space_of<ForwardSpace>(args_.d);
    ctx_.parallel_for(units(), [&](int64_t unit, int worker) {
      Parts parts(static_cast<float*>(args_.workspace) + worker * floats);
      ForwardSpace space(parts, args_.d);
      run_unit(unit, space);
    });
  }

 private:
  // A head, and which of its strips a unit has.
  struct Unit {
    int64_t head, entry, col, first, count;
    HeadRows k, v;
  };

  // What is read after a block of keys: other keys and the first queries, if those are not known yet.
  struct Following {
    HeadRows k, v;
    int64_t keys = 0;
    const Strip* strip = nullptr;
  };

  int64_t units_of_head() const { return (strips_ + unit_ - 1) / unit_; }
  int64_t units() const { return args_.b * args_.h * units_of_head(); }

  Unit unit(int64_t index) const {
    Unit u;
    u.head = index / units_of_head();
    u.entry = u.head / args_.h;
    u.col = u.head % args_.h * args_.d;
    u.first = index % units_of_head() * unit_;
    u.count = std::min(unit_, strips_ - u.first);
    u.k = {args_.k, args_.ld_k, u.entry * args_.n, u.col};
    u.v = {args_.v, args_.ld_v, u.entry * args_.n, u.col};
    return u;
  }

  void run_unit(int64_t index, ForwardSpace& space) const {
    const Unit u = unit(index);
    const int64_t d = args_.d;
    const float exponent = static_cast<float>(args_.scale * kLog2e);
    const HeadRows prompt_k(args_.prompt_k, args_.ld_prompt_k, u.entry * args_.p, u.col);
    const HeadRows prompt_v(args_.prompt_v, args_.ld_prompt_v, u.entry * args_.p, u.col);
    const uint8_t* const mask = args_.key_mask ? args_.key_mask + u.entry * args_.n : nullptr;
    Strip strips[kUnitStrips];
    for (int64_t s = 0; s < u.count; ++s) place(strips[s], u, s, space);
    // What this worker is likely to be handed next.
    const bool more = index + ctx_.threads() < units();
    const Unit next = unit(more ? index + ctx_.threads() : index);
    Strip next_strip;
    if (more) place(next_strip, next, 0, space);

    Ahead ahead(d);
    const auto read_all = [&](const Keys& visible, bool inputs, const Following& following) {
      const Keys keys = Math::prepare(visible, d, space.bf16);
      for (int64_t s = 0; s < u.count; ++s) {
        if (!inputs && !strips[s].prompts) continue;
        ahead.restart((keys.count + kRows - 1) / kRows);
        const Strip* const strip = s + 1 < u.count ? &strips[s + 1] : following.strip;
        if (strip && strip->empty) ahead.add(strip->q, strip->rows);
        ahead.add_part(following.k, following.keys, s, u.count);
        ahead.add_part(following.v, following.keys, s, u.count);
        strips[s].template read<Math>(keys, exponent, space.tile, space.bf16, ahead);
      }
    };
    const auto follow = [](const Unit& of, KeyBlock block, const Strip* strip) {
      return Following{of.k.from(block.begin), of.v.from(block.begin), block.count, strip};
    };
    const KeyBlocks blocks(args_.n);
    for (int64_t i = 0; i < blocks.count(); ++i) {
      const KeyBlock block = blocks[i];
      const Keys keys = visible_keys(u.k.from(block.begin), u.v.from(block.begin), mask ? mask + block.begin : nullptr,
                                     block.count, d, space.gather);
      if (keys.count == 0) continue;
      const bool last = i + 1 == blocks.count();
      read_all(keys, true, last ? follow(next, blocks[0], &next_strip) : follow(u, blocks[i + 1], nullptr));
    }
    if (args_.prompts == kPromptsFull && strips[u.count - 1].prompts) {
      for (const KeyBlock block : KeyBlocks(args_.p))
        read_all({prompt_k.from(block.begin), prompt_v.from(block.begin), block.count}, false, {});
    }
    for (int64_t s = 0; s < u.count; ++s) {
      Strip& strip = strips[s];
      if (strip.prompts && args_.prompts == kPromptsSelf)
        strip.read_own(prompt_k.from(strip.first), prompt_v.from(strip.first), exponent);
      strip.finish(static_cast<float>(args_.scale));
    }
  }

  void place(Strip& strip, const Unit& u, int64_t slot, ForwardSpace& space) const {
    const int64_t index = u.first + slot;
    strip.prompts = index >= input_strips_;
    const int64_t rows = strip.prompts ? args_.p : args_.n;
    strip.first = (index - (strip.prompts ? input_strips_ : 0)) * kStrip;
    strip.rows = std::min(kStrip, rows - strip.first);
    strip.d = args_.d;
    const int64_t row = u.entry * rows + strip.first;
    strip.q = strip.prompts ? HeadRows(args_.prompt_q, args_.ld_prompt_q, row, u.col)
                            : HeadRows(args_.q, args_.ld_q, row, u.col);
    strip.ld_result = strip.prompts ? args_.ld_prompt_out : args_.ld_out;
    strip.result = (strip.prompts ? args_.prompt_out : args_.out) + row * strip.ld_result + u.col;
    float* const lse = strip.prompts ? args_.prompt_lse : args_.lse;
    strip.lse = lse ? lse + u.head * rows + strip.first : nullptr;
    strip.queries = space.queries + slot * kStrip * args_.d;
    strip.out = space.out + slot * kStrip * padded(args_.d);
  }

  CpuContext& ctx_;
  const lacuna_attention_fwd_args& args_;
  int64_t input_strips_, strips_, unit_;
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
