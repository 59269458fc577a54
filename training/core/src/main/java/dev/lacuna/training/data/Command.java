package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Runs an external program. */
public final class Command {
  private static final int MINUTES = 10;
  private static final int LONGEST_TEXT = 500;

  private Command() {}

  /**
   * The program's output, both streams together; it gets no input.
   *
   * @param folder where it runs, and where its output is kept meanwhile
   * @param remedy what to do where the program is missing or fails
   * @throws LacunaException where it cannot be started, fails, or takes longer than ten minutes
   */
  public static String run(Path folder, String remedy, List<String> command) {
    try {
      Path output = Files.createTempFile(folder, "output", ".txt");
      Process process = start(folder, remedy, command, output);
      try {
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
          throw failed(command, "took longer than " + MINUTES + " minutes", remedy);
        }
      } finally {
        process.destroyForcibly();
      }
      String text = new String(Files.readAllBytes(output), UTF_8).strip();
      Files.delete(output);
      if (process.exitValue() != 0) {
        throw failed(command, "ended with " + process.exitValue() + ": " + reason(text), remedy);
      }
      return text;
    } catch (IOException e) {
      throw new LacunaException(Status.INTERNAL, String.join(" ", command) + ": " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(command, "was interrupted", remedy);
    }
  }

  private static Process start(Path folder, String remedy, List<String> command, Path output) {
    try {
      return new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectInput(new File("/dev/null"))
          .redirectErrorStream(true)
          .redirectOutput(output.toFile())
          .start();
    } catch (IOException e) {
      throw new LacunaException(
          Status.UNSUPPORTED, command.getFirst() + " cannot be started; " + remedy, e);
    }
  }

  private static LacunaException failed(List<String> command, String how, String remedy) {
    return new LacunaException(
        Status.UNSUPPORTED, "'" + String.join(" ", command) + "' " + how + "; " + remedy);
  }

  /** From the first line on that speaks of an error: advice may follow it; else the end. */
  private static String reason(String output) {
    int error = output.toLowerCase(Locale.ROOT).indexOf("error");
    int start =
        error < 0
            ? Math.max(0, output.length() - LONGEST_TEXT)
            : output.lastIndexOf('\n', error) + 1;
    int end = Math.min(output.length(), start + LONGEST_TEXT);
    return (start > 0 ? "... " : "")
        + output.substring(start, end)
        + (end < output.length() ? " ..." : "");
  }
}
