package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.multimodal.mmp.MmpModel;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.metrics.Cosines;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * How predicted features compare with true ones, and which tokens read which. A predictor that has
 * collapsed says the same of every sample; it can be near all of them, but it does not vary.
 */
final class MmpDiagnostics {
  /** Of cosines, from -1 to 1. */
  private static final int BINS = 40;

  /** One curve. */
  private record Line(String name, double[] values) {}

  private MmpDiagnostics() {}

  /**
   * All pictures; those of features where test samples have two modalities.
   *
   * @param reading which prompts a prompt reads
   */
  static List<Diagnostic> of(
      MmpModel model,
      List<ModalityEncoder> encoders,
      Prompts reading,
      Tape tape,
      MultimodalData data) {
    List<Diagnostic> diagnostics = new ArrayList<>();
    List<FeaturePair> pairs = FeaturePair.all(model, encoders, tape, data);
    if (!pairs.isEmpty()) {
      diagnostics.addAll(ofFeatures(pairs));
    }
    for (int m = 0; m < encoders.size(); m++) {
      if (data.test().presence().count(m) > 0) {
        diagnostics.add(
            AttentionPicture.of(
                encoders.get(m),
                model.prompts(m),
                Options.DEFAULT.withPrompts(reading),
                tape,
                data,
                data.test(),
                m));
      }
    }
    return diagnostics;
  }

  private static List<Diagnostic> ofFeatures(List<FeaturePair> pairs) {
    String samples =
        "up to "
            + pairs.stream().mapToInt(pair -> pair.truth().length).max().orElseThrow()
            + " test samples that have both";
    List<double[][]> cosines =
        pairs.stream().map(pair -> Cosines.of(pair.predicted(), pair.truth())).toList();
    List<Diagnostic> diagnostics = new ArrayList<>();
    diagnostics.add(
        new Dots(
            "Cosine of predicted and true features",
            "Cosine of the class feature predicted from a modality (left of the arrow) and the true "
                + "one of another (right of it), mean over "
                + samples
                + ": with the sample's own feature, and with those of all other samples. A "
                + "prediction that tells samples apart is nearer to its own; where both numbers "
                + "are alike, it says the same of everyone.",
            new Axis("cosine", Scale.LINEAR),
            names(pairs),
            List.of(
                means("own", cosines, FeatureStatistics::own),
                means("others", cosines, FeatureStatistics::others))));
    diagnostics.add(
        dots(
            pairs,
            "Mean standard deviation of features",
            "Standard deviation over "
                + samples
                + ", mean over the dimensions. At 0 a predictor "
                + "has collapsed: it says the same of every sample.",
            new Axis("standard deviation", Scale.LINEAR),
            features -> mean(FeatureStatistics.deviations(features))));
    diagnostics.add(
        dots(
            pairs,
            "Effective rank of features",
            "In how many directions features vary over "
                + samples
                + ": e to the entropy of the shares of the covariance's eigenvalues. A predictor "
                + "that has collapsed to few directions has a small one. Shares know no size: where "
                + "the standard deviation is next to 0, the directions are those of rounding.",
            new Axis("directions", Scale.LINEAR),
            features -> FeatureStatistics.effectiveRank(FeatureStatistics.spectrum(features))));
    for (String to : pairs.stream().map(FeaturePair::to).distinct().toList()) {
      diagnostics.addAll(
          ofTarget(
              to,
              IntStream.range(0, pairs.size()).filter(i -> pairs.get(i).to().equals(to)).toArray(),
              pairs,
              cosines));
    }
    return diagnostics;
  }

  private static List<Diagnostic> ofTarget(
      String to, int[] chosen, List<FeaturePair> pairs, List<double[][]> cosines) {
    List<Line> shares = new ArrayList<>();
    List<Line> deviations = new ArrayList<>();
    List<Line> spectra = new ArrayList<>();
    for (int i : chosen) {
      FeaturePair pair = pairs.get(i);
      // more than one source, more than one set of samples
      String of = chosen.length == 1 ? "" : ", from " + pair.from();
      shares.add(new Line("own" + of, shares(FeatureStatistics.own(cosines.get(i)))));
      shares.add(new Line("others" + of, shares(FeatureStatistics.others(cosines.get(i)))));
      deviations.add(new Line("predicted" + of, FeatureStatistics.deviations(pair.predicted())));
      deviations.add(new Line("true" + of, FeatureStatistics.deviations(pair.truth())));
      spectra.add(new Line("predicted" + of, FeatureStatistics.spectrum(pair.predicted())));
      spectra.add(new Line("true" + of, FeatureStatistics.spectrum(pair.truth())));
    }
    int width = deviations.getFirst().values().length;
    // n samples vary in n - 1 directions at most
    int directions =
        IntStream.of(chosen).map(i -> pairs.get(i).truth().length - 1).min().orElseThrow();
    return List.of(
        curves(
            "Cosines, " + to,
            "How often the cosine of predicted and true features has which size, in bins of "
                + 2.0 / BINS
                + ": of a prediction and its sample's own feature, and of a prediction and the "
                + "features of other samples.",
            new Axis("cosine", Scale.LINEAR),
            new Axis("share", Scale.LINEAR),
            IntStream.range(0, BINS).mapToObj(bin -> rounded((2 * bin + 1.0) / BINS - 1)).toList(),
            shares),
        curves(
            "Standard deviation, " + to,
            "Of each dimension of the predicted and of the true feature, falling. Dimensions at 0 "
                + "say nothing.",
            new Axis("dimension by rank", Scale.LINEAR),
            new Axis("standard deviation", Scale.LINEAR),
            ranks(width),
            deviations),
        curves(
            "Covariance spectrum, " + to,
            "Eigenvalues of the covariance of predicted and of true features, falling. A line that "
                + "drops early has collapsed to few directions. What is more than eight decades "
                + "below the largest lies at the lower end.",
            new Axis("rank", Scale.LINEAR),
            new Axis("eigenvalue", Scale.LOG),
            ranks(Math.min(width, directions)),
            spectra));
  }

  private static List<Double> ranks(int count) {
    return IntStream.rangeClosed(1, count).mapToObj(i -> (double) i).toList();
  }

  private static Diagnostic curves(
      String title, String caption, Axis x, Axis y, List<Double> at, List<Line> lines) {
    return new Curves(
        title,
        caption,
        x,
        y,
        at,
        lines.stream()
            .map(line ->
                new Series(
                    line.name(),
                    DoubleStream.of(line.values())
                        .limit(at.size())
                        .mapToObj(MmpDiagnostics::rounded)
                        .toList()))
            .toList());
  }

  private static double[] shares(double[] cosines) {
    double[] shares = new double[BINS];
    for (double cosine : cosines) {
      int bin = (int) ((cosine + 1) / 2 * BINS);
      shares[Math.clamp(bin, 0, BINS - 1)] += 1.0 / cosines.length;
    }
    return shares;
  }

  private static List<String> names(List<FeaturePair> pairs) {
    return pairs.stream().map(FeaturePair::name).toList();
  }

  private static Series means(
      String name, List<double[][]> cosines, Function<double[][], double[]> which) {
    return new Series(name, cosines.stream().map(of -> mean(which.apply(of))).toList());
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }

  private static Diagnostic dots(
      List<FeaturePair> pairs,
      String title,
      String caption,
      Axis axis,
      ToDoubleFunction<double[][]> measured) {
    return new Dots(
        title,
        caption + " Left of the arrow is what was predicted from, right of it what.",
        axis,
        names(pairs),
        List.of(
            new Series(
                "predicted",
                pairs.stream().map(p -> measured.applyAsDouble(p.predicted())).toList()),
            new Series(
                "true", pairs.stream().map(p -> measured.applyAsDouble(p.truth())).toList())));
  }

  /** Three digits, which a picture has room for: a few hundred numbers a line add up. */
  static double rounded(double value) {
    return new BigDecimal(value).round(new MathContext(3)).doubleValue();
  }
}
