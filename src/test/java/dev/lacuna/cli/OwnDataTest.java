package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.CounterRandom;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A user's own data: from a CSV file to a model, and from files to predictions. */
class OwnDataTest {
  /** What the classes are called: one has to be quoted. */
  private static final List<String> CLASSES = List.of("cat", "dog, big");

  private static final int SAMPLES = 60;
  private static final int SIDE = 12;

  @TempDir static Path shared;
  private static Path data = Path.of("");
  private static Path runs = Path.of("");

  @TempDir Path temporary;

  static Stream<String> systems() {
    return Systems.ALL.stream().map(LearningSystem::name);
  }

  @BeforeAll
  static void writeDataAndTrain() throws IOException {
    Path folder = Files.createDirectories(shared.resolve("my pets, ä and ☃"));
    StringBuilder csv = new StringBuilder("key,photo,audio,class,split\n");
    for (int i = 0; i < SAMPLES; i++) {
      Files.write(folder.resolve(i + ".wav"), TinyData.tone(300 + 700 * (i % 2) + 3 * i));
      ImageIO.write(picture(i), "png", folder.resolve(i + ".png").toFile());
      String split = i % 5 == 0 ? "test" : i % 5 == 1 ? "validation" : "train";
      String name = i % 2 == 0 ? "cat" : "\"dog, big\"";
      csv.append("pet " + i + ",");
      csv.append((i % 7 == 3 ? "" : i + ".png") + "," + (i % 7 == 5 ? "" : i + ".wav"));
      csv.append("," + name + "," + split + "\n");
    }
    data = Files.writeString(folder.resolve("pets.csv"), csv);
    runs = shared.resolve("runs");
    for (LearningSystem<?> system : Systems.ALL) {
      train(system.name(), runs.resolve(system.name())).done();
    }
  }

  /** Bright at the left or at the right, with noise. */
  private static BufferedImage picture(int i) {
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    CounterRandom random = new CounterRandom(5, 0, i);
    for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
      boolean bright = pixel % SIDE < SIDE / 2 == (i % 2 == 0);
      int value = random.below(pixel, 90) + (bright ? 160 : 0);
      image.getRaster().setSample(pixel % SIDE, pixel / SIDE, 0, value);
    }
    return image;
  }

  private static Cli train(String system, Path run, String... more) {
    String[] call = {
      "train",
      system,
      "--json",
      "--data=" + data,
      "--columns=id=key,image=photo,label=class",
      "--image-size=12",
      "--out=" + run,
      "--width=8",
      "--batch=8",
      "--epochs=2",
      "--seeds=2",
      "--missing=0.3",
      "--device=cpu"
    };
    // these are too few samples for a standard codebook
    String[] small = system.equals("cmg") ? new String[] {"--codes=8"} : new String[0];
    return Cli.run(Cli.and(Cli.and(call, small), more));
  }

  private static Cli predict(Path run, Path input, String... more) {
    String[] call = {"predict", "--device=cpu", run.toString(), input.toString()};
    return Cli.run(Cli.and(call, more));
  }

  /** Lines by id, cells by column. */
  private static Map<String, Map<String, String>> parse(String csv) throws IOException {
    Map<String, Map<String, String>> lines = new LinkedHashMap<>();
    CSVFormat format = CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true).get();
    try (CSVParser parser = format.parse(new StringReader(csv))) {
      for (CSVRecord line : parser) {
        lines.put(line.get("id"), line.toMap());
      }
    }
    return lines;
  }

  private static double number(Map<String, String> line, String column) {
    return Double.parseDouble(line.get(column));
  }

  private Path write(String name, List<String> lines) throws IOException {
    return Files.writeString(
        data.resolveSibling(name), "id,image,audio\n" + String.join("\n", lines) + "\n");
  }

  @ParameterizedTest
  @MethodSource("systems")
  void evalGivesTheSameNumbers(String system) {
    Path run = temporary.resolve("run");
    JsonNode trained = train(system, run).json();
    assertEquals("own", trained.path("config").path("data").path("name").asText());
    assertEquals(data.toString(), trained.path("config").path("data").path("path").asText());
    assertEquals(
        12,
        trained.path("results").path("test").path("complete").path("accuracy").path("n").asInt());
    JsonNode again = Cli.run("eval", "--json", "--device=cpu", run.toString()).json();
    assertEquals(trained.path("config"), again.path("config"));
    // baselines beside a system leave no models
    assertEquals(trained.path("results").path("test"), again.path("results").path("test"));
  }

  @ParameterizedTest
  @MethodSource("systems")
  void everySampleIsPredictedByWhatItHas(String system) throws IOException {
    Path input =
        write(
            "new-" + system + ".csv",
            List.of("both,0.png,0.wav", "seen,0.png,", "heard,,0.wav", "other,1.png,1.wav"));
    Map<String, Map<String, String>> lines =
        parse(predict(runs.resolve(system), input).done().out());
    assertEquals(List.of("both", "seen", "heard", "other"), List.copyOf(lines.keySet()));
    boolean weighs = !List.of("concatenation", "mmp").contains(system);
    for (Map<String, String> line : lines.values()) {
      double best =
          CLASSES.stream().mapToDouble(c -> number(line, "probability_" + c)).max().orElseThrow();
      assertEquals(
          1, CLASSES.stream().mapToDouble(c -> number(line, "probability_" + c)).sum(), 1e-12);
      assertEquals(best, number(line, "probability_" + line.get("predicted")));
      double weight = 0;
      for (String modality : List.of("image", "audio")) {
        boolean present = line.get(modality + "_present").equals("1");
        assertEquals(present && weighs, !line.get(modality + "_entropy").isEmpty());
        assertEquals(present && weighs, !line.get(modality + "_weight").isEmpty());
        if (present && weighs) {
          double entropy = number(line, modality + "_entropy");
          assertTrue(entropy >= 0 && entropy <= Math.log(2) + 1e-6, modality + " " + entropy);
          weight += number(line, modality + "_weight");
        }
      }
      assertEquals(weighs ? 1 : 0, weight, 1e-12);
    }
    assertEquals(
        "10", lines.get("seen").get("image_present") + lines.get("seen").get("audio_present"));
    assertEquals(
        "01", lines.get("heard").get("image_present") + lines.get("heard").get("audio_present"));
    // what a modality says does not hang on the other
    assertEquals(lines.get("both").get("image_entropy"), lines.get("seen").get("image_entropy"));
    assertEquals(lines.get("both").get("audio_entropy"), lines.get("heard").get("audio_entropy"));
    assertNotEquals(
        lines.get("both").get("probability_cat"), lines.get("other").get("probability_cat"));
  }

  @ParameterizedTest
  @MethodSource("systems")
  void aPredictionHangsNeitherOnOrderNorOnOtherSamples(String system) throws IOException {
    Path run = runs.resolve(system);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      lines.add(i + "," + (i % 3 == 1 ? "" : i + ".png") + "," + (i % 3 == 2 ? "" : i + ".wav"));
    }
    Map<String, Map<String, String>> all =
        parse(predict(run, write("all-" + system + ".csv", lines)).done().out());
    assertEquals(20, all.size());
    Collections.reverse(lines);
    assertEquals(all, parse(predict(run, write("back-" + system + ".csv", lines)).done().out()));
    for (int i : new int[] {0, 1, 2}) {
      Path one = write("one-" + system + i + ".csv", List.of(lines.get(19 - i)));
      assertEquals(
          Map.of(Integer.toString(i), all.get(Integer.toString(i))),
          parse(predict(run, one).done().out()));
    }
  }

  @Test
  void aFolderAndAFileSayTheSameAndOutTakesIt() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("new"));
    for (String name : List.of("0.png", "0.wav", "1.wav", "2.png")) {
      Files.copy(data.resolveSibling(name), folder.resolve(name));
    }
    Path run = runs.resolve("mla");
    Path csv = write("same.csv", List.of("0,0.png,0.wav", "1,,1.wav", "2,2.png,"));
    String printed = predict(run, folder).done().out();
    assertEquals(printed, predict(run, csv).done().out());
    assertTrue(
        printed.startsWith(
            "id,predicted,probability_cat,\"probability_dog, big\",image_present,image_entropy,image_weight,audio_present,"),
        printed);

    Path out = temporary.resolve("out.csv");
    assertEquals("", predict(run, folder, "--out=" + out).done().out());
    assertEquals(printed, Files.readString(out));
    predict(run, folder, "--out=" + out).failed(1, out + " is there already", "--out");
    assertEquals(printed, Files.readString(out));

    assertNotEquals(printed, predict(run, folder, "--seed=1").done().out());
    predict(run, folder, "--seed=2").failed(1, "seed is 2", "models of 0 to 1");
    predict(run, folder, "--seed=-1").failed(1, "seed is -1");
  }

  @Test
  void columnsMayHaveOtherNamesAndLabelsAreNotLookedAt() throws IOException {
    Path run = runs.resolve("mla");
    Map<String, Map<String, String>> lines =
        parse(predict(run, data, "--columns=id=key,image=photo,label=class").done().out());
    assertEquals(SAMPLES, lines.size());
    int right = 0;
    for (int i = 0; i < SAMPLES; i++) {
      right += lines.get("pet " + i).get("predicted").equals(CLASSES.get(i % 2)) ? 1 : 0;
    }
    assertTrue(right >= SAMPLES * 3 / 4, right + " are right");
    assertEquals(lines, parse(predict(run, data).done().out()), "the run remembers its columns");
    Path unlabelled = data.resolveSibling("unlabelled.csv");
    Files.writeString(unlabelled, "key,photo\n0,0.png\n");
    assertEquals(Set.of("0"), parse(predict(run, unlabelled).done().out()).keySet());
    Path foreign = data.resolveSibling("foreign.csv");
    Files.writeString(foreign, "nr,photo\n0,0.png\n");
    predict(run, foreign).failed(1, foreign + ": line 1: unknown column 'nr'", "--columns");
  }

  @Test
  void soundAloneNeedsNoOptions() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("fsdd"));
    for (int i = 0; i < 12; i++) {
      Path file = folder.resolve(i % 2 + "_" + "abcd".charAt(i / 3) + "_" + i + ".wav");
      Files.write(file, TinyData.tone(300 + 700 * (i % 2) + 3 * i));
    }
    Path run = temporary.resolve("run");
    String[] call = {
      "train", "--data=" + folder, "--out=" + run, "--width=4", "--epochs=1", "--device=cpu"
    };
    Cli.run(call).done();
    assertEquals(12, parse(predict(run, folder).done().out()).size());
    // what can only be known once the data is read is checked before anything is written
    Path other = temporary.resolve("other");
    String[] again = {"train", "--data=" + folder, "--out=" + other, "--device=cpu"};
    Cli.run(Cli.and(again, "--missing=image=0.5")).failed(1, "unknown modality 'image'");
    Cli.run(Cli.and(again, "--shift=image=1")).failed(1, "--shift", "modalities: audio");
    assertFalse(Files.exists(other));
  }

  @Test
  void aModelOfAvMnistPredictsFiles() throws IOException {
    Path avmnist = TinyData.write(shared.resolve("avmnist"));
    Path run = temporary.resolve("run");
    String[] call = {
      "train",
      "--data-dir=" + avmnist,
      "--out=" + run,
      "--train-size=30",
      "--validation-size=10",
      "--test-size=20",
      "--width=4",
      "--epochs=1",
      "--device=cpu"
    };
    Cli.run(call).done();
    Map<String, Map<String, String>> lines =
        parse(predict(run, avmnist.resolve("recordings")).done().out());
    assertEquals(130, lines.size());
    assertTrue(number(lines.get("4_ada_2"), "probability_9") > 0);
  }

  // What goes wrong.

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id,image                  | a header alone, want a header and a line for every sample",
        "id,image;x,none.png       | line 2, column image: ",
        "id,image;x,               | line 2: sample 'x' has nothing",
        "id,text;x,hello           | line 2: sample 'x' has nothing that the model knows, which is image, audio",
        "id,image;x,0.png;x,1.png  | line 3, column id: 'x' is there already, in line 2",
        "id,image;x,0.png,         | line 2: 3 cells, the header has 2",
        "id;x                      | line 1: no column for image, audio, video or text",
        "id,image,notes;x,0.png,   | line 1: unknown column 'notes'",
        "image;0.png               | line 1: no column 'id'"
      })
  void aFileThatCannotBeReadIsNamedWithItsLine(String text, String part) throws IOException {
    Path file = Files.writeString(data.resolveSibling("bad.csv"), text.replace(';', '\n') + "\n");
    Path out = temporary.resolve("out.csv");
    Cli failed = predict(runs.resolve("mla"), file, "--out=" + out);
    failed.failed(1, file.toString(), part);
    assertFalse(Files.exists(out));
  }

  @Test
  void aCorruptFileIsNamedWithItsLine() throws IOException {
    Files.write(data.resolveSibling("broken.wav"), new byte[] {'R', 'I', 'F', 'F'});
    Path file = write("broken.csv", List.of("x,0.png,", "y,,broken.wav"));
    predict(runs.resolve("mla"), file).failed(1, file + ": line 3, column audio", "broken.wav");
  }

  @Test
  void aRunThatCannotPredictIsNamedWithWhatToDo() throws IOException {
    Path run = temporary.resolve("run");
    train("mla", run).done();
    Path metrics = run.resolve("metrics.json");
    String text = Files.readString(metrics);
    Path signature = run.resolve("model.json");
    String inputs = Files.readString(signature);
    Path input = write("fine.csv", List.of("x,0.png,"));

    predict(temporary, input).failed(1, "is no run folder");
    Files.writeString(metrics, text.replace("\"schema\" : 2", "\"schema\" : 1"));
    predict(run, input).failed(1, metrics + " is of schema 1, want schema 2");
    Files.writeString(metrics, text.replace("\"system\" : \"mla\"", "\"system\" : \"magic\""));
    predict(run, input).failed(1, run + ": system is 'magic', want one of mla");
    Files.writeString(metrics, text);

    Path model = run.resolve("model-0.safetensors");
    byte[] good = Files.readAllBytes(model);
    Files.copy(
        runs.resolve("unimodal_ensemble").resolve("model-0.safetensors"),
        model,
        StandardCopyOption.REPLACE_EXISTING);
    predict(run, input).failed(1, model + " is of system unimodal_ensemble, the run is of mla");
    Files.write(model, good);

    Files.writeString(signature, inputs.replace("\"cat\"", "\"cat\", \"cow\""));
    predict(run, input)
        .failed(1, model + " does not fit this run", "head.linear.weight is [2, 8], want [3, 8]");
    Files.writeString(signature, inputs.replace("\"audio\"", "\"video\""));
    predict(run, input).failed(1, model + " does not fit this run", "video");
    Files.writeString(signature, inputs.replace("\"image_size\" : 12", "\"image_size\" : 14"));
    predict(run, input).failed(1, "modality image of the model is 1 x 12 x 12, files would become");
    Files.writeString(signature, inputs.substring(0, 90));
    predict(run, input).failed(1, signature + " is damaged");
    Files.delete(signature);
    predict(run, input).failed(1, run + " has no model.json", "train again");
    Files.writeString(signature, inputs);
    predict(run, input).done();
  }

  @Test
  void evalNoticesThatTheDataHasChanged() throws IOException {
    String good = Files.readString(data);
    try {
      Files.writeString(data, good.replace("cat", "cow"));
      Cli eval = Cli.run("eval", "--device=cpu", runs.resolve("mla").toString());
      eval.failed(1, "the data has changed since training", "classes are [cow, dog, big]");
      Files.delete(data);
      // its folder has other CSV files, which are not taken instead
      Cli.run("eval", runs.resolve("mla").toString()).failed(1, data + ": no such file or folder");
    } finally {
      Files.writeString(data, good);
    }
  }

  @Test
  void systemsAreComparedOnOwnDataToo() {
    Path out = temporary.resolve("compared");
    Cli done =
        Cli.run(
                "compare",
                "--data=" + data,
                "--columns=id=key,image=photo,label=class",
                "--image-size=12",
                "--systems=mla,late_fusion",
                "--rates=0,0.3",
                "--seeds=1",
                "--epochs=1",
                "--out=" + out,
                "--device=cpu")
            .done();
    assertTrue(done.out().contains("on 12 test samples"), done.out());
    assertTrue(Files.exists(out.resolve("missing").resolve("train-rate0.3.csv")));
  }

  @Test
  void aCsvFileAsFolderOfPreparedDataIsRefused() {
    Cli.run("train", "--data-dir=" + data, "--out=" + temporary.resolve("run"))
        .failed(2, "--data-dir: " + data + " is a file", "--data names your own data");
    assertFalse(Files.exists(temporary.resolve("run")));
  }
}
