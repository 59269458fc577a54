package dev.lacuna.training.text;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A WordPiece vocabulary of ten tokens: [UNK] [PAD] [CLS] [SEP] a goat ##s climb ##ing and the full
 * stop, in a file that asks for texts cut and padded to 8.
 */
class TextTokenizerTest {
  @TempDir Path folder;

  static String sample() throws IOException {
    try (var in = TextTokenizerTest.class.getResourceAsStream("/tokenizer/wordpiece.json")) {
      if (in == null) {
        throw new AssertionError("no wordpiece.json among the resources");
      }
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private TextTokenizer read(String content) throws IOException {
    return TextTokenizer.read(Files.writeString(folder.resolve("tokenizer.json"), content));
  }

  @ParameterizedTest
  @CsvSource({
    "'',                       2 3",
    "A goat.,                  2 4 5 9 3",
    "GOATS climbing,           2 5 6 7 8 3",
    "'g\u00f4at   a',           2 5 4 3",
    "sheep,                    2 0 3",
    "\ud83d\udc10 a,            2 0 4 3",
    "a goat climbs a goat. a., 2 4 5 7 6 4 5 9 4 9 3"
  })
  void textBecomesItsTokensNeitherCutNorPadded(String text, String ids) throws IOException {
    try (TextTokenizer tokenizer = read(sample())) {
      int[] want = Arrays.stream(ids.split(" ")).mapToInt(Integer::parseInt).toArray();
      assertArrayEquals(want, tokenizer.ids(text));
    }
  }

  @Test
  void halfACharacterIsNoHarm() throws IOException {
    try (TextTokenizer tokenizer = read(sample())) {
      int[] ids = tokenizer.ids("a \ud83d goat");
      assertEquals(2, ids[0]);
      assertEquals(4, ids[1]);
      assertEquals(5, ids[ids.length - 2]);
    }
  }

  @Test
  void theVocabularyAndThePaddingAreTheFiles() throws IOException {
    try (TextTokenizer tokenizer = read(sample())) {
      assertEquals(10, tokenizer.vocabulary());
      assertEquals(1, tokenizer.padId());
    }
    String added =
        sample()
            .replace(
                "\"added_tokens\": [",
                """
                "added_tokens": [{"id": 10, "content": "[MASK]", "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true},\
                """);
    try (TextTokenizer tokenizer = read(added)) {
      assertEquals(11, tokenizer.vocabulary());
      assertArrayEquals(new int[] {2, 4, 10, 3}, tokenizer.ids("a [MASK]"));
    }
    String stated = sample().replace("\"pad_id\": 1", "\"pad_id\": 3");
    try (TextTokenizer tokenizer = read(stated)) {
      assertEquals(3, tokenizer.padId());
    }
    String unpadded = stated.replaceAll("(?s)\"padding\": \\{.*?\\}.*?\\}", "\"padding\": null");
    try (TextTokenizer tokenizer = read(unpadded)) {
      assertEquals(1, tokenizer.padId());
    }
  }

  @Test
  void severalThreadsGetTheSame() throws IOException {
    try (TextTokenizer tokenizer = read(sample())) {
      IntStream.range(0, 200)
          .parallel()
          .forEach(
              i -> assertEquals(i + 2, tokenizer.ids("a ".repeat(i)).length, "of " + i + " words"));
    }
  }

  @Test
  void nothingIsUsedAfterClose() throws IOException {
    TextTokenizer tokenizer = read(sample());
    tokenizer.close();
    assertThrows(IllegalStateException.class, () -> tokenizer.ids("a"));
  }

  @Test
  void settingsOfTheProgramStayAsTheyAre() throws IOException {
    read(sample()).close();
    assertNull(System.getProperty("ai.djl.offline"));
    assertNull(System.getProperty("ENGINE_CACHE_DIR"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"version\": \"1.0\" | \"version\": \"9.0\"     | is no tokenizer.json",
        "\"model\":            | \"modell\":               | model.vocab is no object",
        "\"goat\": 5           | \"goat\": -5              | a token whose id is no whole number",
        "\"goat\": 5           | \"goat\": 5.5             | a token whose id is no whole number",
        "\"goat\": 5           | \"goat\": 2147483648      | a token whose id is no whole number",
        "\"pad_id\": 1         | \"pad_id\": 10            | padding.pad_id is 10 in a vocabulary of 10",
        "\"WordPiece\",        | \"WordPieces\",           | is no tokenizer.json",
        "\"BertPreTokenizer\"  | \"OtherPreTokenizer\"     | is no tokenizer.json"
      })
  void aDamagedFileIsNamedWithWhatIsWrong(String good, String bad, String message)
      throws IOException {
    String damaged = sample().replace(good, bad);
    assertMessage(() -> read(damaged), "tokenizer.json", message);
  }

  @Test
  void whatIsNoTokenizerAtAllIsNamed() {
    assertMessage(() -> read("[PAD]"), "tokenizer.json is damaged");
    assertMessage(() -> read(""), "tokenizer.json");
    assertMessage(() -> read("{}"), "model.vocab is no object");
    assertMessage(
        () -> TextTokenizer.read(folder.resolve("none.json")), "none.json cannot be read");
    assertMessage(
        () -> read(sample().replace("\"[PAD]\": 1", "\"pad\": 1").replace("pad_id", "id")),
        "neither padding.pad_id nor a token [PAD]");
  }

  @Test
  void aTextThatTheModelCannotSplitIsNamed() throws IOException {
    try (TextTokenizer tokenizer =
        read(sample().replace("\"unk_token\": \"[UNK]\"", "\"unk_token\": \"[NONE]\""))) {
      assertMessage(() -> tokenizer.ids("sheep"), "tokenizer.json: cannot split 'sheep'");
    }
  }
}
