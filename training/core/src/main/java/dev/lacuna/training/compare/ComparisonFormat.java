package dev.lacuna.training.compare;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.training.compare.Comparison.Row;
import dev.lacuna.training.compare.Comparison.Versus;
import dev.lacuna.training.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.jspecify.annotations.Nullable;

/** A comparison as text, Markdown, CSV and JSON. */
public final class ComparisonFormat {
  private static final int SCHEMA = 1;
  private static final String NONE = "-";
  static final String GAP = "  ";

  /** A column for people. */
  private record Column(String name, boolean text, Function<Row, String> value) {
    static Column number(String name, Function<Row, String> value) {
      return new Column(name, false, value);
    }

    /** A column that the reference's own rows do not have. */
    static Column versus(String name, Function<Versus, String> value) {
      return number(
          name, row -> row.versusReference() == null ? NONE : value.apply(row.versusReference()));
    }
  }

  private static final List<Column> COLUMNS =
      List.of(
          Column.number("rate", row -> Cell.shortest(row.rate())),
          new Column("system", true, Row::system),
          Column.number("seeds", ComparisonFormat::seeds),
          Column.number(
              "accuracy", row -> String.format(Locale.ROOT, "%.4f", row.accuracy().mean())),
          Column.number("sd", ComparisonFormat::sd),
          Column.versus("diff", versus -> String.format(Locale.ROOT, "%+.4f", versus.difference())),
          Column.versus("95 % interval", ComparisonFormat::interval),
          Column.versus("p", versus -> p(versus.p())),
          Column.versus("Holm p", versus -> p(versus.pHolm())));

  private ComparisonFormat() {}

  /** Aligned columns, 100 characters wide at most, and under them what they mean. */
  public static String text(Comparison comparison) {
    List<List<String>> lines = lines(comparison);
    int[] width =
        IntStream.range(0, COLUMNS.size())
            .map(c -> lines.stream().mapToInt(line -> line.get(c).length()).max().orElse(0))
            .toArray();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      if (i > 1 && comparison.rows().get(i - 1).rate() != comparison.rows().get(i - 2).rate()) {
        text.append('\n');
      }
      List<String> line = lines.get(i);
      text.append(
              IntStream.range(0, width.length)
                  .mapToObj(c -> aligned(line.get(c), width[c], COLUMNS.get(c).text))
                  .collect(Collectors.joining(GAP))
                  .stripTrailing())
          .append('\n');
    }
    text.append('\n');
    notes(comparison).forEach(note -> text.append(note).append('\n'));
    return text.toString();
  }

  /** A Markdown table and under it what its columns mean. */
  public static String markdown(Comparison comparison) {
    List<List<String>> lines = new ArrayList<>(lines(comparison));
    lines.add(1, COLUMNS.stream().map(column -> column.text ? "---" : "---:").toList());
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append("| ").append(String.join(" | ", line)).append(" |\n"));
    return text.append('\n').append(String.join(" ", notes(comparison))).append('\n').toString();
  }

  /** A line a row with all digits; what the reference's own rows do not have is empty. */
  public static String csv(Comparison comparison) {
    StringBuilder text = new StringBuilder();
    line(
        text,
        "rate",
        "system",
        "seeds",
        "samples",
        "accuracy",
        "sd",
        "validation_accuracy",
        "diverged",
        "difference",
        "low",
        "high",
        "p",
        "p_holm");
    for (Row row : comparison.rows()) {
      Versus versus = row.versusReference();
      line(
          text,
          Cell.shortest(row.rate()),
          row.system(),
          row.accuracy().values().size(),
          row.accuracy().n(),
          row.accuracy().mean(),
          row.accuracy().values().size() == 1 ? null : row.accuracy().sd(),
          row.validationAccuracy(),
          row.diverged(),
          versus == null ? null : versus.difference(),
          versus == null ? null : versus.ci95().get(0),
          versus == null ? null : versus.ci95().get(1),
          versus == null ? null : versus.p(),
          versus == null ? null : versus.pHolm());
    }
    return text.toString();
  }

  private static void line(StringBuilder text, @Nullable Object... values) {
    text.append(CSVFormat.DEFAULT.format(values)).append('\n');
  }

  /**
   * The text of compare.json.
   *
   * @param config what was asked for; with the results the part that does not depend on the machine
   * @param run machine, versions, seconds
   */
  public static String json(Comparison comparison, Object config, Object run) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("schema", SCHEMA);
    root.set("config", Json.MAPPER.valueToTree(config));
    root.set("results", Json.MAPPER.valueToTree(comparison));
    root.set("run", Json.MAPPER.valueToTree(run));
    return root.toPrettyString() + "\n";
  }

  private static List<List<String>> lines(Comparison comparison) {
    List<List<String>> lines = new ArrayList<>();
    lines.add(COLUMNS.stream().map(Column::name).toList());
    for (Row row : comparison.rows()) {
      lines.add(COLUMNS.stream().map(column -> column.value.apply(row)).toList());
    }
    return lines;
  }

  /** How many, and with an asterisk how many of them diverged. */
  private static String seeds(Row row) {
    int seeds = row.accuracy().values().size();
    return row.diverged() == 0 ? Integer.toString(seeds) : seeds + " (" + row.diverged() + "*)";
  }

  private static List<String> notes(Comparison comparison) {
    long tests = comparison.rows().stream().filter(row -> row.versusReference() != null).count();
    List<String> notes = new ArrayList<>();
    notes.add(
        String.format(
            Locale.ROOT,
            "rate: share of samples that lack a modality; accuracy: mean over seeds on %,d test"
                + " samples.",
            comparison.samples()));
    if (comparison.rows().stream().anyMatch(row -> row.diverged() > 0)) {
      notes.add("*: so many trainings diverged, which counts as wrong on all samples.");
    }
    if (tests > 0) {
      notes.add(
          String.format(Locale.ROOT, "diff: to %s at the same rate.", comparison.reference()));
      notes.addAll(bootstrap(comparison.replicates(), comparison.clusters()));
      notes.add(String.format(Locale.ROOT, "Holm p: adjusted for the table's %d tests.", tests));
    }
    return notes;
  }

  /** What intervals and p-values come from. */
  static List<String> bootstrap(int replicates, List<String> clusters) {
    List<String> notes = new ArrayList<>();
    notes.add(
        String.format(
            Locale.ROOT,
            "interval, p: paired bootstrap over test samples, %,d replicates.",
            replicates));
    if (!clusters.isEmpty()) {
      notes.add("In it samples are clustered by " + enumerated(clusters) + ".");
    }
    return notes;
  }

  /** One, two and three. */
  private static String enumerated(List<String> names) {
    int last = names.size() - 1;
    return last == 0
        ? names.getFirst()
        : String.join(", ", names.subList(0, last)) + " and " + names.get(last);
  }

  private static String sd(Row row) {
    return row.accuracy().values().size() == 1
        ? NONE
        : String.format(Locale.ROOT, "%.4f", row.accuracy().sd());
  }

  private static String interval(Versus versus) {
    return String.format(Locale.ROOT, "%+.4f to %+.4f", versus.ci95().get(0), versus.ci95().get(1));
  }

  static String p(double p) {
    return p < 0.00005 ? "<0.0001" : String.format(Locale.ROOT, "%.4f", p);
  }

  static String aligned(String value, int width, boolean left) {
    String padding = " ".repeat(width - value.length());
    return left ? value + padding : padding + value;
  }
}
