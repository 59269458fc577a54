package dev.lacuna.training.system;

import dev.lacuna.training.loop.TrainingLoop;
import java.util.List;
import java.util.Map;

/**
 * What training with one seed gave.
 *
 * @param epochs all of them
 * @param accuracy on the test split by missing pattern, and on human clips where there are some
 */
public record SeedResult(List<TrainingLoop.Epoch> epochs, Map<String, Double> accuracy) {}
