package dev.lacuna.training.mmp;

import dev.lacuna.Context;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.Weights;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.nn.VisionTransformer;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.mmp.MmpOptions.ImageEncoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A transformer for each modality: one with pretrained weights where there are such that fit, and
 * otherwise one that has to learn by itself first. Their biases lie in the store of the run.
 */
final class ModalityEncoders implements AutoCloseable {
  private final Context context;
  private final ParameterStore store;

  /** Weights that others have pretrained, which no run keeps. */
  private final List<ParameterStore> ofOthers = new ArrayList<>();

  private final List<ModalityEncoder> all = new ArrayList<>();
  private final Map<String, String> described = new LinkedHashMap<>();
  private final List<ParameterGroup> biases = new ArrayList<>();
  private final List<ParameterGroup> selfTaught = new ArrayList<>();

  ModalityEncoders(
      Context context,
      ParameterStore store,
      List<Modality> modalities,
      MmpOptions options,
      Pretrained given,
      long seed) {
    this.context = context;
    this.store = store;
    for (Modality modality : modalities) {
      ParameterGroup group = store.group(modality.name());
      biases.add(group);
      all.add(encoder(modality, group, options, given, seed + all.size()));
    }
  }

  /** In the order of the modalities. */
  List<ModalityEncoder> all() {
    return all;
  }

  /** What each is, by modality, for people. */
  Map<String, String> described() {
    return described;
  }

  /** Of every modality, in their order. */
  List<ParameterGroup> biases() {
    return biases;
  }

  /** Weights that learn before they rest. */
  List<ParameterGroup> selfTaught() {
    return selfTaught;
  }

  /** Weights that others have pretrained. */
  List<ParameterGroup> pretrained() {
    return ofOthers.stream().flatMap(own -> own.groups().stream()).toList();
  }

  private ModalityEncoder encoder(
      Modality modality, ParameterGroup biases, MmpOptions options, Pretrained given, long seed) {
    Weights text = given.text();
    if (modality.hasTokens()) {
      if (text != null) {
        TextEncoder.requireFit(text, modality);
      }
      return text != null
          ? TextEncoder.of(frozen(modality, biases), text)
          : TextEncoder.fresh(
              selfTaught(modality, biases),
              modality,
              GridEncoder.config(options.width(), Norm.POST),
              seed);
    }
    Weights image = given.image();
    if (image != null
        && options.imageEncoder() == ImageEncoder.PRETRAINED
        && fits(image, modality)) {
      Groups groups = frozen(modality, biases);
      return new GridEncoder(new VisionTransformer(groups, image, given.imageHeads()));
    }
    VisionTransformer.Input input = GridEncoder.input(modality);
    return new GridEncoder(
        new VisionTransformer(
            selfTaught(modality, biases),
            input,
            GridEncoder.config(options.width(), Norm.PRE),
            seed));
  }

  /** Weights that learn before they rest. */
  private Groups selfTaught(Modality modality, ParameterGroup biases) {
    described.put(
        "transformer of " + modality.name(),
        "learns from this run's samples, then rests; pretrained ones take images of 3 x 32 x 32"
            + " and texts of tokens, these are "
            + (modality.hasTokens()
                ? "texts of other tokens"
                : modality.channels() + " x " + modality.height() + " x " + modality.width()));
    ParameterGroup weights = store.group(modality.name() + ".weights");
    selfTaught.add(weights);
    return new Groups(weights, biases);
  }

  /** Weights in a store of their own, which no run keeps. */
  private Groups frozen(Modality modality, ParameterGroup biases) {
    ParameterStore own = new ParameterStore(context);
    ofOthers.add(own);
    described.put("transformer of " + modality.name(), "pretrained, at rest but for its biases");
    ParameterGroup weights = own.group(modality.name() + ".weights");
    weights.freeze();
    return new Groups(weights, biases);
  }

  private static boolean fits(Weights image, Modality modality) {
    VisionTransformer.Input input = VisionTransformer.input(image);
    return input.channels() == modality.channels()
        && input.height() == modality.height()
        && input.width() == modality.width();
  }

  @Override
  public void close() {
    ofOthers.forEach(ParameterStore::close);
  }
}
