package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are killed, and what {@code train --resume} makes of what they leave. */
class ResumeTest {
  /** How many runs are killed till they end. */
  private static final int RUNS = Integer.getInteger("lacuna.test.kills", 3);

  @TempDir static Path shared;
  private static Path data = Path.of("");

  @TempDir Path temporary;

  @BeforeAll
  static void writeData() throws IOException {
    data = TinyData.write(shared.resolve("data"));
  }

  private Program program() {
    return new Program(temporary.resolve("program"));
  }

  private String[] train(Path folder, String... more) {
    String[] call = {
      "train",
      "--data-dir=" + data,
      "--out=" + folder,
      "--device=cpu",
      "--threads=2",
      "--train-size=140",
      "--validation-size=10",
      "--test-size=60",
      "--width=8",
      "--batch=2",
      "--missing=0.5"
    };
    return Cli.and(call, more);
  }

  private static String[] resume(Path folder) {
    return new String[] {
      "train", "--resume=" + folder, "--data-dir=" + data, "--device=cpu", "--threads=2"
    };
  }

  /** What the run has been told that run.json does not say. */
  private static String machine() {
    return " --data-dir=" + data + " --device=cpu --threads=2";
  }

  private static Set<String> names(Path folder) throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    }
    return names;
  }

  /** The text of metrics.json but for what the machine decides. */
  private static String document(Path folder) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = (ObjectNode) json.readTree(folder.resolve("metrics.json").toFile());
    root.remove("run");
    return root.toPrettyString();
  }

  @Test
  void runsKilledAtRandomMomentsEndAsOneThatWasNot() throws Exception {
    Path whole = temporary.resolve("whole");
    String[] options = {"--seeds=2", "--epochs=12"};
    long start = System.nanoTime();
    Program.Outcome outcome = program().run(train(whole, options));
    assertEquals(0, outcome.code(), outcome.err());
    int millis = (int) TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    String wanted = document(whole);
    int resumed = 0;
    for (int run = 0; run < RUNS; run++) {
      Path folder = temporary.resolve("killed" + run);
      CounterRandom random = new CounterRandom(run, 0x7E57, 0);
      for (int kill = 0; !Files.exists(folder.resolve("metrics.json")); kill++) {
        boolean begun = Files.exists(folder.resolve("run.json"));
        resumed += begun ? 1 : 0;
        Process process = program().start(begun ? resume(folder) : train(folder, options));
        // Each time longer, so that it ends: the epoch that is killed is lost.
        int wait = millis / 8 + random.below(kill, millis) * (kill + 1) / 2;
        if (!process.waitFor(wait, TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
        }
        Program.Outcome end = program().end(process);
        assertTrue(end.code() == 0 || end.code() == 137, end.err());
      }
      assertEquals(wanted, document(folder), "run " + run);
      for (int seed = 0; seed < 2; seed++) {
        String model = "model-" + seed + ".safetensors";
        assertEquals(-1, Files.mismatch(whole.resolve(model), folder.resolve(model)), model);
      }
    }
    assertTrue(resumed >= RUNS, "only " + resumed + " kills hit a run");
  }

  /** Waits for a file of a run that goes on. */
  private static void await(Process process, Path file) throws InterruptedException {
    for (int i = 0; !Files.exists(file) && i < 1200 && process.isAlive(); i++) {
      Thread.sleep(25);
    }
    assertTrue(Files.exists(file) && process.isAlive(), "no " + file);
  }

  @Test
  void ctrlCStopsCleanlyAndSaysHowToGoOn() throws Exception {
    Path folder = temporary.resolve("a run");
    Program program = program();
    Process process = program.start(train(folder, "--epochs=2000000000"));
    Program.Outcome second;
    try {
      await(process, folder.resolve("checkpoint.safetensors"));
      second = new Program(temporary.resolve("second")).run(resume(folder));
    } finally {
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }
    assertEquals(1, second.code(), second.err());
    assertTrue(second.err().contains(folder + " is in use: another run"), second.err());

    Program.Outcome stopped = program.end(process);
    assertEquals(130, stopped.code(), stopped.err());
    String line =
        "lacuna: stopped; go on with: ./lacuna train --resume '" + folder + "'" + machine();
    List<String> said = stopped.err().lines().filter(l -> l.startsWith("lacuna: s")).toList();
    assertEquals(List.of(line), said, stopped.err());
    assertFalse(stopped.err().contains("\tat "), stopped.err());
    for (String name : names(folder)) {
      assertFalse(name.startsWith("."), name);
    }
    assertTrue(names(folder).containsAll(Set.of("run.json", "checkpoint.safetensors")));
  }

  @Test
  void aRunThatFillsItsDiskStopsAtItsLastCheckpointAndGoesOn() throws Exception {
    Path whole = temporary.resolve("whole");
    Cli.run(train(whole, "--epochs=60")).done();
    Path folder = temporary.resolve("run");
    Path checkpoint = folder.resolve("checkpoint.safetensors");
    Program program = program();
    Process process = program.start(train(folder, "--epochs=60"));
    Program.Outcome stopped;
    try {
      await(process, checkpoint);
      // no file may grow beyond half of a checkpoint from now on
      String limit = "--fsize=" + Files.size(checkpoint) / 2;
      String[] call = {"prlimit", "--pid", Long.toString(process.pid()), limit};
      assertEquals(0, new ProcessBuilder(call).inheritIO().start().waitFor());
    } finally {
      stopped = program.end(process);
    }
    assertEquals(1, stopped.code(), stopped.err());
    List<String> said = stopped.err().lines().filter(l -> l.startsWith("lacuna: ")).toList();
    assertEquals(
        List.of(
            "lacuna: stopped; go on with: ./lacuna train --resume " + folder + machine(),
            "lacuna: cannot write " + checkpoint + ": java.io.IOException: File too large"),
        said,
        stopped.err());
    assertFalse(stopped.err().contains("\tat "), stopped.err());
    for (String name : names(folder)) {
      assertFalse(name.startsWith("."), name);
    }
    Cli.run(resume(folder)).done();
    assertEquals(document(whole), document(folder));
    Path model = Path.of("model-0.safetensors");
    assertEquals(-1, Files.mismatch(whole.resolve(model), folder.resolve(model)));
  }

  @Test
  void whatCannotBeResumedIsRefused() throws Exception {
    Path folder = temporary.resolve("run");
    Cli.run(train(folder, "--epochs=1")).done();
    String[] whole = names(folder).toArray(String[]::new);
    Cli.run(resume(folder)).failed(1, folder + " is finished: it has metrics.json");
    assertEquals(List.of(whole), List.copyOf(names(folder)));
    Cli.run(resume(temporary.resolve("none"))).failed(1, "is no unfinished run");
    Cli.run(Cli.and(resume(folder), "--epochs=3")).failed(2, "Unknown option: '--epochs=3'");
    Cli.run(Cli.and(resume(folder), "mla")).failed(2, "--resume " + folder, "leave out mla");
    Cli.run("train", "mla", "--resume=" + folder).failed(2, "Unknown option: '--resume=");
    Cli.run("train", "--resume").failed(2, "--resume");
  }

  @Test
  void aRunThatIsStoppedGoesOnWithJson() throws Exception {
    Path folder = temporary.resolve("run");
    Program program = program();
    Process process = program.start(train(folder, "--epochs=60"));
    try {
      await(process, folder.resolve("checkpoint.safetensors"));
    } finally {
      process.destroyForcibly();
    }
    program.end(process);
    Cli resumed = Cli.run(Cli.and(resume(folder), "--json"));
    assertEquals(60, resumed.json().path("config").path("training").path("epochs").asInt());
    assertEquals(resumed.out(), Files.readString(folder.resolve("metrics.json")));
    Set<String> names = names(folder);
    assertTrue(names.containsAll(Set.of("metrics.json", "log.csv", "model-0.safetensors")));
    for (String gone : new String[] {"run.json", "progress.json", "checkpoint.safetensors"}) {
      assertFalse(names.contains(gone), gone);
    }
    assertEquals(61, Files.readAllLines(folder.resolve("log.csv")).size());
    Cli.run("eval", "--data-dir=" + data, folder.toString()).done();
  }
}
