package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lacuna.Context;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Work is cut up by sizes alone, so the number of threads must not show in a single bit. */
final class ThreadCountTest {
  private static final GuardedMemory MEMORY = new GuardedMemory();

  @TestFactory
  Stream<DynamicTest> everyOpGivesTheSameBitsWithOneTwoAndThreeThreads() {
    return Target.natives().stream()
        .flatMap(target ->
            OpLayouts.ALL.stream()
                .map(op -> DynamicTest.dynamicTest(op + " on " + target, () -> check(op, target))));
  }

  private static void check(OpLayout op, Target target) {
    OpCase opCase = OpCases.largest(op);
    Map<String, double[]> one = run(opCase, target, 1);
    for (int threads = 2; threads <= 3; threads++) {
      Map<String, double[]> more = run(opCase, target, threads);
      for (String output : one.keySet()) {
        assertArrayEquals(
            bits(one.get(output)),
            bits(more.get(output)),
            opCase + " on " + target + ": " + output + " with 1 and " + threads + " threads");
      }
    }
  }

  private static Map<String, double[]> run(OpCase opCase, Target target, int threads) {
    try (Context context = target.open(threads);
        Operands operands =
            new Operands(opCase, opCase.values(), context, MEMORY, Placement.AFTER_GUARD)) {
      operands.run();
      return operands.outputs();
    }
  }

  private static long[] bits(double[] values) {
    long[] bits = new long[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Double.doubleToRawLongBits(values[i]);
    }
    return bits;
  }
}
