package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the command line makes of a GPU, on the stand-in driver and without any. */
@EnabledIf("isBuilt")
class CudaTest {
  private static final String DRIVER = System.getProperty("lacuna.test.cuda.driver", "");

  @TempDir static Path shared;
  private static Path data = Path.of("");

  @TempDir Path temporary;

  /** Where nvcc is missing there is no CUDA back end, which the contract tests say. */
  static boolean isBuilt() {
    return CudaTest.class.getResource("/dev/lacuna/natives/linux-x86_64/liblacuna_cuda.so") != null;
  }

  @BeforeAll
  static void writeData() throws IOException {
    data = TinyData.write(shared.resolve("data"));
  }

  /** A program that finds the stand-in as its driver, and a cache folder of its own. */
  private Program program(String machine) {
    return new Program(temporary.resolve("program"))
        .with("LACUNA_CUDA_DRIVER", DRIVER)
        .with("LACUNA_STANDIN", machine)
        .with("XDG_CACHE_HOME", temporary.resolve("cache").toString());
  }

  private static JsonNode cuda(Program.Outcome info) throws IOException {
    assertEquals(0, info.code(), info.err());
    for (JsonNode backend : new ObjectMapper().readTree(info.out()).path("backends")) {
      if (backend.path("name").asText().equals("cuda")) {
        return backend;
      }
    }
    throw new AssertionError("no cuda in " + info.out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "too-old       | the driver is of CUDA 10.2, want CUDA 11.0 (R450) or newer",
        "no-device     | the driver finds no NVIDIA GPU on this machine",
        "out-of-memory | out of memory",
        "broken        | the driver does not start"
      })
  void infoTellsWhyAGpuCannotBeUsed(String machine, String reason) throws Exception {
    JsonNode backend = cuda(program(machine).run("info", "--json"));
    assertFalse(backend.path("usable").asBoolean(), backend.toString());
    assertTrue(backend.path("reason").asText().contains(reason), backend.toString());
  }

  @Test
  void infoTellsThatThereIsNoDriver() throws Exception {
    Path none = temporary.resolve("libcuda.so.1");
    Program program = program("").with("LACUNA_CUDA_DRIVER", none.toString());
    JsonNode backend = cuda(program.run("info", "--json"));
    assertFalse(backend.path("usable").asBoolean(), backend.toString());
    assertTrue(
        backend.path("reason").asText().contains(none + " cannot be loaded"), backend.toString());
    assertTrue(program.run("info").out().contains("install an NVIDIA driver"));
  }

  @ParameterizedTest
  @CsvSource({"'', sm_80", "old-ptx-only, PTX"})
  void aGpuThatComputesRightlyIsChosenByItself(String machine, String image) throws Exception {
    JsonNode backend = cuda(program(machine).run("info", "--json"));
    assertTrue(backend.path("usable").asBoolean(), backend.toString());
    assertTrue(backend.path("automatic").asBoolean(), backend.toString());
    assertEquals("self-test passed", backend.path("automatic_reason").asText());
    assertEquals(image, backend.path("facts").path("linear").asText());
    List<Path> records = records();
    assertEquals(1, records.size());
    assertTrue(Files.readString(records.getFirst()).startsWith("passed\nname="));

    Program.Outcome text = program(machine).run("info");
    assertTrue(text.out().contains("chosen by itself: self-test passed"), text.out());
    assertEquals(records, records());
  }

  @Test
  void aGpuThatComputesWronglyIsUsedOnlyWhereItIsAskedFor() throws Exception {
    JsonNode backend = cuda(program("miscomputing").run("info", "--json"));
    assertTrue(backend.path("usable").asBoolean(), backend.toString());
    assertFalse(backend.path("automatic").asBoolean(), backend.toString());
    String reason = backend.path("automatic_reason").asText();
    Path record = records().getFirst();
    assertTrue(reason.matches("self-test failed: .+; delete .*"), reason);
    assertTrue(reason.contains(record.toString()), reason);

    Program.Outcome chosen = program("miscomputing").run(train("chosen"));
    assertEquals(0, chosen.code(), chosen.err());
    assertTrue(chosen.err().contains("back end cpu"), chosen.err());
    assertTrue(chosen.err().contains("not cuda: self-test failed"), chosen.err());
    Program.Outcome forced = program("miscomputing").run(train("forced", "--device=cuda"));
    assertFalse(forced.err().contains("back end cpu"), forced.err());
  }

  @Test
  void aSelfTestThatEndedItsProcessIsNotRepeated() throws Exception {
    cuda(program("").run("info", "--json"));
    Path record = records().getFirst();
    Files.writeString(record, Files.readString(record).replaceFirst("passed", "running"));
    JsonNode backend = cuda(program("").run("info", "--json"));
    assertFalse(backend.path("automatic").asBoolean(), backend.toString());
    assertTrue(
        backend.path("automatic_reason").asText().contains("did not live to its end"),
        backend.toString());
    assertTrue(Files.readString(record).startsWith("failed: "));
    Files.delete(record);
    assertTrue(cuda(program("").run("info", "--json")).path("automatic").asBoolean());
  }

  private List<Path> records() throws IOException {
    try (Stream<Path> files = Files.list(temporary.resolve("cache/lacuna/selftest"))) {
      return files.toList();
    }
  }

  private String[] train(String name, String... more) {
    String[] call = {
      "train",
      "--json",
      "--data-dir=" + data,
      "--out=" + temporary.resolve(name),
      "--train-size=40",
      "--validation-size=10",
      "--test-size=20",
      "--width=8",
      "--batch=8",
      "--missing=0.5",
      "--epochs=2"
    };
    return Cli.and(call, more);
  }

  @Test
  void trainingOnAGpuGivesTheCpusMetricsWithinTheDrift() throws Exception {
    Program.Outcome cpu = program("").run(train("cpu", "--device=cpu"));
    Program.Outcome gpu = program("").run(train("gpu", "--device=cuda"));
    assertEquals(0, cpu.code(), cpu.err());
    assertEquals(0, gpu.code(), gpu.err());
    JsonNode wanted = new ObjectMapper().readTree(cpu.out());
    JsonNode got = new ObjectMapper().readTree(gpu.out());
    assertEquals("cuda", got.path("run").path("versions").path("backend").asText());
    assertEquals(wanted.path("config"), got.path("config"));
    List<String> patterns =
        List.of("complete", "missing_image", "missing_audio", "half_missing", "corrupted");
    for (String pattern : patterns) {
      assertEquals(
          wanted
              .path("results")
              .path("test")
              .path(pattern)
              .path("accuracy")
              .path("mean")
              .asDouble(),
          got.path("results").path("test").path(pattern).path("accuracy").path("mean").asDouble(-1),
          1.0 / 20, // one sample may tip over
          pattern);
    }
    List<String> wantedLog = Files.readAllLines(temporary.resolve("cpu/log.csv"));
    List<String> log = Files.readAllLines(temporary.resolve("gpu/log.csv"));
    assertEquals(3, log.size());
    for (int epoch = 1; epoch < 3; epoch++) {
      double loss = loss(wantedLog, epoch);
      assertEquals(loss, loss(log, epoch), 1e-4 * loss, "loss of epoch " + epoch);
    }
    assertNotEquals(loss(log, 1), loss(log, 2));

    Program.Outcome again =
        program("")
            .run(
                "eval",
                "--json",
                "--device=cuda:1",
                "--data-dir=" + data,
                temporary.resolve("gpu").toString());
    assertEquals(0, again.code(), again.err());
    assertEquals(got.path("results"), new ObjectMapper().readTree(again.out()).path("results"));
  }

  private static double loss(List<String> log, int epoch) {
    return Double.parseDouble(log.get(epoch).split(",", -1)[2]);
  }

  @Test
  void aGpuThatIsNotThereIsRefused() throws Exception {
    Program.Outcome run = program("").run(train("run", "--device=cuda:2"));
    assertEquals(1, run.code(), run.err());
    assertTrue(run.err().contains("device is 2, this machine has 0 to 1"), run.err());
    assertFalse(Files.exists(temporary.resolve("run")));
  }
}
