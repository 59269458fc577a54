package dev.lacuna.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Programs whose output is JSON. */
public final class Commands {
  private Commands() {}

  /** Runs a program. */
  public static JsonNode json(List<String> command) {
    return json(command, Map.of());
  }

  /**
   * Runs a program with additions to the environment.
   *
   * @throws IllegalStateException with what it printed, where it fails
   */
  public static JsonNode json(List<String> command, Map<String, String> environment) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().putAll(environment);
      Process process = builder.redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      if (status != 0) {
        throw new IllegalStateException(
            command.getFirst() + " ended with " + status + ": " + output.strip());
      }
      return new ObjectMapper().readTree(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(command.getFirst() + " was interrupted", e);
    }
  }
}
