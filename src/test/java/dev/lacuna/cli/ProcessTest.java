package dev.lacuna.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only shows in a process of its own: log, exit code, signals, a JVM without natives. */
class ProcessTest {
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

  private String[] train(String... more) {
    String[] call = {
      "train",
      "--data-dir=" + data,
      "--out=" + temporary.resolve("run"),
      "--train-size=20",
      "--validation-size=10",
      "--test-size=10",
      "--shift=none"
    };
    return Cli.and(call, more);
  }

  @Test
  void withoutNativeLibrariesTheReferenceTrainsAndSaysSoOnce() throws Exception {
    String withoutNatives =
        Arrays.stream(Program.CLASS_PATH.split(File.pathSeparator, -1))
            .filter(entry -> !entry.contains("native") && !entry.contains("dnnl"))
            .collect(Collectors.joining(File.pathSeparator));
    Program.Outcome run =
        program().classPath(withoutNatives).run(train("--epochs=1", "--width=8", "--json"));
    assertEquals(0, run.code(), run.err());
    List<String> said = run.err().lines().filter(line -> line.contains("back end")).toList();
    assertEquals(1, said.size(), run.err());
    assertTrue(said.getFirst().startsWith("lacuna: back end reference"), run.err());
    assertTrue(said.getFirst().contains("cpu: liblacuna.so was not found"), run.err());
    assertTrue(run.out().startsWith("{") && run.out().endsWith("}\n"), run.out());

    Program.Outcome forced = program().classPath(withoutNatives).run(train("--device=cpu"));
    assertEquals(1, forced.code(), forced.err());
    assertTrue(forced.err().contains("back end cpu cannot be used: liblacuna.so"), forced.err());
    assertFalse(forced.err().contains("\tat "), forced.err());
  }

  @Test
  void aRunKilledInItsFirstEpochLeavesNothing() throws Exception {
    Program program = program();
    // an epoch of seconds
    String[] slow = {"--device=reference", "--width=16000", "--batch=1"};
    Process process = program.start(train(slow));
    try {
      Path begun = temporary.resolve("run").resolve("missing-train.csv");
      for (int i = 0; !Files.exists(begun) && i < 600 && process.isAlive(); i++) {
        Thread.sleep(50);
      }
      assertTrue(Files.exists(begun), "training did not begin");
    } finally {
      process.destroy(); // as Ctrl-C: shutdown hooks run
    }
    Program.Outcome killed = program.end(process);
    assertTrue(killed.code() > 128, "exit code " + killed.code());
    assertFalse(Files.exists(temporary.resolve("run")), "the run folder is left over");
  }

  @Test
  void aHeapTooSmallIsToldWithoutAStackTrace() throws Exception {
    Program.Outcome run = program().jvm("-Xmx64m").run(train("--device=reference", "--width=6000"));
    assertEquals(1, run.code(), run.err());
    assertTrue(run.err().contains("lacuna: Java's heap is too small"), run.err());
    assertFalse(run.err().contains("\tat "), run.err());
    assertFalse(Files.exists(temporary.resolve("run")), "the run folder is left over");
  }

  @Test
  void theLaunchersTestCommandHasHelpAndRefusesWhatItDoesNotKnow() throws Exception {
    String launcher = Path.of("..", "..", "lacuna").toString();
    for (String argument : new String[] {"--help", "--magic", "--device=gpu", "--device"}) {
      ProcessBuilder builder = new ProcessBuilder(launcher, "test", argument);
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      Process process = builder.redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      boolean help = argument.equals("--help");
      assertEquals(help ? 0 : 2, process.waitFor(), said);
      assertTrue(said.contains(help ? "Usage: ./lacuna test" : "test --help"), said);
      assertTrue(help || said.matches("(?s).*'(--magic|gpu|nothing)'.*"), said);
      assertTrue(!help || said.contains("--all "), said);
    }
  }

  @Test
  void theLaunchersTestCommandTakesOneKindOfTestsAtATime() throws Exception {
    String launcher = Path.of("..", "..", "lacuna").toString();
    for (String other : new String[] {"--device=cuda", "--cuda-check"}) {
      ProcessBuilder builder = new ProcessBuilder(launcher, "test", "--all", other);
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      Process process = builder.redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertEquals(2, process.waitFor(), said);
      String part = "test: --all is given with " + other.split("=", 2)[0] + ", want one of them";
      assertTrue(said.contains(part), said);
    }
  }
}
