package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.training.system.Systems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code compare}, on a folder of tiny data. */
class CompareTest {
  @TempDir static Path shared;
  private static Path data = Path.of("");

  @TempDir Path temporary;

  @BeforeAll
  static void writeData() throws IOException {
    System.setProperty("java.awt.headless", "true");
    data = TinyData.write(shared.resolve("tiny"));
  }

  private static final String[] SIZES = {
    "--train-size=100", "--validation-size=30", "--test-size=50"
  };

  private Cli compare(String name, String... more) {
    String[] call = {"compare", "--data-dir=" + data, "--out=" + temporary.resolve(name)};
    return Cli.run(Cli.and(Cli.and(call, SIZES), more));
  }

  @Test
  void everySystemIsComparedAndTheTableIsPrinted() throws IOException {
    Cli done = compare("all", "--rates=0,0.5", "--seeds=2", "--epochs=1").done();
    Path folder = temporary.resolve("all");
    assertEquals(Files.readString(folder.resolve("table.txt")), done.out());
    assertTrue(done.err().contains("folder of the comparison: " + folder), done.err());
    Systems.ALL.forEach(system -> assertTrue(done.out().contains(system.name()), done.out()));
    assertTrue(done.out().contains("clustered by image and clip."), done.out());
    for (String file : List.of("table.md", "table.csv", "figure.png", "figure.svg")) {
      assertTrue(Files.size(folder.resolve(file)) > 100, file);
    }
    JsonNode document = new ObjectMapper().readTree(folder.resolve("compare.json").toFile());
    assertEquals(2 * Systems.ALL.size(), document.at("/results/rows").size());
    assertEquals("mla", document.at("/results/reference").asText());
    assertEquals(2, document.at("/config/asked/seeds").asInt());
    assertEquals(64, document.at("/config/trained/mla/options/width").asInt());
    assertTrue(document.at("/run/seconds").asDouble() > 0);
  }

  @Test
  void jsonIsAllThatStandardOutputGetsAndACallAgainTrainsNothing() throws IOException {
    String[] options = {"--systems=late_fusion", "--rates=0.5", "--seeds=1", "--epochs=1"};
    JsonNode first = compare("json", Cli.and(options, "--json")).json();
    Path cell =
        temporary.resolve("json").resolve("cells").resolve("late_fusion-rate0.5-seed0.json");
    var written = Files.getLastModifiedTime(cell);
    Cli again = compare("json", Cli.and(options, "--json"));
    for (String part : List.of("config", "results")) {
      assertEquals(first.path(part), again.json().path(part));
    }
    assertEquals(written, Files.getLastModifiedTime(cell));
    assertTrue(again.err().contains("late_fusion"), again.err());
  }

  @Test
  void aCellIsWhatTrainMeasures() {
    JsonNode compared =
        compare("cell", "--systems=late_fusion", "--rates=0.5", "--seeds=2", "--epochs=2", "--json")
            .json();
    String[] call = {
      "train",
      "late_fusion",
      "--json",
      "--missing=0.5",
      "--seeds=2",
      "--epochs=2",
      "--data-dir=" + data,
      "--out=" + temporary.resolve("trained")
    };
    JsonNode trained = Cli.run(Cli.and(call, SIZES)).json();
    JsonNode accuracy = compared.at("/results/rows/0/accuracy");
    assertEquals(2, accuracy.path("values").size());
    assertEquals(trained.at("/results/test/half_missing/accuracy"), accuracy);
  }

  @Test
  void quickChangesWhatIsNotGiven() throws IOException {
    String[] call = {
      "compare",
      "--quick",
      "--json",
      "--systems=late_fusion",
      "--epochs=1",
      "--data-dir=" + data,
      "--out=" + temporary.resolve("quick")
    };
    JsonNode asked = Cli.run(Cli.and(call, SIZES)).json().at("/config/asked");
    assertEquals("[0.0,0.5]", asked.path("rates").toString());
    assertEquals(1, asked.path("seeds").asInt());
    assertEquals(1, asked.at("/training/epochs").asInt());
    assertEquals(100, asked.at("/data/train").asInt());
  }

  @Test
  void trialsAreLoggedAndDecideTheLearningRate() throws IOException {
    JsonNode document =
        compare(
                "tuned",
                "--systems=mla",
                "--rates=0.5",
                "--seeds=1",
                "--epochs=1",
                "--tune=2",
                "--json")
            .json();
    List<String> trials = Files.readAllLines(temporary.resolve("tuned").resolve("trials.csv"));
    assertEquals(3, trials.size());
    String chosen =
        trials.stream().filter(line -> line.endsWith(",true")).findFirst().orElseThrow();
    double rate = document.at("/config/trained/mla/training/learning_rate").asDouble();
    assertTrue(chosen.startsWith("mla,") && chosen.contains("," + rate + ","), chosen);
    assertEquals(0.02, document.at("/config/asked/training/learning_rate").asDouble());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--rates=0,1.5           | rate is 1.5, want 0 to 1",
        "--rates=half            | 'half' is not a double",
        "--rates=0,0             | each once",
        "--systems=mla,magic     | system is 'magic', want one of mla, late_fusion",
        "--seeds=0               | seeds is 0",
        "--tune=-1               | trials is -1",
        "--epochs=0              | epochs is 0",
        "--data=elsewhere        | --data is elsewhere",
        "--modalities=audio      | rate is 0.3, want 0 where [audio] is all there is"
      })
  void aWrongCallIsRefusedBeforeAnythingIsMade(String option, String part) {
    compare("wrong", option).failed(2, part);
    assertFalse(Files.exists(temporary.resolve("wrong")));
  }

  @Test
  void aRateThatLeavesNothingToLearnFromIsRefused() {
    String[] call = {
      "compare",
      "--data-dir=" + data,
      "--out=" + temporary.resolve("bare"),
      "--train-size=1",
      "--validation-size=30",
      "--test-size=50",
      "--rates=0,1"
    };
    Cli.run(call).failed(1, "rate 1 leaves no training sample with ");
    assertFalse(Files.exists(temporary.resolve("bare").resolve("cells")));
  }

  @Test
  void aFolderOfAnotherComparisonIsRefused() {
    String[] options = {"--systems=late_fusion", "--rates=0", "--seeds=1"};
    compare("folder", Cli.and(options, "--epochs=1")).done();
    compare("folder", Cli.and(options, "--epochs=2"))
        .failed(1, "belongs to another comparison: training is", "--out");
  }

  @Test
  void ctrlCStopsCleanlyAndTheSameCallGoesOn() throws Exception {
    Path folder = temporary.resolve("a folder");
    Path cells = folder.resolve("cells");
    String[] options = {
      "compare", "--data-dir=" + data, "--out=" + folder, "--systems=late_fusion", "--rates=0"
    };
    String[] call = Cli.and(Cli.and(options, SIZES), "--epochs=1", "--seeds=100000");
    Program program = new Program(temporary.resolve("first"));
    Process process = program.start(call);
    Program.Outcome second;
    try {
      for (int i = 0; !Files.exists(cells) && i < 1200 && process.isAlive(); i++) {
        Thread.sleep(25);
      }
      second = new Program(temporary.resolve("second")).run(call);
    } finally {
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }
    assertEquals(1, second.code(), second.err());
    assertTrue(
        second.err().contains("lacuna: " + folder + " is in use: another run"), second.err());

    Program.Outcome stopped = program.end(process);
    assertEquals(130, stopped.code(), stopped.err());
    String line =
        "lacuna: stopped; go on with: ./lacuna "
            + String.join(" ", call).replace("--out=" + folder, "'--out=" + folder + "'");
    List<String> said = stopped.err().lines().filter(l -> l.startsWith("lacuna: s")).toList();
    assertEquals(List.of(line), said, stopped.err());
    assertFalse(stopped.err().contains("\tat "), stopped.err());
    assertFalse(Files.exists(folder.resolve(".lock")));

    Path first = cells.resolve("late_fusion-rate0-seed0.json");
    var written = Files.getLastModifiedTime(first);
    compare("a folder", "--systems=late_fusion", "--rates=0", "--epochs=1", "--seeds=2").done();
    assertEquals(written, Files.getLastModifiedTime(first), "its cell is trained again");
  }
}
