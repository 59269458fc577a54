package dev.lacuna.contract;

import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.EntropyBwd;
import dev.lacuna.spi.OpLayouts.EntropyFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentFwd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The cases of softmax, its cross-entropy and its entropy. */
final class SoftmaxCases {
  private SoftmaxCases() {}

  /** The case with the most work. */
  static OpCase largest(OpLayout op) {
    return switch (op.name()) {
      case "softmax_fwd" -> probabilities(5000, 43);
      case "softmax_bwd" -> probabilitiesBackward(5000, 43);
      case "softmax_xent_fwd" -> crossEntropy(5000, 17);
      case "softmax_xent_bwd" -> crossEntropyBackward(5000, 17);
      case "entropy_fwd" -> OpCases.sizes(op, "n", 5000, "c", 17);
      case "entropy_bwd" -> entropyBackward(5000, 17);
      default -> throw new IllegalArgumentException(op + " is no softmax");
    };
  }

  /** All cases, an ordinary one first. */
  static List<OpCase> listed(OpLayout op) {
    return switch (op.name()) {
      case "softmax_fwd" -> probabilities();
      case "softmax_bwd" -> probabilitiesBackward();
      case "softmax_xent_fwd" -> crossEntropy();
      case "softmax_xent_bwd" -> crossEntropyBackward();
      case "entropy_fwd" -> entropy();
      case "entropy_bwd" -> entropyBackward();
      default -> throw new IllegalArgumentException(op + " is no softmax");
    };
  }

  private static OpCase probabilities(int n, int c) {
    return OpCases.sizes(SoftmaxFwd.OP, "n", n, "c", c);
  }

  private static List<OpCase> probabilities() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(probabilities(5, 10));
    for (int edge : OpCases.EDGES) {
      cases.add(probabilities(3, edge));
      cases.add(probabilities(edge, 5));
    }
    cases.add(probabilities(6, 19).fill("x", Fill.normal(1e4, 0)));
    cases.add(probabilities(6, 19).fill("x", Fill.normal(1, 3e4)));
    cases.add(probabilities(6, 19).fill("x", Fill.constant(-7)));
    cases.add(probabilities(6, 19).fill("x", Fill.nanAt(30)));
    cases.add(probabilities(6, 19).fill("x", Fill.SPECIAL));
    // One class may be impossible; all may not.
    for (double other : new double[] {2, Double.NEGATIVE_INFINITY}) {
      cases.add(
          probabilities(6, 19)
              .fill("x", (random, i) -> i % 19 == 7 ? Double.NEGATIVE_INFINITY : other));
    }
    cases.add(probabilities(0, 4));
    cases.add(probabilities(4, 0));
    cases.add(probabilities(3, 1000));
    return cases;
  }

  private static OpCase probabilitiesBackward(int n, int c) {
    return OpCases.sizes(SoftmaxBwd.OP, "n", n, "c", c)
        .adjust(values -> values.put("prob", softmax(values.get("prob"), c)));
  }

  private static List<OpCase> probabilitiesBackward() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(probabilitiesBackward(5, 10));
    for (int edge : OpCases.EDGES) {
      cases.add(probabilitiesBackward(3, edge));
      cases.add(probabilitiesBackward(edge, 5));
    }
    // A gradient that is the same everywhere is none; confident rows; NaN stays in its row.
    cases.add(probabilitiesBackward(6, 19).fill("dprob", Fill.constant(3)));
    cases.add(probabilitiesBackward(6, 19).fill("prob", Fill.normal(30, 0)));
    cases.add(probabilitiesBackward(6, 19).fill("dprob", Fill.nanAt(30)));
    cases.add(probabilitiesBackward(0, 4));
    cases.add(probabilitiesBackward(4, 0));
    cases.add(probabilitiesBackward(3, 1000));
    return cases;
  }

  private static OpCase crossEntropy(int n, int c) {
    return OpCases.sizes(SoftmaxXentFwd.OP, "n", n, "c", c).fill("label", Fill.below(c));
  }

  private static List<OpCase> crossEntropy() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(crossEntropy(5, 10));
    for (int edge : OpCases.EDGES) {
      cases.add(crossEntropy(3, edge));
      cases.add(crossEntropy(edge, 5));
    }
    cases.add(crossEntropy(6, 19).fill("logits", Fill.normal(1e4, 0)));
    cases.add(crossEntropy(6, 19).fill("logits", Fill.normal(1, 3e4)));
    cases.add(crossEntropy(6, 19).fill("logits", Fill.constant(-7)));
    cases.add(crossEntropy(6, 19).fill("logits", Fill.nanAt(30)));
    cases.add(crossEntropy(64, 10));
    cases.add(crossEntropy(3, 1000));
    return cases;
  }

  private static OpCase crossEntropyBackward(int n, int c) {
    return OpCases.sizes(SoftmaxXentBwd.OP, "n", n, "c", c)
        .fill("label", Fill.below(c))
        .adjust(values -> values.put("prob", softmax(values.get("prob"), c)));
  }

  private static List<OpCase> crossEntropyBackward() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(crossEntropyBackward(5, 10));
    for (int edge : OpCases.EDGES) {
      cases.add(crossEntropyBackward(3, edge));
      cases.add(crossEntropyBackward(edge, 5));
    }
    cases.add(crossEntropyBackward(6, 19).fill("dloss", Fill.ZERO));
    cases.add(crossEntropyBackward(64, 10));
    return cases;
  }

  private static double[] softmax(double[] logits, int c) {
    double[] prob = new double[logits.length];
    for (int row = 0; row < logits.length; row += c) {
      double[] exponentials = Arrays.stream(logits, row, row + c).map(Math::exp).toArray();
      double sum = Arrays.stream(exponentials).sum();
      for (int j = 0; j < c; j++) {
        prob[row + j] = exponentials[j] / sum;
      }
    }
    return prob;
  }

  private static List<OpCase> entropy() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 5, "c", 10));
    for (int edge : OpCases.EDGES) {
      cases.add(OpCases.sizes(EntropyFwd.OP, "n", 3, "c", edge));
      cases.add(OpCases.sizes(EntropyFwd.OP, "n", edge, "c", 5));
    }
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 6, "c", 19).fill("logits", Fill.normal(1e4, 0)));
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 6, "c", 19).fill("logits", Fill.normal(1, -3e4)));
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 6, "c", 19).fill("logits", Fill.constant(5)));
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 6, "c", 19).fill("logits", Fill.nanAt(30)));
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 0, "c", 4));
    cases.add(OpCases.sizes(EntropyFwd.OP, "n", 64, "c", 1000));
    return cases;
  }

  private static OpCase entropyBackward(int n, int c) {
    return OpCases.sizes(EntropyBwd.OP, "n", n, "c", c)
        .adjust(values -> values.put("e", entropies(values.get("logits"), n, c)));
  }

  private static double[] entropies(double[] logits, int n, int c) {
    double[] prob = softmax(logits, c);
    double[] e = new double[n];
    for (int i = 0; i < prob.length; i++) {
      e[i / c] -= prob[i] * Math.log(prob[i]);
    }
    return e;
  }

  private static List<OpCase> entropyBackward() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(entropyBackward(5, 10));
    for (int edge : OpCases.EDGES) {
      cases.add(entropyBackward(3, edge));
      cases.add(entropyBackward(edge, 5));
    }
    cases.add(entropyBackward(6, 19).fill("logits", Fill.normal(30, 0)));
    cases.add(entropyBackward(0, 4));
    cases.add(entropyBackward(64, 10));
    return cases;
  }
}
