package dev.lacuna.contract;

import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import dev.lacuna.spi.OpLayouts.RlsStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The cases of recursive least squares: every form, norm and order, rows alone and in blocks. */
final class RlsCases {
  static final int POTTER = 0;
  static final int PLAIN = 1;
  static final int LOW_RANK = 2;
  private static final int FORMS = 3;
  private static final int RANK = 40;

  private RlsCases() {}

  static OpCase largest(OpLayout op) {
    OpCase base = new OpCase(op).with("s", 301).keepOptional();
    return switch (op.name()) {
      case "rls_absorb" -> absorbing(held(base, POTTER, 15), 1, 1, 0.5);
      case "rls_project" -> whole(held(base, PLAIN, 15), 67);
      default -> factored(absorbing(held(base, PLAIN, 15), 1, 0, 0.5), 130, 40);
    };
  }

  static List<OpCase> listed(OpLayout op) {
    return switch (op.name()) {
      case "rls_absorb" -> absorb();
      case "rls_project" -> project();
      default -> step();
    };
  }

  private static OpCase sized(OpLayout op, int s, int form, int absorbed) {
    return held(new OpCase(op).with("s", s).keepOptional(), form, absorbed);
  }

  /**
   * A projector that has absorbed {@code absorbed} rows: P positive definite and well away from I.
   */
  private static OpCase held(OpCase opCase, int form, int absorbed) {
    int s = (int) opCase.value("s");
    int rows = form == POTTER ? s : form == PLAIN ? s + 1 : 2 * RANK;
    return opCase
        .with("form", form, "rows", rows)
        .adjust(values -> fill(values.get("factor"), s, form))
        .adjust(values -> values.put("state", new double[] {1.625, absorbed}));
  }

  private static void fill(double[] factor, int s, int form) {
    double small = form == LOW_RANK ? 0.7 / Math.sqrt((double) s * RANK) : 0.3 / Math.sqrt(s);
    for (int i = 0; i < factor.length; i++) {
      int row = i / s;
      int col = i % s;
      boolean diagonal = row == col && form != LOW_RANK;
      factor[i] = (float) (small * factor[i] + (diagonal ? 0.8 : 0));
    }
    for (int i = 0; form == PLAIN && i < s; i++) {
      for (int j = 0; j < i; j++) {
        factor[j * s + i] = factor[i * s + j];
      }
    }
  }

  /** A block to absorb; c is what the norm says. */
  private static OpCase absorbing(OpCase opCase, int b, int norm, double alpha) {
    int s = (int) opCase.value("s");
    int form = (int) opCase.value("form");
    return opCase
        .with("b", b, "norm", norm, "alpha", alpha)
        .adjust(values -> {
          double[] state = values.get("state");
          double[] m = Matrices.rls(form, values.get("factor"), s, (int) state[1]);
          state[0] = norm == 1 && s > 0 ? Matrices.frobenius(m) : 1;
        });
  }

  private static OpCase whole(OpCase opCase, int c) {
    return opCase.with("c", c, "n", 0, "scale", 1).without("e").without("h");
  }

  private static OpCase factored(OpCase opCase, int c, int n) {
    return opCase.with("c", c, "n", n, "scale", 0.25).without("g");
  }

  private static List<OpCase> absorb() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(absorbing(sized(RlsAbsorb.OP, 13, POTTER, 3), 1, 1, 1));
    for (int form = 0; form < FORMS; form++) {
      for (int norm = 0; norm < 2; norm++) {
        for (int edge : OpCases.EDGES) {
          cases.add(absorbing(sized(RlsAbsorb.OP, edge, form, 3), 1, norm, 1));
          cases.add(
              absorbing(sized(RlsAbsorb.OP, edge, form, 15), 1, norm, form == POTTER ? 1e-3 : 0.3));
          cases.add(absorbing(sized(RlsAbsorb.OP, edge, form, 14), 5, norm, 1));
          if (edge <= 33) {
            cases.add(absorbing(sized(RlsAbsorb.OP, 21, form, 7), edge, norm, 1));
          }
        }
        for (int absorbed : new int[] {0, 14, 15, 16, 31}) {
          cases.add(absorbing(sized(RlsAbsorb.OP, 20, form, absorbed), 1, norm, 0.1));
        }
        cases.add(
            absorbing(sized(RlsAbsorb.OP, 17, form, 2), 1, norm, 100)
                .fill("r", Fill.normal(10, 0)));
        cases.add(absorbing(sized(RlsAbsorb.OP, 17, form, 2), 2, norm, 1).fill("r", Fill.ZERO));
        cases.add(absorbing(sized(RlsAbsorb.OP, 17, form, 2), 0, norm, 1));
        cases.add(absorbing(sized(RlsAbsorb.OP, 200, form, 15), 1, norm, 1));
        cases.add(absorbing(sized(RlsAbsorb.OP, 200, form, 15), 20, norm, 1));
      }
    }
    return cases;
  }

  private static List<OpCase> project() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(whole(sized(RlsProject.OP, 13, POTTER, 3), 5));
    for (int form = 0; form < FORMS; form++) {
      for (int edge : OpCases.EDGES) {
        cases.add(whole(sized(RlsProject.OP, edge, form, 3), 3));
        cases.add(whole(sized(RlsProject.OP, 6, form, 3), edge));
        cases.add(whole(sized(RlsProject.OP, edge, form, 3), 3).inPlace("out", "g"));
        cases.add(whole(sized(RlsProject.OP, 9, form, 3), edge).inPlace("out", "g"));
        cases.add(factored(sized(RlsProject.OP, edge, form, 3), 7, 4));
        cases.add(factored(sized(RlsProject.OP, 10, form, 3), edge, 8));
        cases.add(factored(sized(RlsProject.OP, 10, form, 3), 8, edge));
      }
      cases.add(whole(sized(RlsProject.OP, 6, form, 0), 0));
      cases.add(whole(sized(RlsProject.OP, 6, form, 0), 2));
      cases.add(factored(sized(RlsProject.OP, 6, form, 0), 0, 3));
      cases.add(whole(sized(RlsProject.OP, 512, form, 40), 10));
      cases.add(whole(sized(RlsProject.OP, 512, form, 40), 10).inPlace("out", "g"));
      cases.add(factored(sized(RlsProject.OP, 512, form, 40), 100, 64));
    }
    return cases;
  }

  private static List<OpCase> step() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(whole(absorbing(sized(RlsStep.OP, 13, POTTER, 3), 1, 1, 1), 5));
    for (int form = 0; form < FORMS; form++) {
      for (int norm = 0; norm < 2; norm++) {
        for (int order = 0; order < 2; order++) {
          for (int edge : OpCases.EDGES) {
            cases.add(
                ordered(order, whole(absorbing(sized(RlsStep.OP, edge, form, 3), 1, norm, 1), 3)));
            cases.add(
                ordered(order, whole(absorbing(sized(RlsStep.OP, 9, form, 3), 1, norm, 1), edge)));
            cases.add(
                ordered(
                    order,
                    factored(absorbing(sized(RlsStep.OP, edge, form, 3), 4, norm, 1), 7, 4)));
          }
          OpCase small = absorbing(sized(RlsStep.OP, 19, form, 15), 1, norm, 0.1);
          cases.add(ordered(order, whole(small.copy(), 3).inPlace("out", "g")));
          cases.add(ordered(order, whole(small.copy(), 0)));
          cases.add(ordered(order, factored(small.copy(), 3, 9)));
          cases.add(ordered(order, whole(absorbing(small.copy(), 0, norm, 1), 4)));
          OpCase large = absorbing(sized(RlsStep.OP, 300, form, 15), 1, norm, 1);
          cases.add(ordered(order, whole(large.copy(), 10).inPlace("out", "g")));
          cases.add(ordered(order, factored(large.copy(), 100, 64)));
        }
      }
    }
    return cases;
  }

  private static OpCase ordered(int order, OpCase opCase) {
    return opCase.with("order", order);
  }

  static void doubleNorm(Map<String, double[]> values) {
    values.get("state")[0] = 2;
  }

  static void noNorm(Map<String, double[]> values) {
    values.get("state")[0] = 0;
  }

  /** A LOW_RANK form of {@code rows} rows that has absorbed 3 and is to absorb {@code b} more. */
  static OpCase lowRank(int b, int rows) {
    return absorbing(sized(RlsAbsorb.OP, 13, LOW_RANK, 3), b, 1, 1).with("rows", rows);
  }

  /** A PLAIN form that rounding has made indefinite: M = -I. */
  static OpCase indefinite() {
    return diagonal(-1);
  }

  /** A PLAIN form with M = I that is to absorb a row beyond the range of float. */
  static OpCase tooLarge() {
    return diagonal(1).fill("r", Fill.constant(3e38));
  }

  private static OpCase diagonal(double value) {
    int s = 13;
    return absorbing(sized(RlsAbsorb.OP, s, PLAIN, 3), 1, 0, 1)
        .adjust(values -> {
          double[] factor = values.get("factor");
          for (int i = 0; i < factor.length; i++) {
            factor[i] = i / s == i % s ? value : 0;
          }
        });
  }

  /** P [s, s] of outputs or inputs of an op. */
  static double[] projector(OpCase opCase, Map<String, double[]> values) {
    double[] state = values.get("state");
    int s = (int) opCase.value("s");
    double[] p = Matrices.rls((int) opCase.value("form"), values.get("factor"), s, (int) state[1]);
    for (int i = 0; i < p.length; i++) {
      p[i] /= state[0];
    }
    return p;
  }
}
