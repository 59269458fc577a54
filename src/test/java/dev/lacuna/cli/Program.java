package dev.lacuna.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The command line in a process of its own. */
final class Program {
  static final String CLASS_PATH = System.getProperty("java.class.path");

  /** How it ended, and all that it said. */
  record Outcome(int code, String out, String err) {}

  private final Path out;
  private final Path err;
  private final List<String> jvm = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private String classPath = CLASS_PATH;

  /** A program whose output goes to files of a name; its extensions are added. */
  Program(Path output) {
    out = Path.of(output + ".out");
    err = Path.of(output + ".err");
  }

  Program classPath(String other) {
    classPath = other;
    return this;
  }

  /** Adds an option of Java. */
  Program jvm(String option) {
    jvm.add(option);
    return this;
  }

  /** Sets an environment variable. */
  Program with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(jvm);
    command.addAll(List.of("--class-path", classPath, Main.class.getName()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  Outcome end(Process process) throws IOException, InterruptedException {
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "still running after a minute");
    return new Outcome(
        process.exitValue(), Files.readString(out, UTF_8), Files.readString(err, UTF_8));
  }

  Outcome run(String... arguments) throws IOException, InterruptedException {
    return end(start(arguments));
  }
}
