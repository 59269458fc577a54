package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Samples of one split.
 *
 * @param name {@code train}, {@code validation}, {@code test} or {@code human_clips}
 * @param labels labels[i] is the class of sample i; {@link #UNLABELLED} of all that are multi-label
 * @param targets of multi-label samples, which have any number of classes: targets[i][c] says
 *     whether sample i is of class c, an empty row that nobody knows; null where a sample has one
 *     class; not to be changed
 * @param rowOf rowOf[m][i] is the row of sample i in modality m, or {@link #ABSENT}; not to be
 *     changed
 * @param ids ids.get(i) is what the data calls sample i
 * @param groups what samples share that makes them alike, by its name: groups.get("voice").get(i)
 *     is whose voice sample i has; empty where the data does not know
 * @param stepLabels of sequences: stepLabels[i][t] is the class of step t of sample i, {@link
 *     #UNLABELLED} where it is not known; these are classes of steps, which need not be those of
 *     samples; null where nothing is known of steps; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
public record Split(
    String name,
    int[] labels,
    boolean @Nullable [][] targets,
    int[][] rowOf,
    List<String> ids,
    Map<String, List<String>> groups,
    int @Nullable [][] stepLabels) {
  /** The row of a modality that a sample does not have. */
  public static final int ABSENT = -1;

  /** The label of a sample or step whose class is not known. */
  public static final int UNLABELLED = -1;

  /** More classes of steps than anybody has. */
  private static final int MOST_STEP_CLASSES = 1 << 16;

  /** Samples that have no names but their numbers. */
  public Split(String name, int[] labels, int[][] rowOf) {
    this(
        name,
        labels,
        rowOf,
        IntStream.range(0, labels.length).mapToObj(Integer::toString).toList());
  }

  /** Samples of which nothing is known that they share. */
  public Split(String name, int[] labels, int[][] rowOf, List<String> ids) {
    this(name, labels, null, rowOf, ids, Map.of());
  }

  /** Samples of whose steps nothing is known. */
  public Split(
      String name,
      int[] labels,
      boolean @Nullable [][] targets,
      int[][] rowOf,
      List<String> ids,
      Map<String, List<String>> groups) {
    this(name, labels, targets, rowOf, ids, groups, null);
  }

  /** Multi-label samples, see {@link #targets}. */
  public static Split multiLabel(
      String name, boolean[][] targets, int[][] rowOf, List<String> ids) {
    int[] labels = new int[targets.length];
    Arrays.fill(labels, UNLABELLED);
    return new Split(name, labels, targets, rowOf, ids, Map.of());
  }

  /**
   * Checks that every modality has a row or ABSENT for every sample, and every sample an id, a
   * place in every grouping and, where samples are multi-label, targets and no label, and where
   * steps have labels, a row of them.
   */
  public Split {
    ids = List.copyOf(ids);
    Map<String, List<String>> copy = new LinkedHashMap<>();
    groups.forEach((grouping, of) -> copy.put(grouping, List.copyOf(of)));
    groups = Collections.unmodifiableMap(copy);
    groups.forEach((grouping, of) -> {
      if (of.size() != labels.length) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "split "
                + name
                + " has "
                + labels.length
                + " labels but groups by "
                + grouping
                + " of "
                + of.size()
                + " samples");
      }
    });
    if (ids.size() != labels.length) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "split " + name + " has " + labels.length + " labels but " + ids.size() + " ids");
    }
    if (targets != null
        && (targets.length != labels.length
            || Arrays.stream(labels).anyMatch(label -> label != UNLABELLED))) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "split "
              + name
              + " has "
              + labels.length
              + " labels and targets of "
              + targets.length
              + " samples, want targets of all and labels of none, or no targets");
    }
    if (stepLabels != null && stepLabels.length != labels.length) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "split "
              + name
              + " has "
              + labels.length
              + " labels but labels of steps of "
              + stepLabels.length
              + " samples");
    }
    for (int modality = 0; modality < rowOf.length; modality++) {
      if (rowOf[modality].length != labels.length) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "split "
                + name
                + " has "
                + labels.length
                + " labels but "
                + rowOf[modality].length
                + " rows of modality "
                + modality);
      }
    }
  }

  /** The same samples with what they share. */
  public Split withGroups(Map<String, List<String>> shared) {
    return new Split(name, labels, targets, rowOf, ids, shared, stepLabels);
  }

  /** The same samples with other rows. */
  public Split withRows(int[][] other) {
    return new Split(name, labels, targets, other, ids, groups, stepLabels);
  }

  /** The same samples with labels of their steps, see {@link #stepLabels}. */
  public Split withStepLabels(int @Nullable [][] ofSteps) {
    return new Split(name, labels, targets, rowOf, ids, groups, ofSteps);
  }

  /** Whether a sample may have several classes, or none. */
  public boolean multiLabel() {
    return targets != null;
  }

  /** Some samples in an order of one's own, possibly more than once. */
  public Split select(int[] chosen) {
    Map<String, List<String>> shared = new LinkedHashMap<>();
    groups.forEach((grouping, of) -> shared.put(grouping, select(of, chosen)));
    return new Split(
        name,
        select(labels, chosen),
        targets == null
            ? null
            : Arrays.stream(chosen).mapToObj(i -> targets[i]).toArray(boolean[][]::new),
        select(rowOf, chosen),
        select(ids, chosen),
        shared,
        stepLabels == null
            ? null
            : Arrays.stream(chosen).mapToObj(i -> stepLabels[i]).toArray(int[][]::new));
  }

  private static List<String> select(List<String> values, int[] chosen) {
    return Arrays.stream(chosen).mapToObj(values::get).toList();
  }

  private static int[] select(int[] values, int[] chosen) {
    return Arrays.stream(chosen).map(i -> values[i]).toArray();
  }

  private static int[][] select(int[][] values, int[] chosen) {
    return Arrays.stream(values).map(row -> select(row, chosen)).toArray(int[][]::new);
  }

  /** Whether a sample is of a class. */
  public boolean isOf(int sample, int classIndex) {
    return targets == null ? labels[sample] == classIndex : targets[sample][classIndex];
  }

  /** Number of samples. */
  public int size() {
    return labels.length;
  }

  /**
   * What the data has, before a missing table takes more away.
   *
   * @throws LacunaException where a sample has nothing, naming it
   */
  public Presence presence() {
    byte[] table = new byte[labels.length * rowOf.length];
    for (int sample = 0; sample < labels.length; sample++) {
      for (int modality = 0; modality < rowOf.length; modality++) {
        table[sample * rowOf.length + modality] =
            (byte) (rowOf[modality][sample] == ABSENT ? 0 : 1);
      }
    }
    return new Presence(labels.length, rowOf.length, table);
  }

  /**
   * Checks labels and rows against the data set that this split belongs to.
   *
   * @param steps steps of its sequences, 1 where it has none
   */
  void check(int classes, List<Modality> modalities, int steps) {
    if (rowOf.length != modalities.size()) {
      throw bad("has rows of " + rowOf.length + " modalities, want " + modalities.size());
    }
    for (int sample = 0; sample < labels.length; sample++) {
      if (targets != null) {
        if (targets[sample].length != classes) {
          throw bad(
              "sample " + sample + " has " + targets[sample].length + " targets, want " + classes);
        }
      } else if (labels[sample] < 0 || labels[sample] >= classes) {
        throw bad(
            "sample " + sample + " has label " + labels[sample] + ", want 0 to " + (classes - 1));
      }
      for (int modality = 0; modality < rowOf.length; modality++) {
        int row = rowOf[modality][sample];
        int rows = modalities.get(modality).rows().length;
        if (row < ABSENT || row >= rows) {
          throw bad(
              "sample "
                  + sample
                  + " points to row "
                  + row
                  + " of modality "
                  + modalities.get(modality).name()
                  + ", which has "
                  + rows);
        }
      }
    }
    checkSteps(steps);
    try {
      presence();
    } catch (LacunaException e) {
      throw bad(e.getMessage());
    }
  }

  private void checkSteps(int steps) {
    for (int sample = 0; stepLabels != null && sample < labels.length; sample++) {
      if (stepLabels[sample].length != steps) {
        throw bad(
            "sample "
                + sample
                + " has labels of "
                + stepLabels[sample].length
                + " steps, want "
                + steps);
      }
      for (int step = 0; step < steps; step++) {
        int label = stepLabels[sample][step];
        if (label < UNLABELLED || label >= MOST_STEP_CLASSES) {
          throw bad(
              "sample "
                  + sample
                  + " has label "
                  + label
                  + " at step "
                  + step
                  + ", want 0 to "
                  + (MOST_STEP_CLASSES - 1)
                  + ", or -1 where it is not known");
        }
      }
    }
  }

  private LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "split " + name + ": " + message);
  }
}
