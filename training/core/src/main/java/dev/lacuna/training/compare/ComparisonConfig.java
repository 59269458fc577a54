package dev.lacuna.training.compare;

import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.loop.Ranges;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.util.HashSet;
import java.util.List;

/**
 * What is compared.
 *
 * @param data where the samples come from
 * @param tableSeed of the missing tables
 * @param rates shares of samples that lose exactly one modality, each once; kept in rising order
 * @param seeds trainings of each system at each rate, with seeds 0 to seeds - 1
 * @param systems names, each once; the others are compared with the first
 * @param training how to train, the learning rate that tuning begins from among it
 * @param trials trainings that tune each system; 0 leaves the options that it comes with
 */
public record ComparisonConfig(
    DataSource data,
    long tableSeed,
    List<Double> rates,
    int seeds,
    List<String> systems,
    TrainingOptions training,
    int trials) {
  /** Checks the ranges. */
  public ComparisonConfig {
    systems = List.copyOf(systems);
    rates = rates.stream().map(rate -> rate + 0.0).sorted().toList(); // -0 becomes 0
    List<String> modalities = data.knownModalities().orElse(List.of());
    for (double rate : rates) {
      Ranges.require(rate >= 0 && rate <= 1, "rate", rate, "0 to 1");
      Ranges.require(
          rate == 0 || modalities.size() != 1,
          "rate",
          rate,
          "0 where " + modalities + " is all there is");
    }
    requireOnce("rates", rates);
    requireOnce("systems", systems);
    systems.forEach(Systems::named);
    Ranges.require(seeds >= 1, "seeds", seeds, ">= 1");
    Ranges.require(trials >= 0, "trials", trials, ">= 0");
  }

  private static void requireOnce(String name, List<?> values) {
    if (values.isEmpty() || new HashSet<>(values).size() < values.size()) {
      throw new IllegalArgumentException(name + " are " + values + ", want one or more, each once");
    }
  }

  /** The rate at which systems are tuned: the middle one, of two the higher. */
  double tuningRate() {
    return rates.get(rates.size() / 2);
  }

  /** The systems that are named. */
  List<LearningSystem<?>> learningSystems() {
    return systems.stream().<LearningSystem<?>>map(Systems::named).toList();
  }

  /** Number of cells. */
  int cells() {
    return systems.size() * rates.size() * seeds;
  }
}
