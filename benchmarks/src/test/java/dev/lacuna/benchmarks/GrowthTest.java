package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.benchmarks.Machine.Bound;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrowthTest {
  private static final Machine MACHINE =
      new Machine(2, "avx512", 100, 190, 0, 0, 16, 20, 20, 30, 20, 25);

  @ParameterizedTest
  @CsvSource({
    "COMPUTE, 10, 5.5,  false", // 1.82x of 2
    "COMPUTE, 10, 5.6,  true",
    "READ,    10, 8.8,  false", // 1.14x of 1.25
    "READ,    10, 9.0,  true",
    "COPY,    10, 7.3,  false", // 1.37x of 1.5
    "COPY,    10, 8.8,  true",
    "UPDATE,  10, 8.8,  false"
  })
  void aGainIsHeldAgainstWhatTheMachineGains(Bound bound, double one, double all, boolean isShort) {
    Scaling scaling = Scaling.of("rls:4x4", bound, one, all, MACHINE);
    assertEquals(one / all, scaling.gain(), 1e-12);
    assertEquals(isShort, scaling.isShort(), scaling.toString());
  }

  @Test
  void aStepBesideTheTileIsACliff() {
    double[] sizes = {32, 63, 64, 65, 127, 128, 129};
    assertEquals(List.of(3), Cliffs.find(sizes, new double[] {4, 2, 2, 3.1, 2.2, 2, 2}));
    assertEquals(List.of(1), Cliffs.find(sizes, new double[] {4, 3.1, 2, 2, 2, 2, 2}));
  }

  @Test
  void aPeakBetweenFarNeighboursIsACliff() {
    double[] sizes = {64, 128, 256};
    assertEquals(List.of(1), Cliffs.find(sizes, new double[] {2, 3.1, 2}));
  }

  @Test
  void whatACallCostsAtSmallSizesIsNoCliff() {
    double[] sizes = {1, 2, 4, 8, 16, 32};
    assertEquals(List.of(), Cliffs.find(sizes, new double[] {32, 16, 8, 4, 2, 1}));
    assertEquals(List.of(), Cliffs.find(sizes, new double[] {1, 2, 4, 8, 16, 32}));
  }

  @Test
  void theSlopeIsThatOfTheUpperHalf() {
    double[] x = {1, 2, 4, 8, 16, 32};
    assertEquals(2, Growth.upperSlope(x, new double[] {9, 9, 9, 64, 256, 1024}), 1e-12);
    assertEquals(0, Growth.upperSlope(x, new double[] {0, 0, 0, 0, 0, 0}), 1e-12);
  }

  @Test
  void anAxisHoldsTheDataAndTwoNumbers() {
    double[][] ranges = {{10, 10}, {0.5, 0.6}, {12, 95}, {64, 1024}, {3, 1_048_576}, {99, 101}};
    for (double[] range : ranges) {
      double least = Picture.least(range[0], range[1]);
      double most = Picture.most(range[0], range[1]);
      assertTrue(least <= range[0] && most > range[1], least + " to " + most);
      double first = Math.ceil(Math.log10(least) - 1e-9);
      assertTrue(first + 1 <= Math.log10(most) + 1e-9, least + " to " + most);
    }
  }
}
