// The backward pass of attention, for the tier being compiled.
#if defined(LACUNA_SRC_OPS_ATTENTION_BWD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LACUNA_SRC_OPS_ATTENTION_BWD_INL_H
#undef LACUNA_SRC_OPS_ATTENTION_BWD_INL_H
#else
#define LACUNA_SRC_OPS_ATTENTION_BWD_INL_H
#endif

#include "hwy/highway.h"
#include "ops/attention-inl.h"

HWY_BEFORE_NAMESPACE();
namespace lacuna::HWY_NAMESPACE {

static_assert(kGroupRows % kStrip == 0);

// Where rows of a gradient go.
struct Gradient {
  float* data = nullptr;
  int64_t ld = 0;
  bool add = false;

  Gradient() = default;
  Gradient(float* tensor, int64_t ld, bool add, int64_t row, int64_t col)
      : data(tensor ? tensor + row * ld + col : nullptr), ld(ld), add(add) {}
  explicit operator bool() const { return data != nullptr; }
  Gradient from(int64_t i) const { return {data, ld, add, i, 0}; }

  HWY_INLINE void write_row(int64_t i, const float* x, float factor, int64_t d) const {
    const Floats f;
    for_vectors(f, 0, d, [&](int64_t j, auto lanes) {
      write(f, hn::Mul(hn::Set(f, factor), load(f, x + j, lanes)), data + i * ld + j, lanes, add);
    });
  }
  void clear_row(int64_t i, int64_t d) const {
    if (data && !add) std::fill_n(data + i * ld, d, 0.0f);
  }
  void clear(int64_t rows, int64_t d) const {
    for (int64_t i = 0; i < rows; ++i) clear_row(i, d);
  }
};

// One head's inputs or prompts as queries, and the gradient that comes back to them.
struct Stream {
  HeadRows q, out, dout;
  const float* lse = nullptr;
  int64_t rows = 0;
  Gradient dq;
  bool reaches_keys = false;

  bool present() const { return dout.data != nullptr; }
  // What is written from here on is added.
  void written() { dq.add = true; }
};

// What is read after a block of keys: other keys and the first queries.
struct Following {
  HeadRows k, v;
  int64_t keys = 0;
  const Stream* queries = nullptr;
};

class BackwardUnit {
 public:
  BackwardUnit(BackwardSpace& space, int64_t d, float scale) : space_(space), d_(d), scale_(scale), ahead_(d) {}

  // The gradients of a block of keys and what it gives to those of the queries.
  void block(const Keys& keys, Stream* const* streams, int64_t count, const Gradient& dk, const Gradient& dv,
             const Following& following) {
    if (dk) std::fill_n(space_.dk, keys.count * padded(d_), 0.0f);
    if (dv) std::fill_n(space_.dv, keys.count * padded(d_), 0.0f);
    int64_t strips = 0, strip_index = 0;
    for (int64_t s = 0; s < count; ++s) {
      if (streams[s]->present()) strips += (streams[s]->rows + kStrip - 1) / kStrip;
    }
    for (int64_t s = 0; s < count && keys.count > 0; ++s) {
      Stream& stream = *streams[s];
      const bool to_k = stream.reaches_keys && dk, to_v = stream.reaches_keys && dv;
      if (!stream.present() || !(stream.dq || to_k || to_v)) continue;
      for (int64_t i = 0; i < stream.rows; i += kGroupRows) {
        const int64_t rows = std::min(kGroupRows, stream.rows - i);
        for (int64_t j = 0; j < rows; j += kStrip, ++strip_index) {
          ahead_.restart(2 * ((keys.count + kRows - 1) / kRows));
          if (i + j + kStrip < stream.rows) {
            ask_for(stream, i + j + kStrip);
          } else if (s + 1 < count && streams[s + 1]->present()) {
            ask_for(*streams[s + 1], 0);
          } else if (following.queries) {
            ask_for(*following.queries, 0);
          }
          ahead_.add_part(following.k, following.keys, strip_index, strips);
          ahead_.add_part(following.v, following.keys, strip_index, strips);
          strip(keys, stream, i + j, std::min(kStrip, rows - j), j * kMaxBlockKeys, stream.dq || to_k);
        }
        if (to_v) add_weighted_sums(space_.weights, keys.count, rows, stream.dout.from(i), d_, space_.dv);
        if (to_k) add_weighted_sums(space_.slopes, keys.count, rows, stream.q.from(i), d_, space_.dk);
      }
      stream.written();
    }
    for (int64_t j = 0; j < keys.count; ++j) {
      const int64_t row = keys.index ? keys.index[j] : j;
      if (dk) dk.write_row(row, space_.dk + j * padded(d_), scale_, d_);
      if (dv) dv.write_row(row, space_.dv + j * padded(d_), 1.0f, d_);
    }
  }

  // Every row of the stream reads one key of its own.
  void own(Stream& stream, HeadRows k, HeadRows v, const Gradient& dk, const Gradient& dv) const {
    for (int64_t i = 0; i < stream.rows; ++i) {
      const float x = dot(stream.q.row(i), k.row(i), d_) * scale_ - stream.lse[i];
      const float p = hn::GetLane(exp2_of<false>(hn::Set(Floats(), x * static_cast<float>(kLog2e))));
      const float delta = dot(stream.dout.row(i), stream.out.row(i), d_);
      const float slope = p * (dot(stream.dout.row(i), v.row(i), d_) - delta) * scale_;
      if (stream.dq) stream.dq.write_row(i, k.row(i), slope, d_);
      if (dk) dk.write_row(i, stream.q.row(i), slope, d_);
      if (dv) dv.write_row(i, stream.dout.row(i), p, d_);
    }
    stream.written();
  }

 private:
  void ask_for(const Stream& stream, int64_t row) {
    const int64_t rows = std::min(kStrip, stream.rows - row);
    ahead_.add(stream.q.from(row), rows);
    ahead_.add(stream.dout.from(row), rows);
    ahead_.add(stream.out.from(row), rows);
  }

  // Softmax weights, their slopes if wanted, and dq of a strip of queries.
  void strip(const Keys& keys, const Stream& stream, int64_t row, int64_t rows, int64_t at, bool slopes) {
    transpose(stream.q.row(row), stream.q.ld, rows, d_, space_.queries);
    transpose(stream.dout.row(row), stream.dout.ld, rows, d_, space_.gradients);
    transpose(stream.out.row(row), stream.out.ld, rows, d_, space_.dq);
    alignas(64) float lse[kStrip] = {}, delta[kStrip];
    std::copy_n(stream.lse + row, rows, lse);
    // In the order of the products with v, so that their difference is 0 where a row reads one key alone.
    const Floats f;
    auto low = hn::Zero(f), high = low;
    for (int64_t j = 0; j < d_ * kStrip; j += kStrip) {
      low = hn::MulAdd(hn::Load(f, space_.gradients + j), hn::Load(f, space_.dq + j), low);
      high = hn::MulAdd(hn::Load(f, space_.gradients + j + kLanes), hn::Load(f, space_.dq + j + kLanes), high);
    }
    hn::Store(low, f, delta);
    hn::Store(high, f, delta + kLanes);
    with_constant<2>(rows > kLanes ? 2 : 1, [&](auto vectors) {
      weights<decltype(vectors)::value>(keys, lse, delta, space_.weights + at, slopes ? space_.slopes + at : nullptr);
    });
    if (!stream.dq) return;
    weighted_sums<Exact>(space_.slopes + at, rows, keys.count, keys.k, d_, nullptr, space_.dq);
    for (int64_t i = 0; i < rows; ++i) stream.dq.write_row(row + i, space_.dq + i * padded(d_), scale_, d_);
  }

  template <int kVectors>
  HWY_INLINE void weights(const Keys& keys, const float* lse, const float* delta, float* p, float* slopes) {
    const Floats f;
    const auto scale = hn::Set(f, scale_), log2e = hn::Set(f, static_cast<float>(kLog2e));
    products_with_queries<Exact, kVectors>(keys.k, keys.count, space_.queries, d_, [&](int64_t key, auto& products) {
      ahead_.step();
      for_block(products, [&](int r, int v, Vector x) {
        const auto shifted = hn::MulSub(x, scale, hn::Load(f, lse + v * kLanes));
        hn::Store(exp2_of<false>(hn::Mul(shifted, log2e)), f, p + (key + r) * kStrip + v * kLanes);
      });
    });
    if (!slopes) return;
    products_with_queries<Exact, kVectors>(keys.v, keys.count, space_.gradients, d_, [&](int64_t key, auto& products) {
      ahead_.step();
      for_block(products, [&](int r, int v, Vector x) {
        const int64_t i = (key + r) * kStrip + v * kLanes;
        hn::Store(hn::Mul(hn::Load(f, p + i), hn::Sub(x, hn::Load(f, delta + v * kLanes))), f, slopes + i);
      });
    });
  }

  BackwardSpace& space_;
  const int64_t d_;
  const float scale_;
  Ahead ahead_;
};

// One call, cut into heads, and heads into ranges of keys.
class Backward {
 public:
  Backward(CpuContext& ctx, const lacuna_attention_bwd_args& args)
      : ctx_(ctx), args_(args), ranges_(args.b * args.h, args.n) {}

  void run() {
    const int64_t floats = space_of<BackwardSpace>(args_.d);
    float* const workspace = static_cast<float*>(args_.workspace);
    partial_ = workspace + ctx_.threads() * floats;
    ctx_.parallel_for(units(), [&](int64_t unit, int worker) {
      Parts parts(workspace + worker * floats);
      BackwardSpace space(parts, args_.d);
      run_unit(unit, space);
    });
    if (!ranges_.parted()) return;
    ctx_.parallel_for(args_.b * args_.h, [&](int64_t head, int) {
      add_up(head, 0, args_.n, input_dq(head));
      add_up(head, args_.n, args_.p, prompt_dq(head));
    });
  }

 private:
  // A range of a head's keys, and all that read them.
  struct Unit {
    int64_t head, range, col, input_row, prompt_row;
    HeadRows k, v;
    Stream inputs, prompts;
    const Stream& first() const { return inputs.present() ? inputs : prompts; }
  };

  int64_t units() const { return args_.b * args_.h * ranges_.count; }

  Unit unit(int64_t index) const {
    Unit u;
    u.head = index / ranges_.count;
    u.range = index % ranges_.count;
    u.col = u.head % args_.h * args_.d;
    const int64_t in = u.input_row = u.head / args_.h * args_.n, pr = u.prompt_row = u.head / args_.h * args_.p;
    u.k = {args_.k, args_.ld_k, in, u.col};
    u.v = {args_.v, args_.ld_v, in, u.col};
    if (args_.dout) {
      u.inputs.q = {args_.q, args_.ld_q, in, u.col};
      u.inputs.out = {args_.out, args_.ld_out, in, u.col};
      u.inputs.dout = {args_.dout, args_.ld_dout, in, u.col};
      u.inputs.lse = args_.lse + u.head * args_.n;
    }
    if (args_.prompt_dout) {
      u.prompts.q = {args_.prompt_q, args_.ld_prompt_q, pr, u.col};
      u.prompts.out = {args_.prompt_out, args_.ld_prompt_out, pr, u.col};
      u.prompts.dout = {args_.prompt_dout, args_.ld_prompt_dout, pr, u.col};
      u.prompts.lse = args_.prompt_lse + u.head * args_.p;
    }
    u.inputs.rows = args_.n;
    u.prompts.rows = args_.p;
    u.inputs.dq = ranges_.parted() ? part(args_.dq, u.head, u.range, 0) : input_dq(u.head);
    u.prompts.dq = ranges_.parted() ? part(args_.dprompt_q, u.head, u.range, args_.n) : prompt_dq(u.head);
    u.inputs.reaches_keys = true;
    u.prompts.reaches_keys = args_.encoder_grad == kEncoderFlow;
    return u;
  }

  void run_unit(int64_t index, BackwardSpace& space) const {
    Unit u = unit(index);
    Stream* const both[] = {&u.inputs, &u.prompts};
    // What this worker is likely to be handed next.
    const bool more = index + ctx_.threads() < units();
    const Unit next = unit(more ? index + ctx_.threads() : index);

    const int64_t in = u.input_row, d = args_.d;
    BackwardUnit unit(space, d, static_cast<float>(args_.scale));
    const Gradient dk(args_.dk, args_.ld_dk, args_.acc_dk, in, u.col),
        dv(args_.dv, args_.ld_dv, args_.acc_dv, in, u.col);
    const KeyBlocks blocks(args_.n);
    const int64_t end = std::min(blocks.count(), (u.range + 1) * ranges_.blocks);
    for (int64_t i = u.range * ranges_.blocks; i < end; ++i) {
      const KeyBlock block = blocks[i];
      const uint8_t* const mask = args_.key_mask ? args_.key_mask + in + block.begin : nullptr;
      const Keys keys = visible_keys(u.k.from(block.begin), u.v.from(block.begin), mask, block.count, d, space.gather);
      for (int64_t j = 0; mask && j < block.count; ++j) {
        if (mask[j]) continue;
        dk.clear_row(block.begin + j, d);
        dv.clear_row(block.begin + j, d);
      }
      unit.block(keys, both, 2, dk.from(block.begin), dv.from(block.begin),
                 i + 1 < end ? following(u, blocks[i + 1]) : following(next, blocks[next.range * ranges_.blocks]));
    }

    if (u.range == 0) run_prompt_keys(unit, u.prompts, u.prompt_row, u.col);
    // What nothing was read by.
    u.inputs.dq.clear(u.inputs.rows, d);
    u.prompts.dq.clear(u.prompts.rows, d);
  }

  static Following following(const Unit& u, KeyBlock keys) {
    return {u.k.from(keys.begin), u.v.from(keys.begin), keys.count, &u.first()};
  }

  void run_prompt_keys(BackwardUnit& unit, Stream& prompts, int64_t row, int64_t col) const {
    const HeadRows k(args_.prompt_k, args_.ld_prompt_k, row, col), v(args_.prompt_v, args_.ld_prompt_v, row, col);
    const Gradient dk(args_.dprompt_k, args_.ld_dprompt_k, args_.acc_dprompt_k, row, col);
    const Gradient dv(args_.dprompt_v, args_.ld_dprompt_v, args_.acc_dprompt_v, row, col);
    if (!prompts.present() || args_.prompts == kPromptsNone) {
      dk.clear(args_.p, args_.d);
      dv.clear(args_.p, args_.d);
    } else if (args_.prompts == kPromptsSelf) {
      unit.own(prompts, k, v, dk, dv);
    } else {
      prompts.reaches_keys = true;
      Stream* const readers[] = {&prompts};
      for (const KeyBlock block : KeyBlocks(args_.p)) {
        unit.block({k.from(block.begin), v.from(block.begin), block.count}, readers, 1, dk.from(block.begin),
                   dv.from(block.begin), {});
      }
    }
  }

  Gradient input_dq(int64_t head) const {
    return {args_.dq, args_.ld_dq, args_.acc_dq != 0, head / args_.h * args_.n, head % args_.h * args_.d};
  }
  Gradient prompt_dq(int64_t head) const {
    return {args_.dprompt_q, args_.ld_dprompt_q, args_.acc_dprompt_q != 0, head / args_.h * args_.p,
            head % args_.h * args_.d};
  }
  // A range's own [n + p, d], from `row` on; nothing where the gradient is not wanted.
  Gradient part(const float* wanted, int64_t head, int64_t range, int64_t row) const {
    const int64_t first = (head * ranges_.count + range) * (args_.n + args_.p);
    return {wanted ? partial_ : nullptr, args_.d, false, first + row, 0};
  }

  void add_up(int64_t head, int64_t first, int64_t rows, Gradient dq) const {
    for (int64_t i = 0; dq && i < rows; ++i) {
      Gradient to = dq;
      for (int64_t range = 0; range < ranges_.count; ++range, to.add = true)
        to.write_row(i, part(partial_, head, range, first + i).data, 1.0f, args_.d);
    }
  }

  CpuContext& ctx_;
  const lacuna_attention_bwd_args& args_;
  const KeyRanges ranges_;
  float* partial_ = nullptr;
};

}  // namespace lacuna::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
