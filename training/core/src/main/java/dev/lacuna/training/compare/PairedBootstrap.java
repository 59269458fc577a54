package dev.lacuna.training.compare;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.progress.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/**
 * Difference of the accuracies of two systems on the same test samples, with an interval and a
 * p-value over the choice of test samples, which may be clustered in several crossed ways (the same
 * image, the same voice): the pigeonhole bootstrap (Owen, The Annals of Applied Statistics 1(2),
 * 2007).
 *
 * <p>With d_i the difference of sample i's correctness, each averaged over the seeds of its system,
 * the difference is the mean of d_i. A replicate draws for every factor f with G_f clusters
 * multinomial weights (u_f1, u_f2, ...) of G_f trials with equal chances, independently of other
 * factors. The weight of a sample is w_i = prod_f u_f,cluster(f, i), the replicate's difference
 * sum_i w_i d_i / sum_i w_i, drawn again where all weights are 0. Without factors every sample is
 * its own cluster, which is the ordinary bootstrap.
 *
 * <p>A factor whose clusters each lie within one cluster of another factor (images that occur once,
 * say) adds no dependence between samples, and the wider clusters alone are resampled. Between
 * truly crossed factors the method is conservative: noise of single samples counts up to three
 * times in the variance (Owen 2007, section 4). Clusters should be many: with fewer than about 30 a
 * percentile interval is somewhat too narrow.
 *
 * <p>The interval is from the 2.5 to the 97.5 % quantile of the replicates (Efron's percentile
 * interval; quantiles as R's type 7). With R replicates, L of them at most and M at least 0, the
 * two-sided p-value is min(1, 2 (1 + min(L, M)) / (R + 1)) (Davison and Hinkley 1997, section 4),
 * at least 2 / (R + 1). Trainings are taken as they are: how results vary over seeds is not in it.
 */
public final class PairedBootstrap {
  /** Enough for an interval that is stable to a few percent of its width. */
  public static final int REPLICATES = 2_000;

  private static final int WEIGHTS = 0x5B00;

  /** Clusters that an interval should have at least. */
  private static final int FEW = 30;

  /**
   * One way in which test samples depend on each other.
   *
   * @param name such as {@code voice}
   * @param of of[i] is the cluster of sample i, any number; not to be changed
   */
  public record Clusters(String name, int[] of) {
    /** Whether each cluster lies within one of the others'. */
    boolean nestedIn(Clusters other) {
      Map<Integer, Integer> within = new HashMap<>();
      for (int i = 0; i < of.length; i++) {
        Integer first = within.putIfAbsent(of[i], other.of[i]);
        if (first != null && first != other.of[i]) {
          return false;
        }
      }
      return true;
    }

    /** Numbered 0, 1, ... in order of appearance. */
    int[] numbered() {
      Map<Integer, Integer> numbers = new HashMap<>();
      return Arrays.stream(of)
          .map(cluster -> {
            numbers.putIfAbsent(cluster, numbers.size());
            return numbers.get(cluster);
          })
          .toArray();
    }
  }

  /**
   * How much more often the one system is right than the other.
   *
   * @param mean accuracy of the system less that of the reference
   * @param low lower end of the 95 % interval
   * @param high upper end
   * @param p two-sided, of no difference
   */
  public record Difference(double mean, double low, double high, double p) {}

  private final int samples;
  private final List<String> names;
  private final int replicates;
  private final long seed;

  /** By factor the cluster of each sample, from 0. */
  private final int[][] clusterOf;

  /** By factor. */
  private final int[] clusterCount;

  /**
   * A bootstrap over test samples.
   *
   * @param samples number of test samples
   * @param clusters factors by which samples depend on each other, possibly none
   * @param replicates number of draws
   * @param seed of the draws; all differences share the draws
   * @throws LacunaException where a factor is of another size or has one cluster alone
   */
  public PairedBootstrap(int samples, List<Clusters> clusters, int replicates, long seed) {
    if (samples < 1 || replicates < 1) {
      throw bad(samples + " samples and " + replicates + " replicates, want 1 or more of each");
    }
    this.samples = samples;
    this.names = clusters.stream().map(Clusters::name).toList();
    this.replicates = replicates;
    this.seed = seed;
    List<Clusters> factors = new ArrayList<>();
    factors.add(new Clusters("sample", IntStream.range(0, samples).toArray()));
    for (Clusters factor : clusters) {
      if (factor.of.length != samples) {
        throw bad(
            "clusters by "
                + factor.name
                + " are of "
                + factor.of.length
                + " samples, want "
                + samples);
      }
      if (factors.stream().noneMatch(factor::nestedIn)) {
        factors.removeIf(other -> other.nestedIn(factor));
        factors.add(factor);
      }
    }
    clusterOf = factors.stream().map(Clusters::numbered).toArray(int[][]::new);
    clusterCount =
        Arrays.stream(clusterOf).mapToInt(of -> Arrays.stream(of).max().orElse(0) + 1).toArray();
    for (int f = 0; f < clusterCount.length; f++) {
      if (clusterCount[f] < 2) {
        throw bad(
            "all samples are of one "
                + factors.get(f).name
                + ", which says nothing about others; want 2 or more");
      }
    }
  }

  /**
   * A bootstrap over test samples that depend on each other by what they share; what they all share
   * says nothing about others, and is noted.
   */
  public static PairedBootstrap of(Split test, Progress progress) {
    List<Clusters> clusters = new ArrayList<>();
    test.groups()
        .forEach((name, of) -> {
          Map<String, Integer> numbers = new LinkedHashMap<>();
          of.forEach(group -> numbers.putIfAbsent(group, numbers.size()));
          if (numbers.size() > 1) {
            clusters.add(new Clusters(name, of.stream().mapToInt(numbers::get).toArray()));
            if (numbers.size() < FEW) {
              progress.note(
                  "test samples are clustered by "
                      + name
                      + ", of which there are "
                      + numbers.size()
                      + ": with fewer than about "
                      + FEW
                      + " intervals are somewhat too narrow");
            }
          } else {
            progress.note(
                "all test samples have one "
                    + name
                    + ": intervals and p-values do not say how results are with others");
          }
        });
    return new PairedBootstrap(test.size(), clusters, REPLICATES, 0);
  }

  /** Number of test samples. */
  public int samples() {
    return samples;
  }

  /** Names of the factors. */
  public List<String> clusters() {
    return names;
  }

  /** Number of draws. */
  public int replicates() {
    return replicates;
  }

  /**
   * The difference of a system to a reference.
   *
   * @param system [seed][sample], whether the sample was right
   * @param reference the same, of any number of seeds
   */
  public Difference of(List<boolean[]> system, List<boolean[]> reference) {
    long[] ours = counts(system);
    long[] theirs = counts(reference);
    // whole numbers, scaled by the numbers of seeds, so that a replicate without difference is 0
    long[] difference = new long[samples];
    Arrays.setAll(difference, i -> ours[i] * reference.size() - theirs[i] * system.size());
    double scale = (double) system.size() * reference.size();
    double[] drawn =
        IntStream.range(0, replicates)
            .mapToDouble(replicate -> replicate(difference, replicate) / scale)
            .toArray();
    long atMost = Arrays.stream(drawn).filter(value -> value <= 0).count();
    long atLeast = Arrays.stream(drawn).filter(value -> value >= 0).count();
    Percentile quantile = new Percentile().withEstimationType(EstimationType.R_7);
    quantile.setData(drawn);
    return new Difference(
        Arrays.stream(difference).sum() / (scale * samples),
        quantile.evaluate(2.5),
        quantile.evaluate(97.5),
        Math.min(1, 2.0 * (1 + Math.min(atMost, atLeast)) / (replicates + 1)));
  }

  /** How many seeds had a sample right. */
  private long[] counts(List<boolean[]> right) {
    if (right.isEmpty()) {
      throw bad("no seeds, want 1 or more");
    }
    long[] counts = new long[samples];
    for (boolean[] seedRight : right) {
      if (seedRight.length != samples) {
        throw bad("results of " + seedRight.length + " samples, want " + samples);
      }
      for (int i = 0; i < samples; i++) {
        counts[i] += seedRight[i] ? 1 : 0;
      }
    }
    return counts;
  }

  /** The weighted mean of a draw. */
  private double replicate(long[] values, int replicate) {
    for (int attempt = 0; ; attempt++) {
      int[][] weights = weights(replicate, attempt);
      long sum = 0;
      long total = 0;
      for (int i = 0; i < samples; i++) {
        long weight = 1;
        for (int f = 0; f < weights.length; f++) {
          weight *= weights[f][clusterOf[f][i]];
        }
        sum += weight * values[i];
        total += weight;
      }
      if (total > 0) {
        return (double) sum / total;
      }
    }
  }

  /** How often each cluster of each factor is drawn. */
  private int[][] weights(int replicate, int attempt) {
    int[][] weights = new int[clusterCount.length][];
    for (int f = 0; f < weights.length; f++) {
      int count = clusterCount[f];
      weights[f] = new int[count];
      CounterRandom random = new CounterRandom(seed, WEIGHTS + f, replicate);
      for (int draw = 0; draw < count; draw++) {
        weights[f][random.below((long) attempt * count + draw, count)]++;
      }
    }
    return weights;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "bootstrap: " + message);
  }
}
