package dev.lacuna.training.cmg;

import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What an epoch says of the codebook, counted over its training batches.
 *
 * @param inUse codes that any modality has used
 * @param perplexity e to the entropy of the codes of all modalities together
 * @param agreement share of equal codes at positions that two modalities have, all pairs together;
 *     NaN where no position had two
 * @param replaced how often a code that nobody used was replaced
 * @param club mean over steps of CLUB's estimate of the mutual information between codes and what
 *     is specific to a modality, in nats; NaN where none was made
 * @param saturation mean share of the estimator's log variances that lie at the bound of their
 *     range; NaN where none was made
 */
record EpochHealth(
    int inUse, double perplexity, double agreement, int replaced, double club, double saturation) {
  /** Above it most of what the estimator says comes from its bound. */
  private static final double MOST_SATURATION = 0.5;

  private static final Axis EPOCH = new Axis("epoch", Scale.LINEAR);

  /** For the progress bar. */
  String status(int codes) {
    String text =
        String.format(Locale.ROOT, "%d of %d codes, perplexity %.0f", inUse, codes, perplexity);
    return Double.isNaN(agreement)
        ? text
        : text + String.format(Locale.ROOT, ", agreement %.2f", agreement);
  }

  /** What people should look into, or an empty text. */
  String warning() {
    List<String> found = new ArrayList<>();
    if (club < 0) {
      found.add(
          String.format(
              Locale.ROOT,
              "CLUB's estimate of mutual information is negative on average (%.3g), which no mutual"
                  + " information is: its networks lag behind the features, let them take more"
                  + " steps",
              club));
    }
    if (saturation > MOST_SATURATION) {
      found.add(
          String.format(
              Locale.ROOT,
              "%.0f %% of CLUB's log variances lie at the bound of their range: its estimate says"
                  + " little, fix the variance or widen the range",
              100 * saturation));
    }
    return String.join("; ", found);
  }

  /** Curves over epochs, from the first on; none where there are no epochs. */
  static List<Diagnostic> curves(List<EpochHealth> epochs) {
    if (epochs.isEmpty()) {
      return List.of();
    }
    List<Diagnostic> curves = new ArrayList<>();
    curves.add(
        curves(
            "Use of the codebook",
            "Over the training batches of an epoch, all modalities together: how many codes are in"
                + " use, their perplexity (as many codes, chosen equally often, would be as hard to"
                + " guess) and how many were replaced because nobody used them. A perplexity that"
                + " falls towards 1 is a codebook that collapses.",
            "codes",
            epochs,
            line("codes in use", epochs, EpochHealth::inUse),
            line("perplexity", epochs, EpochHealth::perplexity),
            line("replaced", epochs, EpochHealth::replaced)));
    if (!epochs.stream().allMatch(epoch -> Double.isNaN(epoch.agreement))) {
      curves.add(
          curves(
              "Agreement of codes in training",
              "Share of equal codes at the steps that two modalities of a training sample have, all"
                  + " pairs together; the higher, the more of what they say is shared.",
              "share",
              epochs,
              line("agreement", epochs, EpochHealth::agreement)));
    }
    if (!epochs.stream().allMatch(epoch -> Double.isNaN(epoch.club))) {
      curves.add(
          curves(
              "Estimated mutual information",
              "CLUB's estimate of what codes and modality-specific features still have in common,"
                  + " mean over the steps of an epoch; 0 is the aim. Below 0 the estimator lags"
                  + " behind, and says nothing.",
              "nats",
              epochs,
              line("estimate", epochs, EpochHealth::club)));
    }
    return curves;
  }

  private static Series line(
      String name, List<EpochHealth> epochs, ToDoubleFunction<EpochHealth> value) {
    return new Series(name, epochs.stream().map(value::applyAsDouble).toList());
  }

  private static Diagnostic curves(
      String title, String caption, String unit, List<EpochHealth> epochs, Series... lines) {
    List<Double> at =
        IntStream.rangeClosed(1, epochs.size()).mapToObj(epoch -> (double) epoch).toList();
    return new Curves(title, caption, EPOCH, new Axis(unit, Scale.LINEAR), at, List.of(lines));
  }
}
