package dev.lacuna.training.compare;

import static dev.lacuna.training.compare.Errors.assertSays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.compare.PairedBootstrap.Clusters;
import dev.lacuna.training.compare.PairedBootstrap.Difference;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;

class PairedBootstrapTest {
  private static final long SEED = 7;
  private static final int MANY = 8_000;

  private static boolean[] right(int samples, IntPredicate right) {
    boolean[] table = new boolean[samples];
    for (int i = 0; i < samples; i++) {
      table[i] = right.test(i);
    }
    return table;
  }

  private static Clusters clusters(String name, int samples, IntUnaryOperator of) {
    return new Clusters(name, IntStream.range(0, samples).map(of).toArray());
  }

  private static Difference difference(
      int replicates, boolean[] system, boolean[] reference, Clusters... clusters) {
    return new PairedBootstrap(system.length, List.of(clusters), replicates, SEED)
        .of(List.of(system), List.of(reference));
  }

  private static double width(Difference difference) {
    return difference.high() - difference.low();
  }

  private static boolean coin(int stream, int i, double chance) {
    return new CounterRandom(99, stream, 0).uniform(i) < chance;
  }

  @Test
  void twoSamplesGiveTheBinomialDistribution() {
    // one gained, one equal: 0, 1/2 and 1 with chances 1/4, 1/2 and 1/4
    Difference d = difference(MANY, new boolean[] {true, true}, new boolean[] {false, true});
    assertEquals(0.5, d.mean());
    assertEquals(0, d.low());
    assertEquals(1, d.high());
    assertEquals(0.5, d.p(), 0.03);
  }

  @Test
  void twoCrossedFactorsMultiplyTheirWeights() {
    // a 2 x 2 grid, gained at its first place alone: u v / 4 with u and v 0, 1, 2 at chances
    // 1/4, 1/2, 1/4, thus 0 at 7/16 and 1 at 1/16
    Difference d =
        difference(
            MANY,
            right(4, i -> i == 0),
            right(4, i -> false),
            clusters("image", 4, i -> i / 2),
            clusters("voice", 4, i -> i % 2));
    assertEquals(0.25, d.mean());
    assertEquals(0, d.low());
    assertEquals(1, d.high());
    assertEquals(14.0 / 16, d.p(), 0.03);
  }

  @Test
  void aDrawWithoutAnySampleIsRepeated() {
    // only two of the four places have a sample: half of the draws hit neither
    Difference d =
        difference(
            MANY,
            new boolean[] {true, false},
            new boolean[] {false, false},
            clusters("image", 2, i -> i),
            clusters("voice", 2, i -> 1 - i));
    assertEquals(0.5, d.mean());
    assertEquals(1, d.high());
    assertEquals(0.5, d.p(), 0.03);
  }

  @Test
  void seedsAreAveraged() {
    PairedBootstrap bootstrap = new PairedBootstrap(2, List.of(), PairedBootstrap.REPLICATES, SEED);
    boolean[] both = {true, true};
    boolean[] first = {true, false};
    boolean[] none = {false, false};
    // 1 and 1/3 less 1/2 and 1/2
    Difference d = bootstrap.of(List.of(both, first, first), List.of(both, none));
    assertEquals((1 + 1.0 / 3) / 2 - 0.5, d.mean(), 1e-12);
    assertEquals(1.0 / 3 - 0.5, d.low(), 1e-12);
    assertEquals(0.5, d.high(), 1e-12);
  }

  @Test
  void equalSystemsDoNotDiffer() {
    boolean[] right = right(500, i -> i % 3 != 0);
    Difference d = difference(200, right, right.clone(), clusters("voice", 500, i -> i % 20));
    assertEquals(new Difference(0, 0, 0, 1), d);
  }

  @Test
  void seedsThatBringTheSameOnAverageGiveNoDifferenceToTheLastBit() {
    // thirds do not add up to a half in floating point
    PairedBootstrap bootstrap = new PairedBootstrap(3, List.of(), 500, SEED);
    boolean[] yes = {true, true, true};
    boolean[] no = {false, false, false};
    assertEquals(
        new Difference(0, 0, 0, 1),
        bootstrap.of(List.of(yes, no, no), List.of(yes, no, no, no, no, yes)));
  }

  @Test
  void withoutClustersTheIntervalIsTheNormalOnes() {
    int n = 3_000;
    boolean[] system = right(n, i -> coin(1, i, 0.8));
    boolean[] reference = right(n, i -> coin(2, i, 0.77));
    double[] d =
        IntStream.range(0, n)
            .mapToDouble(i -> (system[i] ? 1 : 0) - (reference[i] ? 1 : 0))
            .toArray();
    double mean = IntStream.range(0, n).mapToDouble(i -> d[i]).average().orElseThrow();
    double squares = IntStream.range(0, n).mapToDouble(i -> d[i] * d[i]).sum();
    double half = 1.96 * Math.sqrt((squares / n - mean * mean) / n);
    Difference found = difference(PairedBootstrap.REPLICATES, system, reference);
    assertEquals(mean, found.mean(), 1e-12);
    assertEquals(mean - half, found.low(), 0.1 * half);
    assertEquals(mean + half, found.high(), 0.1 * half);
    // two-sided p of a normal value that is mean / (half / 1.96) away from 0
    double z = 1.96 * mean / half;
    double expected = 2 * new NormalDistribution().cumulativeProbability(-z);
    assertEquals(expected, found.p(), 0.02);
    assertEquals(
        found,
        difference(
            PairedBootstrap.REPLICATES,
            system,
            reference,
            clusters("image", n, i -> 5 * i),
            clusters("voice", n, i -> -i)),
        "clusters of one sample each change nothing");
  }

  @Test
  void fullyCorrelatedClustersWidenTheIntervalByTheRootOfTheirSize() {
    int size = 4;
    int n = 800 * size;
    boolean[] system = right(n, i -> coin(3, i / size, 0.5));
    boolean[] reference = right(n, i -> coin(4, i / size, 0.5));
    double alone = width(difference(MANY, system, reference));
    double clustered =
        width(difference(MANY, system, reference, clusters("voice", n, i -> i / size)));
    assertEquals(Math.sqrt(size), clustered / alone, 0.1);
  }

  @Test
  void aFactorWithinAnotherAddsNothing() {
    int n = 600;
    boolean[] system = right(n, i -> coin(5, i, 0.6));
    boolean[] reference = right(n, i -> coin(6, i, 0.5));
    Clusters image = clusters("image", n, i -> i / 2);
    Clusters voice = clusters("voice", n, i -> i / 10);
    Difference byVoice = difference(300, system, reference, voice);
    assertEquals(byVoice, difference(300, system, reference, image, voice));
    assertEquals(byVoice, difference(300, system, reference, voice, image));
    assertNotEquals(byVoice, difference(300, system, reference, image));
  }

  @Test
  void crossedFactorsSeeTheEffectOfEachAndTripleTheNoise() {
    int side = 50;
    int n = side * side;
    Clusters image = clusters("image", n, i -> i / side);
    Clusters voice = clusters("voice", n, i -> i % side);
    boolean[] none = new boolean[n];

    // an effect of images alone on a full grid: the voices' weights cancel
    boolean[] byImage = right(n, i -> coin(7, i / side, 0.5));
    Difference one = difference(MANY, byImage, none, image);
    Difference two = difference(MANY, byImage, none, image, voice);
    assertEquals(one.low(), two.low(), 1e-12);
    assertEquals(one.high(), two.high(), 1e-12);

    // noise of single samples, of variance v: var(u v) = 2 * 2 - 1 = 3
    boolean[] noise = right(n, i -> coin(8, i, 0.5));
    double crossed = width(difference(MANY, noise, none, image, voice));
    assertEquals(Math.sqrt(3), crossed / width(difference(MANY, noise, none)), 0.15);
  }

  @Test
  void clusteredIntervalsCoverTheTruthAsOftenAsTheySay() {
    int trials = 300;
    int groups = 50;
    int size = 6;
    int n = groups * size;
    int clustered = 0;
    int naive = 0;
    for (int trial = 0; trial < trials; trial++) {
      // each voice is easy or hard for either system by itself; both are right in half the cases
      CounterRandom voices = new CounterRandom(11, 0, trial);
      CounterRandom samples = new CounterRandom(11, 1, trial);
      boolean[][] right = new boolean[2][n];
      for (int s = 0; s < 2; s++) {
        for (int i = 0; i < n; i++) {
          boolean easy = voices.uniform(s * groups + i / size) < 0.5;
          right[s][i] = samples.uniform(s * n + i) < (easy ? 0.9 : 0.1);
        }
      }
      clustered += covers(difference(400, right[0], right[1], clusters("voice", n, i -> i / size)));
      naive += covers(difference(400, right[0], right[1]));
    }
    double coverage = (double) clustered / trials;
    assertTrue(coverage > 0.91 && coverage < 0.98, "coverage " + coverage);
    assertTrue(naive < 0.8 * trials, "coverage without clusters " + (double) naive / trials);
  }

  private static int covers(Difference d) {
    return d.low() <= 0 && d.high() >= 0 ? 1 : 0;
  }

  @Test
  void theSameSeedGivesTheSameAndSwappedSystemsTheMirrorImage() {
    int n = 400;
    boolean[] system = right(n, i -> coin(9, i, 0.6));
    boolean[] reference = right(n, i -> coin(10, i, 0.5));
    Clusters voice = clusters("voice", n, i -> i % 40);
    Difference d = difference(999, system, reference, voice);
    assertEquals(d, difference(999, system, reference, voice));
    assertNotEquals(
        d,
        new PairedBootstrap(n, List.of(voice), 999, SEED + 1)
            .of(List.of(system), List.of(reference)));
    Difference mirrored = difference(999, reference, system, voice);
    assertEquals(-d.mean(), mirrored.mean(), 1e-12);
    assertEquals(-d.low(), mirrored.high(), 1e-12);
    assertEquals(-d.high(), mirrored.low(), 1e-12);
    assertEquals(d.p(), mirrored.p());
  }

  @Test
  void aSystemThatIsAlwaysBetterHasTheSmallestP() {
    Difference d = difference(999, right(50, i -> true), right(50, i -> i % 2 == 0));
    assertEquals(2.0 / 1000, d.p(), 1e-12);
  }

  @Test
  void badInputIsNamed() {
    Clusters voice = new Clusters("voice", new int[] {1, 2, 3});
    assertSays(
        () -> new PairedBootstrap(2, List.of(voice), 10, 0),
        "clusters by voice are of 3 samples, want 2");
    Clusters one = new Clusters("voice", new int[] {4, 4});
    assertSays(() -> new PairedBootstrap(2, List.of(one), 10, 0), "all samples are of one voice");
    assertSays(() -> new PairedBootstrap(0, List.of(), 10, 0), "0 samples and 10 replicates");
    assertSays(() -> new PairedBootstrap(2, List.of(), 0, 0), "2 samples and 0 replicates");
    PairedBootstrap bootstrap = new PairedBootstrap(2, List.of(), 10, 0);
    List<boolean[]> two = List.of(new boolean[2]);
    assertSays(() -> bootstrap.of(List.of(new boolean[3]), two), "results of 3 samples, want 2");
    assertSays(() -> bootstrap.of(two, List.of()), "no seeds");
  }
}
