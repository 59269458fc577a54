package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.kernels.VqOptions.Reset;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The faults of CMG's official code, which are there when asked for and else are not. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class VqCompatibilityTest {
  private static final int MODALITIES = 3;

  @Parameter private String backend = "";
  private Context context;

  @BeforeEach
  void open() {
    context = Lacuna.open(Device.parse(backend));
  }

  @AfterEach
  void close() {
    context.close();
  }

  // Dead codes.

  private static final int FEW = 4;
  private static final int NARROW = 2;
  private static final float[] START = {1, 1, -1, -1, 9, 9, -9, 9};

  /** Three steps that use codes 0 and 1, in which 2 and 3 die; then one more. */
  private float[][] fourSteps(VqOptions options) {
    float[][] codes = new float[4][];
    try (VqCodebook codebook = new VqCodebook(context, 1, FEW, NARROW, options)) {
      codebook.init(START);
      for (int step = 0; step < codes.length; step++) {
        codebook.update(new float[] {1.2f, 0.9f, -1, -1.1f}, new int[] {0, 1}, 2);
        assertEquals(step == 2 && options.reset().after() < 10 ? 2 : 0, codebook.replaceDead());
        codes[step] = codebook.state().codebook();
      }
    }
    return codes;
  }

  private static float[] dead(float[] codes) {
    return Arrays.copyOfRange(codes, 2 * NARROW, FEW * NARROW);
  }

  @Test
  void officiallyAReplacedCodeThatIsNotHitRevertsExactly() {
    VqOptions never = VqOptions.OFFICIAL.withInitialCount(1);
    VqOptions soon =
        never.withReset(new Reset(2, 2, 1.0 / 1024, 1, never.reset().replacesAverages()));
    float[][] control = fourSteps(never);
    float[][] replaced = fourSteps(soon);
    assertTrue(Math.abs(dead(replaced[2])[1]) < 2, Arrays.toString(replaced[2]));
    assertEquals(9, dead(control[2])[1], 0.1);
    assertArrayEquals(control[3], replaced[3]);
  }

  @Test
  void aReplacedCodeStays() {
    VqOptions soon = VqOptions.DEFAULT.withReset(new Reset(2, 2, 1.0 / 1024, 1));
    float[][] codes = fourSteps(soon);
    assertTrue(Math.abs(dead(codes[2])[1]) < 2, Arrays.toString(codes[2]));
    assertArrayEquals(dead(codes[2]), dead(codes[3]), 1e-3f);
  }

  // Codes that are unused in the first step.

  private static final int CODES = 400;
  private static final int WIDTH = 256;
  private static final int PROTOTYPES = 30;
  private static final int ROWS = 200;

  /** Largest norm and number of used codes after steps 1 to 4, on unit-variance features. */
  private double[][] norms(VqOptions options) {
    CounterRandom prototypes = new CounterRandom(1, 0, 0);
    double[][] result = new double[4][];
    try (VqCodebook codebook = new VqCodebook(context, MODALITIES, CODES, WIDTH, options)) {
      for (int step = 0; step < result.length; step++) {
        float[] z = new float[MODALITIES * ROWS * WIDTH];
        CounterRandom noise = new CounterRandom(1, 1, step);
        CounterRandom which = new CounterRandom(1, 2, step);
        for (int i = 0; i < z.length; i++) {
          int prototype = which.below(i / WIDTH % ROWS, PROTOTYPES);
          double of = prototypes.normal((long) prototype * WIDTH + i % WIDTH);
          z[i] = (float) (Math.sqrt(0.5) * (of + noise.normal(i)));
        }
        int[] index = new int[MODALITIES * ROWS];
        codebook.search(z, index.length, index, null, Precision.EXACT);
        codebook.update(z, index, ROWS);
        codebook.replaceDead();
        float[] codes = codebook.state().codebook();
        double largest = 0;
        for (int k = 0; k < CODES; k++) {
          double sum = 0;
          for (int d = 0; d < WIDTH; d++) {
            sum += (double) codes[k * WIDTH + d] * codes[k * WIDTH + d];
          }
          largest = Math.max(largest, Math.sqrt(sum));
        }
        result[step] = new double[] {largest, Arrays.stream(index).distinct().count()};
      }
    }
    return result;
  }

  @Test
  void officiallyUnusedCodesExplodeInTheFirstStepAndActiveOnesBecomeFew() {
    double[][] norms = norms(VqOptions.OFFICIAL);
    assertTrue(norms[0][0] > 100, "largest norm " + norms[0][0]);
    for (int step = 1; step < norms.length; step++) {
      assertTrue(norms[step][0] < norms[step - 1][0], Arrays.deepToString(norms));
    }
    assertTrue(norms[3][1] < norms[0][1], Arrays.deepToString(norms));
  }

  /** The features have norm 16. */
  @Test
  void withAFirstCountOfOneNoCodeOutgrowsTheData() {
    for (double[] step : norms(VqOptions.DEFAULT)) {
      assertTrue(step[0] < 17, "largest norm " + step[0]);
    }
  }
}
