package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.bindings.CudaProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way from a job to its line, on the stand-in driver. */
@EnabledIf("isBuilt")
class GpuTableTest {
  /** Without nvcc there is no CUDA back end. */
  static boolean isBuilt() {
    return CudaProvider.class.getResource("/dev/lacuna/natives/linux-x86_64/liblacuna_cuda.so")
        != null;
  }

  private static GpuTable.Document run(StringWriter out, Row... rows) {
    CudaProvider standIn = new CudaProvider(System.getProperty("lacuna.test.cuda.driver"));
    return new GpuTable(standIn, 0, 1, 4096, new PrintWriter(out)).run(List.of(rows));
  }

  @ParameterizedTest
  @CsvSource({
    "attention_forward_backward:2x2x9x3x32, DEFAULT",
    "attention_forward:2x2x9x3x32, FAST",
    "attention_prompts:2x2x9x3x32, DEFAULT",
    "vq_search:40x8x11, DEFAULT",
    "vq_search_reset:40x8x60, FAST",
    "vq_training:40x8x11, DEFAULT",
    "vicreg:12x5, DEFAULT",
    "rls:9x4, POTTER",
    "rls:9x4x3, DEFAULT"
  })
  void aJobOfTheHostRunsThereAndIsRight(String work, Variant variant) {
    GpuTable.Document document = run(new StringWriter(), new Row(work, variant, 0, null));
    GpuTable.Line line = document.rows().getFirst();
    double bound = variant == Variant.FAST && work.startsWith("attention") ? 2e-2 : 1e-5;
    assertTrue(line.error() < bound, "error " + line.error());
    assertEquals(work, line.kernel().replaceAll(" .*", "") + ":" + line.shape());
  }

  @Test
  void whatNoGpuTookIsNoTime() throws IOException {
    StringWriter out = new StringWriter();
    Row row = new Row("vicreg:12x5", Variant.DEFAULT, 0, null);
    GpuTable.Document document = run(out, row);
    assertNull(document.rows().getFirst().milliseconds());
    assertNull(document.rows().getFirst().gflops());
    assertTrue(out.toString().contains("This is no GPU"), out.toString());
    String json = Bench.text(document);
    assertTrue(json.contains("\"name\" : \"" + document.device().get("name") + "\""), json);
    assertTrue(json.contains("\"driver\" : \"13.0\""), json);
  }

  @Test
  void theClockRunsWhileOpsDo() {
    CudaProvider standIn = new CudaProvider(System.getProperty("lacuna.test.cuda.driver"));
    try (GpuClock.Opened gpu = GpuClock.open(standIn, 0, 4096);
        Contender kernel = Workload.of("vicreg:12x5").ours(gpu.context(), Variant.DEFAULT)) {
      assertEquals(0, gpu.clock().take());
      kernel.run();
      assertTrue(gpu.clock().take() > 0);
      assertEquals(0, gpu.clock().take());
    }
  }
}
