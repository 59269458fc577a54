package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.EntropyBwd;
import dev.lacuna.spi.OpLayouts.EntropyFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentFwd;

/**
 * Softmax over classes: probabilities, cross-entropy against labels, and entropy in nats; rows are
 * shifted by their maximum.
 */
final class SoftmaxReference {
  private SoftmaxReference() {}

  /** log softmax of one row. */
  private static double[] logSoftmax(double[] z) {
    double max = z[0];
    for (double value : z) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (double value : z) {
      sum += (double) Math.exp(value - max);
    }
    double[] log = new double[z.length];
    for (int j = 0; j < z.length; j++) {
      log[j] = z[j] - max - (double) Math.log(sum);
    }
    return log;
  }

  static void probabilities(Args args) {
    double[][] prob = args.matrix(SoftmaxFwd.X);
    for (double[] row : prob) {
      double[] log = row.length > 0 ? logSoftmax(row) : row;
      for (int j = 0; j < row.length; j++) {
        row[j] = (double) Math.exp(log[j]);
      }
    }
    args.store(SoftmaxFwd.PROB, prob);
  }

  static void probabilitiesBackward(Args args) {
    double[][] prob = args.matrix(SoftmaxBwd.PROB);
    double[][] gradient = args.matrix(SoftmaxBwd.DPROB);
    for (int i = 0; i < prob.length; i++) {
      double sum = 0;
      for (int j = 0; j < prob[i].length; j++) {
        sum += gradient[i][j] * prob[i][j];
      }
      for (int j = 0; j < prob[i].length; j++) {
        gradient[i][j] = prob[i][j] * (gradient[i][j] - sum);
      }
    }
    args.gradient(SoftmaxBwd.DX, SoftmaxBwd.ACC_DX, gradient);
  }

  static void crossEntropy(Args args) {
    int n = args.size(SoftmaxXentFwd.N);
    int c = args.size(SoftmaxXentFwd.C);
    double[][] logits = args.matrix(SoftmaxXentFwd.LOGITS);
    int[] labels = args.ints(SoftmaxXentFwd.LABEL);
    checkRows(args, n, c);
    checkLabels(args, labels, c);
    double[][] prob = new double[n][c];
    double loss = 0;
    for (int i = 0; i < n; i++) {
      double[] log = logSoftmax(logits[i]);
      loss -= log[labels[i]];
      for (int j = 0; j < c; j++) {
        prob[i][j] = (double) Math.exp(log[j]);
      }
    }
    args.store(SoftmaxXentFwd.PROB, prob);
    args.store(SoftmaxXentFwd.LOSS, new double[] {loss / n});
  }

  static void crossEntropyBackward(Args args) {
    int n = args.size(SoftmaxXentBwd.N);
    int c = args.size(SoftmaxXentBwd.C);
    double[][] gradient = args.matrix(SoftmaxXentBwd.PROB);
    int[] labels = args.ints(SoftmaxXentBwd.LABEL);
    checkRows(args, n, c);
    checkLabels(args, labels, c);
    double scale = args.row(SoftmaxXentBwd.DLOSS)[0] / n;
    for (int i = 0; i < n; i++) {
      gradient[i][labels[i]] -= 1;
      for (int j = 0; j < c; j++) {
        gradient[i][j] *= scale;
      }
    }
    args.gradient(SoftmaxXentBwd.DLOGITS, SoftmaxXentBwd.ACC_DLOGITS, gradient);
  }

  static void entropy(Args args) {
    int n = args.size(EntropyFwd.N);
    int c = args.size(EntropyFwd.C);
    double[][] logits = args.matrix(EntropyFwd.LOGITS);
    double[][] e = new double[n][1];
    if (c < 1) {
      throw args.invalid("c is " + c + ", want >= 1");
    }
    for (int i = 0; i < n; i++) {
      for (double log : logSoftmax(logits[i])) {
        e[i][0] -= (double) Math.exp(log) * log;
      }
    }
    args.store(EntropyFwd.E, e);
  }

  static void entropyBackward(Args args) {
    int n = args.size(EntropyBwd.N);
    int c = args.size(EntropyBwd.C);
    double[][] logits = args.matrix(EntropyBwd.LOGITS);
    double[][] e = args.matrix(EntropyBwd.E);
    double[][] de = args.matrix(EntropyBwd.DE);
    double[][] gradient = new double[n][c];
    for (int i = 0; i < n; i++) {
      double[] log = logSoftmax(logits[i]);
      for (int j = 0; j < c; j++) {
        gradient[i][j] = -(double) Math.exp(log[j]) * (log[j] + e[i][0]) * de[i][0];
      }
    }
    args.gradient(EntropyBwd.DLOGITS, EntropyBwd.ACC_DLOGITS, gradient);
  }

  private static void checkRows(Args args, int n, int c) {
    if (n < 1 || c < 1) {
      throw args.invalid("logits are [" + n + ", " + c + "], want at least [1, 1]");
    }
  }

  private static void checkLabels(Args args, int[] labels, int c) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= c) {
        throw args.invalid("label[" + i + "] is " + labels[i] + ", want 0 to " + (c - 1));
      }
    }
  }
}
