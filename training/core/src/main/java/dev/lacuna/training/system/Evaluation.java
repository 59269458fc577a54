package dev.lacuna.training.system;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Corrupted;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MissingTable;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a model is measured on, by pattern: the test samples complete and under every missing
 * pattern and test case of the data, with noise in place of one modality each ({@code corrupted}),
 * and human clips where there are some. {@link Measure} says what is measured; a learner may add
 * {@linkplain Learner#measured numbers of its own}.
 */
final class Evaluation {
  private static final String CORRUPTED = "corrupted";

  /** Samples, and what of them may be used. */
  private record Pattern(MultimodalData data, Split split, Presence presence) {}

  private final Map<String, Pattern> patterns = new LinkedHashMap<>();
  private final Map<String, Presence> tables = new LinkedHashMap<>();
  private final List<Measure> measures;
  private final MultimodalData data;

  /**
   * Draws the patterns.
   *
   * @param cases further patterns of this data, by name
   * @param seed of the tables and the noise
   */
  Evaluation(MultimodalData data, Map<String, MissingRates> cases, long seed) {
    this.data = data;
    List<String> names = data.modalityNames();
    Split test = data.test();
    CounterRandom random = new CounterRandom(seed, Experiment.TEST_TABLE, 0);
    for (String name : MissingTable.patterns(names)) {
      Presence table = MissingTable.pattern(name, names, test.presence(), random);
      add(name, new Pattern(data, test, table));
    }
    int step = 1; // half_missing has drawn with step 0
    for (Map.Entry<String, MissingRates> one : cases.entrySet()) {
      CounterRandom draw = new CounterRandom(seed, Experiment.TEST_TABLE, step++);
      add(one.getKey(), new Pattern(data, test, one.getValue().draw(test.presence(), draw)));
    }
    if (names.size() > 1) {
      Corrupted corrupted = Corrupted.of(data, Part.TEST, seed);
      patterns.put(CORRUPTED, new Pattern(corrupted.data(), corrupted.split(), test.presence()));
      tables.put("corrupted-test.csv", corrupted.intact());
    }
    Split human = data.humanClips();
    if (human != null) {
      patterns.put(human.name(), new Pattern(data, human, human.presence()));
    }
    measures = Arrays.stream(Measure.values()).filter(measure -> isDefined(measure, data)).toList();
  }

  /** Measures of how classes rank samples are of no use where the test lacks a class. */
  private boolean isDefined(Measure measure, MultimodalData data) {
    boolean multiLabel = data.multiLabel();
    return switch (measure) {
      case ACCURACY, ECE -> !multiLabel;
      case MACRO_F1 -> true;
      case AUROC -> !multiLabel && data.classes() == 2 && eachHasAll(data.classes());
      case MICRO_F1 -> multiLabel;
      case MAP -> multiLabel && eachHasAll(data.classes());
    };
  }

  private boolean eachHasAll(int classes) {
    return patterns.values().stream()
        .map(Pattern::split)
        .distinct()
        .allMatch(split ->
            IntStream.range(0, classes)
                .allMatch(c -> IntStream.range(0, split.size()).anyMatch(i -> split.isOf(i, c))));
  }

  private void add(String name, Pattern pattern) {
    patterns.put(name, pattern);
    tables.put("missing-test-" + name + ".csv", pattern.presence);
  }

  /** The tables that have been drawn, by the names of their files. */
  Map<String, Presence> tables() {
    return tables;
  }

  /**
   * Measures a model: pattern, then metric.
   *
   * @param test what it says of the test split
   */
  Map<String, Map<String, Double>> measure(Learner learner, Tape tape, Outputs test) {
    IdentityHashMap<Split, Outputs> outputsOf = new IdentityHashMap<>();
    outputsOf.put(test.split(), test);
    Map<String, Map<String, Double>> measured = new LinkedHashMap<>();
    patterns.forEach((name, pattern) -> {
      Outputs outputs =
          outputsOf.computeIfAbsent(
              pattern.split, split -> learner.outputs(tape, pattern.data, split));
      measured.put(name, metrics(outputs, pattern.presence));
    });
    learner
        .measured(tape, data)
        .forEach((name, numbers) -> {
          numbers.forEach((key, value) -> requireFinite(name, key, value));
          if (measured.putIfAbsent(name, new LinkedHashMap<>(numbers)) != null) {
            throw new IllegalStateException(
                "the learner's own numbers are of " + name + ", which is a missing pattern");
          }
        });
    return measured;
  }

  private static void requireFinite(String name, String key, double value) {
    if (!Double.isFinite(value)) {
      throw new LacunaException(
          Status.NON_FINITE, key + " of " + name + " is " + value + ", want a finite number");
    }
  }

  private Map<String, Double> metrics(Outputs outputs, Presence presence) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (Measure measure : measures) {
      metrics.put(measure.key(), outputs.measure(measure, presence));
    }
    return metrics;
  }

  /**
   * What {@link #measure} would not have given, or an empty text. Names of a learner's own are
   * known from another seed alone.
   *
   * @param measured of one seed
   * @param first of the first seed
   */
  String unlike(Map<String, Map<String, Double>> measured, Map<String, Map<String, Double>> first) {
    Set<String> wanted = new LinkedHashSet<>(patterns.keySet());
    wanted.addAll(first.keySet());
    if (!measured.keySet().equals(wanted)) {
      return "results on " + measured.keySet() + ", want " + wanted;
    }
    Set<String> keys =
        measures.stream().map(Measure::key).collect(Collectors.toCollection(LinkedHashSet::new));
    for (String name : wanted) {
      Map<String, Double> metrics = measured.get(name);
      Set<String> ofName = patterns.containsKey(name) ? keys : first.get(name).keySet();
      if (!metrics.keySet().equals(ofName)) {
        return "metrics " + metrics + ", want numbers of " + ofName;
      }
    }
    return "";
  }

  /** Summarises what was measured once a seed. */
  Results results(List<Map<String, Map<String, Double>>> bySeed) {
    Results results = new Results();
    bySeed
        .getFirst()
        .forEach((name, metrics) -> {
          Pattern pattern = patterns.get(name);
          int n = (pattern == null ? data.test() : pattern.split).size();
          for (String metric : metrics.keySet()) {
            double[] values =
                bySeed.stream().mapToDouble(seed -> seed.get(name).get(metric)).toArray();
            results.put(
                "test",
                name,
                metric,
                pattern != null && metric.equals(Measure.ACCURACY.key())
                    ? Metric.of(values, n)
                    : Metric.ofScores(values, n));
          }
        });
    return results;
  }
}
