package dev.lacuna.training.mmp;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.Weights;
import dev.lacuna.nn.Bert;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.TransformerEncoder;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.training.data.Modality;
import java.util.Arrays;

/** A text transformer. */
final class TextEncoder implements ModalityEncoder {
  /** MiniLM's and BERT-base's. */
  private static final int HEADS = 12;

  private static final int CLS = 101;
  private static final int START = 0x3E00;

  private final Bert bert;
  private final double[] classToken;

  private TextEncoder(Bert bert, double[] classToken) {
    this.bert = bert;
    this.classToken = classToken;
  }

  /** That of pretrained weights. */
  static TextEncoder of(Groups groups, Weights weights) {
    return new TextEncoder(new Bert(groups, weights, HEADS), Bert.embedded(weights, CLS));
  }

  /** One that learns from a run's own samples. */
  static TextEncoder fresh(Groups groups, Modality modality, Config config, long seed) {
    CounterRandom random = new CounterRandom(seed, START, 0);
    double[] start = new double[config.width()];
    Arrays.setAll(start, random::normal);
    return new TextEncoder(
        new Bert(groups, modality.vocabulary(), modality.width(), config, seed), start);
  }

  /**
   * Checks that a pretrained transformer takes the texts of a modality.
   *
   * @throws LacunaException with the sizes of both
   */
  static void requireFit(Weights weights, Modality modality) {
    Bert.Size size = Bert.size(weights);
    if (size.vocabulary() != modality.vocabulary() || size.longest() < modality.width()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          modality.name()
              + " has texts of up to "
              + modality.width()
              + " tokens out of "
              + modality.vocabulary()
              + ", the text transformer takes up to "
              + size.longest()
              + " out of "
              + size.vocabulary()
              + "; cut texts with --text-tokens");
    }
  }

  @Override
  public Embedded embed(Tape tape, float[][] rows) {
    int n = Arrays.stream(rows).mapToInt(this::kind).max().orElseThrow();
    int[] ids = new int[rows.length * n];
    byte[] mask = new byte[ids.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < Math.min(n, rows[i].length); j++) {
        ids[i * n + j] = (int) rows[i][j];
        mask[i * n + j] = (byte) (ids[i * n + j] == Modality.PAD ? 0 : 1);
      }
    }
    return new Embedded(bert.embed(tape, ids, n), mask);
  }

  /** Its tokens. */
  @Override
  public int kind(float[] row) {
    int tokens = row.length;
    while (tokens > 1 && row[tokens - 1] == Modality.PAD) {
      tokens--;
    }
    return tokens;
  }

  @Override
  public TransformerEncoder blocks() {
    return bert.encoder();
  }

  @Override
  public double[] classToken() {
    return classToken.clone();
  }
}
