package dev.lacuna.jcuda;

/** The product of BLAS, column-major: C = op(A) op(B) + beta C with C [m, n] and depth k. */
interface Sgemm {
  /** Enqueues the product on the stream of the context that asked for it. */
  void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc);
}
