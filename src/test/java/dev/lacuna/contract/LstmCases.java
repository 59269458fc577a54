package dev.lacuna.contract;

import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.LstmBwd;
import java.util.ArrayList;
import java.util.List;

/** The cases of lstm_fwd and lstm_bwd. */
final class LstmCases {
  private LstmCases() {}

  /** Weights that keep what a unit is told of size 1, and gates between 0 and 1. */
  private static OpCase lstm(OpLayout op, int t, int b, int d, int reverse) {
    OpCase lstm = OpCases.sizes(op, "t", t, "b", b, "d", d, "reverse", reverse);
    lstm.fill("w_hh", Fill.normal(1 / Math.sqrt(Math.max(d, 1)), 0));
    return op == LstmBwd.OP
        ? lstm.fill("gates", (random, i) -> random.uniform(i))
            .fill("h", (random, i) -> 2 * random.uniform(i) - 1)
        : lstm;
  }

  /** More sequences than a few chunks take, and units beside whole vectors. */
  static OpCase largest(OpLayout op) {
    return lstm(op, 5, 77, 137, 0);
  }

  static List<OpCase> listed(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(lstm(op, 3, 5, 6, 0));
    cases.add(lstm(op, 3, 5, 6, 1));
    for (int edge : OpCases.EDGES) {
      cases.add(lstm(op, 2, 3, edge, edge & 1));
      cases.add(lstm(op, 2, edge, 5, edge & 1));
      cases.add(lstm(op, edge, 2, 3, edge & 1));
    }
    cases.add(lstm(op, 1, 4, 9, 1).without("h0").without("c0"));
    cases.add(lstm(op, 3, 13, 20, 1).without("h0").without("c0"));
    cases.add(lstm(op, 0, 3, 4, 0));
    cases.add(lstm(op, 3, 0, 4, 0));
    cases.add(lstm(op, 3, 4, 0, 1));
    if (op == LstmBwd.OP) {
      // All that flows back comes from one state.
      cases.add(lstm(op, 4, 3, 7, 1).without("dh"));
      cases.add(lstm(op, 4, 3, 7, 0).without("dc"));
      cases.add(lstm(op, 4, 3, 7, 0).without("dh").without("dc"));
      cases.add(lstm(op, 3, 14, 10, 0).fill("dh", Fill.nanAt(25)));
      // Gates that are shut or open have no slope.
      cases.add(lstm(op, 3, 4, 8, 0).fill("gates", (random, i) -> random.below(i, 2)));
    } else {
      cases.add(lstm(op, 3, 14, 10, 0).fill("gates_x", Fill.nanAt(25)));
      cases.add(lstm(op, 3, 4, 8, 0).fill("gates_x", Fill.normal(1e4, 0)));
      cases.add(lstm(op, 3, 4, 8, 1).fill("gates_x", Fill.normal(20, 0)));
      cases.add(lstm(op, 3, 4, 8, 1).fill("gates_x", Fill.normal(1e-6, 0)));
      for (double infinity : new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
        cases.add(lstm(op, 2, 3, 4, 0).fill("gates_x", Fill.constant(infinity)));
      }
    }
    // The text of Uni-Code: ten words, 128 units a direction.
    cases.add(lstm(op, 10, 20, 128, 1));
    return cases;
  }
}
