package dev.lacuna.training.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.DataFolder;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.encoder.MiniLmFiles;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Splits text into the tokens of a pretrained model, as its tokenizer.json says (Hugging Face
 * Tokenizers, through DJL). Several threads may use one.
 *
 * <p>The native library lies in DJL's jar and is extracted once, into {@code natives} of {@link
 * DataFolder#standard()} unless {@code ENGINE_CACHE_DIR} names another folder; nothing is fetched.
 */
public final class TextTokenizer implements Tokens {
  private static final int LONGEST_TEXT = 40;

  /** What a file may say of both is for batches of one fixed length. */
  private static final Map<String, String> WHOLE_AND_UNPADDED =
      Map.of("padding", "false", "truncation", "false");

  private final Path file;
  private final HuggingFaceTokenizer tokenizer;
  private final int vocabulary;
  private final int padId;

  private TextTokenizer(Path file, HuggingFaceTokenizer tokenizer, int vocabulary, int padId) {
    this.file = file;
    this.tokenizer = tokenizer;
    this.vocabulary = vocabulary;
    this.padId = padId;
  }

  /**
   * Reads a tokenizer.json with a vocabulary of tokens and ids (WordPiece, WordLevel, BPE).
   *
   * @throws LacunaException naming the file where it cannot be read or is damaged; where this
   *     platform has no native library
   */
  public static TextTokenizer read(Path tokenizerJson) {
    JsonNode content = Json.read(tokenizerJson, Json.MAPPER.readerFor(JsonNode.class));
    int vocabulary = vocabulary(tokenizerJson, content);
    int padId = padId(tokenizerJson, content, vocabulary);
    return new TextTokenizer(tokenizerJson, load(tokenizerJson), vocabulary, padId);
  }

  /**
   * That of all-MiniLM-L6-v2, which is fetched where it is not there.
   *
   * @param folder of prepared data
   */
  public static TextTokenizer miniLm(Path folder, Progress progress) {
    TextTokenizer tokenizer = read(MiniLmFiles.locate(folder, progress).tokenizer());
    if (tokenizer.padId != Modality.PAD) {
      tokenizer.close();
      throw damaged(tokenizer.file, "padding.pad_id is " + tokenizer.padId + ", want 0");
    }
    return tokenizer;
  }

  /** The ids of a text, all of them, with those that the model puts around it. */
  @Override
  public int[] ids(String text) {
    try {
      return Arrays.stream(tokenizer.encode(text).getIds()).mapToInt(Math::toIntExact).toArray();
    } catch (IllegalStateException e) {
      throw e; // closed
    } catch (RuntimeException e) {
      String brief = text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "...";
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + ": cannot split '" + brief + "': " + e.getMessage(), e);
    }
  }

  /** One more than the largest id in the file. */
  @Override
  public int vocabulary() {
    return vocabulary;
  }

  /** The id that fills up a shorter text beside longer ones. */
  public int padId() {
    return padId;
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  private static int vocabulary(Path file, JsonNode content) {
    JsonNode tokens = content.path("model").path("vocab");
    if (!tokens.isObject() || tokens.isEmpty()) {
      throw damaged(file, "model.vocab is no object with the ids of tokens");
    }
    int most = 0;
    for (JsonNode id : tokens) {
      most = Math.max(most, id(file, id));
    }
    for (JsonNode added : content.path("added_tokens")) {
      most = Math.max(most, id(file, added.path("id")));
    }
    return most + 1;
  }

  private static int padId(Path file, JsonNode content, int vocabulary) {
    JsonNode stated = content.path("padding").path("pad_id");
    JsonNode token = content.path("model").path("vocab").path("[PAD]");
    if (stated.isMissingNode() && token.isMissingNode()) {
      throw damaged(file, "it has neither padding.pad_id nor a token [PAD]");
    }
    int padId = id(file, stated.isMissingNode() ? token : stated);
    if (padId >= vocabulary) {
      throw damaged(file, "padding.pad_id is " + padId + " in a vocabulary of " + vocabulary);
    }
    return padId;
  }

  private static int id(Path file, JsonNode node) {
    if (!node.canConvertToInt() || !node.isIntegralNumber() || node.intValue() < 0) {
      throw damaged(file, "it has a token whose id is no whole number from 0 to 2^31 - 2");
    }
    return node.intValue();
  }

  /**
   * With DJL's settings only meanwhile, since a program may use DJL for more: offline, it looks for
   * no build for CUDA on the web and reports no use to its makers.
   */
  private static synchronized HuggingFaceTokenizer load(Path file) {
    List<String> set = new ArrayList<>();
    Map.of(
            "ai.djl.offline",
            "true",
            "ENGINE_CACHE_DIR",
            DataFolder.standard().resolve("natives").toString())
        .forEach((name, value) -> {
          if (System.getProperty(name) == null) {
            System.setProperty(name, value);
            set.add(name);
          }
        });
    try (InputStream in = Files.newInputStream(file)) {
      return HuggingFaceTokenizer.newInstance(in, WHOLE_AND_UNPADDED);
    } catch (IOException e) {
      throw Json.damaged(file, e);
    } catch (EngineException | LinkageError e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new LacunaException(
          Status.UNSUPPORTED, "the native library of tokenizers cannot be loaded: " + reason, e);
    } catch (RuntimeException e) {
      throw damaged(file, String.valueOf(e.getMessage()));
    } finally {
      set.forEach(System::clearProperty);
    }
  }

  private static LacunaException damaged(Path file, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, file + " is no tokenizer.json: " + what);
  }
}
