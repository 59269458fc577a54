package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.benchmarks.Machine.Arithmetic;
import org.junit.jupiter.api.Test;

class MachineTest {
  private static final Machine MACHINE =
      new Machine(2, "avx512", 100, 200, 400, 800, 16, 20, 20, 30, 20, 25);

  @Test
  void aDisturbedTryDoesNotLowerTheLimits() {
    Machine disturbed = new Machine(2, "avx512", 101, 100, 200, 400, 17, 21, 10, 15, 30, 20);
    Machine best = new Machine(2, "avx512", 101, 200, 400, 800, 17, 21, 20, 30, 30, 25);
    assertEquals(best, MACHINE.best(disturbed));
    assertEquals(best, disturbed.best(MACHINE));
  }

  @Test
  void arithmeticBindsWhereMemoryIsFaster() {
    assertEquals(10, MACHINE.leastMilliseconds(2e9, 20e6, Arithmetic.FP32), 1e-9);
  }

  @Test
  void memoryBindsWhereArithmeticIsFaster() {
    assertEquals(50, MACHINE.leastMilliseconds(2e9, 1e9, Arithmetic.FP32), 1e-9);
  }

  @Test
  void fastIsHeldAgainstBf16() {
    assertEquals(5, MACHINE.leastMilliseconds(2e9, 20e6, Arithmetic.BF16), 1e-9);
    assertEquals(2.5, MACHINE.leastMilliseconds(2e9, 20e6, Arithmetic.INT8), 1e-9);
  }

  @Test
  void fastIsHeldAgainstFp32WhereTheCpuHasNoBf16() {
    Machine without = new Machine(2, "avx2", 100, 200, 0, 0, 16, 20, 20, 30, 20, 25);
    assertEquals(10, without.leastMilliseconds(2e9, 20e6, Arithmetic.BF16), 1e-9);
  }

  @Test
  void theGainIsThatOfWhatBinds() {
    assertEquals(2, MACHINE.gain(Machine.Bound.COMPUTE), 1e-9);
    assertEquals(1.25, MACHINE.gain(Machine.Bound.READ), 1e-9);
    assertEquals(1.5, MACHINE.gain(Machine.Bound.COPY), 1e-9);
    assertEquals(1.25, MACHINE.gain(Machine.Bound.UPDATE), 1e-9);
  }
}
