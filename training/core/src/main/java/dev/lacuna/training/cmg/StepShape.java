package dev.lacuna.training.cmg;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.cmg.CmgModel;
import dev.lacuna.multimodal.cmg.ConvPath;
import dev.lacuna.multimodal.cmg.Front;
import dev.lacuna.multimodal.cmg.LinearPath;
import dev.lacuna.multimodal.cmg.PooledMaps;
import dev.lacuna.nn.Lstm;
import dev.lacuna.training.cmg.CmgOptions.FrontKind;
import dev.lacuna.training.cmg.CmgOptions.PathKind;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.encoder.SmallEncoder;

/** A step of a modality, and the parts of the model that fit it. */
record StepShape(String name, int channels, int height, int width) {
  /** Least side of a step that is convolved. */
  private static final int LEAST_SIDE = 5;

  private static final int LSTM_LAYERS = 2;

  /**
   * The step of a modality.
   *
   * @throws LacunaException where it is a text of tokens, which nothing could reconstruct
   */
  static StepShape of(Modality modality) {
    if (modality.hasTokens()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "cmg makes features again from codes, and "
              + modality.name()
              + " is a text of tokens, want real numbers, such as the --text-size values of a text"
              + " without --text-tokens");
    }
    return new StepShape(
        modality.name(),
        modality.channels() / modality.steps(),
        modality.height(),
        modality.width());
  }

  /** Numbers in a step. */
  int size() {
    return channels * height * width;
  }

  private boolean isPicture() {
    return Math.min(height, width) >= LEAST_SIDE;
  }

  /** Steps [n, channels, height, width], or [n, numbers] where these are no picture. */
  Tensor rows(Tensor sequences, int steps) {
    long n = sequences.size(0) * steps;
    return isPicture()
        ? sequences.reshape(n, channels, height, width)
        : sequences.reshape(n, size());
  }

  /** The parts of the model. */
  CmgModel.Modality modality(CmgOptions options) {
    return new CmgModel.Modality(name, front(options), path(options));
  }

  private CmgModel.FrontMaker front(CmgOptions options) {
    int features = options.width();
    if (options.front() == FrontKind.BILSTM) {
      return (group, random) ->
          Front.of(
              new Lstm(group, "front", size(), features / 2, LSTM_LAYERS, true, random),
              features / 2 * 2);
    }
    if (options.front() == FrontKind.CONV && isPicture()) {
      Modality step = new Modality(name, channels, height, width, new float[0][]);
      return (group, random) -> Front.of(SmallEncoder.of(group, step, features, random), features);
    }
    if (options.front() == FrontKind.MAPS && height > 1) {
      return (group, random) ->
          new PooledMaps(group, channels, height * width, PooledMaps.Places.ATTENTION, random);
    }
    return (group, random) -> Front.flat(size());
  }

  private CmgModel.PathMaker path(CmgOptions options) {
    if (options.path() == PathKind.CONV && isPicture()) {
      return (encoder, decoder, codeWidth, random) ->
          new ConvPath(
              encoder,
              decoder,
              "path",
              channels,
              height,
              width,
              codeWidth,
              ConvPath.Widths.SMALL_PICTURES,
              random);
    }
    return (encoder, decoder, codeWidth, random) ->
        new LinearPath(encoder, decoder, "path", size(), codeWidth, options.width(), random);
  }
}
