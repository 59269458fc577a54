package dev.lacuna.training.compare;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.training.data.Corrupted;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.UnimodalOutputs;
import dev.lacuna.training.metrics.Accuracy;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.Experiment;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * How to decide where one modality of each sample is noise ({@link Corrupted}): by dynamic fusion,
 * which weighs by entropy, by fixed fusion with equal shares, or by one modality alone; all from
 * what the modalities of the same trained models say. Samples that lack a modality are left out.
 *
 * @param samples number of test samples
 * @param clusters by what samples were clustered in the bootstrap
 * @param replicates of the bootstrap
 * @param rules dynamic fusion, fixed fusion, then each modality alone
 * @param differences of dynamic fusion to fixed fusion, and to the modality that alone is right
 *     most often on validation samples with noise of the same kind
 * @param noise by modality, what noise in its place does
 */
public record FusionComparison(
    int samples,
    List<String> clusters,
    int replicates,
    List<Rule> rules,
    List<Difference> differences,
    List<NoiseEffect> noise) {
  private static final String DYNAMIC = "dynamic fusion";
  private static final String FIXED = "fixed fusion";

  /**
   * A way to decide.
   *
   * @param accuracy on the test samples, a value a seed
   * @param accuracyByNoise by modality, on those of which it is noise
   * @param validationAccuracy on validation samples with noise, mean over seeds
   */
  public record Rule(
      String name,
      Metric accuracy,
      Map<String, Metric> accuracyByNoise,
      double validationAccuracy) {}

  /**
   * Dynamic fusion less another rule.
   *
   * @param difference of mean accuracy
   * @param ci95 the bootstrap's 95 % interval
   * @param p two-sided, of no difference
   */
  public record Difference(String reference, double difference, List<Double> ci95, double p) {}

  /** What one trained model says. */
  private record Said(UnimodalOutputs validation, UnimodalOutputs test) {}

  /** A rule's scores [sample][class]. */
  private interface Scores extends Function<UnimodalOutputs, double[][]> {}

  /** Copies the lists. */
  public FusionComparison {
    clusters = List.copyOf(clusters);
    rules = List.copyOf(rules);
    differences = List.copyOf(differences);
    noise = List.copyOf(noise);
  }

  /**
   * Compares with the models of a finished run. Noise and what it replaces are those of pattern
   * {@code corrupted} of the run's results.
   *
   * @throws LacunaException where the system does not fuse what modalities say, or no sample has
   *     several of them
   */
  public static <O extends Record> FusionComparison of(
      Context context,
      MultimodalData data,
      LearningSystem<O> system,
      RunConfig<O> config,
      RunFolder folder,
      Progress progress) {
    Corrupted validation = complete(data, Part.VALIDATION, config.tableSeed());
    Corrupted test = complete(data, Part.TEST, config.tableSeed());
    PairedBootstrap bootstrap = PairedBootstrap.of(test.split(), progress);
    List<Said> bySeed =
        new Experiment<>(context, data, system, config)
            .ofModels(
                folder,
                (learner, tape) ->
                    new Said(
                        outputs(system, learner, tape, validation),
                        outputs(system, learner, tape, test)));
    return of(bySeed, test, bootstrap);
  }

  private static Corrupted complete(MultimodalData data, Part part, long seed) {
    Corrupted complete = Corrupted.of(data, part, seed).complete();
    if (data.modalities().size() < 2 || complete.split().size() == 0) {
      throw bad(
          "no "
              + part.text()
              + " sample has several modalities and all of them ("
              + String.join(", ", data.modalityNames())
              + "), of which one could be noise");
    }
    return complete;
  }

  private static UnimodalOutputs outputs(
      LearningSystem<?> system, Learner learner, Tape tape, Corrupted samples) {
    Outputs outputs = learner.outputs(tape, samples.data(), samples.split());
    if (outputs instanceof UnimodalOutputs own
        && own.contributions(samples.split().presence()) != null) {
      return own;
    }
    throw bad(
        system.name()
            + " does not weigh what single modalities say, so there is nothing to fuse in another"
            + " way; want the run of a system that does, such as mla");
  }

  private static FusionComparison of(List<Said> bySeed, Corrupted test, PairedBootstrap bootstrap) {
    List<UnimodalOutputs> tested = bySeed.stream().map(Said::test).toList();
    List<UnimodalOutputs> validated = bySeed.stream().map(Said::validation).toList();
    List<String> modalities = test.data().modalityNames();
    Map<String, List<boolean[]>> rightOf = new LinkedHashMap<>();
    List<Rule> rules = new ArrayList<>();
    scores(modalities)
        .forEach((name, scores) -> {
          List<boolean[]> right = right(scores, tested);
          rightOf.put(name, right);
          rules.add(
              new Rule(
                  name,
                  accuracy(right, IntStream.range(0, test.split().size()).toArray()),
                  accuracyByNoise(right, test),
                  accuracy(
                          right(scores, validated),
                          IntStream.range(0, validated.getFirst().split().size()).toArray())
                      .mean()));
        });
    List<Difference> differences = new ArrayList<>();
    for (String reference : List.of(FIXED, best(rules.subList(2, rules.size())).name)) {
      PairedBootstrap.Difference d = bootstrap.of(rightOf.get(DYNAMIC), rightOf.get(reference));
      differences.add(new Difference(reference, d.mean(), List.of(d.low(), d.high()), d.p()));
    }
    return new FusionComparison(
        test.split().size(),
        bootstrap.clusters(),
        bootstrap.replicates(),
        rules,
        differences,
        IntStream.range(0, modalities.size())
            .mapToObj(m -> NoiseEffect.of(m, tested, test))
            .toList());
  }

  private static Map<String, Scores> scores(List<String> modalities) {
    Map<String, Scores> scores = new LinkedHashMap<>();
    scores.put(DYNAMIC, said -> fused(Fusion.Mode.DYNAMIC, said));
    scores.put(FIXED, said -> fused(Fusion.Mode.FIXED, said));
    for (int m = 0; m < modalities.size(); m++) {
      int modality = m;
      scores.put(modalities.get(m) + " alone", said -> said.logits()[modality]);
    }
    return scores;
  }

  private static double[][] fused(Fusion.Mode mode, UnimodalOutputs said) {
    return Fusion.fuse(mode, said.logits(), said.entropy(), said.split().presence());
  }

  private static List<boolean[]> right(Scores scores, List<UnimodalOutputs> bySeed) {
    return bySeed.stream()
        .map(said -> Accuracy.right(scores.apply(said), said.split().labels()))
        .toList();
  }

  /** The first of the best on validation samples. */
  private static Rule best(List<Rule> rules) {
    Rule best = rules.getFirst();
    for (Rule rule : rules) {
      best = rule.validationAccuracy > best.validationAccuracy ? rule : best;
    }
    return best;
  }

  private static Map<String, Metric> accuracyByNoise(List<boolean[]> right, Corrupted test) {
    Map<String, Metric> byNoise = new LinkedHashMap<>();
    for (int m = 0; m < test.intact().modalities(); m++) {
      int[] noisy = test.replaced(m);
      if (noisy.length > 0) {
        byNoise.put(test.data().modalityNames().get(m), accuracy(right, noisy));
      }
    }
    return byNoise;
  }

  /** Of some samples. */
  private static Metric accuracy(List<boolean[]> right, int[] samples) {
    double[] shares =
        right.stream()
            .mapToDouble(ofSeed ->
                (double) Arrays.stream(samples).filter(i -> ofSeed[i]).count() / samples.length)
            .toArray();
    return Metric.of(shares, samples.length);
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
