package dev.lacuna.training.compare;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.training.compare.FusionComparison.Difference;
import dev.lacuna.training.compare.FusionComparison.Rule;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.report.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A comparison of fusions as text and JSON. */
public final class FusionComparisonFormat {
  private static final int SCHEMA = 1;
  private static final String NONE = "-";

  private FusionComparisonFormat() {}

  /** Three small tables, and under them what they mean. */
  public static String text(FusionComparison comparison) {
    List<String> modalities = comparison.noise().stream().map(NoiseEffect::modality).toList();
    List<List<String>> rules = new ArrayList<>();
    List<String> header = new ArrayList<>(List.of("", "accuracy", "sd"));
    modalities.forEach(modality -> header.add(modality + " is noise"));
    rules.add(header);
    for (Rule rule : comparison.rules()) {
      Metric accuracy = rule.accuracy();
      List<String> row = new ArrayList<>(List.of(rule.name(), mean(accuracy)));
      row.add(accuracy.values().size() == 1 ? NONE : number(accuracy.sd()));
      modalities.forEach(modality -> row.add(mean(rule.accuracyByNoise().get(modality))));
      rules.add(row);
    }
    List<List<String>> differences = new ArrayList<>();
    differences.add(List.of("dynamic fusion less", "diff", "95 % interval", "p"));
    for (Difference d : comparison.differences()) {
      differences.add(
          List.of(
              d.reference(),
              signed(d.difference()),
              signed(d.ci95().get(0)) + " to " + signed(d.ci95().get(1)),
              ComparisonFormat.p(d.p())));
    }
    List<List<String>> noise = new ArrayList<>();
    noise.add(
        List.of(
            "noise for",
            "samples",
            "weight",
            "outweighs",
            "entropy",
            "if intact",
            "logit sd",
            "of others"));
    for (NoiseEffect n : comparison.noise()) {
      noise.add(
          List.of(
              n.modality(),
              Integer.toString(n.samples()),
              number(n.weight()),
              number(n.outweighs()),
              number(n.entropy()),
              number(n.entropyIntact()),
              number(n.logitDeviation()),
              number(n.logitDeviationOfOthers())));
    }
    return table(rules)
        + "\n"
        + table(differences)
        + "\n"
        + table(noise)
        + "\n"
        + notes(comparison);
  }

  /**
   * A document like metrics.json.
   *
   * @param system the run's system
   * @param config the run's
   * @param run machine, versions, seconds
   */
  public static String json(FusionComparison comparison, String system, Object config, Object run) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("schema", SCHEMA);
    root.put("system", system);
    root.set("config", Json.MAPPER.valueToTree(config));
    root.set("results", Json.MAPPER.valueToTree(comparison));
    root.set("run", Json.MAPPER.valueToTree(run));
    return root.toPrettyString() + "\n";
  }

  /** Aligned columns: the first to the left, numbers to the right. */
  private static String table(List<List<String>> rows) {
    int[] width =
        IntStream.range(0, rows.getFirst().size())
            .map(c -> rows.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
            .toArray();
    return rows.stream()
        .map(row ->
            IntStream.range(0, width.length)
                    .mapToObj(c -> ComparisonFormat.aligned(row.get(c), width[c], c == 0))
                    .collect(Collectors.joining(ComparisonFormat.GAP))
                    .stripTrailing()
                + "\n")
        .collect(Collectors.joining());
  }

  private static String notes(FusionComparison comparison) {
    List<String> notes = new ArrayList<>();
    notes.add(
        String.format(
            Locale.ROOT,
            "accuracy: mean over seeds on %,d test samples, one modality of each noise.",
            comparison.samples()));
    notes.add(
        "The modality alone that dynamic fusion is compared with is chosen on validation data.");
    notes.addAll(ComparisonFormat.bootstrap(comparison.replicates(), comparison.clusters()));
    notes.add(
        "weight: what dynamic fusion gives the noise; outweighs: share of samples where it is"
            + " over half.");
    notes.add("entropy: of what the modality says of noise and, if intact, of the input, in nats.");
    notes.add("logit sd: over classes, of noise and of the other modalities in the same samples.");
    return notes.stream().map(note -> note + "\n").collect(Collectors.joining());
  }

  private static String mean(@Nullable Metric metric) {
    return metric == null ? NONE : number(metric.mean());
  }

  private static String number(double value) {
    return Double.isNaN(value) ? NONE : String.format(Locale.ROOT, "%.4f", value);
  }

  private static String signed(double value) {
    return String.format(Locale.ROOT, "%+.4f", value);
  }
}
