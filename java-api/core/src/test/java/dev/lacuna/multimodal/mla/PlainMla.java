package dev.lacuna.multimodal.mla;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.mla.AlternatingStep.HeadState;
import dev.lacuna.multimodal.mla.AlternatingStep.Options;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.multimodal.mla.AlternatingStep.Reset;
import dev.lacuna.multimodal.mla.AlternatingStep.StaleGradient;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MLA's training by plain loops over doubles: encoders relu(x A^T + a), head W f + b, all options.
 * It shares nothing with the library but the options and the initial values.
 */
final class PlainMla {
  /** A parameter, its gradient if it has one, and a velocity for each optimiser that moves it. */
  private static final class Leaf {
    final double[] value;
    final double[][] velocity;
    double @Nullable [] gradient;

    Leaf(Parameter initial, int optimisers) {
      value = initial.get();
      velocity = new double[optimisers][];
    }
  }

  /** Weight [out, in] and bias. */
  private record Affine(Leaf weight, Leaf bias, int in) {
    double[][] of(double[][] x) {
      double[][] y = new double[x.length][bias.value.length];
      for (int n = 0; n < x.length; n++) {
        for (int o = 0; o < y[n].length; o++) {
          y[n][o] = bias.value[o];
          for (int i = 0; i < in; i++) {
            y[n][o] += weight.value[o * in + i] * x[n][i];
          }
        }
      }
      return y;
    }

    /** Sets the gradients, or adds to those that were kept as zero; gives that of x. */
    double[][] backward(double[][] x, double[][] dy) {
      double[] dw = new double[weight.value.length];
      double[] db = new double[bias.value.length];
      double[][] dx = new double[x.length][in];
      for (int n = 0; n < x.length; n++) {
        for (int o = 0; o < db.length; o++) {
          db[o] += dy[n][o];
          for (int i = 0; i < in; i++) {
            dw[o * in + i] += dy[n][o] * x[n][i];
            dx[n][i] += dy[n][o] * weight.value[o * in + i];
          }
        }
      }
      weight.gradient = dw;
      bias.gradient = db;
      return dx;
    }
  }

  private final Options options;
  private final List<Affine> encoders = new ArrayList<>();
  private final Affine head;
  private double[][] p;
  private boolean fresh = true;
  private boolean called;
  private double alpha;

  PlainMla(SharedHeadModel model, Options options) {
    this.options = options;
    for (SharedHeadModel.Encoder encoder : model.encoders()) {
      encoders.add(affine(encoder.parameters().parameters(), 1));
    }
    head = affine(model.head().weight().group().parameters(), encoders.size());
    p = identity(head.in);
  }

  private static Affine affine(List<Parameter> parameters, int optimisers) {
    Parameter weight = parameters.get(0);
    return new Affine(
        new Leaf(weight, optimisers),
        new Leaf(parameters.get(1), optimisers),
        (int) weight.shape()[1]);
  }

  /** All values in the order of the store: encoders, then head. */
  double[][] values() {
    List<double[]> values = new ArrayList<>();
    encoders.forEach(e -> values.addAll(List.of(e.weight.value, e.bias.value)));
    values.addAll(List.of(head.weight.value, head.bias.value));
    return values.toArray(double[][]::new);
  }

  void startBatch(int batch, int batches) {
    double progress = (double) batch / batches;
    alpha = options.alpha().start();
    if (options.alpha().end() != alpha) { // the only other schedule in use
      alpha = Math.pow(0.1, 1 + progress);
    }
    if (batch == 0 && options.reset() == Reset.EPOCH) {
      p = identity(head.in);
      fresh = true;
    }
    encoders.forEach(e -> {
      e.weight.gradient = null;
      e.bias.gradient = null;
    });
  }

  double step(int modality, double[][] x, int[] labels, double rate) {
    Affine encoder = encoders.get(modality);
    double[][] hidden = encoder.of(x);
    double[][] features = new double[x.length][];
    for (int n = 0; n < x.length; n++) {
      features[n] = Arrays.stream(hidden[n]).map(v -> Math.max(v, 0)).toArray();
    }
    double[][] dy = head.of(features);
    double loss = 0;
    for (int n = 0; n < x.length; n++) {
      double sum = Arrays.stream(dy[n]).map(Math::exp).sum();
      for (int c = 0; c < dy[n].length; c++) {
        double probability = Math.exp(dy[n][c]) / sum;
        boolean right = c == labels[n];
        loss -= right ? Math.log(probability) / x.length : 0;
        dy[n][c] = (probability - (right ? 1 : 0)) / x.length;
      }
    }
    double[][] df = head.backward(features, dy);
    for (int n = 0; n < x.length; n++) {
      for (int j = 0; j < head.in; j++) {
        df[n][j] = hidden[n][j] > 0 ? df[n][j] : 0;
      }
    }
    encoder.backward(x, df);

    double[] r = new double[head.in];
    for (double[] feature : features) {
      for (int j = 0; j < r.length; j++) {
        r[j] += feature[j] / features.length;
      }
    }
    int optimiser = options.headState() == HeadState.SHARED ? 0 : modality;
    double headRate = rate * options.headRate();
    double[] before = head.weight.value.clone();
    if (options.projection() == Projection.RLS) {
      head.weight.gradient = projected(r, head.weight.gradient);
    }
    move(head, optimiser, headRate);
    if (options.projection() == Projection.RLS_UPDATE) {
      double[] change = new double[before.length];
      Arrays.setAll(change, i -> head.weight.value[i] - before[i]);
      double[] projected = projected(r, change);
      Arrays.setAll(head.weight.value, i -> before[i] + projected[i]);
    }
    for (Affine each : encoders) {
      move(each, 0, rate);
    }
    boolean zeroed = options.staleGradient() == StaleGradient.ZEROED;
    encoder.weight.gradient = zeroed ? new double[encoder.weight.value.length] : null;
    encoder.bias.gradient = zeroed ? new double[encoder.bias.value.length] : null;
    return loss;
  }

  private void move(Affine layer, int optimiser, double rate) {
    move(layer.weight, optimiser, rate);
    move(layer.bias, optimiser, rate);
  }

  private void move(Leaf leaf, int optimiser, double rate) {
    if (leaf.gradient == null) {
      return;
    }
    Sgd.Options sgd = options.sgd();
    boolean coupled = sgd.decay() == Sgd.Decay.COUPLED;
    boolean first = leaf.velocity[optimiser] == null;
    double[] velocity = first ? new double[leaf.value.length] : leaf.velocity[optimiser];
    for (int i = 0; i < leaf.value.length; i++) {
      double g = leaf.gradient[i] + (coupled ? sgd.weightDecay() * leaf.value[i] : 0);
      velocity[i] = sgd.momentum() * velocity[i] + g;
      leaf.value[i] *= coupled ? 1 : 1 - rate * sgd.weightDecay();
      leaf.value[i] -= rate * velocity[i];
    }
    leaf.velocity[optimiser] = velocity;
  }

  /** What becomes of a matrix like the head's weight; absorbs r. */
  private double[] projected(double[] r, double[] g) {
    GradientProjector.Options how = options.projector();
    boolean skipped = !called && how.firstCall() == GradientProjector.FirstCall.SKIPPED;
    called = true;
    if (skipped) {
      return g;
    }
    boolean absorbFirst = how.order() == Order.ABSORB_THEN_PROJECT;
    boolean nothingLearned = fresh && !absorbFirst;
    double[][] used = p;
    absorb(r);
    if (nothingLearned) {
      return g;
    }
    used = absorbFirst ? p : used;
    boolean adds = how.apply() == GradientProjector.Apply.ADD;
    double[] out = new double[g.length];
    for (int i = 0; i < g.length; i++) {
      int row = i / head.in * head.in;
      out[i] = adds ? g[i] : 0;
      for (int j = 0; j < head.in; j++) {
        out[i] += g[row + j] * used[i % head.in][j]; // times P transposed
      }
    }
    return out;
  }

  private void absorb(double[] r) {
    GradientProjector.Options how = options.projector();
    int s = r.length;
    boolean fro = how.norm() == Norm.FRO;
    double f = fresh ? 1 : how.forgetting();
    double[][] m = new double[s][s];
    for (int i = 0; i < s; i++) {
      for (int j = 0; j < s; j++) {
        double unit = i == j ? (fro ? 1 / Math.sqrt(s) : 1) : 0;
        m[i][j] = f * p[i][j] + (1 - f) * unit;
      }
    }
    double[] k = new double[s];
    double rk = 0;
    for (int i = 0; i < s; i++) {
      for (int j = 0; j < s; j++) {
        k[i] += m[i][j] * r[j];
      }
      rk += r[i] * k[i];
    }
    double[][] next = new double[s][s];
    double squares = 0;
    for (int i = 0; i < s; i++) {
      for (int j = 0; j < s; j++) {
        double below = how.denominator() == Denominator.SCALAR ? rk : k[i] * r[j];
        next[i][j] = m[i][j] - k[i] * k[j] / (alpha + below);
        squares += next[i][j] * next[i][j];
      }
    }
    double length = fro ? Math.sqrt(squares) : 1;
    for (double[] row : next) {
      Arrays.setAll(row, j -> row[j] / length);
    }
    p = next;
    fresh = false;
  }

  private static double[][] identity(int s) {
    double[][] identity = new double[s][s];
    for (int i = 0; i < s; i++) {
      identity[i][i] = 1;
    }
    return identity;
  }
}
