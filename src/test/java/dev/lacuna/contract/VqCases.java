package dev.lacuna.contract;

import dev.lacuna.CounterRandom;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.VqEma;
import dev.lacuna.spi.OpLayouts.VqNearest;
import dev.lacuna.spi.OpLayouts.VqQuantizeBwd;
import dev.lacuna.spi.OpLayouts.VqQuantizeFwd;
import dev.lacuna.spi.OpLayouts.VqReset;
import dev.lacuna.spi.OpLayouts.VqStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The cases of vector quantisation. */
final class VqCases {
  /** Smoothing of counts: none, stored, applied. */
  private static final int SMOOTHINGS = 3;

  private VqCases() {}

  /** The case with the most work. */
  static OpCase largest(OpLayout op) {
    return switch (op.name()) {
      case "vq_nearest" -> search(700, 65, 330);
      case "vq_statistics" -> statistics(3, 35_000, 9, 40, 3);
      case "vq_ema" -> ema(3, 700, 129, 3, 1);
      case "vq_reset" -> reset(2, 500, 65);
      case "vq_quantize_fwd" -> quantize(2, 3000, 65, 50);
      case "vq_quantize_bwd" -> quantizeBackward(2, 3000, 65, 50, 1);
      default -> throw new IllegalArgumentException(op + " is not vector quantisation");
    };
  }

  /** All cases, an ordinary one first. */
  static List<OpCase> listed(OpLayout op) {
    return switch (op.name()) {
      case "vq_nearest" -> search();
      case "vq_statistics" -> statistics();
      case "vq_ema" -> ema();
      case "vq_reset" -> reset();
      case "vq_quantize_fwd" -> quantize();
      case "vq_quantize_bwd" -> quantizeBackward();
      default -> throw new IllegalArgumentException(op + " is not vector quantisation");
    };
  }

  // Search.

  private static OpCase search(int n, int d, int k) {
    return new OpCase(VqNearest.OP).with("n", n, "d", d, "k", k);
  }

  /**
   * A few rows are compared with all codes, more are searched, and from 48 on FAST has its own
   * form: its results are held to the same rule.
   */
  private static List<OpCase> search() {
    List<OpCase> cases = new ArrayList<>(searches(13));
    cases.addAll(searches(7));
    cases.addAll(searches(50).stream().map(OpCase::fast).toList());
    return cases;
  }

  private static List<OpCase> searches(int n) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(search(n, 13, 11));
    for (int edge : OpCases.EDGES) {
      cases.add(search(n, edge, 9));
      cases.add(search(n, 6, edge));
      cases.add(search(n + edge, 5, 8));
      cases.add(
          search(n, edge, edge)
              .fill("z", Fill.SMALL_INTEGERS)
              .fill("codebook", Fill.SMALL_INTEGERS));
    }
    // Far from the origin, where |e|^2 - 2 z.e loses its digits; equal codes; a spread of
    // magnitudes.
    cases.add(
        search(200, 64, 100).fill("z", Fill.normal(1, 50)).fill("codebook", Fill.normal(1, 50)));
    cases.add(search(n, 17, 50).fill("codebook", Fill.below(2)));
    cases.add(search(n, 17, 50).fill("codebook", Fill.constant(0.5)));
    for (double zScale : new double[] {1e-3, 1, 1e3}) {
      cases.add(
          search(n, 17, 50)
              .fill("z", Fill.normal(zScale, 0))
              .fill("codebook", Fill.normal(1 / zScale, 0)));
    }
    for (double scale : new double[] {1e17, 1e-15}) {
      cases.add(
          search(n, 17, 50)
              .fill("z", Fill.normal(scale, 0))
              .fill("codebook", Fill.normal(scale, 0)));
    }
    cases.add(search(n + 10, 33, 70).adjust(values -> nearTies(values, 33)));
    cases.add(search(n + 10, 64, 390).adjust(values -> copies(values, 64, 40, 1)));
    cases.add(search(n + 10, 64, 390).adjust(values -> copies(values, 64, 300, 5)));
    cases.add(search(n, 19, 60).adjust(values -> explode(values, 19, 1e5)));
    cases.add(search(n, 19, 60).adjust(values -> explode(values, 19, 1e20)));
    cases.add(search(0, 5, 4));
    cases.add(search(5, 0, 4));
    cases.add(search(20 * n, 64, 400));
    return cases;
  }

  /** Every row lies half way between two codes, but for what float rounds off. */
  private static void nearTies(Map<String, double[]> values, int d) {
    double[] z = values.get("z");
    double[] codebook = values.get("codebook");
    int k = codebook.length / d;
    for (int i = 0; i < z.length; i++) {
      int row = i / d;
      double first = codebook[row % k * d + i % d];
      double second = codebook[(row * 7 + 3) % k * d + i % d];
      z[i] = (first + second) / 2;
    }
  }

  /** The last codes are copies of the first few plus U(-1/1024, 1/1024), as a reset makes them. */
  private static void copies(Map<String, double[]> values, int d, int copies, int sources) {
    double[] codebook = values.get("codebook");
    CounterRandom random = new CounterRandom(5, 0, 0);
    for (int i = codebook.length - copies * d; i < codebook.length; i++) {
      double source = codebook[i / d % sources * d + i % d];
      codebook[i] = source + (2 * random.uniform(i) - 1) / 1024;
    }
  }

  /** One code far away, which the codebook's mean follows. */
  private static void explode(Map<String, double[]> values, int d, double factor) {
    double[] codebook = values.get("codebook");
    for (int j = 0; j < d; j++) {
      codebook[3 * d + j] *= factor;
    }
  }

  // Statistics and updates.

  /** Codes of a table of indices, one in so many of them absent. */
  private static Fill codes(int k) {
    return (random, i) -> random.below(i, k + 1) - 1;
  }

  private static OpCase statistics(int m, int n, int d, int k, int groups) {
    return new OpCase(VqStatistics.OP)
        .with("m", m, "n", n, "d", d, "k", k, "groups", groups, "decay", 0.75)
        .fill("index", codes(k));
  }

  private static List<OpCase> statistics() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(statistics(3, 12, 13, 5, 3));
    for (int edge : OpCases.EDGES) {
      cases.add(statistics(1, 9, edge, 4, 1));
      cases.add(statistics(2, edge, 5, 3, 2));
      cases.add(statistics(3, 7, edge, 3, 1));
      cases.add(statistics(2, 20, 6, edge, 1));
    }
    cases.add(statistics(3, 30, 70, 4, 1).fill("index", Fill.ZERO));
    cases.add(statistics(2, 30, 70, 4, 2).fill("index", Fill.constant(-1)));
    cases.add(statistics(4, 30, 200, 4, 1).with("decay", 0));
    cases.add(statistics(2, 30, 8, 4, 2).fill("z", Fill.SMALL_INTEGERS));
    cases.add(statistics(2, 0, 5, 4, 2));
    cases.add(statistics(2, 4, 0, 4, 2));
    cases.add(statistics(2, 0, 5, 0, 1));
    cases.add(statistics(1, 40_000, 3, 7, 1));
    return cases;
  }

  private static OpCase ema(int m, int k, int d, int groups, int smoothing) {
    return new OpCase(VqEma.OP)
        .with("m", m, "k", k, "d", d, "groups", groups, "smoothing", smoothing)
        .with("decay", 0.9)
        .with("epsilon", 1e-3)
        .fill("count", Fill.below(6))
        .fill("c", (random, i) -> 0.5 + random.uniform(i));
  }

  private static List<OpCase> ema() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(ema(3, 7, 13, 3, 1));
    for (int smoothing = 0; smoothing < SMOOTHINGS; smoothing++) {
      for (int edge : OpCases.EDGES) {
        cases.add(ema(1, 3, edge, 1, smoothing));
        cases.add(ema(2, edge, 5, 1, smoothing));
        cases.add(ema(2, edge, 3, 2, smoothing));
      }
      cases.add(ema(3, 9, 4, 3, smoothing).with("decay", 0));
      cases.add(ema(3, 9, 4, 3, smoothing).with("decay", 1));
      cases.add(ema(2, 0, 4, 2, smoothing));
      cases.add(ema(2, 5, 0, 2, smoothing));
    }
    // A code that was never used keeps its place.
    cases.add(ema(2, 9, 5, 2, 0).fill("c", Fill.ZERO).fill("count", Fill.ZERO));
    return cases;
  }

  private static OpCase reset(int m, int k, int d) {
    return new OpCase(VqReset.OP)
        .with("m", m, "k", k, "d", d, "after", 30, "recent", 10, "seed", 0x1234_5678_9ABCL)
        .with("stream", 3, "step", 17)
        .with("noise", 1.0 / 1024)
        .with("c_reset", 1.0)
        .fill("count", (random, i) -> Math.max(0, random.below(i, 4) - 2))
        .fill("age", Fill.below(60))
        .fill("c", (random, i) -> 0.5 + random.uniform(i));
  }

  private static List<OpCase> reset() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(reset(2, 23, 13));
    for (int edge : OpCases.EDGES) {
      cases.add(reset(1, edge, 3));
      cases.add(reset(2, 11, edge));
    }
    cases.add(reset(2, 23, 13).with("c_reset", 0.3).with("noise", 0.25));
    cases.add(reset(2, 23, 13).with("seed", -1).with("stream", -2).with("step", -3));
    // None is recent; none is dead; ages at their end.
    cases.add(reset(2, 23, 13).fill("count", Fill.ZERO).fill("age", Fill.constant(50)));
    cases.add(reset(2, 23, 13).fill("age", Fill.ZERO));
    cases.add(reset(2, 23, 13).fill("age", Fill.constant(Integer.MAX_VALUE)));
    cases.add(reset(2, 0, 5));
    cases.add(reset(2, 23, 0));
    cases.add(reset(0, 23, 5));
    return cases;
  }

  // Quantising.

  private static OpCase quantize(int m, int n, int d, int k) {
    return new OpCase(VqQuantizeFwd.OP)
        .with("m", m, "n", n, "d", d, "k", k, "own", 0.5, "cross", 0.125)
        .fill("index", codes(k));
  }

  private static List<OpCase> quantize() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(quantize(3, 7, 13, 5));
    for (int edge : OpCases.EDGES) {
      cases.add(quantize(1, 5, edge, 4));
      cases.add(quantize(3, edge, 6, 4));
      cases.add(quantize(2, 4, edge, edge));
    }
    cases.add(quantize(3, 9, 13, 5).fill("index", Fill.constant(-1)));
    cases.add(quantize(2, 9, 40, 5).fill("z", Fill.normal(1, 1000)));
    cases.add(quantize(2, 0, 5, 4));
    cases.add(quantize(2, 5, 0, 4));
    cases.add(quantize(2, 0, 5, 0));
    cases.add(quantize(2, 500, 64, 40));
    return cases;
  }

  private static OpCase quantizeBackward(int m, int n, int d, int k, int estimator) {
    return new OpCase(VqQuantizeBwd.OP)
        .with("m", m, "n", n, "d", d, "k", k, "own", 0.5, "cross", 0.125, "estimator", estimator)
        .fill("index", codes(k));
  }

  private static List<OpCase> quantizeBackward() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(quantizeBackward(3, 7, 13, 5, 1));
    for (int estimator = 0; estimator < 2; estimator++) {
      for (int edge : OpCases.EDGES) {
        cases.add(quantizeBackward(2, 5, edge, 4, estimator));
        cases.add(quantizeBackward(3, edge, 6, 4, estimator));
        cases.add(quantizeBackward(1, 4, edge, edge, estimator).without("dloss"));
      }
      cases.add(quantizeBackward(2, 9, 13, 5, estimator).without("dq"));
      cases.add(quantizeBackward(2, 9, 13, 5, estimator).without("dq").without("dloss"));
      cases.add(quantizeBackward(2, 9, 13, 5, estimator).fill("index", Fill.constant(-1)));
      // No direction: z = 0, code = 0, code and z opposite.
      cases.add(quantizeBackward(2, 9, 13, 5, estimator).fill("z", Fill.ZERO));
      cases.add(quantizeBackward(2, 9, 13, 5, estimator).fill("codebook", Fill.ZERO));
      cases.add(quantizeBackward(1, 9, 13, 5, estimator).adjust(values -> opposite(values, 13)));
      cases.add(quantizeBackward(2, 0, 5, 4, estimator));
      cases.add(quantizeBackward(2, 5, 0, 4, estimator));
      cases.add(quantizeBackward(2, 500, 64, 40, estimator));
    }
    return cases;
  }

  private static void opposite(Map<String, double[]> values, int d) {
    double[] z = values.get("z");
    double[] codebook = values.get("codebook");
    double[] index = values.get("index");
    for (int i = 0; i < z.length; i++) {
      int code = (int) Math.max(0, index[i / d]);
      z[i] = -2 * codebook[code * d + i % d];
    }
  }
}
