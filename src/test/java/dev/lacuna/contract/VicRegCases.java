package dev.lacuna.contract;

import dev.lacuna.spi.OpLayouts.Vicreg;
import java.util.ArrayList;
import java.util.List;

/** The cases of {@code vicreg}. */
final class VicRegCases {
  private static final int AUTO = 0;
  private static final int COVARIANCE = 1;
  private static final int GRAM = 2;

  private VicRegCases() {}

  /** Weights of one size, so that no term hides an error of another. */
  private static OpCase vicReg(int n, int d, int form) {
    return new OpCase(Vicreg.OP)
        .with("n", n, "d", d, "form", form)
        .with("lambda", 0.7, "mu", 1.3, "nu", 0.9, "gamma", 1, "epsilon", 1e-4);
  }

  /** Enough rows, columns and depth for several threads, in Gram form. */
  static OpCase largest() {
    return vicReg(340, 610, AUTO);
  }

  static List<OpCase> listed(int[] edges) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(vicReg(7, 13, AUTO));
    for (int form = AUTO; form <= GRAM; form++) {
      for (int edge : edges) {
        cases.add(vicReg(5, edge, form));
        if (edge > 1) {
          cases.add(vicReg(edge, 6, form));
          cases.add(vicReg(edge, edge, form));
        }
      }
      for (int halving = 0; halving < 2; halving++) {
        for (int target = 0; target < 2; target++) {
          cases.add(modes(vicReg(9, 17, form), halving, target));
          cases.add(modes(vicReg(17, 9, form), halving, target));
          cases.add(modes(vicReg(11, 11, form), halving, target).without("dx"));
          cases.add(modes(vicReg(2, 5, form), halving, target).without("dy").without("dx"));
          cases.add(modes(vicReg(6, 3, form), halving, target).without("dy").without("terms"));
        }
      }
      // Several blocks in every direction, none of them whole.
      cases.add(vicReg(201, 50, form));
      cases.add(vicReg(50, 201, form));
      cases.add(vicReg(199, 203, form));
      // Far from the origin; collapsed; one row twice; spread so wide that the hinge is silent.
      cases.add(vicReg(40, 21, form).fill("x", Fill.normal(1, 50)).fill("y", Fill.normal(1, -50)));
      cases.add(
          vicReg(21, 40, form).fill("x", Fill.constant(0.375)).fill("y", Fill.constant(0.375)));
      cases.add(vicReg(2, 9, form).fill("x", Fill.constant(-2)));
      cases.add(vicReg(30, 14, form).fill("x", Fill.normal(5, 0)).fill("y", Fill.normal(0.1, 0)));
      cases.add(vicReg(12, 20, form).fill("x", Fill.nanAt(33)));
      cases.add(vicReg(20, 12, form).fill("y", Fill.nanAt(0)));
      cases.add(modes(vicReg(20, 12, form), 0, 1).fill("y", Fill.nanAt(100)));
      cases.add(vicReg(9, 19, form).fill("x", Fill.SPECIAL).fill("y", Fill.SPECIAL));
      // Each term alone.
      cases.add(vicReg(15, 18, form).with("mu", 0, "nu", 0));
      cases.add(vicReg(15, 18, form).with("lambda", 0, "nu", 0));
      cases.add(vicReg(15, 18, form).with("lambda", 0, "mu", 0));
    }
    // Past the sizes at which the work is cut in larger blocks.
    cases.add(vicReg(1100, 33, COVARIANCE));
    cases.add(vicReg(33, 1100, GRAM));
    cases.add(vicReg(410, 395, COVARIANCE));
    cases.add(vicReg(395, 410, GRAM));
    cases.add(vicReg(64, 128, AUTO).with("lambda", 25, "mu", 25, "nu", 1));
    return cases;
  }

  private static OpCase modes(OpCase opCase, int halving, int target) {
    return opCase.with("halving", halving, "target", target);
  }
}
