package dev.lacuna.training.data.emoji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BaseEmojiTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        // each line one family
        "1F9D1-200D-1F33E 1F468-200D-1F33E 1F469-200D-1F33E 1F469-1F3FD-200D-1F33E", // farmer
        "1F3C3 1F3C3-200D-2640-FE0F 1F3C3-200D-2642-FE0F-200D-27A1-FE0F 1F3C3-200D-27A1-FE0F",
        "26F9-FE0F 26F9-FE0F-200D-2642-FE0F 26F9-1F3FB-200D-2640-FE0F", // bouncing ball
        "1F9D1 1F468 1F469 1F469-1F3FF", // adult
        "1F9D2 1F466 1F467", // child
        "1F9D3 1F474 1F475", // older person
        "1F385 1F936 1F9D1-200D-1F384", // Claus
        "1FAC5 1F934 1F478", // crown
        "1F930 1FAC3 1FAC4", // pregnant
        "1F483 1F57A", // dancing
        "1F46B 1F46C 1F46D 1F9D1-200D-1F91D-200D-1F9D1", // holding hands
        "1F48F 1F468-200D-2764-FE0F-200D-1F48B-200D-1F468", // kiss
        "1F491 1F469-200D-2764-FE0F-200D-1F468", // couple with heart
        "1F46A 1F468-200D-1F469-200D-1F466 1F9D1-200D-1F9D1-200D-1F9D2", // family
        "1F1F3-1F1F4 1F1F8-1F1EF 1F1E7-1F1FB" // one flag
      })
  void variantsOfOneMeaningAreOneFamily(String family) {
    String[] codes = family.split(" ", -1);
    for (String code : codes) {
      assertEquals(BaseEmoji.of(codes[0]), BaseEmoji.of(code), code);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1F600, 1F603", // two faces
    "2640-FE0F, 2642-FE0F", // the signs themselves
    "27A1-FE0F, 2B05-FE0F", // arrows
    "1F468-200D-1F33E, 1F468-200D-1F373", // farmer, cook
    "1F1F3-1F1F4, 1F1F3-1F1F1", // flags
    "1F642, 1F642-200D-2194-FE0F" // a face, a face that shakes its head
  })
  void othersAreNot(String one, String other) {
    assertNotEquals(BaseEmoji.of(one), BaseEmoji.of(other));
  }

  @Test
  void theNameOfAFamilyIsItsNeutralMembers() {
    assertEquals("1F9D1-1F33E", BaseEmoji.of("1F469-1F3FD-200D-1F33E"));
    assertEquals("2640", BaseEmoji.of("2640-FE0F"));
    assertEquals("23-20E3", BaseEmoji.of("23-FE0F-20E3"));
  }
}
