package dev.lacuna.training.data.emoji;

import dev.lacuna.training.data.Tokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Words between blanks, each new one with the next id, between 1 and 2. */
final class Whitespace implements Tokens {
  private final List<String> words = new ArrayList<>();

  @Override
  public synchronized int[] ids(String text) {
    IntStream ids =
        Arrays.stream(text.split(" ", -1))
            .mapToInt(word -> {
              if (!words.contains(word)) {
                words.add(word);
              }
              return 3 + words.indexOf(word);
            });
    return IntStream.concat(IntStream.concat(IntStream.of(1), ids), IntStream.of(2)).toArray();
  }

  @Override
  public int vocabulary() {
    return 1_000;
  }
}
