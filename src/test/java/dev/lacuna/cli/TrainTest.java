package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.Lacuna;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.spi.BackendProvider;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From files to a trained model and back, on a folder of tiny data. */
class TrainTest {
  private static final List<String> PATTERNS =
      List.of("complete", "missing_image", "missing_audio", "half_missing", "corrupted");

  @TempDir static Path shared;
  private static Path data = Path.of("");

  @TempDir Path temporary;

  @BeforeAll
  static void writeData() throws IOException {
    data = TinyData.write(shared.resolve("a place with spaces, ä and ☃"));
  }

  /** A run in which half of the samples lack something. */
  private Cli trainSystem(String system, String name, String... more) {
    String[] call = {
      "train",
      system,
      "--json",
      "--data=avmnist",
      "--data-dir=" + data,
      "--out=" + temporary.resolve(name),
      "--train-size=100",
      "--validation-size=30",
      "--test-size=50",
      "--width=8",
      "--batch=16",
      "--missing=0.5",
      "--epochs=2"
    };
    return Cli.run(Cli.and(call, more));
  }

  private Cli train(String name, String... more) {
    return trainSystem("mla", name, more);
  }

  private Cli eval(String name, String... more) {
    String[] call = {"eval", "--json", "--data-dir=" + data, temporary.resolve(name).toString()};
    return Cli.run(Cli.and(call, more));
  }

  static Stream<String> systems() {
    return Systems.ALL.stream().map(LearningSystem::name);
  }

  private static Set<String> names(Path folder) throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    }
    return names;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aRunLeavesItsFilesAndEvalFindsTheSame(String backend) throws IOException {
    Cli run = train("run", "--seeds=2", "--device", backend);
    Path folder = temporary.resolve("run");
    JsonNode document = run.json();

    checkSchema(document, backend);
    assertEquals(run.out(), Files.readString(folder.resolve("metrics.json")));
    assertTrue(run.err().contains("missing_audio"), run.err());
    assertTrue(run.err().contains("run folder: " + folder), run.err());

    Set<String> wanted =
        new TreeSet<>(
            Set.of(
                "log.csv",
                "metrics.json",
                "missing-train.csv",
                "model.json",
                "model-0.safetensors",
                "model-1.safetensors",
                "report.html"));
    PATTERNS.forEach(pattern ->
        wanted.add(
            pattern.equals("corrupted")
                ? "corrupted-test.csv"
                : "missing-test-" + pattern + ".csv"));
    assertEquals(wanted, names(folder));
    checkLog(Files.readAllLines(folder.resolve("log.csv")));
    checkMissing(folder);
    SafeTensors model = SafeTensors.read(folder.resolve("model-1.safetensors"));
    assertEquals("mla", model.metadata().get("system"));
    assertEquals(80, model.require("head.linear.weight", 10, 8).length);

    Cli again = eval("run", "--device", backend);
    assertEquals(document.path("config"), again.json().path("config"));
    assertEquals(document.path("results"), again.json().path("results"));
    assertEquals(wanted, names(folder));
  }

  private static void checkSchema(JsonNode document, String backend) {
    assertEquals(2, document.path("schema").asInt());
    assertEquals("mla", document.path("system").asText());
    JsonNode config = document.path("config");
    assertEquals("avmnist", config.path("data").path("name").asText());
    assertEquals(100, config.path("data").path("train").asInt());
    assertEquals("0.5", config.path("missing").asText());
    assertEquals(16, config.path("training").path("batch").asInt());
    assertEquals(8, config.path("options").path("width").asInt());
    for (String pattern : PATTERNS) {
      JsonNode metrics = document.path("results").path("test").path(pattern);
      for (String name : List.of("macro_f1", "ece")) {
        double mean = metrics.path(name).path("mean").asDouble(Double.NaN);
        assertTrue(mean >= 0 && mean <= 1, name + " is " + mean);
        assertEquals(2, metrics.path(name).path("values").size());
      }
      JsonNode metric = metrics.path("accuracy");
      double first = metric.path("values").path(0).asDouble(Double.NaN);
      double second = metric.path("values").path(1).asDouble(Double.NaN);
      assertEquals(2, metric.path("values").size());
      assertEquals((first + second) / 2, metric.path("mean").asDouble(), 1e-15);
      assertEquals(
          Math.abs(first - second) / Math.sqrt(2), metric.path("sd").asDouble(Double.NaN), 1e-15);
      assertEquals(50, metric.path("n").asInt());
      assertTrue(metric.path("ci95").path(0).asDouble() <= metric.path("mean").asDouble());
      assertTrue(metric.path("ci95").path(1).asDouble() >= metric.path("mean").asDouble());
    }
    JsonNode run = document.path("run");
    assertEquals(backend, run.path("versions").path("backend").asText());
    assertTrue(run.path("seconds").asDouble() > 0, run.toString());
    assertTrue(run.path("machine").path("cores").asInt() > 0, run.toString());
    assertFalse(run.path("commit").asText().isBlank(), run.toString());
  }

  private static void checkLog(List<String> lines) {
    assertEquals("seed,epoch,loss,validation_accuracy,seconds", lines.getFirst());
    assertEquals(5, lines.size());
    for (int i = 0; i < 4; i++) {
      String start = i / 2 + "," + (i % 2 + 1) + ",";
      String line = lines.get(i + 1);
      assertTrue(line.matches(start + "\\d+\\.\\d{6},[01]\\.\\d{6},\\d+\\.\\d{3}"), line);
    }
  }

  private static void checkMissing(Path folder) throws IOException {
    List<String> train = Files.readAllLines(folder.resolve("missing-train.csv"));
    assertEquals("sample,image,audio", train.getFirst());
    assertEquals(101, train.size());
    assertEquals(50, train.stream().filter(line -> line.endsWith(",1,1")).count());
    List<String> test = Files.readAllLines(folder.resolve("missing-test-missing_audio.csv"));
    assertEquals(50, test.stream().filter(line -> line.endsWith(",1,0")).count());
    List<String> corrupted = Files.readAllLines(folder.resolve("corrupted-test.csv"));
    assertEquals("sample,image,audio", corrupted.getFirst());
    assertEquals(50, corrupted.stream().filter(line -> line.matches("\\d+,(0,1|1,0)")).count());
  }

  @ParameterizedTest
  @MethodSource("systems")
  void theSameRunTwiceAndWithOtherThreadsIsBitEqual(String system) throws IOException {
    Cli first = trainSystem(system, "one", "--device=cpu", "--threads=1");
    for (String threads : new String[] {"1", "2", "3"}) {
      String name = "again" + threads;
      Cli again = trainSystem(system, name, "--device=cpu", "--threads=" + threads);
      assertEquals(first.json().path("config"), again.json().path("config"));
      assertEquals(first.json().path("results"), again.json().path("results"));
      assertArrayEquals(
          Files.readAllBytes(temporary.resolve("one").resolve("model-0.safetensors")),
          Files.readAllBytes(temporary.resolve(name).resolve("model-0.safetensors")),
          "the model with " + threads + " threads");
    }
    Cli other = trainSystem(system, "other", "--device=cpu", "--data-seed=1");
    assertNotEquals(first.json().path("results"), other.json().path("results"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "late_fusion",
        "concatenation",
        "unimodal_ensemble",
        "unimodal_ensemble --fusion=fixed",
        "--no-projection",
        "--fusion=fixed",
        "--order=absorb_then_project",
        "--norm=none",
        "--batch=1",
        "--batch=2147483647",
        "--shift=none",
        "--missing=image=0.9",
        "--missing=image=0.3,audio=0.7"
      })
  void everyVariantTrainsAndEvaluates(String variant) {
    String[] call = {
      "--data-dir=" + data,
      "--out=" + temporary.resolve("run"),
      "--train-size=30",
      "--validation-size=10",
      "--test-size=20",
      "--width=8",
      "--epochs=1",
      "--device=cpu"
    };
    Cli run = Cli.run(Cli.and(("train " + variant).split(" ", -1), call)).done();
    assertTrue(run.out().matches("(?s).*test +complete +accuracy .*"), run.out());
    assertEquals(
        run.out(),
        Cli.run("eval", "--data-dir=" + data, "--device=cpu", temporary.resolve("run").toString())
            .done()
            .out());
  }

  @Test
  void evalComparesFusionsOnSamplesWithNoise() {
    JsonNode trained = train("run", "--device=cpu", "--seeds=2").json();
    JsonNode compared = eval("run", "--device=cpu", "--corrupted").json();
    assertEquals(trained.path("config"), compared.path("config"));
    assertEquals(
        trained.at("/results/test/corrupted/accuracy"), compared.at("/results/rules/0/accuracy"));
    assertEquals(4, compared.at("/results/rules").size());
    assertEquals(2, compared.at("/results/differences").size());
    assertEquals(
        50,
        compared.at("/results/noise/0/samples").asInt()
            + compared.at("/results/noise/1/samples").asInt());
    assertEquals("cpu", compared.at("/run/versions/backend").asText());

    String[] call = {"eval", "--data-dir=" + data, "--device=cpu", "--corrupted"};
    String text = Cli.run(Cli.and(call, temporary.resolve("run").toString())).done().out();
    assertTrue(text.matches("(?s).*\ndynamic fusion +0\\.\\d{4} .*"), text);
    assertTrue(text.contains("fixed fusion") && text.contains("audio alone"), text);
    trainSystem("concatenation", "other", "--device=cpu").done();
    eval("other", "--device=cpu", "--corrupted")
        .failed(1, "concatenation does not weigh what single modalities say");
  }

  @Test
  void prepareChecksTheDataWithoutTraining() throws IOException {
    String[] call = {"prepare", "--data-dir=" + data, "--validation-size=10", "--test-size=20"};
    Cli.run(Cli.and(call, "--train-size=30")).done();
    Cli.run(Cli.and(call, "--train-size=141"))
        .failed(1, "train-labels-idx1-ubyte: 151 samples are wanted, it has 150");
    Cli.run(Cli.and(call, "--train-size=0")).failed(2, "0 train");
    nothingIsLeft();
  }

  // What goes wrong.

  private void nothingIsLeft() throws IOException {
    assertEquals(Set.of(), names(temporary));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--missing=2|--missing: got the share 2.0",
        "--missing=image=0.6,audio=0.6|more than 1",
        "--missing=video=0.1|unknown modality 'video'",
        "--missing=|''",
        "--shift=image|--shift: got 'image'",
        "--shift=image=-1|--shift: got 'image=-1'",
        "--seeds=0|seeds is 0, want >= 1",
        "--epochs=0|epochs is 0, want >= 1",
        "--batch=-1|batch is -1, want >= 1",
        "--width=0|width is 0, want 1 to",
        "--width=2000000000|width is 2000000000, want 1 to",
        "--learning-rate=NaN|learning rate is NaN",
        "--momentum=1|momentum is 1.0, want 0 <= momentum < 1",
        "--weight-decay=-1|weight decay is -1.0",
        "--head-rate=0|head rate is 0.0",
        "--train-size=0|0 train",
        "--test-size=-5|-5 test",
        "--train-size=2147483647|2147483647 train",
        "--threads=-1|threads is -1"
      })
  void aValueThatCannotBeIsRefusedBeforeAnythingIsRead(String text) throws IOException {
    int bar = text.indexOf('|');
    String[] call = {
      "train", "--data-dir=" + temporary.resolve("none"), "--out=" + temporary.resolve("run")
    };
    Cli.run(Cli.and(call, text.substring(0, bar))).failed(2, text.substring(bar + 1));
    nothingIsLeft();
  }

  @Test
  void aBackEndThatIsNotThereIsRefusedWithTheOnesThatAre() throws IOException {
    String[] call = {
      "train", "--data-dir=" + temporary.resolve("none"), "--out=" + temporary.resolve("run")
    };
    Cli.run(Cli.and(call, "--device=nonsense")).failed(1, "nonsense", "cpu", "reference");
    nothingIsLeft();
    for (BackendProvider provider : Lacuna.providers()) {
      if (!provider.availability().usable()) { // such as cuda without a driver
        Cli.run(Cli.and(call, "--device=" + provider.name()))
            .failed(1, provider.name() + " cannot be used: " + provider.availability().reason());
        nothingIsLeft();
      }
    }
    Cli.run(Cli.and(call, "--device=cpu", "--threads=99999")).failed(1, "threads is 99999");
    nothingIsLeft();
  }

  @Test
  void moreSamplesThanTheDataHasAreNamed() throws IOException {
    Cli failed = Cli.run("train", "--data-dir=" + data, "--out=" + temporary.resolve("run"));
    failed.failed(1, "train-labels-idx1-ubyte: 14000 samples are wanted, it has 150");
    nothingIsLeft();
  }

  @Test
  void aModalityThatNoTrainingSampleHasIsNamed() throws IOException {
    String[] call = {
      "train",
      "--data-dir=" + data,
      "--out=" + temporary.resolve("run"),
      "--train-size=30",
      "--validation-size=10",
      "--test-size=20",
      "--device=cpu",
      "--missing=image=1"
    };
    Cli.run(call).failed(1, "no training sample with image");
    nothingIsLeft();
  }

  @Test
  void aRunThatDivergesLeavesNothing() throws IOException {
    for (LearningSystem<?> system : Systems.ALL) {
      Cli failed = trainSystem(system.name(), "run", "--device=cpu", "--learning-rate=1e30");
      failed.failed(1, "--learning-rate");
      nothingIsLeft();
    }
  }

  @Test
  void damagedDataIsNamedAndLeavesNothing() throws IOException {
    Path broken = TinyData.write(shared.resolve("broken"));
    Path images = broken.resolve("train-images-idx3-ubyte");
    byte[] whole = Files.readAllBytes(images);
    String[] call = {
      "train",
      "--data-dir=" + broken,
      "--out=" + temporary.resolve("run"),
      "--train-size=30",
      "--validation-size=10",
      "--test-size=20"
    };
    Files.write(images, Arrays.copyOf(whole, 5000));
    Cli.run(call).failed(1, images.toString(), "truncated");
    Files.write(images, whole);

    Path labels = broken.resolve("t10k-labels-idx1-ubyte");
    byte[] bytes = Files.readAllBytes(labels);
    bytes[8 + 3] = 77;
    Files.write(labels, bytes);
    Cli.run(call).failed(1, labels.toString(), "sample 3 has label 77, want 0 to 9");
    bytes[8 + 3] = 3;
    Files.write(labels, bytes);

    Path clip = broken.resolve("recordings").resolve("4_ada_2.wav");
    Files.write(clip, Arrays.copyOf(Files.readAllBytes(clip), 300));
    Cli.run(call).failed(1, clip.toString(), "truncated");
    nothingIsLeft();
  }

  @Test
  void aFolderInUseOrAFileIsNotOverwritten() throws IOException {
    Path mine = Files.writeString(temporary.resolve("thesis.txt"), "mine");
    String[] call = {"train", "--data-dir=" + data};
    Cli.run(Cli.and(call, "--out=" + temporary)).failed(1, temporary + " is not empty", "--out");
    Cli.run(Cli.and(call, "--out=" + mine)).failed(1, mine + " is a file", "--out");
    Cli.run(Cli.and(call, "--out=" + mine.resolve("run"))).failed(1, mine + "/run");
    assertEquals(Set.of("thesis.txt"), names(temporary));
    assertEquals("mine", Files.readString(mine));
  }

  @Test
  void verboseShowsWhere() {
    Cli quiet = Cli.run("eval", temporary.toString()).failed(1, "no metrics.json");
    Cli verbose = Cli.run("eval", "--verbose", temporary.toString());
    assertEquals(1, verbose.code());
    assertTrue(verbose.err().startsWith(quiet.err()), verbose.err());
    assertTrue(verbose.err().contains("\tat dev.lacuna."), verbose.err());
  }

  @Test
  void evalNamesWhatIsWrongWithARun() throws IOException {
    Cli.run("eval", temporary.resolve("none").toString()).failed(1, "is no run folder");
    train("run", "--device=cpu").done();
    Path folder = temporary.resolve("run");
    Path metrics = folder.resolve("metrics.json");
    Path model = folder.resolve("model-0.safetensors");
    byte[] good = Files.readAllBytes(model);
    String text = Files.readString(metrics);

    Files.write(model, Arrays.copyOf(good, 900));
    eval("run").failed(1, model.toString(), "header");
    Files.write(model, Arrays.copyOf(good, good.length - 4));
    eval("run").failed(1, model.toString());
    Files.delete(model);
    eval("run").failed(1, folder + " has no model-0.safetensors");
    Files.write(model, good);

    Files.writeString(metrics, text.substring(0, 200));
    eval("run").failed(1, metrics + " is damaged");
    Files.writeString(metrics, text.replace("\"width\" : 8", "\"width\" : 9"));
    eval("run").failed(1, model.toString(), "image.linear.weight is [8, 128], want [9, 128]");
    Files.writeString(metrics, text.replace("\"width\" : 8", "\"width\" : -1"));
    eval("run").failed(1, metrics + " is damaged", "width is -1");
    Files.writeString(metrics, text.replace("\"mla\"", "\"magic\""));
    eval("run").failed(1, folder + ": system is 'magic', want one of mla, late_fusion");
    Files.writeString(metrics, text.replace("\"schema\" : 2", "\"schema\" : 1"));
    eval("run").failed(1, metrics + " is of schema 1, want schema 2");
    Files.writeString(metrics, text.replace("\"seeds\" : 1", "\"seeds\" : 2"));
    eval("run").failed(1, "has no model-1.safetensors");
    Files.writeString(metrics, text);
    assertEquals(
        new ObjectMapper().readTree(text).path("results"),
        eval("run", "--device=cpu").json().path("results"));
  }
}
