package dev.lacuna.reference.f64;

import dev.lacuna.CounterRandom;
import dev.lacuna.Status;
import dev.lacuna.spi.OpLayouts.VqEma;
import dev.lacuna.spi.OpLayouts.VqReset;
import dev.lacuna.spi.OpLayouts.VqStatistics;

/**
 * How a codebook learns: statistics of a batch, exponential moving averages over several modalities
 * in turn (MM-EMA; Xia et al., NeurIPS 2023, and its official code) and replacement of dead codes.
 */
final class VqUpdateReference {
  private static final int STORED = 1;
  private static final int APPLIED = 2;

  private VqUpdateReference() {}

  static void statistics(Args args) {
    int m = args.size(VqStatistics.M);
    int n = args.size(VqStatistics.N);
    int d = args.size(VqStatistics.D);
    int k = args.size(VqStatistics.K);
    int groups = groups(args, VqStatistics.GROUPS, m);
    double decay = decay(args, VqStatistics.DECAY);
    int[] index = args.ints(VqStatistics.INDEX);
    checkCodes(args, index, k);
    double[][] z = args.matrix(VqStatistics.Z);
    int[] count = new int[m * k];
    double[][] sum = new double[groups * k][d];
    for (int a = 0; a < m; a++) {
      double factor = groups == m ? 1 : (double) Math.pow(decay, m - 1 - a);
      for (int i = 0; i < n; i++) {
        int code = index[a * n + i];
        if (code < 0) {
          continue;
        }
        checkFinite(args, a * n + i, z[a * n + i]);
        count[a * k + code]++;
        int others = 0;
        for (int o = 0; o < m; o++) {
          others += o != a && index[o * n + i] >= 0 ? 1 : 0;
        }
        double[] to = sum[(groups == m ? a * k : 0) + code];
        add(to, z[a * n + i], others == 0 ? factor : factor / 2);
        for (int o = 0; o < m; o++) {
          if (o != a && index[o * n + i] >= 0) {
            add(to, z[o * n + i], factor / 2 / others);
          }
        }
      }
    }
    double[][] perplexity = new double[m][1];
    for (int a = 0; a < m; a++) {
      perplexity[a][0] = perplexity(count, a * k, k);
    }
    args.store(VqStatistics.COUNT, count);
    args.store(VqStatistics.SUM, sum);
    args.store(VqStatistics.PERPLEXITY, perplexity);
  }

  private static void checkFinite(Args args, int i, double[] row) {
    for (int j = 0; j < row.length; j++) {
      if (!Double.isFinite(row[j])) {
        throw args.fail(Status.NON_FINITE, "z[" + i + ", " + j + "] is " + row[j]);
      }
    }
  }

  private static void add(double[] to, double[] row, double factor) {
    for (int j = 0; j < row.length; j++) {
      to[j] += factor * row[j];
    }
  }

  private static double perplexity(int[] count, int from, int k) {
    double total = 0;
    for (int j = from; j < from + k; j++) {
      total += count[j];
    }
    double sum = 0;
    for (int j = from; j < from + k; j++) {
      if (count[j] > 0) {
        double p = count[j] / total;
        sum += p * (double) Math.log(p + 1e-10);
      }
    }
    return (double) Math.exp(-sum);
  }

  static void ema(Args args) {
    int m = args.size(VqEma.M);
    int k = args.size(VqEma.K);
    int groups = groups(args, VqEma.GROUPS, m);
    double a = decay(args, VqEma.DECAY);
    double epsilon = args.real(VqEma.EPSILON);
    long smoothing = args.call().value(VqEma.SMOOTHING);
    if (!(epsilon >= 0 && Double.isFinite(epsilon))) {
      throw args.invalid("epsilon is " + epsilon + ", want >= 0");
    }
    if (smoothing < 0 || smoothing > APPLIED) {
      throw args.invalid("smoothing is " + smoothing + ", want 0 to 2");
    }
    int[] count = args.ints(VqEma.COUNT);
    double[][] sum = args.matrix(VqEma.SUM);
    double[] c = k == 0 ? new double[0] : args.row(VqEma.C);
    double[][] w = args.matrix(VqEma.W);
    double[][] codebook = args.matrix(VqEma.CODEBOOK);
    for (int modality = 0; modality < m; modality++) {
      for (int j = 0; j < k; j++) {
        c[j] = a * c[j] + (1 - a) * count[modality * k + j];
      }
      if (smoothing == STORED) {
        c = smoothed(c, epsilon);
      }
    }
    double keep = groups == m ? a : (double) Math.pow(a, m);
    for (int row = 0; row < groups * k; row++) {
      for (int i = 0; i < w[row % k].length; i++) {
        w[row % k][i] = keep * w[row % k][i] + (1 - a) * sum[row][i];
      }
    }
    double[] divisor = smoothing == APPLIED && m > 0 ? smoothed(c, epsilon) : c;
    for (int j = 0; j < k; j++) {
      for (int i = 0; i < w[j].length && divisor[j] > 0; i++) {
        codebook[j][i] = w[j][i] / divisor[j];
      }
    }
    args.store(VqEma.C, c);
    args.store(VqEma.W, w);
    args.store(VqEma.CODEBOOK, codebook);
  }

  private static double[] smoothed(double[] c, double epsilon) {
    double n = 0;
    for (double count : c) {
      n += count;
    }
    double[] smoothed = new double[c.length];
    for (int j = 0; j < c.length; j++) {
      smoothed[j] = (c[j] + epsilon) / (n + c.length * epsilon) * n;
    }
    return smoothed;
  }

  static void reset(Args args) {
    int m = args.size(VqReset.M);
    int k = args.size(VqReset.K);
    int d = args.size(VqReset.D);
    long after = args.call().value(VqReset.AFTER);
    long recent = args.call().value(VqReset.RECENT);
    double noise = args.real(VqReset.NOISE);
    double reset = args.real(VqReset.C_RESET);
    if (recent < 0 || recent > after || after >= Integer.MAX_VALUE) {
      throw args.invalid(
          "recent is "
              + recent
              + " and after is "
              + after
              + ", want 0 <= recent <= after < 2^31 - 1");
    }
    if (!(noise >= 0 && Double.isFinite(noise))) {
      throw args.invalid("noise is " + noise + ", want >= 0");
    }
    if (!(reset > 0 && Double.isFinite(reset))) {
      throw args.invalid("c_reset is " + reset + ", want > 0");
    }
    CounterRandom random =
        new CounterRandom(
            args.call().value(VqReset.SEED),
            args.int32("stream", VqReset.STREAM),
            args.int32("step", VqReset.STEP));
    int[] count = args.ints(VqReset.COUNT);
    int[] age = args.ints(VqReset.AGE);
    double[] c = k == 0 ? new double[0] : args.row(VqReset.C);
    double[][] w = args.matrix(VqReset.W);
    double[][] codebook = args.matrix(VqReset.CODEBOOK);
    int[] sources = new int[k];
    int recentCodes = 0;
    for (int j = 0; j < k; j++) {
      boolean used = false;
      for (int a = 0; a < m; a++) {
        used |= count[a * k + j] > 0;
      }
      age[j] = used ? 0 : (int) Math.min(age[j] + 1L, Integer.MAX_VALUE);
      if (age[j] < recent) {
        sources[recentCodes++] = j;
      }
    }
    int replaced = 0;
    for (int j = 0; j < k && recentCodes > 0; j++) {
      if (age[j] <= after) {
        continue;
      }
      long draw = j * (d + 1L);
      double[] source = codebook[sources[random.below(draw, recentCodes)]];
      for (int i = 0; i < d; i++) {
        double e = source[i] + noise * (2 * random.uniform(draw + 1 + i) - 1);
        w[j][i] = e * reset;
        codebook[j][i] = w[j][i] / reset;
      }
      c[j] = reset;
      age[j] = 0;
      replaced++;
    }
    args.store(VqReset.AGE, age);
    args.store(VqReset.C, c);
    args.store(VqReset.W, w);
    args.store(VqReset.CODEBOOK, codebook);
    args.store(VqReset.REPLACED, new int[] {replaced});
  }

  private static int groups(Args args, int field, int m) {
    int groups = args.size(field);
    if (groups != 1 && groups != m) {
      throw args.invalid("groups is " + groups + ", want 1 or " + m + " (= m)");
    }
    return groups;
  }

  private static double decay(Args args, int field) {
    double decay = args.real(field);
    if (!(decay >= 0 && decay <= 1)) {
      throw args.invalid("decay is " + decay + ", want [0, 1]");
    }
    return decay;
  }

  /** Every index is a code or -1, an absent modality. */
  static void checkCodes(Args args, int[] index, int k) {
    for (int i = 0; i < index.length; i++) {
      if (index[i] < -1 || index[i] >= k) {
        throw args.invalid("index[" + i + "] is " + index[i] + ", want one of [-1, " + k + ")");
      }
    }
  }
}
