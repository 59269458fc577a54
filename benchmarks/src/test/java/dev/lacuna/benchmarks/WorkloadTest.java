package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The checks of the results are themselves checked: by the reference back end, and by faults. */
class WorkloadTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "attention_forward:2x2x9x3x8",
        "attention_forward_backward:2x2x9x3x8",
        "attention_prompts:2x2x9x3x8",
        "vq_search:40x7x11",
        "vq_search_reset:40x7x60",
        "vq_training:40x7x11",
        "vicreg:12x5",
        "vicreg:5x12",
        "rls:9x4",
        "rls:9x4x3",
        "minilm:2x5"
      })
  void theReferencePassesAndAFaultDoesNot(String name) {
    Workload workload = Workload.of(name);
    assertEquals(name, workload.kernel() + ":" + workload.shape());
    assertTrue(workload.flops() > 0 && workload.bytes() > 0);
    try (Context context = Lacuna.open(Device.parse("reference"))) {
      for (Variant variant : workload.variants()) {
        try (Contender ours = workload.ours(context, variant)) {
          float[] result = ours.result();
          assertTrue(workload.error(result) < 1e-5, () -> "error " + workload.error(result));
          ours.run();
          assertTrue(workload.error(ours.result()) < 1e-5, "not a fresh run");
          result[0] = Float.NaN;
          assertTrue(Double.isNaN(workload.error(result)), "NaN is swallowed");
          result[0] = 1000;
          assertTrue(!(workload.error(result) < 1e-3), "a wrong value passes");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"vq_search", "vq_search:1x2", "vq_search:1x2x0", "vq_search:axb", "warp:1x2"})
  void aNameThatMeansNothingIsRefused(String name) {
    assertThrows(IllegalArgumentException.class, () -> Workload.of(name));
  }

  @Test
  void everyRowsWorkloadHasItsVariantAndABenchmark() {
    for (Row row : Row.ALL) {
      String small = row.work().replaceAll("\\d+", "4");
      assertTrue(Workload.of(small).variants().contains(row.variant()), row.label());
      assertTrue(OursBenchmark.class.isAssignableFrom(Workload.benchmarkOf(row.work())));
    }
  }

  @Test
  void heldToAvx2TheBarIsToBeAsFast() {
    for (Row row : Row.ALL) {
      assertEquals(row.baseline() == null ? 1 : row.bar(), row.bar(true));
      assertEquals(row.bar(), row.bar(false));
    }
  }
}
