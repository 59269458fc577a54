package dev.lacuna.training.mla;

import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.mla.SharedHeadModel;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/** What the projector has learned, and what it spares the other modalities. */
final class MlaDiagnostics {
  /** Validation samples to measure on, at most. */
  private static final int SAMPLES = 512;

  /** Features [sample][width] of a modality, and the samples' classes. */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
  private record Seen(String modality, double[][] features, int[] labels) {}

  private MlaDiagnostics() {}

  /** Both pictures; P and the parameters stay as they are. */
  static List<Diagnostic> of(
      SharedHeadModel model, GradientProjector projector, Tape tape, MultimodalData data) {
    List<Diagnostic> diagnostics = new ArrayList<>(List.of(spectrum(projector)));
    List<Seen> seen =
        IntStream.range(0, data.modalities().size())
            .mapToObj(m -> see(model, m, tape, data))
            .filter(one -> one.labels().length > 0)
            .toList();
    if (!seen.isEmpty()) {
      diagnostics.add(drift(model, projector, tape, seen));
    }
    return diagnostics;
  }

  /** Eigenvalues of P, of its symmetric part where the compatible denominator has made another. */
  private static Diagnostic spectrum(GradientProjector projector) {
    int size = projector.projector().size();
    double[] flat = projector.projector().matrix();
    double[][] rows = new double[size][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * size, (i + 1) * size));
    RealMatrix p = new Array2DRowRealMatrix(rows, false);
    double[] values =
        new EigenDecomposition(p.add(p.transpose()).scalarMultiply(0.5)).getRealEigenvalues();
    double[] falling = Arrays.stream(values).map(v -> -v).sorted().map(v -> -v).toArray();
    double most = falling[0];
    return new Curves(
        "Spectrum of P",
        "Eigenvalues of the "
            + size
            + " x "
            + size
            + " projector after the last step, over the largest. A small one is a direction of the "
            + "features that the head has learned from and that later steps spare; at 1 the head is "
            + "free. What is below 1e-8 or negative lies at the lower end.",
        new Axis("rank", Scale.LINEAR),
        new Axis("eigenvalue / largest", Scale.LOG),
        IntStream.rangeClosed(1, size).mapToObj(i -> (double) i).toList(),
        List.of(
            new Series(
                "eigenvalue", DoubleStream.of(falling).map(v -> v / most).boxed().toList())));
  }

  private static Seen see(SharedHeadModel model, int modality, Tape tape, MultimodalData data) {
    Split split = data.validation();
    int[] samples = Arrays.stream(split.presence().rows(modality)).limit(SAMPLES).toArray();
    double[][] features = new double[samples.length][];
    if (samples.length > 0) {
      Batch batch =
          new Batch(
              data, split, split.presence(), samples, RandomShift.none(data.modalities().size()));
      tape.reset();
      tape.withoutGradients(() -> {
        double[] flat =
            model
                .features(modality, batch.inputs(tape, modality, batch.positions(modality)))
                .toDoubleArray();
        int width = flat.length / samples.length;
        Arrays.setAll(features, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
      });
    }
    int[] labels = Arrays.stream(samples).map(i -> split.labels()[i]).toArray();
    return new Seen(data.modalityNames().get(modality), features, labels);
  }

  /** How far one step of the head's weight moves logits, by the modalities of step and logits. */
  private static Diagnostic drift(
      SharedHeadModel model, GradientProjector projector, Tape tape, List<Seen> seen) {
    double[] weight = model.head().weight().get();
    double[] bias = model.head().bias().get();
    List<String> rows = new ArrayList<>();
    List<Double> raw = new ArrayList<>();
    List<Double> spared = new ArrayList<>();
    for (Seen learning : seen) {
      double[] gradient = gradient(learning, weight, bias);
      tape.reset();
      double[] projected = projector.projected(tape, gradient);
      for (Seen other : seen) {
        rows.add(learning.modality() + " → " + other.modality());
        raw.add(moved(gradient, other.features()));
        spared.add(moved(projected, other.features()));
      }
    }
    return new Dots(
        "Logit drift",
        "How far one gradient step of the head for a modality (left of the arrow) moves the logits "
            + "of a modality (right of it): Euclidean length, mean over up to "
            + seen.stream().mapToInt(one -> one.labels().length).max().orElseThrow()
            + " validation samples, for a learning rate of 1, without the bias and with P as the "
            + "last step left it. The further left projection moves a dot, the less is "
            + "overwritten. P has absorbed features of every modality, so it holds back a "
            + "modality's own logits as well; and where P is kept at length 1, its scale shortens "
            + "every step, also those that spare nothing.",
        new Axis("logits", Scale.LOG),
        rows,
        List.of(new Series("projected", spared), new Series("not projected", raw)));
  }

  /** Gradient [classes, width] of the mean cross-entropy by the head's weight. */
  private static double[] gradient(Seen seen, double[] weight, double[] bias) {
    int width = weight.length / bias.length;
    double[] gradient = new double[weight.length];
    for (int i = 0; i < seen.labels().length; i++) {
      double[] feature = seen.features()[i];
      double[] logits = times(weight, feature);
      Arrays.setAll(logits, c -> logits[c] + bias[c]);
      double most = Arrays.stream(logits).max().orElseThrow();
      double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - most)).sum();
      for (int c = 0; c < bias.length; c++) {
        double error = Math.exp(logits[c] - most) / sum - (c == seen.labels()[i] ? 1 : 0);
        for (int j = 0; j < width; j++) {
          gradient[c * width + j] += error * feature[j] / seen.labels().length;
        }
      }
    }
    return gradient;
  }

  /** The mean length of step times feature. */
  private static double moved(double[] step, double[][] features) {
    return Arrays.stream(features)
        .mapToDouble(f -> Math.sqrt(Arrays.stream(times(step, f)).map(v -> v * v).sum()))
        .average()
        .orElseThrow();
  }

  private static double[] times(double[] matrix, double[] x) {
    double[] product = new double[matrix.length / x.length];
    for (int i = 0; i < matrix.length; i++) {
      product[i / x.length] += matrix[i] * x[i % x.length];
    }
    return product;
  }
}
