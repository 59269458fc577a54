package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.cmg.CodeStatistics.OfModality;
import dev.lacuna.training.cmg.CodeStatistics.OfPair;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Numbers of codes made by hand. */
class CodeStatisticsTest {
  @Test
  void handMadeCodesHaveTheNumbersThatOneCounts() {
    int[][] image = {{0, 0}, {1, 1}, {5, 5}};
    int[][] audio = {{0, 1}, {1, 1}, null};
    int[][] labels = {{7, 7}, {8, 8}, {-1, -1}};
    CodeStatistics statistics = CodeStatistics.of(Coded.of(image, audio, labels));
    assertEquals(3, statistics.inUse());
    OfModality ofImage = statistics.modalities().get(0);
    assertEquals("image", ofImage.name());
    assertEquals(3, ofImage.inUse());
    assertEquals(3, ofImage.perplexity(), 1e-12);
    assertEquals(1, ofImage.stepNmi(), 1e-12, "the step of no class does not count");
    OfModality ofAudio = statistics.modalities().get(1);
    // shares 1/4 and 3/4
    assertEquals(4 / Math.pow(3, 0.75), ofAudio.perplexity(), 1e-12);
    assertEquals(2, ofAudio.inUse());
    OfPair pair = statistics.pairs().getFirst();
    assertEquals(0.75, pair.agreement());
    assertEquals(0.5 * 0.25 + 0.5 * 0.75, pair.chance(), 1e-15, "of samples that have both");
    assertEquals(1.5, pair.overChance(), 1e-12);
    assertEquals(1, statistics.pairs().size());
  }

  @Test
  void independentCodesAgreeByChance() {
    int[][] image = Coded.random(2000, 10, 8, 1);
    int[][] audio = Coded.random(2000, 10, 8, 2);
    int[][] labels = Coded.random(2000, 10, 5, 3);
    CodeStatistics statistics = CodeStatistics.of(Coded.of(image, audio, labels));
    OfPair pair = statistics.pairs().getFirst();
    assertEquals(0.125, pair.agreement(), 0.01);
    assertEquals(1, pair.overChance(), 0.08);
    assertEquals(0, pair.nmi(), 0.002);
    for (OfModality of : statistics.modalities()) {
      assertEquals(8, of.perplexity(), 0.01);
      assertEquals(0, of.stepNmi(), 0.002);
    }
  }

  @Test
  void equalCodesAgree() {
    int[][] codes = Coded.random(50, 4, 8, 1);
    OfPair pair = CodeStatistics.of(Coded.of(codes, codes, codes)).pairs().getFirst();
    assertEquals(1, pair.agreement());
    assertEquals(1, pair.nmi(), 1e-12);
    assertEquals(8, pair.overChance(), 0.5);
  }

  /**
   * A rule between the two that is not equality: mutual information sees it, agreement does not.
   */
  @Test
  void codesOfTheirOwnNeverAgree() {
    int[][] image = Coded.divided(Coded.random(20, 4, 8, 1), 2);
    int[][] audio = new int[image.length][];
    for (int i = 0; i < image.length; i++) {
      audio[i] = new int[] {4 + image[i][0], 4 + image[i][1], 4 + image[i][2], 4 + image[i][3]};
    }
    OfPair pair = CodeStatistics.of(Coded.of(image, audio, null)).pairs().getFirst();
    assertEquals(0, pair.agreement());
    assertEquals(0, pair.overChance());
    assertEquals(1, pair.nmi(), 1e-12);
  }

  @Test
  void whatNobodyHasIsLeftOut() {
    int[][] image = {{0}, null};
    int[][] audio = {null, {0}};
    CodedSplit apart = Coded.of(image, audio, null);
    assertEquals(List.of(), CodeStatistics.of(apart).pairs());
    assertTrue(Double.isNaN(CodeStatistics.of(apart).modalities().getFirst().stepNmi()));
    CodedSplit silent = Coded.of(new int[][] {{0}}, new int[][] {null}, null);
    assertEquals(1, CodeStatistics.of(silent).modalities().size());
  }
}
