// A tile of a matrix product in fp32: a block of 256 threads adds up rows x cols sums, rows/16 x cols/16 of them in
// each thread's registers.
//
// The operands pass through shared memory 16 deep, in two buffers, so that one barrier a step is enough and the next
// loads run under the arithmetic. Both panels lie depth-major: at each depth a thread reads its factors in quads, for
// an 8 x 8 share four 16-byte reads to 64 multiply-adds. No access meets a bank twice:
//   writing  A panel's rows are four floats longer than the tile's side. That keeps quads on 16 bytes, and puts the 16
//            lines of depth d and those of depth d + 4, which a warp writes transposed, on 32 different banks. Quads
//            across the depth are written as they come, neighbours by neighbouring lanes.
//   reading  A warp's share is 4 x 8 quads. Bit 0 of the lane moves along the columns only and bit 1 along the rows
//            only, so each quad is wanted by two lanes side by side (i ^ 1 in A, i ^ 2 in B), and 16 lanes want at most
//            8 quads, 128 neighbouring bytes.
// A sum runs through its terms in ascending depth, one fused multiply-add each: its bits depend on nothing else. Where
// thousands of terms would cost accuracy, the caller adds up sums of shorter stretches, as the launchers of gemm.cuh
// do.
#ifndef LACUNA_PRODUCT_CUH
#define LACUNA_PRODUCT_CUH

#include "lacuna/matrix.cuh"

namespace lacuna {

// How the quad of four neighbours that an operand loads lies.
enum class Quads { kAlongDepth, kAcrossDepth };

// An operand of Product is a type with `static constexpr Quads kQuads` and `float4 load(int64_t line, int64_t depth)
// const`, where a line is a row of A or a column of B, in the whole matrix:
//   kAlongDepth   elements (line, depth .. depth + 3), depth % 4 == 0
//   kAcrossDepth  elements (line .. line + 3, depth), line % 4 == 0
// Whatever lies outside the matrix is zero. This one is a matrix in memory:
//   kAlongDepth   matrix[line, depth]
//   kAcrossDepth  matrix[depth, line]
template <Quads quads>
struct Stored {
  static constexpr Quads kQuads = quads;
  Matrix<const float> matrix;

  LACUNA_DEVICE float4 load(int64_t line, int64_t depth) const {
    return quads == Quads::kAlongDepth ? matrix.load(line, depth) : matrix.load(depth, line);
  }
};

template <int rows, int cols>
struct Product {
  static_assert((rows == 64 || rows == 128) && (cols == 64 || cols == 128));
  static constexpr int kThreads = 256, kRowsPerThread = rows / 16, kColsPerThread = cols / 16;
  static constexpr int kDepth = 16;  // of a step

 private:
  // `lines` lines of an operand, kDepth deep; each thread carries a quad of every 64 of them.
  template <int lines>
  struct Panel {
    static constexpr int kStride = lines + 4, kFloats = kDepth * kStride, kQuadsPerThread = lines / 64;

    // The thread's quads begin at this line of each 64 and at this depth of the step.
    template <Quads quads>
    static LACUNA_DEVICE int line() {
      const int thread = static_cast<int>(threadIdx.x);
      return quads == Quads::kAlongDepth ? thread / 64 * 16 + thread % 16 : thread % 16 * 4;
    }
    template <Quads quads>
    static LACUNA_DEVICE int depth() {
      const int thread = static_cast<int>(threadIdx.x);
      return quads == Quads::kAlongDepth ? thread / 16 % 4 * 4 : thread / 16;
    }

    template <class Operand>
    static LACUNA_DEVICE void load(const Operand& operand, int64_t line0, int64_t depth0,
                                   float4 (&quads)[kQuadsPerThread]) {
#pragma unroll
      for (int q = 0; q < kQuadsPerThread; ++q) {
        quads[q] = operand.load(line0 + q * 64 + line<Operand::kQuads>(), depth0 + depth<Operand::kQuads>());
      }
    }

    template <Quads quads>
    static LACUNA_DEVICE void store(float* panel, const float4 (&from)[kQuadsPerThread]) {
      float* const first = panel + depth<quads>() * kStride + line<quads>();
#pragma unroll
      for (int q = 0; q < kQuadsPerThread; ++q) {
        float* const to = first + q * 64;
        if constexpr (quads == Quads::kAlongDepth) {
          to[0] = from[q].x;
          to[kStride] = from[q].y;
          to[2 * kStride] = from[q].z;
          to[3 * kStride] = from[q].w;
        } else {
          store_wide(to, from[q]);
        }
      }
    }

    // The thread's factors at one depth: a quad of every 64 lines.
    static LACUNA_DEVICE void read(const float* panel, int depth, int line, float (&factors)[4 * kQuadsPerThread]) {
#pragma unroll
      for (int q = 0; q < kQuadsPerThread; ++q) {
        const float4 quad = load_wide(panel + depth * kStride + q * 64 + line);
        factors[4 * q] = quad.x;
        factors[4 * q + 1] = quad.y;
        factors[4 * q + 2] = quad.z;
        factors[4 * q + 3] = quad.w;
      }
    }
  };
  using PanelA = Panel<rows>;
  using PanelB = Panel<cols>;

 public:
  static constexpr int kShared = 2 * (PanelA::kFloats + PanelB::kFloats);  // floats

  // Where this thread's sums stand in the tile; i and j up to a multiple of four and the three after it are neighbours.
  static LACUNA_DEVICE int row(int i) {
    const int thread = static_cast<int>(threadIdx.x);
    return i / 4 * 64 + thread / 64 * 16 + thread / 16 % 2 * 8 + thread / 2 % 2 * 4 + i % 4;
  }
  static LACUNA_DEVICE int col(int j) {
    const int thread = static_cast<int>(threadIdx.x);
    return j / 4 * 64 + thread / 32 % 2 * 32 + thread / 4 % 4 * 8 + thread % 2 * 4 + j % 4;
  }

  // sums[i][j] += sum over the depth in [begin, end) of a(row0 + row(i), depth) b(depth, col0 + col(j)). begin is a
  // multiple of 16, and so is end unless both operands end there. Every thread of the block enters. shared holds
  // kShared floats on 16 bytes and is free again after.
  template <class A, class B>
  static LACUNA_DEVICE void add(const A& a, const B& b, int64_t row0, int64_t col0, int64_t begin, int64_t end,
                                float* shared, float (&sums)[kRowsPerThread][kColsPerThread]) {
    if (begin >= end) return;
    float4 next_a[PanelA::kQuadsPerThread], next_b[PanelB::kQuadsPerThread];
    PanelA::load(a, row0, begin, next_a);
    PanelB::load(b, col0, begin, next_b);
    int buffer = 0;
    for (int64_t depth = begin; depth < end; depth += kDepth, buffer ^= 1) {
      float* const panel_a = shared + buffer * (PanelA::kFloats + PanelB::kFloats);
      float* const panel_b = panel_a + PanelA::kFloats;
      PanelA::template store<A::kQuads>(panel_a, next_a);
      PanelB::template store<B::kQuads>(panel_b, next_b);
      barrier();
      if (depth + kDepth < end) {
        PanelA::load(a, row0, depth + kDepth, next_a);
        PanelB::load(b, col0, depth + kDepth, next_b);
      }
#pragma unroll
      for (int k = 0; k < kDepth; ++k) {
        float column[kRowsPerThread], line[kColsPerThread];
        PanelA::read(panel_a, k, row(0), column);
        PanelB::read(panel_b, k, col(0), line);
#pragma unroll
        for (int i = 0; i < kRowsPerThread; ++i) {
#pragma unroll
          for (int j = 0; j < kColsPerThread; ++j) sums[i][j] = fmaf(column[i], line[j], sums[i][j]);
        }
      }
    }
    barrier();
  }
};

}  // namespace lacuna
#endif
