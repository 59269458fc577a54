package dev.lacuna.reference.f64;

import dev.lacuna.Status;
import dev.lacuna.reference.ExactState;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;

/**
 * Recursive least squares in Potter's square-root form, P = S S^T / c (Bierman, Factorization
 * Methods for Discrete Sequential Estimation, 1977): f = S^T r, b = a + f.f with a = alpha c, S -=
 * (S f) f^T / (b + sqrt(a b)).
 */
final class RlsReference {
  private static final int NONE = 0;
  private static final int FRO = 1;
  private static final int CENTRED = 20;

  private RlsReference() {}

  static void absorb(Args args) {
    int s = args.size(RlsAbsorb.S);
    int norm = args.size(RlsAbsorb.NORM);
    double[] r = args.row(RlsAbsorb.R);
    if (norm != NONE && norm != FRO) {
      throw args.invalid("norm is " + norm + ", want 0 or 1");
    }
    if (!(args.real(RlsAbsorb.ALPHA) > 0)) {
      throw args.invalid("alpha is " + args.real(RlsAbsorb.ALPHA) + ", want > 0");
    }
    for (int i = 0; i < s; i++) {
      if (!Double.isFinite(r[i])) {
        throw args.fail(Status.NON_FINITE, "r[" + i + "] is " + r[i]);
      }
    }
    ExactState state = ExactState.of(args.call(), RlsAbsorb.STATE);
    double[][] factor = args.matrix(RlsAbsorb.FACTOR);
    double c = norm == FRO ? (double) state.get(0) : 1;
    double a = args.real(RlsAbsorb.ALPHA) * c;
    double[] f = new double[s];
    for (int i = 0; i < s; i++) {
      Matrices.addScaled(f, r[i], factor[i]);
    }
    double b = a + Matrices.dot(f, f);
    double gain = 1 / (b + (double) Math.sqrt(a * b));
    for (double[] row : factor) {
      Matrices.addScaled(row, -gain * Matrices.dot(row, f), f);
    }
    if (norm == FRO) {
      state.set(0, centre(factor, frobenius(factor)));
    }
    args.store(RlsAbsorb.FACTOR, factor);
    state.set(1, state.get(1) + 1);
  }

  /**
   * S shrinks with every update. Before it leaves the middle of float's range it is moved back, and
   * c with it, by a power of two, which rounds nothing and leaves P as it is.
   */
  private static double centre(double[][] factor, double c) {
    if (c == 0 || Math.abs(Math.getExponent(c)) < CENTRED) {
      return c;
    }
    int exponent = -(Math.getExponent(c) >> 1);
    for (double[] row : factor) {
      for (int j = 0; j < row.length; j++) {
        row[j] = Math.scalb(row[j], exponent);
      }
    }
    return Math.scalb(c, 2 * exponent);
  }

  /** ||S S^T||_F = ||S^T S||_F. */
  private static double frobenius(double[][] factor) {
    double sum = 0;
    for (double[] row :
        Matrices.times(factor, Matrices.transposed(factor, factor.length), factor.length)) {
      sum += Matrices.dot(row, row);
    }
    return (double) Math.sqrt(sum);
  }

  static void project(Args args) {
    int s = args.size(RlsProject.S);
    double[][] factor = args.matrix(RlsProject.FACTOR);
    double c = (double) ExactState.of(args.call(), RlsProject.STATE).get(0);
    double[][] half = Matrices.times(args.matrix(RlsProject.G), factor, s);
    double[][] out = Matrices.times(half, Matrices.transposed(factor, s), s);
    for (double[] row : out) {
      for (int j = 0; j < s; j++) {
        row[j] /= c;
      }
    }
    args.store(RlsProject.OUT, out);
  }
}
