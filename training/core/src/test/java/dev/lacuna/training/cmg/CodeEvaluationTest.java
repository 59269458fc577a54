package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Span;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The names of numbers, and what pictures show. */
class CodeEvaluationTest {
  private static final double[][] CODEBOOK = Coded.codebook(6, 8);

  private final Context context = Lacuna.open(Device.parse("reference"));

  @AfterEach
  void close() {
    context.close();
  }

  private static CodedSplit split(int samples, int stream, boolean labelled) {
    int[][] codes = Coded.random(samples, 4, 6, stream);
    return Coded.of(codes, codes, labelled ? Coded.divided(codes, 2) : null);
  }

  private CodeEvaluation evaluation(boolean labelled) {
    return CodeEvaluation.of(context, CODEBOOK, split(60, 1, labelled), split(30, 2, labelled));
  }

  private static Map<String, Diagnostic> byTitle(List<Diagnostic> diagnostics) {
    Map<String, Diagnostic> byTitle = new LinkedHashMap<>();
    diagnostics.forEach(one -> byTitle.put(one.title(), one));
    return byTitle;
  }

  @Test
  void everyNumberHasAName() {
    Map<String, Double> numbers = evaluation(true).numbers();
    assertEquals(6, numbers.get("codes_in_use"));
    assertEquals(6, numbers.get("codes_in_use_audio"));
    assertEquals(6, numbers.get("perplexity_image"), 0.5);
    assertEquals(1, numbers.get("agreement_image_audio"));
    assertEquals(6, numbers.get("agreement_over_chance_image_audio"), 0.5);
    assertEquals(1, numbers.get("nmi_image_audio"), 1e-12);
    assertTrue(numbers.get("step_nmi_image") > 0.7, numbers.toString());
    assertEquals(1, numbers.get("step_within_image"));
    assertEquals(1, numbers.get("step_transfer_image_to_audio"));
    assertEquals(1, numbers.get("step_transfer_share_audio_to_image"));
    assertEquals(1, numbers.get("sequence_within_audio"));
    assertEquals(1, numbers.get("sequence_transfer_share_image_to_audio"));
    assertEquals(1, numbers.get("recall_at_5_image_to_audio"));
    assertEquals(1, numbers.get("median_rank_audio_to_image"));
    assertEquals(28, numbers.size(), numbers.keySet().toString());
    assertTrue(numbers.values().stream().allMatch(Double::isFinite), numbers.toString());
  }

  @Test
  void whereNoClassOfAStepIsKnownSequencesAreLeft() {
    Map<String, Double> numbers = evaluation(false).numbers();
    assertTrue(numbers.keySet().stream().noneMatch(key -> key.startsWith("step_")));
    assertTrue(numbers.containsKey("sequence_transfer_image_to_audio"));
    Dots transfer =
        (Dots)
            byTitle(evaluation(false).diagnostics())
                .get("Transfer of classes from modality to modality");
    assertEquals(
        List.of("per sequence"), transfer.series().stream().map(series -> series.name()).toList());
  }

  @Test
  void picturesShowTheNumbers() {
    Map<String, Diagnostic> pictures = byTitle(evaluation(true).diagnostics());
    assertEquals(
        List.of(
            "Agreement of codes",
            "Transfer of classes from modality to modality",
            "Search across modalities",
            "Median rank in search across modalities",
            "Codes by class, image",
            "Codes by class, audio"),
        List.copyOf(pictures.keySet()));
    Dots transfer = (Dots) pictures.get("Transfer of classes from modality to modality");
    assertEquals(List.of("image", "audio", "image → audio", "audio → image"), transfer.rows());
    assertEquals(
        List.of("per step", "per sequence"),
        transfer.series().stream().map(series -> series.name()).toList());
    assertEquals(List.of(1.0, 1.0, 1.0, 1.0), transfer.series().getFirst().values());
  }

  /** Class 5 has codes 4 and 1, class 9 code 0 alone. */
  @Test
  void columnsAreOrderedByTheClassThatUsesThemMost() {
    int[][] image = {{4, 4, 1, 0}, {4, 0, 0, 0}};
    int[][] audio = {{4, 4, 4, 0}, null};
    int[][] labels = {{5, 5, 5, 9}, {5, 9, 9, 9}};
    List<Diagnostic> usage = CodeUsage.of(Coded.of(image, audio, labels));
    Matrix ofImage = (Matrix) usage.get(0);
    assertEquals(List.of(new Span("5", 1), new Span("9", 1)), ofImage.rows().spans());
    assertEquals(List.of(new Span("5", 2), new Span("9", 1)), ofImage.columns().spans());
    assertEquals(List.of(List.of(0.75, 0.25, 0.0), List.of(0.0, 0.0, 1.0)), ofImage.values());
    Matrix ofAudio = (Matrix) usage.get(1);
    assertEquals(ofImage.columns(), ofAudio.columns());
    assertEquals(List.of(List.of(1.0, 0.0, 0.0), List.of(0.0, 0.0, 1.0)), ofAudio.values());
  }

  @Test
  void manyClassesAreNamedTogetherAndNoneGiveNoPicture() {
    int[][] codes = IntStream.range(0, 30).mapToObj(i -> new int[] {i % 6}).toArray(int[][]::new);
    int[][] classes = IntStream.range(0, 30).mapToObj(i -> new int[] {i}).toArray(int[][]::new);
    Matrix many = (Matrix) CodeUsage.of(Coded.of(codes, codes, classes)).getFirst();
    assertEquals(List.of(new Span("0 to 29", 30)), many.rows().spans());
    assertEquals(List.of(new Span("0 to 29", 6)), many.columns().spans());
    int[] unknown = new int[30];
    Arrays.fill(unknown, -1);
    assertEquals(
        List.of(),
        CodeUsage.of(new CodedSplit(List.of("a"), new int[][][] {codes}, unknown, null)));
  }
}
