package dev.lacuna.training.report;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The parameters of a trained model as float32, and which system they are of. */
final class ModelFile {
  private ModelFile() {}

  private static final String RESTS_ON = "rests on ";

  /**
   * Writes all parameters.
   *
   * @param restsOn checksums of what they are of use with alone, by name
   */
  static void write(Path path, String system, Map<String, String> restsOn, ParameterStore store) {
    SafeTensors file = new SafeTensors();
    file.metadata().put("system", system);
    restsOn.forEach((name, checksum) -> file.metadata().put(RESTS_ON + name, checksum));
    for (Parameter parameter : store.parameters()) {
      double[] value = parameter.get();
      float[] narrow = new float[value.length];
      for (int i = 0; i < narrow.length; i++) {
        narrow[i] = (float) value[i];
      }
      file.tensors().put(parameter.name(), new SafeTensors.Entry(parameter.shape(), narrow));
    }
    file.write(path);
  }

  /**
   * Reads all parameters; a tensor that is missing or of another shape is named.
   *
   * @param system that they must be of
   * @param restsOn what they must rest on
   */
  static void read(Path path, String system, Map<String, String> restsOn, ParameterStore store) {
    if (!Files.isRegularFile(path)) {
      throw bad(path.getParent() + " has no " + path.getFileName());
    }
    SafeTensors file = SafeTensors.read(path);
    String found = file.metadata().get("system");
    if (found != null && !found.equals(system)) {
      throw bad(path + " is of system " + found + ", the run is of " + system);
    }
    restsOn.forEach((name, checksum) -> {
      String learned = file.metadata().get(RESTS_ON + name);
      if (!checksum.equals(learned)) {
        throw bad(
            path
                + " was learned on top of other "
                + name
                + " (sha256 "
                + learned
                + ", there is "
                + checksum
                + "); put those back, or train again");
      }
    });
    for (Parameter parameter : store.parameters()) {
      parameter.set(value(path, file, parameter));
    }
  }

  private static double[] value(Path path, SafeTensors file, Parameter parameter) {
    float[] narrow;
    try {
      narrow = file.require(parameter.name(), parameter.shape());
    } catch (IllegalArgumentException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, path + " does not fit this run: " + e.getMessage(), e);
    }
    double[] value = new double[narrow.length];
    for (int i = 0; i < value.length; i++) {
      value[i] = narrow[i];
      if (!Double.isFinite(value[i])) {
        throw bad(path + " is damaged: " + parameter.name() + " has " + value[i] + " at " + i);
      }
    }
    return value;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
