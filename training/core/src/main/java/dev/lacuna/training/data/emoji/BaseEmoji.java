package dev.lacuna.training.data.emoji;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which emoji are one for all that they mean: a model that has seen the woman farmer knows the man
 * farmer. Skin tones, genders and the direction someone faces do not count.
 *
 * <p>The name of such a family is its neutral member's code points without joiners and variation
 * selectors: {@code 1F9D1-1F33E} for the woman, the man and the person who is a farmer. It is made
 * by leaving out of a code
 *
 * <ul>
 *   <li>joiners, variation selectors and skin tones (Unicode Technical Standard 51),
 *   <li>a sign of gender or the arrow to the right behind something else,
 * </ul>
 *
 * and by taking man and woman for person, boy and girl for child, old man and old woman for older
 * person. What Unicode gave a code of its own to each gender is listed, and so are territories with
 * the flag of another: no picture of the test shall be in training.
 */
final class BaseEmoji {
  private static final String JOINER = "200D";
  private static final String VARIATION = "FE0F";
  private static final Set<String> IGNORED =
      Set.of(JOINER, VARIATION, "1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF");

  /** Female, male, rightwards: emoji of their own where they come first. */
  private static final Set<String> SIGNS = Set.of("2640", "2642", "27A1");

  private static final String PERSON = "1F9D1";
  private static final String CHILD = "1F9D2";
  private static final String OLDER_PERSON = "1F9D3";

  private static final Map<String, String> NEUTRAL =
      Map.of(
          "1F468", PERSON,
          "1F469", PERSON,
          "1F466", CHILD,
          "1F467", CHILD,
          "1F474", OLDER_PERSON,
          "1F475", OLDER_PERSON);

  private static final String CLAUS = "1F9D1-1F384";
  private static final String CROWN = "1FAC5";
  private static final String PREGNANT = "1FAC4";
  private static final String HOLDING_HANDS = "1F9D1-1F91D-1F9D1";

  private static final String NORWAY = "1F1F3-1F1F4";
  private static final String FRANCE = "1F1EB-1F1F7";

  /** Emoji whose genders, or whose neutral form, have another code; flags with one picture. */
  private static final Map<String, String> SAME =
      Map.ofEntries(
          Map.entry("1F385", CLAUS), // Santa Claus
          Map.entry("1F936", CLAUS), // Mrs. Claus
          Map.entry("1F934", CROWN), // prince
          Map.entry("1F478", CROWN), // princess
          Map.entry("1F930", PREGNANT), // pregnant woman
          Map.entry("1FAC3", PREGNANT), // pregnant man
          Map.entry("1F57A", "1F483"), // man dancing, woman dancing
          Map.entry("1F46B", HOLDING_HANDS), // woman and man
          Map.entry("1F46C", HOLDING_HANDS), // men
          Map.entry("1F46D", HOLDING_HANDS), // women
          Map.entry("1F9D1-2764-1F48B-1F9D1", "1F48F"), // kiss
          Map.entry("1F9D1-2764-1F9D1", "1F491"), // couple with heart
          Map.entry("1F46A", "1F9D1-1F9D1-1F9D2"), // family
          Map.entry("1F1F8-1F1EF", NORWAY), // Svalbard & Jan Mayen
          Map.entry("1F1E7-1F1FB", NORWAY), // Bouvet Island
          Map.entry("1F1E8-1F1F5", FRANCE), // Clipperton Island
          Map.entry("1F1F2-1F1EB", FRANCE), // Saint Martin
          Map.entry("1F1EA-1F1E6", "1F1EA-1F1F8"), // Ceuta & Melilla, Spain
          Map.entry("1F1ED-1F1F2", "1F1E6-1F1FA"), // Heard & McDonald Islands, Australia
          Map.entry("1F1FA-1F1F2", "1F1FA-1F1F8"), // U.S. Outlying Islands, United States
          Map.entry("1F1E9-1F1EC", "1F1EE-1F1F4"), // Diego Garcia, British Indian Ocean Territory
          Map.entry("1F1E8-1F1F6", "1F1F8-1F1E6")); // Sark, which Google draws as Saudi Arabia

  private BaseEmoji() {}

  /**
   * The family's name.
   *
   * @param code upper-case code points joined by {@code -}
   */
  static String of(String code) {
    List<String> kept = new ArrayList<>();
    for (String point : code.split("-", -1)) {
      if (!IGNORED.contains(point) && (kept.isEmpty() || !SIGNS.contains(point))) {
        kept.add(NEUTRAL.getOrDefault(point, point));
      }
    }
    String base = String.join("-", kept);
    return SAME.getOrDefault(base, base);
  }

  /** A code as all tables have it: some leave variation selectors out. */
  static String withoutVariations(String code) {
    return String.join(
        "-", Arrays.stream(code.split("-", -1)).filter(point -> !point.equals(VARIATION)).toList());
  }
}
