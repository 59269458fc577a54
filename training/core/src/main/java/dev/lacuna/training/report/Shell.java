package dev.lacuna.training.report;

/** Commands to be typed. */
public final class Shell {
  private Shell() {}

  /** A word as a shell reads it. */
  public static String quoted(String word) {
    return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
