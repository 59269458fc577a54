package dev.lacuna.training.compare;

import static dev.lacuna.training.compare.Errors.assertSays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.OpenOptions;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.MissingTable;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A comparison from nothing to its table, interrupted and widened. */
class ComparisonRunTest {
  private static final List<String> ALL =
      Systems.ALL.stream().<String>map(LearningSystem::name).limit(4).toList();
  private static final MultimodalData DATA = Toy.data(24, 9, 12);
  private static final TrainingOptions TRAINING =
      new TrainingOptions(2, 12, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");

  @TempDir Path temporary;
  private final Workers workers = workers(1);
  private final List<String> said = Collections.synchronizedList(new ArrayList<>());
  private final List<String> titles = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void close() {
    workers.close();
  }

  private static Workers workers(int count) {
    return Workers.open(
        OpenOptions.DEFAULT.withDevice(Device.parse("reference")).withThreads(count));
  }

  private static ComparisonConfig config(List<String> systems, int trials, Double... rates) {
    AvMnistSource source = new AvMnistSource(24, 9, 12, 3, AvMnist.MODALITIES);
    return new ComparisonConfig(source, 3, List.of(rates), 2, systems, TRAINING, trials);
  }

  /** Notes what is said, and stops the program where a text begins so. */
  private Progress progress(String stop) {
    return new Progress() {
      @Override
      public Task start(String name, long total) {
        return new Task() {
          private final AtomicLong left = new AtomicLong(total);

          @Override
          public void step(long n) {
            left.addAndGet(-n);
          }

          @Override
          public void message(String text) {
            if (!stop.isEmpty() && Pattern.compile(stop).matcher(text).lookingAt()) {
              throw new IllegalStateException("stopped");
            }
            String title = text.replaceFirst(", loss.*", "");
            if (titles.isEmpty() || !titles.getLast().equals(title)) {
              titles.add(title);
            }
          }

          @Override
          public void close() {
            said.add(name + " " + total + ", left " + left);
          }
        };
      }

      @Override
      public void note(String line) {
        said.add(line);
      }
    };
  }

  private ComparisonRun.Result run(
      String name, ComparisonConfig config, MultimodalData data, String stop) {
    return run(workers, name, config, data, stop);
  }

  private ComparisonRun.Result run(
      Workers workers, String name, ComparisonConfig config, MultimodalData data, String stop) {
    said.clear();
    titles.clear();
    Progress progress = progress(stop);
    try (ComparisonFolder folder = ComparisonFolder.open(temporary.resolve(name), config)) {
      ComparisonRun.Result result =
          new ComparisonRun(workers, data, config, folder, temporary, progress).run(progress);
      folder.write(
          result.comparison(),
          ComparisonFormat.json(result.comparison(), result.setups(), Map.of("name", name)));
      return result;
    }
  }

  private ComparisonRun.Result run(String name, ComparisonConfig config) {
    return run(name, config, DATA, "");
  }

  /** compare.json but for the part that says where and when. */
  private JsonNode document(String name) throws IOException {
    JsonNode root =
        Json.MAPPER.readTree(Files.readAllBytes(temporary.resolve(name).resolve("compare.json")));
    assertEquals(name, root.path("run").path("name").asText());
    ((ObjectNode) root).remove("run");
    return root;
  }

  private Map<String, FileTime> cells(String name) throws IOException {
    Map<String, FileTime> cells = new TreeMap<>();
    try (Stream<Path> files = Files.list(temporary.resolve(name).resolve("cells"))) {
      for (Path file : files.toList()) {
        cells.put(file.getFileName().toString(), Files.getLastModifiedTime(file));
      }
    }
    return cells;
  }

  @Test
  void anInterruptedComparisonEndsAsOneThatWasNot() throws IOException {
    ComparisonConfig config = config(ALL, 0, 0.0, 0.5);
    Comparison whole = run("whole", config).comparison();
    assertEquals(8, whole.rows().size());
    assertEquals(17, titles.size());
    assertEquals("16 of 16 cells", titles.getLast());
    assertEquals("0 of 16 cells, mla at rate 0, seed 0", titles.getFirst());
    assertEquals(List.of("compare 64, left 0"), said);

    assertThrows(IllegalStateException.class, () -> run("parts", config, DATA, "5 of 16"));
    Map<String, FileTime> before = cells("parts");
    assertEquals(5, before.size());
    run("parts", config);
    assertEquals(List.of("compare: 5 of 16 cells are there already", "compare 44, left 0"), said);
    assertEquals(12, titles.size());
    assertEquals(document("whole"), document("parts"));
    Map<String, FileTime> after = cells("parts");
    assertEquals(16, after.size());
    before.forEach((cell, time) -> assertEquals(time, after.get(cell), cell));
    for (String file : List.of("table.txt", "table.md", "table.csv")) {
      assertEquals(
          Files.readString(temporary.resolve("whole").resolve(file)),
          Files.readString(temporary.resolve("parts").resolve(file)));
    }
    for (String file : List.of("figure.png", "figure.svg")) {
      assertTrue(Files.size(temporary.resolve("parts").resolve(file)) > 1_000, file);
    }
  }

  @Test
  void workersSideBySideTrainTheSameCells() throws IOException {
    ComparisonConfig config = config(ALL, 0, 0.0, 0.5);
    run("one", config);
    try (Workers three = workers(3)) {
      run(three, "three", config, DATA, "");
      assertEquals(16, cells("three").size());
      assertEquals(document("one"), document("three"));
      assertEquals("16 of 16 cells", titles.getLast());

      assertThrows(
          IllegalStateException.class, () -> run(three, "stopped", config, DATA, "[5-9] of 16"));
      assertTrue(cells("stopped").size() < 16, "the others went on");
      run(three, "stopped", config, DATA, "");
      assertEquals(document("one"), document("stopped"));
    }
  }

  @Test
  void anAddedSystemAndAnAddedRateTrainTheirOwnCellsAlone() throws IOException {
    run("grown", config(List.of("late_fusion"), 0, 0.5));
    JsonNode alone = document("grown").path("results").path("rows");
    Map<String, FileTime> before = cells("grown");
    run("grown", config(List.of("late_fusion", "concatenation"), 0, 0.5));
    assertEquals(
        List.of(
            "2 of 4 cells, concatenation at rate 0.5, seed 0",
            "3 of 4 cells, concatenation at rate 0.5, seed 1",
            "4 of 4 cells"),
        titles);
    assertEquals(alone.get(0), document("grown").path("results").path("rows").get(0));
    run("grown", config(List.of("late_fusion"), 0, 0.5, 0.0));
    assertEquals(3, titles.size());
    assertTrue(titles.getFirst().endsWith("late_fusion at rate 0, seed 0"), titles.toString());
    before.forEach((cell, time) -> {
      try {
        assertEquals(time, cells("grown").get(cell), cell);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    });
    run("grown", config(List.of("late_fusion"), 0, 0.5, 0.0));
    assertEquals(List.of(), titles);
  }

  @Test
  void theMissingTablesAreStoredAndAreOfTheRate() throws IOException {
    run("tables", config(List.of("late_fusion"), 0, 0.0, 0.5));
    Path folder = temporary.resolve("tables").resolve("missing");
    for (String split : List.of("train", "test")) {
      int size = split.equals("train") ? 24 : 12;
      Presence none = MissingTable.read(folder.resolve(split + "-rate0.csv"), DATA.modalityNames());
      assertEquals(2 * size, none.count(0) + none.count(1));
      Presence half =
          MissingTable.read(folder.resolve(split + "-rate0.5.csv"), DATA.modalityNames());
      assertEquals(2 * size - size / 2, half.count(0) + half.count(1));
    }
    Path changed = folder.resolve("test-rate0.5.csv");
    Presence missing =
        MissingTable.pattern(
            "missing_audio",
            DATA.modalityNames(),
            DATA.test().presence(),
            new CounterRandom(0, 0, 0));
    MissingTable.write(changed, missing, DATA.modalityNames());
    assertSays(
        () -> run("tables", config(List.of("late_fusion"), 0, 0.0, 0.5)),
        "test-rate0.5.csv is not the missing table");
  }

  @Test
  void tuningTriesTheSameForEverySystemAndKeepsWhatValidatesBest() throws IOException {
    List<String> systems = List.of("mla", "late_fusion");
    ComparisonConfig config = config(systems, 3, 0.0, 0.5);
    assertThrows(IllegalStateException.class, () -> run("tuned", config, DATA, "4 of 6"));
    ComparisonRun.Result result = run("tuned", config);
    assertEquals("tune: 4 of 6 cells are there already", said.getFirst());
    List<String[]> lines =
        Files.readAllLines(temporary.resolve("tuned").resolve("trials.csv")).stream()
            .map(line -> line.replaceAll("\"(?:[^\"]|\"\")*\"", "o").split(",", -1))
            .toList();
    assertEquals(7, lines.size());
    assertEquals("learning_rate", lines.getFirst()[4]);
    for (int s = 0; s < systems.size(); s++) {
      List<String[]> trials = lines.subList(1 + 3 * s, 4 + 3 * s);
      double best = -1;
      double rate = 0;
      for (int t = 0; t < 3; t++) {
        String[] trial = trials.get(t);
        assertEquals(List.of(systems.get(s), "" + t, "0.5", "0"), List.of(trial).subList(0, 4));
        assertEquals(lines.get(1 + t)[4], trial[4]);
        double learningRate = Double.parseDouble(trial[4]);
        assertTrue(learningRate >= 0.005 && learningRate < 0.5, trial[4]);
        if (Double.parseDouble(trial[6]) > best) {
          best = Double.parseDouble(trial[6]);
          rate = learningRate;
        }
      }
      Setup<?> setup = result.setups().get(systems.get(s));
      assertEquals(rate, setup.training().learningRate());
      double chosen = rate;
      assertEquals(
          1,
          trials.stream()
              .filter(trial -> trial[9].equals("true"))
              .filter(trial -> Double.parseDouble(trial[4]) == chosen)
              .count());
    }
    assertNotEquals(Systems.named("mla").defaults(), result.setups().get("mla").options());
    assertEquals(
        Systems.named("late_fusion").defaults(), result.setups().get("late_fusion").options());
    JsonNode cell =
        Json.MAPPER.readTree(
            Files.readAllBytes(
                temporary.resolve("tuned").resolve("cells").resolve("mla-rate0-seed1.json")));
    assertEquals(
        result.setups().get("mla").training().learningRate(),
        cell.path("protocol").path("training").path("learning_rate").asDouble());
  }

  @Test
  void aTrialThatDivergesLosesAndAComparisonInWhichAllDivergeSaysSo() {
    AvMnistSource source = new AvMnistSource(24, 9, 12, 3, AvMnist.MODALITIES);
    ComparisonConfig config =
        new ComparisonConfig(
            source, 3, List.of(0.5), 1, List.of("late_fusion"), TRAINING.withLearningRate(1e30), 2);
    assertSays(() -> run("diverged", config), "all trials of late_fusion diverged");
    assertTrue(
        said.getFirst()
            .startsWith("late_fusion at rate 0.5, seed 0 counts as wrong on all samples: epoch 1"),
        said.toString());
  }

  @Test
  void aTrainingThatDivergesIsAResultAndIsSaid() throws IOException {
    AvMnistSource source = new AvMnistSource(24, 9, 12, 3, AvMnist.MODALITIES);
    List<String> systems = List.of("late_fusion", "concatenation");
    ComparisonConfig config =
        new ComparisonConfig(
            source, 3, List.of(0.5), 2, systems, TRAINING.withLearningRate(1e30), 0);
    Comparison comparison = run("diverged", config).comparison();
    for (Comparison.Row row : comparison.rows()) {
      assertEquals(2, row.diverged());
      assertEquals(List.of(0.0, 0.0), row.accuracy().values());
    }
    String text = Files.readString(temporary.resolve("diverged").resolve("table.txt"));
    assertTrue(text.contains("late_fusion    2 (2*)    0.0000"), text);
    assertTrue(text.contains("*: so many trainings diverged"), text);
    run("diverged", config);
    assertEquals(List.of("compare: 4 of 4 cells are there already"), said);
  }

  @Test
  void samplesAreClusteredByWhatTheyShareButForWhatAllShare() {
    Split test = DATA.test();
    List<String> voices = IntStream.range(0, 12).mapToObj(i -> "v" + i / 3).toList();
    List<String> rooms = IntStream.range(0, 12).mapToObj(_ -> "hall").toList();
    MultimodalData grouped =
        new MultimodalData(
            DATA.name(),
            DATA.modalities(),
            DATA.classNames(),
            DATA.train(),
            DATA.validation(),
            test.withGroups(Map.of("voice", voices, "room", rooms)),
            null);
    Comparison comparison =
        run("grouped", config(List.of("late_fusion"), 0, 0.0), grouped, "").comparison();
    assertEquals(List.of("voice"), comparison.clusters());
    assertTrue(
        said.stream().anyMatch(line -> line.startsWith("all test samples have one room")),
        said.toString());
    assertTrue(
        said.stream()
            .anyMatch(line ->
                line.startsWith("test samples are clustered by voice, of which there are 4")),
        said.toString());
  }

  @Test
  void aRateThatLeavesAModalityWithoutSamplesIsRefusedBeforeTraining() {
    assertSays(
        () -> run("bare", config(ALL, 0, 0.0, 1.0), Toy.data(1, 9, 12), ""),
        "rate 1 leaves no training sample with ");
    assertEquals(List.of(), titles);
  }

  @Test
  void aFolderOfAnotherComparisonIsRefused() throws IOException {
    run("folder", config(List.of("late_fusion"), 0, 0.5));
    assertSays(
        () -> run("folder", config(List.of("late_fusion"), 2, 0.5)),
        "protocol.json belongs to another comparison: trials is 0, want 2; tuning_rate",
        "Give another --out");
    // the same names with other contents
    assertSays(
        () -> run("folder", config(List.of("late_fusion"), 0, 0.5), Toy.data(24, 12, 12), ""),
        "late_fusion-rate0.5-seed0.json belongs to another comparison: data_checksum");
    Path other = Files.createDirectory(temporary.resolve("other"));
    Files.writeString(other.resolve("letter.txt"), "dear");
    assertSays(
        () -> run("other", config(List.of("late_fusion"), 0, 0.5)),
        "is not empty and holds no comparison");
  }

  @Test
  void everyTruncationOfItsProtocolIsAClearError() throws IOException {
    Path file = temporary.resolve("folder").resolve("protocol.json");
    ComparisonConfig config = config(List.of("late_fusion"), 0, 0.5);
    ComparisonFolder.open(file.getParent(), config).close();
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertSays(
          () -> ComparisonFolder.open(file.getParent(), config),
          file + " is damaged: ",
          "Give another --out");
    }
  }

  @Test
  void twoComparisonsAreNotLetIntoOneFolder() throws IOException {
    Path path = temporary.resolve("folder");
    ComparisonConfig config = config(List.of("late_fusion"), 0, 0.5);
    try (ComparisonFolder first = ComparisonFolder.open(path, config)) {
      assertSays(() -> ComparisonFolder.open(path, config), first + " is in use: another run");
    }
    assertFalse(Files.exists(path.resolve(".lock")));
  }

  @Test
  void whatAKilledProcessWasWritingIsRemovedAndWhatIsNotOursIsNot() throws IOException {
    ComparisonConfig config = config(List.of("late_fusion"), 0, 0.5);
    Path path = Files.createDirectory(temporary.resolve("begun"));
    Files.createFile(path.resolve(".protocol.json.123.tmp"));
    ComparisonFolder.open(path, config).close();
    Path cell = Files.createDirectory(path.resolve("cells")).resolve(".mla-rate0.json.123.tmp");
    Files.createFile(cell);
    ComparisonFolder.open(path, config).close();
    assertFalse(Files.exists(cell));
    try (Stream<Path> files = Files.list(path)) {
      assertEquals(
          List.of("cells", "protocol.json"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }

    Path home = Files.createDirectory(temporary.resolve("home"));
    Path foreign = Files.createFile(home.resolve(".thesis.tmp"));
    assertSays(() -> ComparisonFolder.open(home, config), home + " is not empty");
    assertTrue(Files.exists(foreign));
  }
}
