package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.multimodal.mmp.ReadOnlyPrompts;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.mmp.ModalityEncoder.Embedded;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Side;
import dev.lacuna.training.report.Diagnostic.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Which tokens read which, of one sample. */
final class AttentionPicture {
  private AttentionPicture() {}

  /**
   * The picture of the sample of a split whose {@link ModalityEncoder#kind} is the largest, of the
   * longest text for one; of several the first.
   *
   * @param options which prompts a prompt reads
   */
  static Diagnostic of(
      ModalityEncoder encoder,
      ReadOnlyPrompts prompts,
      Options options,
      Tape tape,
      MultimodalData data,
      Split split,
      int modality) {
    float[][] table = data.modalities().get(modality).rows();
    int[] rowOf = split.rowOf()[modality];
    int sample =
        Arrays.stream(split.presence().rows(modality))
            .boxed()
            .max(
                Comparator.<Integer>comparingInt(i -> encoder.kind(table[rowOf[i]]))
                    .thenComparing(Comparator.reverseOrder()))
            .orElseThrow();
    List<double[][]> blocks = new ArrayList<>();
    List<Boolean> there = new ArrayList<>();
    tape.reset();
    tape.withoutGradients(() -> {
      Embedded embedded = encoder.embed(tape, new float[][] {table[rowOf[sample]]});
      byte[] mask = embedded.mask();
      for (int i = 0; i < embedded.tokens().size(1); i++) {
        there.add(mask == null || mask[i] != 0);
      }
      Tensor readers = prompts.repeated(tape, 1);
      blocks.addAll(encoder.blocks().attentionWeights(embedded.tokens(), mask, readers, options));
    });
    double[][] mean = mean(blocks);
    int[] shown =
        IntStream.range(0, mean.length).filter(i -> i >= there.size() || there.get(i)).toArray();
    List<Span> spans =
        List.of(
            new Span("inputs", shown.length - prompts.count()),
            new Span("prompts", prompts.count()));
    String also =
        switch (options.prompts()) {
          case NONE -> "inputs alone.";
          case SELF -> "inputs and itself.";
          case FULL -> "inputs and prompts.";
        };
    return new Matrix(
        "Attention, " + data.modalityNames().get(modality),
        "How much a token (row) reads of each token (column): test sample "
            + split.ids().get(sample)
            + ", mean over "
            + blocks.size()
            + " blocks of "
            + encoder.blocks().config().heads()
            + " heads; a row sums to 1. Inputs, the class token first, never read a prompt: their "
            + "cells in the columns of prompts are exactly 0 in every block, because no key of a "
            + "prompt enters the attention of inputs. A prompt reads "
            + also,
        new Side("reads", spans),
        new Side("is read", spans),
        Arrays.stream(shown)
            .mapToObj(i ->
                Arrays.stream(shown).mapToObj(j -> MmpDiagnostics.rounded(mean[i][j])).toList())
            .toList());
  }

  private static double[][] mean(List<double[][]> blocks) {
    int length = blocks.getFirst().length;
    double[][] mean = new double[length][length];
    for (double[][] block : blocks) {
      for (int i = 0; i < length; i++) {
        for (int j = 0; j < length; j++) {
          mean[i][j] += block[i][j] / blocks.size();
        }
      }
    }
    return mean;
  }
}
