// The forward pass of masked read-only attention in fp32. Per head, for a row of n inputs or p prompts,
//
//   x[key] = scale q . k[key]   lse = log sum exp x   out = sum exp(x[key] - lse) v[key]
//
// over the keys that the row may read: inputs that the key mask shows and, for prompts, by mode NONE none, SELF its own
// or FULL all prompts. q, k, v, out are token-major [b n, h d] and [b p, h d], lse [b h, n] and [b h, p].
//
// Online softmax (Milakov and Gimelshein 2018; Dao et al. 2022): a row keeps the highest product, the sum of
// exponentials relative to it and their weighted sum of values, and scales both sums down when the highest grows. The
// largest thing kept is a tile of weights, 64 x 64 in shared memory.
//   kernel                          grid                              threads  block's work
//   attention_fwd_<width>           b h x rows/64 x chunks of d       128      64 rows, `width` columns of out
//   attention_fwd_few_<width>       the same with rows/16, rows <= 32  128     16 rows
// Rows: a head's inputs followed by its prompts, so that both share a tile and its walk over the keys: 197 inputs fill
// 3 tiles and 5 rows of a fourth, where 16 prompts find room, and NONE costs no further reading of a key. A tile that
// holds prompts then reads what they alone may read; its inputs are written before. With prompts alone, and few rows
// in general, tiles of 16 keep the other multiprocessors from idling and rows from being padded.
// Keys: 64 at a time, through the list of attention_mask.cu where there is a mask: padding costs nothing and is never
// looked at. Width: 32, 64, 96 or 128 columns of out a block; a head of another width takes the next of them, a wider
// one several blocks, each of which forms the whole products. The products' depth runs to d itself in steps of 16.
// A thread owns 8 rows (few: 2) x 4 keys of the products and 8 rows x width/16 columns of out; the maximum and the sum
// of a row are shuffles among 16 threads. No step depends on where a row stands or what else is asked for: a row's
// bits are the same with and without prompts, alone, and in either kernel.
//
// Operations and bytes: 4 d flops a pair of row and key; q, k, v read and out written once from memory, and k, v once a
// tile of rows from the L2 cache. b = 8, h = 12, n = 197, p = 16, d = 64, NONE: 1.03 GFLOP and 20 MB, 53 us at 19.5
// TFLOP/s (computed, not measured). Filling the last tiles makes that 1.46 GFLOP.
#include "lacuna/attention_reader.cuh"

using namespace lacuna::attention;

namespace {

// fp32 products of the tile's rows of queries.
template <int rows_of_thread, int width>
class ExactTile : public Tile<rows_of_thread, width> {
 public:
  using Base = Tile<rows_of_thread, width>;
  using Products = float[Base::kRowsOfThread][Base::kKeysOfThread];

  LACUNA_DEVICE ExactTile(float* shared, const QueryRows&) : Base(shared) {}

  LACUNA_DEVICE void start(const KeyRows&) const {}
  LACUNA_DEVICE void products(const QueryRows& q, const KeyRows& k, const KeyRows&, Products& x) {
    Base::products(q, k, k.rows.d, x);
  }
  LACUNA_DEVICE void add_weighted(const Products& x, const KeyRows& v, const KeyRows&, int64_t col0,
                                  float (&sums)[Base::kRowsOfThread][Base::kCols]) {
    Base::exchange(x);
    Base::add_weighted(v, v.count - v.first, col0, sums);
  }
};

}  // namespace

LACUNA_KERNEL(attention_fwd_32, kThreads, 3)(ForwardArgs args) { forward<ExactTile<8, 32>>(args); }
LACUNA_KERNEL(attention_fwd_64, kThreads, 3)(ForwardArgs args) { forward<ExactTile<8, 64>>(args); }
LACUNA_KERNEL(attention_fwd_96, kThreads, 2)(ForwardArgs args) { forward<ExactTile<8, 96>>(args); }
LACUNA_KERNEL(attention_fwd_128, kThreads, 2)(ForwardArgs args) { forward<ExactTile<8, 128>>(args); }
LACUNA_KERNEL(attention_fwd_few_32, kThreads, 3)(ForwardArgs args) { forward<ExactTile<2, 32>>(args); }
LACUNA_KERNEL(attention_fwd_few_64, kThreads, 3)(ForwardArgs args) { forward<ExactTile<2, 64>>(args); }
LACUNA_KERNEL(attention_fwd_few_96, kThreads, 3)(ForwardArgs args) { forward<ExactTile<2, 96>>(args); }
LACUNA_KERNEL(attention_fwd_few_128, kThreads, 3)(ForwardArgs args) { forward<ExactTile<2, 128>>(args); }
