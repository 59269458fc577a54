package dev.lacuna.training.system;

import dev.lacuna.training.loop.TrainingLoop;
import dev.lacuna.training.report.Confusion;
import dev.lacuna.training.report.Diagnostic;
import java.util.List;
import java.util.Map;

/**
 * What training with one seed gave.
 *
 * @param epochs all of them
 * @param chosen number of the one whose model was kept, from 1
 * @param measured by pattern of the test samples, then by metric
 * @param confusion on the test split by modality
 * @param diagnostics whatever else is to be seen in the report
 * @param facts of the model
 * @param baselines what {@code measured} is of each of the system's baselines, by name
 */
public record SeedResult(
    List<TrainingLoop.Epoch> epochs,
    int chosen,
    Map<String, Map<String, Double>> measured,
    List<Confusion> confusion,
    List<Diagnostic> diagnostics,
    Map<String, String> facts,
    Map<String, Map<String, Map<String, Double>>> baselines) {
  /** Checks the number. */
  public SeedResult {
    if (chosen < 1 || chosen > epochs.size()) {
      throw new IllegalArgumentException(
          "the chosen epoch is " + chosen + ", want 1 to " + epochs.size());
    }
  }
}
