package dev.lacuna.reference.f64;

import dev.lacuna.Status;
import dev.lacuna.reference.ExactState;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import dev.lacuna.spi.OpLayouts.RlsStep;

/**
 * Recursive least squares: P = M / c, where M absorbs r with a = alpha c by M -= h h^T / (a + r.h),
 * h = M r (OWM, Zeng et al. 2019). M is held as S S^T (Potter's square root; Bierman, Factorization
 * Methods for Discrete Sequential Estimation, 1977: f = S^T r, b = a + f.f, S -= (S f) f^T / (b +
 * sqrt(a b))), as itself, or as I - U^T U with one row h / sqrt(a + r.h) of U for every update.
 */
final class RlsReference {
  private static final int POTTER = 0;
  private static final int PLAIN = 1;
  private static final int LOW_RANK = 2;
  private static final int FRO = 1;
  private static final double MIN_ALPHA = (double) 1e-6;
  private static final int CENTRED = 20;

  private final Args args;
  private final int s;
  private final int form;
  private final double[][] factor;
  private final ExactState state;

  private RlsReference(Args args, int s, int rows, int form, int factor, int state) {
    this.args = args;
    this.s = args.size(s);
    this.form = args.size(form);
    this.factor = args.matrix(factor);
    this.state = ExactState.of(args.call(), state);
    require(this.form >= POTTER && this.form <= LOW_RANK, "form", this.form, "0, 1 or 2");
    int updates = (int) this.state.get(1);
    int count = args.size(rows);
    switch (this.form) {
      case POTTER -> require(count == this.s, "rows", count, "s = " + this.s);
      case PLAIN -> require(count == this.s + 1, "rows", count, "s + 1 = " + (this.s + 1));
      default -> {
        require(count % 2 == 0, "rows", count, "an even number");
        require(
            updates >= 0 && updates <= count / 2 && updates == this.state.get(1),
            "state[1]",
            this.state.get(1),
            "0 to " + count / 2);
      }
    }
    double c = (double) this.state.get(0);
    require(c > 0 && Double.isFinite(c), "state[0]", c, "> 0");
  }

  static void absorb(Args args) {
    RlsReference rls =
        new RlsReference(
            args, RlsAbsorb.S, RlsAbsorb.ROWS, RlsAbsorb.FORM, RlsAbsorb.FACTOR, RlsAbsorb.STATE);
    double c = rls.absorb(RlsAbsorb.R, RlsAbsorb.NORM, RlsAbsorb.ALPHA);
    rls.store(RlsAbsorb.FACTOR, c, args.size(RlsAbsorb.B));
  }

  static void project(Args args) {
    RlsReference rls =
        new RlsReference(
            args,
            RlsProject.S,
            RlsProject.ROWS,
            RlsProject.FORM,
            RlsProject.FACTOR,
            RlsProject.STATE);
    double[][] gradient =
        rls.gradient(RlsProject.C, RlsProject.N, RlsProject.G, RlsProject.E, RlsProject.H);
    double scale = rls.scale(RlsProject.SCALE) / (double) rls.state.get(0);
    args.store(RlsProject.OUT, rls.projected(gradient, (int) rls.state.get(1), scale));
  }

  static void step(Args args) {
    RlsReference rls =
        new RlsReference(
            args, RlsStep.S, RlsStep.ROWS, RlsStep.FORM, RlsStep.FACTOR, RlsStep.STATE);
    boolean absorbFirst = args.flag(RlsStep.ORDER);
    double scale = rls.scale(RlsStep.SCALE);
    double[][] gradient = rls.gradient(RlsStep.C, RlsStep.N, RlsStep.G, RlsStep.E, RlsStep.H);
    double before = (double) rls.state.get(0);
    int updates = (int) rls.state.get(1);
    int more = args.size(RlsStep.B);
    double[][] out = absorbFirst ? gradient : rls.projected(gradient, updates, scale / before);
    double c = rls.absorb(RlsStep.R, RlsStep.NORM, RlsStep.ALPHA);
    if (absorbFirst) {
      out = rls.projected(gradient, updates + more, scale / c);
    }
    args.store(RlsStep.OUT, out);
    rls.store(RlsStep.FACTOR, c, more);
  }

  private void require(boolean holds, String name, Number value, String wanted) {
    if (!holds) {
      throw args.invalid(name + " is " + value + ", want " + wanted);
    }
  }

  private double scale(int field) {
    double scale = args.real(field);
    require(Double.isFinite(scale), "scale", scale, "a finite one");
    return scale;
  }

  /** g [c, s], given whole or as e^T h. */
  private double[][] gradient(int c, int n, int g, int e, int h) {
    if (args.size(c) == 0 || s == 0) {
      return new double[args.size(c)][s];
    }
    boolean whole = args.size(n) == 0;
    if (args.has(g) != whole || args.has(e) == whole || args.has(h) == whole) {
      throw args.invalid(
          "want " + (whole ? "g alone, as n is 0" : "e and h alone, as n is " + args.size(n)));
    }
    return whole
        ? args.matrix(g)
        : Matrices.times(Matrices.transposed(args.matrix(e), args.size(c)), args.matrix(h), s);
  }

  /** Changes the factor; gives the new c. */
  private double absorb(int r, int norm, int alpha) {
    boolean fro = args.size(norm) == FRO;
    require(fro || args.size(norm) == 0, "norm", args.size(norm), "0 or 1");
    double step = args.real(alpha);
    require(step >= MIN_ALPHA && Double.isFinite(step), "alpha", step, ">= " + MIN_ALPHA);
    double c = (double) state.get(0);
    require(fro || c == 1, "state[0]", c, "1, as norm is NONE");
    double[][] rows = args.matrix(r);
    int absorbed = (int) state.get(1);
    if (form == LOW_RANK) {
      int room = factor.length / 2 - absorbed;
      require(rows.length <= room, "rows", factor.length, "room for " + rows.length + " more");
    }
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < s; j++) {
        if (!Double.isFinite(rows[i][j])) {
          throw args.fail(Status.NON_FINITE, "r[" + i + ", " + j + "] is " + rows[i][j]);
        }
      }
    }
    double a = step * c;
    if (form == PLAIN) {
      absorbPlain(rows, a);
    }
    for (int i = 0; i < rows.length && form != PLAIN; i++) {
      if (form == POTTER) {
        absorbPotter(rows[i], a);
      } else {
        absorbLowRank(rows[i], a, absorbed + i);
      }
    }
    return fro && s > 0 && rows.length > 0 ? centre(frobenius(absorbed + rows.length)) : c;
  }

  private void absorbPotter(double[] r, double a) {
    double[] f = new double[s];
    for (int i = 0; i < s; i++) {
      Matrices.addScaled(f, r[i], factor[i]);
    }
    double b = divisor(a, Matrices.dot(f, f));
    double gain = 1 / (b + (double) Math.sqrt(a * b));
    for (double[] row : factor) {
      Matrices.addScaled(row, -gain * Matrices.dot(row, f), f);
    }
  }

  /** A block r at once: M -= V^T V with V = L^-1 r M where L L^T = a I + r M r^T. */
  private void absorbPlain(double[][] r, double a) {
    double[][] v = timesPlain(r);
    double[][] lower = new double[r.length][r.length];
    for (int i = 0; i < r.length; i++) {
      for (int j = 0; j <= i; j++) {
        lower[i][j] = Matrices.dot(v[i], r[j]);
      }
      divisor(a, lower[i][i]);
      lower[i][i] += a;
    }
    for (int i = 0; i < r.length; i++) {
      for (int j = 0; j < i; j++) {
        for (int k = 0; k < j; k++) {
          lower[i][j] -= lower[i][k] * lower[j][k];
        }
        lower[i][j] /= lower[j][j];
        lower[i][i] -= lower[i][j] * lower[i][j];
        Matrices.addScaled(v[i], -lower[i][j], v[j]);
      }
      lower[i][i] = (double) Math.sqrt(divisor(lower[i][i], 0));
      double[] scaled = new double[s];
      Matrices.addScaled(scaled, 1 / lower[i][i], v[i]);
      v[i] = scaled;
    }
    for (double[] row : v) {
      subtractSquare(row);
    }
  }

  private void absorbLowRank(double[] r, double a, int absorbed) {
    double[] h = r.clone();
    for (int k = 0; k < absorbed; k++) {
      Matrices.addScaled(h, -Matrices.dot(factor[k], r), factor[k]);
    }
    double b = divisor(a, Matrices.dot(r, h));
    factor[absorbed] = new double[s];
    Matrices.addScaled(factor[absorbed], 1 / (double) Math.sqrt(b), h);
    double[] scaled = new double[s];
    Matrices.addScaled(scaled, 1 / (double) Math.sqrt(a), r);
    factor[factor.length / 2 + absorbed] = scaled;
  }

  private double divisor(double a, double rpr) {
    double b = a + rpr;
    if (!(b > 0) || !Float.isFinite((float) b)) {
      throw args.fail(
          Status.NON_FINITE, "r P r is " + rpr + ", want alpha c + r P r positive and finite");
    }
    return b;
  }

  /** PLAIN: carries out the update that waits. */
  private void settle() {
    double[] u = factor[s];
    factor[s] = new double[s];
    subtractSquare(u);
  }

  private void subtractSquare(double[] v) {
    for (int i = 0; i < s; i++) {
      Matrices.addScaled(factor[i], -v[i], v);
    }
  }

  /** g M. */
  private double[][] times(double[][] g, int absorbed) {
    return switch (form) {
      case POTTER ->
          Matrices.times(Matrices.times(g, factor, s), Matrices.transposed(factor, s), s);
      case PLAIN -> timesPlain(g);
      default -> timesLowRank(g, absorbed);
    };
  }

  private double[][] timesPlain(double[][] g) {
    settle();
    double[][] product = new double[g.length][s];
    for (int i = 0; i < g.length; i++) {
      for (int k = 0; k < s; k++) {
        Matrices.addScaled(product[i], g[i][k], factor[k]);
      }
    }
    return product;
  }

  private double[][] timesLowRank(double[][] g, int absorbed) {
    double[][] product = new double[g.length][];
    for (int i = 0; i < g.length; i++) {
      product[i] = g[i].clone();
      for (int k = 0; k < absorbed; k++) {
        Matrices.addScaled(product[i], -Matrices.dot(g[i], factor[k]), factor[k]);
      }
    }
    return product;
  }

  private double[][] projected(double[][] g, int absorbed, double scale) {
    double[][] product = times(g, absorbed);
    for (double[] row : product) {
      for (int j = 0; j < s; j++) {
        row[j] *= scale;
      }
    }
    return product;
  }

  private double frobenius(int absorbed) {
    double[][] identity = new double[s][s];
    for (int i = 0; i < s; i++) {
      identity[i][i] = 1;
    }
    double sum = 0;
    for (double[] row : times(identity, absorbed)) {
      sum += Matrices.dot(row, row);
    }
    return (double) Math.sqrt(sum);
  }

  /**
   * S and M shrink with every update. Before they leave the middle of float's range they are moved
   * back, and c with them, by a power of two, which rounds nothing and leaves P as it is.
   */
  private double centre(double c) {
    if (c == 0 || form == LOW_RANK || Math.abs(Math.getExponent(c)) < CENTRED) {
      return c;
    }
    int power = form == POTTER ? 2 : 1;
    int exponent = -Math.floorDiv(Math.getExponent(c), power);
    for (double[] row : factor) {
      for (int j = 0; j < s; j++) {
        row[j] = Math.scalb(row[j], exponent);
      }
    }
    return Math.scalb(c, power * exponent);
  }

  private void store(int field, double c, int absorbed) {
    args.store(field, factor);
    state.set(0, c);
    state.set(1, state.get(1) + absorbed);
  }
}
