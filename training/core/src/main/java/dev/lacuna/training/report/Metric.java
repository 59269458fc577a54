package dev.lacuna.training.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lacuna.training.metrics.Accuracy;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was measured once a seed.
 *
 * @param mean over seeds
 * @param sd sample standard deviation over seeds, 0 for one seed
 * @param values by seed
 * @param n samples behind each value
 * @param ci95 Wilson's interval of the mean as a share of n samples, null for what is no such share
 */
public record Metric(
    double mean,
    double sd,
    List<Double> values,
    int n,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<Double> ci95) {
  /** Summarises shares of n samples, one a seed. */
  public static Metric of(double[] values, int n) {
    Metric score = ofScores(values, n);
    double[] interval = Accuracy.wilson(score.mean, n);
    return new Metric(score.mean, score.sd, score.values, n, List.of(interval[0], interval[1]));
  }

  /** Summarises what n samples give that is no share of them, such as F1, one value a seed. */
  public static Metric ofScores(double[] values, int n) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    double sd = values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1));
    return new Metric(mean, sd, Arrays.stream(values).boxed().toList(), n, null);
  }
}
