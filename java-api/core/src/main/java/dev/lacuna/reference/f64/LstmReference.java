package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.LstmBwd;
import dev.lacuna.spi.OpLayouts.LstmFwd;
import java.util.Arrays;

/**
 * One layer and direction of torch.nn.LSTM: Hochreiter and Schmidhuber, 1997, with the forget gate
 * of Gers et al., 2000, in the form and the gate order (i, f, g, o) of torch's documentation.
 */
final class LstmReference {
  private final Args args;
  private final int t;
  private final int b;
  private final int d;
  private final boolean reverse;

  private LstmReference(Args args, int reverse) {
    this.args = args;
    t = args.size(LstmFwd.T);
    b = args.size(LstmFwd.B);
    d = args.size(LstmFwd.D);
    this.reverse = args.flag(reverse);
  }

  /** First row of the k-th step to be run. */
  private int start(int k) {
    return (reverse ? t - 1 - k : k) * b;
  }

  /** What a step starts from: rows of the step that was run before it, of the first one x0. */
  private double[][] before(double[][] x, double[][] x0, int k) {
    return k == 0 ? x0 : Arrays.copyOfRange(x, start(k - 1), start(k - 1) + b);
  }

  private double[][] orZeros(int field, int rows) {
    return args.has(field) ? args.matrix(field) : new double[rows][d];
  }

  static void forward(Args args) {
    LstmReference lstm = new LstmReference(args, LstmFwd.REVERSE);
    int d = lstm.d;
    double[][] gates = args.matrix(LstmFwd.GATES_X);
    double[][] weight = Matrices.transposed(args.matrix(LstmFwd.W_HH), d);
    double[][] h0 = lstm.orZeros(LstmFwd.H0, lstm.b);
    double[][] c0 = lstm.orZeros(LstmFwd.C0, lstm.b);
    double[][] h = new double[gates.length][d];
    double[][] c = new double[gates.length][d];
    for (int k = 0; k < lstm.t; k++) {
      double[][] recurrent = Matrices.times(lstm.before(h, h0, k), weight, 4 * d);
      double[][] before = lstm.before(c, c0, k);
      for (int i = 0; i < lstm.b; i++) {
        int row = lstm.start(k) + i;
        double[] gate = gates[row];
        Matrices.addScaled(gate, 1, recurrent[i]);
        for (int j = 0; j < d; j++) {
          gate[j] = sigmoid(gate[j]);
          gate[d + j] = sigmoid(gate[d + j]);
          gate[2 * d + j] = (double) Math.tanh(gate[2 * d + j]);
          gate[3 * d + j] = sigmoid(gate[3 * d + j]);
          c[row][j] = gate[d + j] * before[i][j] + gate[j] * gate[2 * d + j];
          h[row][j] = gate[3 * d + j] * (double) Math.tanh(c[row][j]);
        }
      }
    }
    args.store(LstmFwd.H, h);
    args.store(LstmFwd.C, c);
    args.store(LstmFwd.GATES, gates);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + (double) Math.exp(-x));
  }

  static void backward(Args args) {
    LstmReference lstm = new LstmReference(args, LstmBwd.REVERSE);
    args.flag(LstmBwd.ACC_DGATES_X);
    args.flag(LstmBwd.ACC_DW_HH);
    args.flag(LstmBwd.ACC_DH0);
    args.flag(LstmBwd.ACC_DC0);
    int b = lstm.b;
    int d = lstm.d;
    double[][] weight = args.matrix(LstmBwd.W_HH);
    double[][] h = args.matrix(LstmBwd.H);
    double[][] c = args.matrix(LstmBwd.C);
    double[][] gates = args.matrix(LstmBwd.GATES);
    double[][] h0 = lstm.orZeros(LstmBwd.H0, b);
    double[][] c0 = lstm.orZeros(LstmBwd.C0, b);
    double[][] dhGiven = lstm.orZeros(LstmBwd.DH, gates.length);
    double[][] dcGiven = lstm.orZeros(LstmBwd.DC, gates.length);
    double[][] dgates = new double[gates.length][4 * d];
    double[][] dweight = new double[4 * d][d];
    double[][] dh = new double[b][d];
    double[][] dc = new double[b][d];
    for (int k = lstm.t - 1; k >= 0; k--) {
      int start = lstm.start(k);
      double[][] before = lstm.before(c, c0, k);
      for (int i = 0; i < b; i++) {
        Matrices.addScaled(dh[i], 1, dhGiven[start + i]);
        Matrices.addScaled(dc[i], 1, dcGiven[start + i]);
        double[] gate = gates[start + i];
        for (int j = 0; j < d; j++) {
          double in = gate[j];
          double forget = gate[d + j];
          double candidate = gate[2 * d + j];
          double out = gate[3 * d + j];
          double squashed = (double) Math.tanh(c[start + i][j]);
          double dCell = dc[i][j] + dh[i][j] * out * (1 - squashed * squashed);
          double[] dgate = dgates[start + i];
          dgate[j] = dCell * candidate * in * (1 - in);
          dgate[d + j] = dCell * before[i][j] * forget * (1 - forget);
          dgate[2 * d + j] = dCell * in * (1 - candidate * candidate);
          dgate[3 * d + j] = dh[i][j] * squashed * out * (1 - out);
          dc[i][j] = dCell * forget;
        }
      }
      double[][] step = Arrays.copyOfRange(dgates, start, start + b);
      dh = Matrices.times(step, weight, d);
      double[][] hBefore = lstm.before(h, h0, k);
      double[][] dstep = Matrices.times(Matrices.transposed(step, 4 * d), hBefore, d);
      for (int j = 0; j < dweight.length; j++) {
        Matrices.addScaled(dweight[j], 1, dstep[j]);
      }
    }
    args.gradient(LstmBwd.DGATES_X, LstmBwd.ACC_DGATES_X, dgates);
    args.gradient(LstmBwd.DW_HH, LstmBwd.ACC_DW_HH, dweight);
    args.gradient(LstmBwd.DH0, LstmBwd.ACC_DH0, dh);
    args.gradient(LstmBwd.DC0, LstmBwd.ACC_DC0, dc);
  }
}
