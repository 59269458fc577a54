package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Metrics against scikit-learn. */
final class GoldenTest {
  private static final double TOLERANCE = 1e-12;

  private static void assertMetric(Golden golden, String metric, double got) {
    assertEquals(golden.wanted(metric), got, TOLERANCE, metric);
  }

  private static void assertUndefined(Golden golden, String metric, String why, Executable action) {
    assertFalse(golden.outputs().has(metric), metric);
    String message = assertThrows(IllegalArgumentException.class, action).getMessage();
    assertTrue(message.contains(why), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"metrics_binary_n8", "metrics_binary_n20", "metrics_binary_n25_ties"})
  void twoClassesAreThoseOfScikitLearn(String file) {
    Golden golden = Golden.read(file);
    double[][] score = golden.scores("score");
    boolean[][] positive = golden.flags("y_true");
    double[] scores = Arrays.stream(score).mapToDouble(row -> row[0]).toArray();
    boolean[] positives = new boolean[positive.length];
    for (int i = 0; i < positives.length; i++) {
      positives[i] = positive[i][0];
    }
    assertMetric(golden, "auroc", Ranking.auroc(scores, positives));
    assertMetric(golden, "average_precision", Ranking.averagePrecision(scores, positives));
    assertMetric(golden, "f1", Classification.macroF1(score, positive, 0.5));

    double[][] both =
        Arrays.stream(scores).mapToObj(p -> new double[] {1 - p, p}).toArray(double[][]::new);
    int[] labels = golden.labels("y_true");
    assertMetric(golden, "accuracy", Accuracy.of(both, labels));
    assertMetric(golden, "f1_macro", Classification.macroF1(both, labels));
    assertMetric(golden, "auroc", Ranking.macroAuroc(both, labels));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "metrics_multiclass_c3_n9",
        "metrics_multiclass_c4_n30",
        "metrics_multiclass_c5_missing_class",
        "metrics_multiclass_c6_n24"
      })
  void manyClassesAreThoseOfScikitLearn(String file) {
    Golden golden = Golden.read(file);
    double[][] probabilities = golden.scores("probabilities");
    int[] labels = golden.labels("y_true");
    assertMetric(golden, "accuracy", Accuracy.of(probabilities, labels));
    assertMetric(golden, "f1_macro", Classification.macroF1(probabilities, labels));
    assertMetric(golden, "f1_micro", Classification.microF1(probabilities, labels));
    assertMetric(golden, "top2_accuracy", Retrieval.recallAt(2, probabilities, labels));
    double[][] confusion = Golden.matrix(golden.outputs().required("confusion_rows_true"));
    assertArrayEquals(
        confusion,
        Arrays.stream(Classification.confusionMatrix(probabilities, labels))
            .map(row -> Arrays.stream(row).asDoubleStream().toArray())
            .toArray(double[][]::new));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "metrics_multiclass_c3_n9",
        "metrics_multiclass_c4_n30",
        "metrics_multiclass_c6_n24"
      })
  void eachClassAgainstTheRestIsThatOfScikitLearn(String file) {
    Golden golden = Golden.read(file);
    double[][] probabilities = golden.scores("probabilities");
    int[] labels = golden.labels("y_true");
    assertMetric(golden, "auroc_ovr_macro", Ranking.macroAuroc(probabilities, labels));
  }

  @ParameterizedTest
  @ValueSource(strings = {"metrics_multilabel_n12_c5", "metrics_multilabel_n10_c4_empty_class"})
  void manyLabelsAreThoseOfScikitLearn(String file) {
    Golden golden = Golden.read(file);
    double[][] scores = golden.scores("score");
    boolean[][] labels = golden.flags("y_true");
    assertMetric(golden, "f1_macro", Classification.macroF1(scores, labels, 0.5));
    assertMetric(golden, "f1_micro", Classification.microF1(scores, labels, 0.5));
  }

  @Test
  void meansOverLabelsAreThoseOfScikitLearn() {
    Golden golden = Golden.read("metrics_multilabel_n12_c5");
    double[][] scores = golden.scores("score");
    boolean[][] labels = golden.flags("y_true");
    assertMetric(golden, "auroc_macro", Ranking.macroAuroc(scores, labels));
    assertMetric(golden, "average_precision_macro", Ranking.meanAveragePrecision(scores, labels));
  }

  @Test
  void aClassWithoutPositivesLeavesTheMeansUndefined() {
    Golden manyLabels = Golden.read("metrics_multilabel_n10_c4_empty_class");
    double[][] scores = manyLabels.scores("score");
    boolean[][] labels = manyLabels.flags("y_true");
    String why = "class 3 has no positive sample";
    assertUndefined(manyLabels, "auroc_macro", why, () -> Ranking.macroAuroc(scores, labels));
    assertUndefined(
        manyLabels,
        "average_precision_macro",
        why,
        () -> Ranking.meanAveragePrecision(scores, labels));
    Golden manyClasses = Golden.read("metrics_multiclass_c5_missing_class");
    assertUndefined(
        manyClasses,
        "auroc_ovr_macro",
        "class 2 has no positive sample",
        () ->
            Ranking.macroAuroc(manyClasses.scores("probabilities"), manyClasses.labels("y_true")));
  }
}
