package dev.lacuna.training.cmg;

import dev.lacuna.Context;
import dev.lacuna.training.cmg.CodeRetrieval.Search;
import dev.lacuna.training.cmg.TransferProbe.Transfer;
import dev.lacuna.training.cmg.TransferProbe.Unit;
import dev.lacuna.training.report.Diagnostic;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that codes are judged by, on the test split.
 *
 * @param statistics how they are spread and agree
 * @param steps transfer of classes of steps; empty where none is known
 * @param sequences transfer of classes of samples; empty where none is known
 * @param searches across modalities
 * @param usage pictures of which classes use which codes
 */
record CodeEvaluation(
    CodeStatistics statistics,
    List<Transfer> steps,
    List<Transfer> sequences,
    List<Search> searches,
    List<Diagnostic> usage) {
  /** Takes copies. */
  CodeEvaluation {
    steps = List.copyOf(steps);
    sequences = List.copyOf(sequences);
    searches = List.copyOf(searches);
    usage = List.copyOf(usage);
  }

  /**
   * Measures everything.
   *
   * @param context on which probes learn
   * @param codebook [code][width]
   * @param train what probes learn from
   * @param test what everything is measured on
   */
  static CodeEvaluation of(
      Context context, double[][] codebook, CodedSplit train, CodedSplit test) {
    return new CodeEvaluation(
        CodeStatistics.of(test),
        TransferProbe.all(context, codebook, train, test, Unit.STEP),
        TransferProbe.all(context, codebook, train, test, Unit.SEQUENCE),
        CodeRetrieval.all(codebook, test),
        CodeUsage.of(test));
  }

  /** Every number by name. Which there are depends on the data alone; all are finite. */
  Map<String, Double> numbers() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    numbers.put("codes_in_use", (double) statistics.inUse());
    for (CodeStatistics.OfModality of : statistics.modalities()) {
      numbers.put("codes_in_use_" + of.name(), (double) of.inUse());
      numbers.put("perplexity_" + of.name(), of.perplexity());
      if (!Double.isNaN(of.stepNmi())) {
        numbers.put("step_nmi_" + of.name(), of.stepNmi());
      }
    }
    for (CodeStatistics.OfPair of : statistics.pairs()) {
      String pair = "_" + of.first() + "_" + of.second();
      numbers.put("agreement" + pair, of.agreement());
      numbers.put("agreement_over_chance" + pair, of.overChance());
      numbers.put("nmi" + pair, of.nmi());
    }
    put(numbers, "step", steps);
    put(numbers, "sequence", sequences);
    for (Search of : searches) {
      String pair = "_" + of.from() + "_to_" + of.to();
      numbers.put("recall_at_1" + pair, of.recallAt1());
      numbers.put("recall_at_5" + pair, of.recallAt5());
      numbers.put("median_rank" + pair, of.medianRank());
    }
    return numbers;
  }

  private static void put(Map<String, Double> numbers, String unit, List<Transfer> transfers) {
    for (Transfer of : transfers) {
      if (of.isWithin()) {
        numbers.put(unit + "_within_" + of.to(), of.accuracy());
      } else {
        String pair = "_" + of.from() + "_to_" + of.to();
        numbers.put(unit + "_transfer" + pair, of.accuracy());
        numbers.put(unit + "_transfer_share" + pair, of.share());
      }
    }
  }

  /** Pictures for the report. */
  List<Diagnostic> diagnostics() {
    return CodePictures.of(this);
  }
}
