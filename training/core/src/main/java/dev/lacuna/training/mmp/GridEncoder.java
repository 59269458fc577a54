package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.nn.TransformerEncoder;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.nn.VisionTransformer;
import dev.lacuna.training.data.Modality;

/** A transformer of images, spectrograms, and vectors cut into pieces. */
final class GridEncoder implements ModalityEncoder {
  /** Patches of an input, at most, where the size of a patch is ours to choose. */
  private static final int MOST_PATCHES = 64;

  /** Pieces of a vector. */
  private static final int PIECES = 16;

  /** Of those that learn from a run's own samples, which are few. */
  private static final int DEPTH = 2;

  private final VisionTransformer transformer;

  GridEncoder(VisionTransformer transformer) {
    this.transformer = transformer;
  }

  /** Sizes of a transformer for a modality of which there is no pretrained one. */
  static Config config(int width, Norm norm) {
    int heads = width % 4 == 0 ? 4 : 1;
    return new Config(
        width, DEPTH, heads, 4 * width, norm, VisionTransformer.EPSILON, Activation.GELU);
  }

  /** How a modality's features are cut into patches. */
  static VisionTransformer.Input input(Modality modality) {
    int height = modality.height();
    int width = modality.width();
    if (height == 1) {
      int pieces = PIECES;
      while (modality.size() % pieces != 0) {
        pieces--;
      }
      return new VisionTransformer.Input(modality.size() / pieces, 1, pieces, 1);
    }
    if (height < 4 || width < 4) {
      throw new IllegalArgumentException(
          "modality "
              + modality.name()
              + " is "
              + height
              + " x "
              + width
              + ", want at least 4 x 4, or a height of 1");
    }
    int patch = 2;
    while ((height / patch) * (width / patch) > MOST_PATCHES && patch < Math.min(height, width)) {
      patch++;
    }
    return new VisionTransformer.Input(modality.channels(), height, width, patch);
  }

  @Override
  public Embedded embed(Tape tape, float[][] rows) {
    VisionTransformer.Input input = transformer.input();
    int size = rows[0].length;
    float[] all = new float[rows.length * size];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, all, i * size, size);
    }
    return new Embedded(
        transformer.embed(
            tape.input(all, rows.length, input.channels(), input.height(), input.width())),
        null);
  }

  @Override
  public TransformerEncoder blocks() {
    return transformer.encoder();
  }

  @Override
  public double[] classToken() {
    return transformer.classToken();
  }
}
