package dev.lacuna.training.report;

import dev.lacuna.training.metrics.Accuracy;
import java.util.Arrays;
import java.util.List;

/**
 * A share measured once a seed.
 *
 * @param mean over seeds
 * @param sd sample standard deviation over seeds, 0 for one seed
 * @param values by seed
 * @param n samples behind each value
 * @param ci95 Wilson's interval of the mean as a share of n samples
 */
public record Metric(double mean, double sd, List<Double> values, int n, List<Double> ci95) {
  /** Summarises shares of n samples, one a seed. */
  public static Metric of(double[] values, int n) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    double sd = values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1));
    double[] interval = Accuracy.wilson(mean, n);
    return new Metric(
        mean, sd, Arrays.stream(values).boxed().toList(), n, List.of(interval[0], interval[1]));
  }
}
