package dev.lacuna.training.cmg;

import dev.lacuna.training.metrics.Cosines;
import dev.lacuna.training.metrics.Retrieval;
import java.util.ArrayList;
import java.util.List;

/**
 * Search across modalities by codes: how well a sample's sequence in one modality finds that
 * sample's in another.
 */
final class CodeRetrieval {
  /**
   * Search in one direction.
   *
   * @param from modality of the queries
   * @param to modality of the items
   * @param recallAt1 share of queries whose own sample comes first; ties count against it
   * @param recallAt5 share of queries whose own sample is among the first five
   * @param medianRank of the own sample, 1 is best
   * @param queries samples that have both modalities
   * @param items samples that have the modality of the items
   */
  record Search(
      String from,
      String to,
      double recallAt1,
      double recallAt5,
      double medianRank,
      int queries,
      int items) {}

  private CodeRetrieval() {}

  /**
   * All ordered pairs of modalities of which some sample has both. The score of query and item is
   * the mean over steps of the cosine of their codes' vectors.
   *
   * @param codebook [code][width]
   */
  static List<Search> all(double[][] codebook, CodedSplit split) {
    CodeVectors.requireCodes(codebook, split);
    double[][] cosines = Cosines.of(codebook, codebook);
    List<Search> searches = new ArrayList<>();
    for (int a = 0; a < split.modalities().size(); a++) {
      for (int b = 0; b < split.modalities().size(); b++) {
        if (a != b && split.having(a, b).length > 0) {
          searches.add(search(cosines, split, a, b));
        }
      }
    }
    return searches;
  }

  private static Search search(double[][] cosines, CodedSplit split, int a, int b) {
    int[] queries = split.having(a, b);
    int[] items = split.having(b);
    int[] ranks = new int[queries.length];
    double[] scores = new double[items.length];
    int own = 0;
    for (int q = 0; q < queries.length; q++) {
      int[] query = split.codes()[a][queries[q]];
      for (int i = 0; i < items.length; i++) {
        scores[i] = score(cosines, query, split.codes()[b][items[i]]);
      }
      // both rise, and every query is an item
      while (items[own] != queries[q]) {
        own++;
      }
      ranks[q] = Retrieval.rank(scores, own);
    }
    return new Search(
        split.modalities().get(a),
        split.modalities().get(b),
        Retrieval.recallAt(1, ranks),
        Retrieval.recallAt(5, ranks),
        Retrieval.medianRank(ranks),
        queries.length,
        items.length);
  }

  private static double score(double[][] cosines, int[] query, int[] item) {
    double sum = 0;
    for (int t = 0; t < query.length; t++) {
      sum += cosines[query[t]][item[t]];
    }
    return sum / query.length;
  }
}
