package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.training.cmg.CodeRetrieval.Search;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Searches whose ranks one can count. */
class CodeRetrievalTest {
  private static final double[][] CROSS = {{2, 0}, {0, 3}, {-1, 0}, {0, 0}};

  @Test
  void sequencesOfTheirOwnAreFoundFirst() {
    int[][] codes = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    for (Search of : CodeRetrieval.all(CROSS, Coded.of(codes, codes, null))) {
      assertEquals(1, of.recallAt1());
      assertEquals(1, of.recallAt5());
      assertEquals(1, of.medianRank());
      assertEquals(4, of.queries());
    }
  }

  /** All have the same codes: the own sample comes behind all that score as much. */
  @Test
  void tiesCountAgainstTheSample() {
    int[][] same = new int[7][3];
    List<Search> searches = CodeRetrieval.all(CROSS, Coded.of(same, same, null));
    assertEquals(2, searches.size());
    for (Search of : searches) {
      assertEquals(0, of.recallAt5());
      assertEquals(7, of.medianRank());
    }
  }

  /** Cosines with the query 0: itself 1, code 1 is 0, code 2 is -1, the vector 0 is 0. */
  @Test
  void itemsAreAllSamplesOfTheOtherModality() {
    int[][] image = {{0, 0}, null, null, {2, 2}};
    int[][] audio = {{0, 2}, {0, 1}, {1, 3}, {1, 1}};
    List<Search> searches = CodeRetrieval.all(CROSS, Coded.of(image, audio, null));
    // image 0 scores 0, 0.5, 0, 0: its own is tied with two and below one, rank 4;
    // image 3 scores 0, -0.5, 0, 0: its own is tied with two, rank 3
    assertEquals(new Search("image", "audio", 0, 1, 3.5, 2, 4), searches.get(0));
    // audio 0 scores 0 and 0, a tie, rank 2; audio 3 scores 0 and 0 as well
    assertEquals(new Search("audio", "image", 0, 1, 2, 2, 2), searches.get(1));
  }

  @Test
  void withoutSamplesThatHaveBothThereIsNothingToSearch() {
    int[][] image = {{0}, null};
    int[][] audio = {null, {0}};
    assertEquals(List.of(), CodeRetrieval.all(CROSS, Coded.of(image, audio, null)));
  }
}
