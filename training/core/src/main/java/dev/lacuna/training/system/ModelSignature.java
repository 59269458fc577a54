package dev.lacuna.training.system;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.OptBoolean;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.report.RunFolder;
import java.util.List;
import java.util.Set;

/**
 * What a model takes and what it gives: all that has to be known beside its parameters to use it
 * again. It is kept in a run's model.json.
 *
 * @param classes what the data calls each class
 * @param multiLabel whether a sample may have several classes, or none
 * @param features how files become features
 * @param inputs the modalities, in the model's order
 */
public record ModelSignature(
    List<String> classes, boolean multiLabel, FeatureOptions features, List<Input> inputs) {
  private static final String FILE = "model.json";

  /** Checks that there are classes and modalities, each once. */
  public ModelSignature {
    classes = List.copyOf(classes);
    inputs = List.copyOf(inputs);
    List<String> names = inputs.stream().map(Input::name).toList();
    if (classes.size() < 2 || Set.copyOf(classes).size() < classes.size()) {
      throw bad("classes are " + classes + ", want two or more, each once");
    }
    if (names.isEmpty() || Set.copyOf(names).size() < names.size()) {
      throw bad("modalities are " + names + ", want one or more, each once");
    }
  }

  /**
   * A modality.
   *
   * @param name such as {@code image}
   * @param channels channels of a feature
   * @param height rows of a feature
   * @param width columns of a feature
   * @param scaling what is done to features
   * @param vocabulary number of token ids, 0 where features are real numbers
   * @param steps steps of a sequence; 1 where there is none, as in files that do not say
   */
  public record Input(
      String name,
      int channels,
      int height,
      int width,
      Scaling scaling,
      int vocabulary,
      @JacksonInject(value = Json.STEPS, useInput = OptBoolean.TRUE) int steps) {
    /** Checks the shape. */
    public Input {
      new Modality(name, channels, height, width, new float[0][], scaling, vocabulary, steps);
    }

    /** Of features that are no sequences. */
    public Input(
        String name, int channels, int height, int width, Scaling scaling, int vocabulary) {
      this(name, channels, height, width, scaling, vocabulary, 1);
    }

    static Input of(Modality modality) {
      return new Input(
          modality.name(),
          modality.channels(),
          modality.height(),
          modality.width(),
          modality.scaling(),
          modality.vocabulary(),
          modality.steps());
    }

    Modality modality() {
      return new Modality(
          name, channels, height, width, new float[0][], scaling, vocabulary, steps);
    }

    private String shape() {
      return name
          + " "
          + modality().shape()
          + (vocabulary > 0 ? " of " + vocabulary + " tokens" : "");
    }
  }

  /** Data of the model's shape without samples: what a learner is made for that takes others. */
  public MultimodalData withoutSamples() {
    int[][] rowOf = new int[inputs.size()][0];
    Split none =
        multiLabel
            ? Split.multiLabel("none", new boolean[0][], rowOf, List.of())
            : new Split("none", new int[0], rowOf, List.of());
    return new MultimodalData("given", modalities(), classes, none, none, none, null);
  }

  /** Of a model for a data set. */
  public static ModelSignature of(MultimodalData data, FeatureOptions features) {
    return new ModelSignature(
        data.classNames(),
        data.multiLabel(),
        features,
        data.modalities().stream().map(Input::of).toList());
  }

  /**
   * That of a run.
   *
   * @throws LacunaException where the file is missing or damaged
   */
  public static ModelSignature read(RunFolder run) {
    return run.readJson(FILE, ModelSignature.class);
  }

  /** Writes it for a new run. */
  public void write(RunFolder run) {
    run.writeJson(FILE, this);
  }

  /** The modalities, without rows. */
  public List<Modality> modalities() {
    return inputs.stream().map(Input::modality).toList();
  }

  /**
   * Checks that data is still what the model has learned from.
   *
   * @param data the signature of a model for that data
   * @param run for messages
   * @throws LacunaException saying what has changed
   */
  public void requireSame(ModelSignature data, String run) {
    requireSame("classes", classes, data.classes, run);
    requireSame("multi-label samples", multiLabel, data.multiLabel, run);
    requireSame("features", features, data.features, run);
    requireSame("modalities", shapes(), data.shapes(), run);
    if (!inputs.equals(data.inputs)) {
      throw bad(
          run
              + ": the data has changed since training, its training features have another mean or"
              + " standard deviation; train again");
    }
  }

  private List<String> shapes() {
    return inputs.stream().map(Input::shape).toList();
  }

  private static void requireSame(String what, Object trained, Object found, String run) {
    if (!trained.equals(found)) {
      throw bad(
          run
              + ": the data has changed since training, "
              + what
              + " are "
              + found
              + ", were "
              + trained
              + "; train again");
    }
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
