package dev.lacuna.training.cmg;

import dev.lacuna.training.cmg.CodeRetrieval.Search;
import dev.lacuna.training.cmg.CodeStatistics.OfPair;
import dev.lacuna.training.cmg.TransferProbe.Transfer;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What codes are judged by, as pictures. */
final class CodePictures {
  private CodePictures() {}

  static List<Diagnostic> of(CodeEvaluation evaluation) {
    List<Diagnostic> pictures = new ArrayList<>();
    if (!evaluation.statistics().pairs().isEmpty()) {
      pictures.add(agreement(evaluation.statistics().pairs()));
    }
    if (!evaluation.steps().isEmpty() || !evaluation.sequences().isEmpty()) {
      pictures.add(transfer(evaluation.steps(), evaluation.sequences()));
    }
    if (!evaluation.searches().isEmpty()) {
      pictures.addAll(searches(evaluation.searches()));
    }
    pictures.addAll(evaluation.usage());
    return pictures;
  }

  private static Diagnostic agreement(List<OfPair> pairs) {
    return new Dots(
        "Agreement of codes",
        "Share of the steps of test samples at which two modalities have the same code, what the"
            + " share would be if they knew nothing of each other, and the normalised mutual"
            + " information of their codes, which asks for a rule from one to the other, whether or"
            + " not the codes are equal.",
        new Axis("share", Scale.LINEAR),
        pairs.stream().map(of -> of.first() + ", " + of.second()).toList(),
        List.of(
            new Series("equal codes", pairs.stream().map(OfPair::agreement).toList()),
            new Series("by chance", pairs.stream().map(OfPair::chance).toList()),
            new Series("mutual information", pairs.stream().map(OfPair::nmi).toList())));
  }

  private static Diagnostic transfer(List<Transfer> steps, List<Transfer> sequences) {
    // first those within a modality, then those between two
    List<String> rows =
        Stream.of(true, false)
            .flatMap(within ->
                Stream.concat(steps.stream(), sequences.stream())
                    .filter(of -> of.isWithin() == within)
                    .map(CodePictures::name))
            .distinct()
            .toList();
    int examples =
        Stream.concat(sequences.stream(), steps.stream())
            .mapToInt(Transfer::examples)
            .max()
            .orElseThrow();
    return new Dots(
        "Transfer of classes from modality to modality",
        "Accuracy of a linear probe that learns classes from the codes of the modality left of the"
            + " arrow, on training samples, and is tested on the codes of the one right of it, in"
            + " up to "
            + examples
            + " steps or sequences of test samples that have both. Rows without an arrow are tested"
            + " on the modality that they learn from: what transfer can reach. The logits of a"
            + " sequence are the mean over its steps.",
        new Axis("accuracy", Scale.LINEAR),
        rows,
        Stream.of(series("per step", rows, steps), series("per sequence", rows, sequences))
            .filter(series -> series.values().stream().anyMatch(value -> !value.isNaN()))
            .toList());
  }

  private static Series series(String name, List<String> rows, List<Transfer> transfers) {
    return new Series(
        name,
        rows.stream()
            .map(row ->
                transfers.stream()
                    .filter(of -> name(of).equals(row))
                    .map(Transfer::accuracy)
                    .findFirst()
                    .orElse(Double.NaN))
            .toList());
  }

  private static String name(Transfer of) {
    return of.isWithin() ? of.to() : arrow(of.from(), of.to());
  }

  private static String arrow(String from, String to) {
    return from + " → " + to;
  }

  private static List<Diagnostic> searches(List<Search> searches) {
    String how =
        "The codes of a test sample in the modality left of the arrow search for the same sample's"
            + " in the one right of it, among up to "
            + searches.stream().mapToInt(Search::items).max().orElseThrow()
            + ", by the cosine of code vectors, mean over steps. Ties count against the sample.";
    List<String> rows = searches.stream().map(of -> arrow(of.from(), of.to())).toList();
    return List.of(
        new Dots(
            "Search across modalities",
            how + " Shares of searches that find it first and among the first five.",
            new Axis("recall", Scale.LINEAR),
            rows,
            List.of(
                new Series("first", searches.stream().map(Search::recallAt1).toList()),
                new Series("first five", searches.stream().map(Search::recallAt5).toList()))),
        new Dots(
            "Median rank in search across modalities",
            how + " Half of the searches find it at this rank or before; 1 is best.",
            new Axis("rank", Scale.LINEAR),
            rows,
            List.of(
                new Series("median rank", searches.stream().map(Search::medianRank).toList()))));
  }
}
