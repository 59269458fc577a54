package dev.lacuna.training.report;

import dev.lacuna.Context;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The {@code run} part of metrics.json: where and with what something was measured. */
public final class Machine {
  /** Folder of the sources, set by the launcher. */
  private static final String HOME = "lacuna.home";

  private Machine() {}

  /** Machine, versions, seconds and commit. */
  public static Map<String, Object> facts(Context context, double seconds) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put(
        "machine",
        Map.of(
            "os", System.getProperty("os.name"),
            "arch", System.getProperty("os.arch"),
            "cores", Runtime.getRuntime().availableProcessors()));
    facts.put(
        "versions",
        Map.of(
            "java", System.getProperty("java.version"),
            "backend", context.backend(),
            "backend_details", context.describe()));
    facts.put("seconds", seconds);
    facts.put("commit", commit());
    return facts;
  }

  /** The sources' commit, "unknown" outside a checkout. */
  private static String commit() {
    String home = System.getProperty(HOME);
    if (home == null) {
      return "unknown";
    }
    try {
      Process git =
          new ProcessBuilder("git", "rev-parse", "--short=12", "HEAD")
              .directory(Path.of(home).toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor(5, TimeUnit.SECONDS) && git.exitValue() == 0 ? text : "unknown";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
