package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A data set in memory, as the training loops read it.
 *
 * @param name such as {@code avmnist}
 * @param modalities the feature tables
 * @param classNames classNames.get(c) is what the data calls class c
 * @param train to learn from
 * @param validation to choose by
 * @param test to report on
 * @param humanClips human recordings without images, or null where there are none
 */
public record MultimodalData(
    String name,
    List<Modality> modalities,
    List<String> classNames,
    Split train,
    Split validation,
    Split test,
    @Nullable Split humanClips) {
  /** Classes that have no names but their numbers. */
  public MultimodalData(
      String name,
      List<Modality> modalities,
      int classes,
      Split train,
      Split validation,
      Split test,
      @Nullable Split humanClips) {
    this(
        name,
        modalities,
        IntStream.range(0, classes).mapToObj(Integer::toString).toList(),
        train,
        validation,
        test,
        humanClips);
  }

  /**
   * Checks that all splits fit the feature tables, and that modalities which are sequences have the
   * same number of steps.
   */
  public MultimodalData {
    modalities = List.copyOf(modalities);
    classNames = List.copyOf(classNames);
    int classes = classNames.size();
    if (modalities.isEmpty() || classes < 2) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "data set "
              + name
              + " has "
              + modalities.size()
              + " modalities and "
              + classes
              + " classes, want 1 and 2 or more");
    }
    int steps = steps(name, modalities);
    for (Split split : splits(train, validation, test, humanClips)) {
      split.check(classes, modalities, steps);
      if (split.multiLabel() != train.multiLabel()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "data set "
                + name
                + " has several labels a sample in one of splits train and "
                + split.name()
                + " alone, want the same in all");
      }
    }
  }

  private static int steps(String name, List<Modality> modalities) {
    List<Modality> sequences =
        modalities.stream().filter(modality -> modality.steps() > 1).toList();
    for (Modality modality : sequences) {
      Modality first = sequences.getFirst();
      if (modality.steps() != first.steps()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "data set "
                + name
                + " has sequences of unequal lengths: modality "
                + first.name()
                + " has "
                + first.steps()
                + " steps and modality "
                + modality.name()
                + " "
                + modality.steps()
                + ", want the same");
      }
    }
    return sequences.isEmpty() ? 1 : sequences.getFirst().steps();
  }

  private static List<Split> splits(
      Split train, Split validation, Split test, @Nullable Split humanClips) {
    return humanClips == null
        ? List.of(train, validation, test)
        : List.of(train, validation, test, humanClips);
  }

  /** Steps of the modalities that are sequences, 1 where none is. */
  public int steps() {
    return modalities.stream().mapToInt(Modality::steps).max().orElse(1);
  }

  /** Number of classes of steps: their labels are 0 to stepClasses() - 1; 0 where none is known. */
  public int stepClasses() {
    return 1
        + splits(train, validation, test, humanClips).stream()
            .map(Split::stepLabels)
            .filter(Objects::nonNull)
            .flatMap(Arrays::stream)
            .flatMapToInt(Arrays::stream)
            .max()
            .orElse(Split.UNLABELLED);
  }

  /** Whether a sample may have several classes, or none. */
  public boolean multiLabel() {
    return train.multiLabel();
  }

  /** The samples of a part. */
  public Split split(Part part) {
    return switch (part) {
      case TRAIN -> train;
      case VALIDATION -> validation;
      case TEST -> test;
    };
  }

  /**
   * CRC-32 of labels, presence and features of all samples to train, choose and report by, and of
   * the steps of sequences and their labels.
   */
  public long checksum() {
    CRC32 crc = new CRC32();
    for (Modality modality : modalities) {
      if (modality.steps() > 1) {
        crc.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, modality.steps()));
      }
    }
    for (Split split : List.of(train, validation, test)) {
      ByteBuffer labels = ByteBuffer.allocate(Integer.BYTES * split.size());
      labels.asIntBuffer().put(split.labels());
      crc.update(labels);
      if (split.targets() != null) {
        for (boolean[] row : split.targets()) {
          for (boolean target : row) {
            crc.update(target ? 1 : 0);
          }
        }
      }
      if (split.stepLabels() != null) {
        for (int[] row : split.stepLabels()) {
          ByteBuffer ofSteps = ByteBuffer.allocate(Integer.BYTES * row.length);
          ofSteps.asIntBuffer().put(row);
          crc.update(ofSteps);
        }
      }
      // without it a feature could move to the next sample that lacks one
      crc.update(split.presence().toBytes());
      for (int m = 0; m < modalities.size(); m++) {
        Modality modality = modalities.get(m);
        ByteBuffer row = ByteBuffer.allocate(Float.BYTES * modality.size());
        for (int index : split.rowOf()[m]) {
          if (index != Split.ABSENT) {
            row.clear().asFloatBuffer().put(modality.rows()[index]);
            crc.update(row);
          }
        }
      }
    }
    return crc.getValue();
  }

  /** Number of classes; labels are 0 to classes() - 1. */
  public int classes() {
    return classNames.size();
  }

  /** Names of the modalities in the order of the tables. */
  public List<String> modalityNames() {
    return modalities.stream().map(Modality::name).toList();
  }
}
