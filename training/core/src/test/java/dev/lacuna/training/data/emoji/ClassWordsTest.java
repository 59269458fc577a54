package dev.lacuna.training.data.emoji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class ClassWordsTest {
  @Test
  void wordsOfTheClassesAreLeftOutWhateverTheirCase() {
    assertEquals("Norway, NO", ClassWords.without(List.of("flag: Norway", "Flag", "NO")));
    assertEquals("women’s room", ClassWords.without(List.of("women’s room", "Animals")));
    assertEquals(
        "running: facing right, fast",
        ClassWords.without(List.of("person running: facing right", "fast")));
    assertEquals("fast", ClassWords.without(List.of("fast-food")));
  }

  @Test
  void aWordThatOnlyBeginsAsOneStays() {
    assertEquals(
        "bodybuilder, flagship, personality",
        ClassWords.without(List.of("bodybuilder", "flagship", "personality")));
  }

  @Test
  void whatIsLeftTwiceIsThereOnceAndNothingMayBeLeft() {
    assertEquals("red", ClassWords.without(List.of("red flag", "red", "flag", "red")));
    assertEquals("", ClassWords.without(List.of("flags", "symbol", "Food & Drink")));
    assertEquals("", ClassWords.without(List.of()));
  }

  @Test
  void theListHasEveryWordOfTheClassNames() {
    for (String name : Emoji.CLASSES) {
      Arrays.stream(name.toLowerCase(Locale.ROOT).split(" & ", -1))
          .flatMap(part -> Arrays.stream(part.split(" ", -1)))
          .forEach(word -> assertTrue(ClassWords.LIST.contains(word), word));
    }
    for (String word : ClassWords.LIST) {
      assertEquals("", ClassWords.without(List.of(word, word.toUpperCase(Locale.ROOT))), word);
    }
  }
}
