package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Part;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * Gives samples to splits, 64 / 16 / 20 %, by hashes of names alone: the same samples are split
 * alike on every machine and with every seed.
 */
final class Parts {
  private static final double TEST = 0.2;
  private static final double VALIDATION = 0.16;
  private static final int STREAM = 0x5917;

  private Parts() {}

  /** The split of each sample. */
  static Part[] of(List<Item> items, String name) {
    Map<String, Part> ofGroup = ofGroups(items, name);
    boolean testGiven = items.stream().anyMatch(item -> item.part() == Part.TEST);
    return items.stream()
        .map(item -> {
          if (item.part() != null) {
            return item.part();
          }
          return item.group() == null
              ? ofId(item.id(), testGiven)
              : Objects.requireNonNull(ofGroup.get(item.group()));
        })
        .toArray(Part[]::new);
  }

  /** A sample stays where it is when others are added. */
  private static Part ofId(String id, boolean testGiven) {
    double rest = testGiven ? 1 : 1 - TEST;
    double hash = hash(id);
    if (hash >= rest) {
      return Part.TEST;
    }
    return hash >= rest * (1 - VALIDATION / (1 - TEST)) ? Part.VALIDATION : Part.TRAIN;
  }

  /** Few groups by their hashes alone might leave a split empty: the shares are of their order. */
  private static Map<String, Part> ofGroups(List<Item> items, String name) {
    List<String> groups =
        items.stream()
            .map(Item::group)
            .filter(Objects::nonNull)
            .distinct()
            .sorted(Comparator.comparingDouble(Parts::hash).thenComparing(group -> group))
            .toList();
    if (groups.size() == 1 || groups.size() == 2) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          name
              + ": all recordings are of "
              + String.join(" and ", groups)
              + ", want three speakers or more: each is in one split alone");
    }
    int test = (int) Math.max(1, Math.round(TEST * groups.size()));
    int validation = (int) Math.max(1, Math.round(VALIDATION * groups.size()));
    Map<String, Part> parts = new HashMap<>();
    for (int i = 0; i < groups.size(); i++) {
      Part part = i < test ? Part.TEST : i < test + validation ? Part.VALIDATION : Part.TRAIN;
      parts.put(groups.get(i), part);
    }
    return parts;
  }

  private static double hash(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(UTF_8));
    return new CounterRandom(crc.getValue(), STREAM, 0).uniform(0);
  }
}
