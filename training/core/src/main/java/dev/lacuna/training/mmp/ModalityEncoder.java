package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.TransformerEncoder;
import org.jspecify.annotations.Nullable;

/** The transformer of a modality. */
interface ModalityEncoder {
  /**
   * Embedded inputs.
   *
   * @param tokens [b, n, width], the class token first
   * @param mask b * n bytes, 1 where there is a token and 0 where there is padding; null: all are
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
  record Embedded(Tensor tokens, byte @Nullable [] mask) {}

  /**
   * Embeds rows of the modality's table.
   *
   * @param rows one feature each, [b, size]
   */
  Embedded embed(Tape tape, float[][] rows);

  /**
   * Whether rows may be in one batch of an evaluation: what is said of one must not hang on the
   * others, as the number of positions of a batch does on its longest text.
   *
   * @return a number that only rows of one batch share
   */
  default int kind(float[] row) {
    return 0;
  }

  /** The blocks. */
  TransformerEncoder blocks();

  /**
   * Where prompts begin, [width]: the embedded class token as the model has learned it, and
   * something random where it has not.
   */
  double[] classToken();
}
