package dev.lacuna.training.data.emoji;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Texts without the words that name the classes, which would be answers: {@code flag: Norway} is
 * Norway. Left out are the words of the nine names and their inflections, and {@code person}, the
 * singular of {@code people}.
 */
final class ClassWords {
  /** All of them, in lower case. */
  static final List<String> LIST =
      List.of(
          "smiley",
          "smileys",
          "emotion",
          "emotions",
          "emotional",
          "people",
          "person",
          "persons",
          "personal",
          "body",
          "bodies",
          "animal",
          "animals",
          "nature",
          "natural",
          "food",
          "foods",
          "drink",
          "drinks",
          "drinking",
          "drank",
          "drunk",
          "travel",
          "travels",
          "traveling",
          "travelling",
          "traveler",
          "traveller",
          "place",
          "places",
          "activity",
          "activities",
          "active",
          "object",
          "objects",
          "symbol",
          "symbols",
          "symbolic",
          "flag",
          "flags");

  private static final Pattern WORD =
      Pattern.compile(
          "\\b(" + String.join("|", LIST) + ")\\b",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CHARACTER_CLASS);

  private static final Pattern EDGE = Pattern.compile("^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$");
  private static final Pattern BLANKS = Pattern.compile("\\s+");

  private ClassWords() {}

  /** Phrases without class words, each once, separated by commas; empty where nothing is left. */
  static String without(List<String> phrases) {
    Set<String> left = new LinkedHashSet<>();
    for (String phrase : phrases) {
      String words = BLANKS.matcher(WORD.matcher(phrase).replaceAll(" ")).replaceAll(" ");
      left.add(EDGE.matcher(words).replaceAll(""));
    }
    left.remove("");
    return String.join(", ", left);
  }
}
