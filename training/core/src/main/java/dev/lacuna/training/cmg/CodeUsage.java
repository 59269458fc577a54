package dev.lacuna.training.cmg;

import dev.lacuna.training.data.Split;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Side;
import dev.lacuna.training.report.Diagnostic.Span;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Pictures of which classes use which codes, one a modality. Columns are the same in all of them:
 * where modalities share their codes, the pictures are alike.
 */
final class CodeUsage {
  /** More names than these would be written over each other. */
  private static final int MOST_NAMES = 20;

  private final CodedSplit split;
  private final boolean ofSteps;

  /** Classes that occur, ascending. */
  private final int[] classes;

  /** By modality: shares[m][c][k] of the steps of class c have code k. */
  private final double[][][] shares;

  private CodeUsage(CodedSplit split) {
    this.split = split;
    ofSteps = split.stepLabels() != null;
    int modalities = split.modalities().size();
    int[][] labels = new int[modalities][];
    Arrays.setAll(labels, this::labels);
    classes =
        Arrays.stream(labels)
            .flatMapToInt(Arrays::stream)
            .filter(label -> label != Split.UNLABELLED)
            .distinct()
            .sorted()
            .toArray();
    shares = new double[modalities][][];
    Arrays.setAll(shares, m -> shares(m, labels[m]));
  }

  /** The pictures; none where no class is known. */
  static List<Diagnostic> of(CodedSplit split) {
    CodeUsage usage = new CodeUsage(split);
    return usage.classes.length == 0 ? List.of() : usage.pictures();
  }

  /** The classes of the steps of samples that have a modality, else those of the samples. */
  private int[] labels(int m) {
    int[] samples = split.having(m);
    return ofSteps
        ? split.stepLabelsOf(samples)
        : Arrays.stream(samples)
            .flatMap(i -> Arrays.stream(split.codes()[m][i]).map(code -> split.labels()[i]))
            .toArray();
  }

  private double[][] shares(int m, int[] labels) {
    double[][] counts = new double[classes.length][split.codeCount()];
    int[] codes = split.codesOf(m, split.having(m));
    for (int t = 0; t < codes.length; t++) {
      if (labels[t] != Split.UNLABELLED) {
        counts[Arrays.binarySearch(classes, labels[t])][codes[t]]++;
      }
    }
    for (double[] row : counts) {
      double all = Arrays.stream(row).sum();
      Arrays.setAll(row, k -> all == 0 ? 0 : row[k] / all);
    }
    return counts;
  }

  /** Of all modalities together, how much a class uses a code. */
  private double use(int c, int code) {
    return Arrays.stream(shares).mapToDouble(of -> of[c][code]).sum();
  }

  /** The class that uses a code most, the first of equals. */
  private int owner(int code) {
    int owner = 0;
    for (int c = 1; c < classes.length; c++) {
      owner = use(c, code) > use(owner, code) ? c : owner;
    }
    return owner;
  }

  private List<Diagnostic> pictures() {
    int[] codes =
        IntStream.range(0, split.codeCount())
            .filter(code -> use(owner(code), code) > 0)
            .boxed()
            .sorted(
                Comparator.comparingInt(this::owner)
                    .thenComparingDouble(code -> -use(owner(code), code)))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] owned = new int[classes.length];
    for (int code : codes) {
      owned[owner(code)]++;
    }
    int[] one = new int[classes.length];
    Arrays.fill(one, 1);
    Side rows = side(ofSteps ? "class of the step" : "class of the sample", one);
    Side columns = side("codes, by the class that uses them most", owned);
    return IntStream.range(0, shares.length)
        .filter(m -> split.having(m).length > 0)
        .mapToObj(m -> picture(m, rows, columns, codes))
        .toList();
  }

  private Side side(String label, int[] sizes) {
    if (classes.length > MOST_NAMES) {
      String all = classes[0] + " to " + classes[classes.length - 1];
      return new Side(label, List.of(new Span(all, Arrays.stream(sizes).sum())));
    }
    return new Side(
        label,
        IntStream.range(0, classes.length)
            .filter(c -> sizes[c] > 0)
            .mapToObj(c -> new Span(String.valueOf(classes[c]), sizes[c]))
            .toList());
  }

  private Diagnostic picture(int m, Side rows, Side columns, int[] codes) {
    return new Matrix(
        "Codes by class, " + split.modalities().get(m),
        "Share of a class's "
            + (ofSteps ? "steps" : "steps, which are of the class of their sample,")
            + " that have a code, on the test split; a row adds up to 1. Columns are the "
            + codes.length
            + " codes that any modality uses, those first that the first class uses most, in the"
            + " same order for every modality. A code that means one class has one dark cell in"
            + " its column, and the same one in every modality.",
        rows,
        columns,
        Arrays.stream(shares[m])
            .map(row -> Arrays.stream(codes).mapToObj(code -> row[code]).toList())
            .toList());
  }
}
