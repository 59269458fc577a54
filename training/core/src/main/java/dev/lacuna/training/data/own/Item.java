package dev.lacuna.training.data.own;

import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.own.FeatureReader.Source;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One sample before its files are read.
 *
 * @param id its name, used once in a data set
 * @param where where it stands, for messages: {@code samples.csv: line 7}, or a file
 * @param sources what it has of each kind, at least one
 * @param labels its classes; none where nothing says so, or a multi-label sample has none
 * @param part the split it is given to, or null where the loader is to choose
 * @param group samples of a group, such as a speaker's, stay in one split; null for none
 * @param steps labels of the steps of its sequences; null where nothing says so
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
record Item(
    String id,
    String where,
    Map<Kind, Source> sources,
    List<String> labels,
    @Nullable Part part,
    @Nullable String group,
    int @Nullable [] steps) {
  /** A sample of whose steps nothing is said. */
  Item(
      String id,
      String where,
      Map<Kind, Source> sources,
      List<String> labels,
      @Nullable Part part,
      @Nullable String group) {
    this(id, where, sources, labels, part, group, null);
  }
}
