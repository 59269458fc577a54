package dev.lacuna.training.system;

import dev.lacuna.training.loop.TrainingLoop;
import java.util.List;
import java.util.Map;

/**
 * What training with one seed gave.
 *
 * @param epochs all of them
 * @param measured by pattern of the test samples, then by metric
 */
public record SeedResult(
    List<TrainingLoop.Epoch> epochs, Map<String, Map<String, Double>> measured) {}
