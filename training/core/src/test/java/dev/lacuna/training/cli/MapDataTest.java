package dev.lacuna.training.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.MapFolders;
import dev.lacuna.training.data.own.MapLayout;
import dev.lacuna.training.data.own.OwnDataSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** MM-IMDb from the command line, with a few films. */
class MapDataTest {
  private static final List<String> SMALL =
      List.of(
          "--text-tokens=0",
          "--text-size=16",
          "--image-size=8",
          "--epochs=2",
          "--batch=4",
          "--device=reference");

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path data = Path.of("");
  private Path run = Path.of("");

  @BeforeEach
  void write() {
    data = MapFolders.mmImdb(folder.resolve("films"));
    run = folder.resolve("run");
  }

  private int call(String... args) {
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(args);
  }

  private int train(String system, String... options) {
    return call(
        Stream.of(
                Stream.of("train", system, "--data=" + data, "--out=" + run),
                SMALL.stream(),
                Stream.of(options))
            .flatMap(args -> args)
            .toArray(String[]::new));
  }

  @Test
  void mmpLearnsGenresAndPredictsThem() throws IOException {
    assertEquals(0, train("mmp", "--prompts=2", "--image-encoder=self"), err.toString());
    assertTrue(out.toString().contains("macro_f1"), out.toString());
    assertTrue(out.toString().contains("both_missing_70"), out.toString());
    Path posters = data.resolve("images");
    assertEquals(
        0,
        call("predict", run.toString(), posters.toString(), "--device=reference"),
        err.toString());
    String csv = out.toString().substring(out.toString().indexOf("id,predicted"));
    List<String> lines = csv.lines().toList();
    assertTrue(lines.getFirst().contains("probability_Drama,probability_Comedy"), csv);
    assertEquals(6, lines.size());
    double sum = 0;
    String[] cells = lines.get(1).split(",", -1);
    for (int c = 0; c < 23; c++) {
      sum += Double.parseDouble(cells[2 + c]);
    }
    assertNotEquals(1, sum, 1e-3, "probabilities of a softmax");
    out.getBuffer().setLength(0);
    assertEquals(0, call("eval", run.toString(), "--device=reference"), err.toString());
    assertTrue(out.toString().contains("micro_f1"), out.toString());
  }

  @Test
  void aSystemOfOneClassASampleLeavesNothing() {
    assertNotEquals(0, train("late_fusion"));
    assertTrue(
        err.toString()
            .contains("late_fusion learns from samples of one class each, those of films are"),
        err.toString());
    assertFalse(Files.exists(run));
  }

  @Test
  void compareRefusesWhatHasNoAccuracy() {
    assertNotEquals(
        0,
        call(
            "compare",
            "--data=" + data,
            "--systems=mmp",
            "--text-tokens=0",
            "--out=" + run,
            "--device=reference"));
    assertTrue(
        err.toString().contains("compare is about accuracy, but films is multi-label"),
        err.toString());
  }

  @Test
  void twoClassesAreRankedToo() {
    data = MapFolders.hatefulMemes(folder.resolve("memes"));
    assertEquals(0, train("late_fusion", "--width=4", "--json"), err.toString());
    assertTrue(out.toString().contains("\"auroc\""), out.toString());
    assertFalse(out.toString().contains("\"micro_f1\""), out.toString());
  }

  private static FeatureOptions features(String... options) {
    CommandLine line = Main.commandLine();
    line.parseArgs(
        Stream.concat(Stream.of("train", "mmp"), Stream.of(options)).toArray(String[]::new));
    TrainMmp train = line.getSubcommands().get("train").getSubcommands().get("mmp").getCommand();
    return ((OwnDataSource) train.config().data()).features();
  }

  @Test
  void whoSaysNothingGetsTheFeaturesOfTheLayout() {
    assertEquals(MapLayout.MM_IMDB.features(), features("--data=" + data));
    assertEquals(FeatureOptions.DEFAULT, features("--data=" + data.resolve("images")));
    FeatureOptions given = features("--data=" + data, "--text-tokens=64", "--image-size=48");
    assertEquals(64, given.textTokens());
    assertEquals(48, given.imageSize());
    assertEquals(FeatureOptions.Colour.RGB, given.colour());
    assertEquals(FeatureOptions.Colour.GRAY, features("--data=" + data, "--colour=gray").colour());
  }
}
