package dev.lacuna.training.system;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.Outputs.Contributions;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** How much each modality counts in the predictions for samples that have them all. */
final class FusionWeights {
  private static final int BINS = 20;

  private FusionWeights() {}

  /** Pictures of them; none where predictions are no weighted mean of several modalities. */
  static List<Diagnostic> of(Outputs outputs, MultimodalData data) {
    List<String> names = data.modalityNames();
    Presence presence = outputs.split().presence();
    Contributions contributions = outputs.contributions(presence);
    int[] complete =
        IntStream.range(0, presence.samples())
            .filter(i -> IntStream.range(0, names.size()).allMatch(m -> presence.present(i, m)))
            .toArray();
    if (contributions == null || names.size() < 2 || complete.length == 0) {
      return List.of();
    }
    double[][] weights =
        Arrays.stream(contributions.weight())
            .map(weight -> Arrays.stream(complete).mapToDouble(i -> weight[i]).toArray())
            .toArray(double[][]::new);
    boolean[] all = outputs.right(presence);
    boolean[] right = new boolean[complete.length];
    for (int i = 0; i < right.length; i++) {
      right[i] = all[complete[i]];
    }
    String samples = "the " + complete.length + " complete test samples";
    return List.of(histogram(names, weights, samples), means(names, weights, right, samples));
  }

  private static Diagnostic histogram(List<String> names, double[][] weights, String samples) {
    List<Double> centres = IntStream.range(0, BINS).mapToObj(bin -> (bin + 0.5) / BINS).toList();
    return new Curves(
        "Fusion weights",
        "How often a modality has which weight in the fused prediction, over "
            + samples
            + ", in bins of "
            + 1.0 / BINS
            + ". The weights of a sample sum to 1: at 1 the modality decides alone, at 0 it is not "
            + "heard.",
        new Axis("weight", Scale.LINEAR),
        new Axis("share of samples", Scale.LINEAR),
        centres,
        series(names, m -> shares(weights[m])));
  }

  private static List<Double> shares(double[] weights) {
    double[] shares = new double[BINS];
    for (double weight : weights) {
      shares[Math.min((int) (weight * BINS), BINS - 1)] += 1.0 / weights.length;
    }
    return DoubleStream.of(shares).boxed().toList();
  }

  private static List<Series> series(List<String> names, IntFunction<List<Double>> values) {
    return IntStream.range(0, names.size())
        .mapToObj(m -> new Series(names.get(m), values.apply(m)))
        .toList();
  }

  private static Diagnostic means(
      List<String> names, double[][] weights, boolean[] right, String samples) {
    return new Dots(
        "Mean fusion weight",
        "Mean weight of a modality over "
            + samples
            + ", those whose fused prediction is right and those whose is wrong. Where a modality "
            + "weighs more in wrong predictions, it misleads.",
        new Axis("weight", Scale.LINEAR),
        names,
        List.of(
            new Series("right", means(weights, right, true)),
            new Series("wrong", means(weights, right, false))));
  }

  private static List<Double> means(double[][] weights, boolean[] right, boolean which) {
    return Arrays.stream(weights)
        .map(weight ->
            IntStream.range(0, right.length)
                .filter(i -> right[i] == which)
                .mapToDouble(i -> weight[i])
                .average()
                .orElse(Double.NaN))
        .toList();
  }
}
