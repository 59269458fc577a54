package dev.lacuna.multimodal.cmg;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Uni-Code's losses and its codes' moving averages by their formulas, on rows of doubles. */
final class PlainCmg {
  private PlainCmg() {}

  // Rows.

  static double[][] rows(double[] flat, int width) {
    double[][] rows = new double[flat.length / width][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
    return rows;
  }

  static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  static double[][] chosen(double[][] rows, int... which) {
    return Arrays.stream(which).mapToObj(i -> rows[i]).toArray(double[][]::new);
  }

  /** All steps of some sequences. */
  static double[][] ofSequences(double[][] rows, int each, int... which) {
    return chosen(
        rows,
        Arrays.stream(which).flatMap(i -> IntStream.range(i * each, (i + 1) * each)).toArray());
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  static double squares(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += (a[j] - b[j]) * (a[j] - b[j]);
    }
    return sum;
  }

  static double[][] relu(double[][] x) {
    return Arrays.stream(x)
        .map(row -> Arrays.stream(row).map(value -> Math.max(value, 0)).toArray())
        .toArray(double[][]::new);
  }

  /** x weight^T + bias. */
  static double[][] linear(double[][] x, double[] weight, double[] bias) {
    double[][] w = rows(weight, x[0].length);
    double[][] y = new double[x.length][bias.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < bias.length; j++) {
        y[i][j] = dot(x[i], w[j]) + bias[j];
      }
    }
    return y;
  }

  static double meanSquare(double[][] x, double[][] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += squares(x[i], y[i]);
    }
    return sum / x.length / x[0].length;
  }

  // Codes.

  static int[] nearest(double[][] z, double[][] codes) {
    return Arrays.stream(z)
        .mapToInt(row ->
            IntStream.range(0, codes.length)
                .boxed()
                .min((a, b) -> Double.compare(squares(row, codes[a]), squares(row, codes[b])))
                .orElseThrow())
        .toArray();
  }

  /**
   * 2 beta MSE to the own code, and beta shared by the others.
   *
   * @param index [modality][row], the own first, -1 where one is absent
   */
  static double commitment(double[][] z, double[][] codes, double beta, int[]... index) {
    double sum = 0;
    for (int o = 0; o < index.length; o++) {
      double weight = o == 0 ? 2 * beta : beta / (index.length - 1);
      for (int i = 0; i < z.length; i++) {
        sum += index[o][i] < 0 ? 0 : weight * squares(z[i], codes[index[o][i]]);
      }
    }
    return sum / z.length / z[0].length;
  }

  /** Mean over the steps of softmax_k(-|z - e_k|). */
  static double[][] spread(double[][] z, int each, double[][] codes) {
    double[][] spread = new double[z.length / each][codes.length];
    for (int i = 0; i < z.length; i++) {
      double[] p = new double[codes.length];
      for (int k = 0; k < p.length; k++) {
        p[k] = Math.exp(-Math.sqrt(squares(z[i], codes[k])));
      }
      double sum = Arrays.stream(p).sum();
      for (int k = 0; k < p.length; k++) {
        spread[i / each][k] += p[k] / sum / each;
      }
    }
    return spread;
  }

  /** S_ij = sum_k a_ik log(b_jk + 1e-10) + b_ik log(a_jk + 1e-10). */
  static double[][] scores(double[][] a, double[][] b) {
    double[][] scores = new double[a.length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        for (int k = 0; k < a[0].length; k++) {
          scores[i][j] += a[i][k] * Math.log(b[j][k] + 1e-10);
          scores[i][j] += b[i][k] * Math.log(a[j][k] + 1e-10);
        }
      }
    }
    return scores;
  }

  static double[][] softmax(double[][] scores) {
    double[][] p = new double[scores.length][];
    for (int i = 0; i < p.length; i++) {
      double largest = Arrays.stream(scores[i]).max().orElseThrow();
      double[] e = Arrays.stream(scores[i]).map(s -> Math.exp(s - largest)).toArray();
      double sum = Arrays.stream(e).sum();
      p[i] = Arrays.stream(e).map(value -> value / sum).toArray();
    }
    return p;
  }

  /** -mean_i log softmax_j(S)_ii. */
  static double ownAmongRow(double[][] scores) {
    double[][] p = softmax(scores);
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum -= Math.log(p[i][i]);
    }
    return sum / p.length;
  }

  static double matching(double[][] a, double[][] b) {
    return 0.5 * ownAmongRow(scores(a, b));
  }

  // Predictions and mutual information.

  /** S_ij = z_i u_j, a row for each target. */
  static double cpc(double[][] target, double[][] predicted) {
    double[][] scores = new double[target.length][target.length];
    for (int i = 0; i < target.length; i++) {
      for (int j = 0; j < target.length; j++) {
        scores[i][j] = dot(target[i], predicted[j]);
      }
    }
    return ownAmongRow(scores);
  }

  /** -1/2 mean over rows of sum_d -(mu - y)^2 e^-lv - lv. */
  static double misfit(double[][] mu, double[][] lv, double[][] y) {
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      for (int d = 0; d < y[i].length; d++) {
        sum += square(mu[i][d] - y[i][d]) * Math.exp(-lv[i][d]) + lv[i][d];
      }
    }
    return sum / 2 / y.length;
  }

  static double square(double x) {
    return x * x;
  }

  /** One variance an element: 1/2 mean over rows of sum_d ((y_pi - mu)^2 - (y - mu)^2) e^-lv. */
  static double club(double[][] mu, double[][] lv, double[][] y, int each, int[] other) {
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      double[] foreign = y[other[i / each] * each + i % each];
      for (int d = 0; d < y[i].length; d++) {
        double excess = square(foreign[d] - mu[i][d]) - square(y[i][d] - mu[i][d]);
        sum += excess * Math.exp(-lv[i][d]);
      }
    }
    return sum / 2 / y.length;
  }

  /** One variance a sequence, v = exp(mean_t lv): 1/2 mean_b sum_d (positive - negative). */
  static double clubOfSequences(double[][] mu, double[][] lv, double[][] y, int each, int[] other) {
    double sum = 0;
    for (int b = 0; b < other.length; b++) {
      for (int d = 0; d < y[0].length; d++) {
        double positive = 0;
        double negative = 0;
        double logarithm = 0;
        for (int t = 0; t < each; t++) {
          int row = b * each + t;
          positive -= square(mu[row][d] - y[row][d]) / each;
          negative -= square(mu[row][d] - y[other[b] * each + t][d]) / each;
          logarithm += lv[row][d] / each;
        }
        sum += (positive - negative) / Math.exp(logarithm);
      }
    }
    return sum / 2 / other.length;
  }

  // Moving averages.

  /** Counts, sums and codes of MM-EMA; one modality after the other. */
  static final class Averages {
    final double[] c;
    final double[][] w;
    final double[][] e;

    /** With a count that each code begins with, whose sum is then that many times the code. */
    Averages(double[][] codes, double count) {
      c = new double[codes.length];
      Arrays.fill(c, count);
      e = Arrays.stream(codes).map(double[]::clone).toArray(double[][]::new);
      double times = count == 0 ? 1 : count;
      w =
          Arrays.stream(codes)
              .map(code -> Arrays.stream(code).map(value -> times * value).toArray())
              .toArray(double[][]::new);
    }

    /**
     * A batch with decay a and epsilon 1e-5.
     *
     * @param z [modality][row]
     * @param index [modality][row], -1 where one is absent
     */
    void absorb(double[][][] z, int[][] index, double a) {
      for (int m = 0; m < z.length; m++) {
        double[] hits = new double[c.length];
        double[][] sums = new double[c.length][w[0].length];
        for (int i = 0; i < index[m].length; i++) {
          if (index[m][i] >= 0) {
            hits[index[m][i]]++;
            add(sums[index[m][i]], z, index, m, i);
          }
        }
        double n = 0;
        for (int k = 0; k < c.length; k++) {
          c[k] = a * c[k] + (1 - a) * hits[k];
          n += c[k];
        }
        for (int k = 0; k < c.length; k++) {
          c[k] = (c[k] + 1e-5) / (n + c.length * 1e-5) * n;
          for (int d = 0; d < w[k].length; d++) {
            w[k][d] = a * w[k][d] + (1 - a) * sums[k][d];
            e[k][d] = w[k][d] / c[k];
          }
        }
      }
    }

    /**
     * Half the own row and half the mean of the others there; the own alone where there is none.
     */
    private static void add(double[] sum, double[][][] z, int[][] index, int m, int i) {
      int[] others = IntStream.range(0, z.length).filter(o -> o != m && index[o][i] >= 0).toArray();
      for (int d = 0; d < sum.length; d++) {
        sum[d] += (others.length == 0 ? 1 : 0.5) * z[m][i][d];
        for (int o : others) {
          sum[d] += 0.5 / others.length * z[o][i][d];
        }
      }
    }
  }
}
