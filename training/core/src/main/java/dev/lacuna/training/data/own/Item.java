package dev.lacuna.training.data.own;

import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.own.FeatureReader.Source;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One sample before its files are read.
 *
 * @param id its name, used once in a data set
 * @param where where it stands, for messages: {@code samples.csv: line 7}, or a file
 * @param sources what it has of each kind, at least one
 * @param label its class, or null where nothing says so
 * @param part the split it is given to, or null where the loader is to choose
 * @param group samples of a group, such as a speaker's, stay in one split; null for none
 */
record Item(
    String id,
    String where,
    Map<Kind, Source> sources,
    @Nullable String label,
    @Nullable Part part,
    @Nullable String group) {}
