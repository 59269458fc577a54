package dev.lacuna.multimodal.mmp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LateFusionTest {
  private static final List<double[]> LOGITS =
      List.of(new double[] {1, -2, 0.5}, new double[] {3, 0, -0.5});

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double[] softmax(double... x) {
    double sum = DoubleStream.of(x).map(Math::exp).sum();
    return DoubleStream.of(x).map(v -> Math.exp(v) / sum).toArray();
  }

  @Test
  void meanAndMaximumAreOfEachClassAlone() {
    for (List<double[]> fused :
        List.of(
            List.of(LateFusion.MEAN_LOGITS.fuse(LOGITS), LateFusion.MAX_LOGITS.fuse(LOGITS)),
            List.of(
                LateFusion.MEAN_LOGITS.fuseMultiLabel(LOGITS),
                LateFusion.MAX_LOGITS.fuseMultiLabel(LOGITS)))) {
      assertArrayEquals(new double[] {2, -1, 0}, fused.get(0));
      assertArrayEquals(new double[] {3, 0, 0.5}, fused.get(1));
    }
  }

  @Test
  void theSoftmaxOfTheScoreIsTheMeanProbability() {
    double[] first = softmax(LOGITS.get(0));
    double[] second = softmax(LOGITS.get(1));
    double[] fused = softmax(LateFusion.MEAN_PROB.fuse(LOGITS));
    for (int c = 0; c < fused.length; c++) {
      assertEquals((first[c] + second[c]) / 2, fused[c], 1e-12);
    }
  }

  @Test
  void theSigmoidOfTheMultiLabelScoreIsTheMeanProbability() {
    double[] fused = LateFusion.MEAN_PROB.fuseMultiLabel(LOGITS);
    for (int c = 0; c < fused.length; c++) {
      double mean = (sigmoid(LOGITS.get(0)[c]) + sigmoid(LOGITS.get(1)[c])) / 2;
      assertEquals(mean, sigmoid(fused[c]), 1e-12);
    }
  }

  @Test
  void certainHeadsKeepTheirOrder() {
    double[] fused =
        LateFusion.MEAN_PROB.fuseMultiLabel(
            List.of(new double[] {800, -800, 900}, new double[] {800, -800, 900}));
    assertArrayEquals(new double[] {800, -800, 900}, fused, 1e-9);
  }

  @ParameterizedTest
  @EnumSource
  void oneHeadIsNotChanged(LateFusion fusion) {
    double[] alone = {1, -2, 0.5};
    assertArrayEquals(alone, fusion.fuseMultiLabel(List.of(alone)), 1e-12);
    assertArrayEquals(softmax(alone), softmax(fusion.fuse(List.of(alone))), 1e-12);
  }
}
