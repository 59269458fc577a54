package dev.lacuna.training.json;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.InjectableValues;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How JSON files are written and strictly read. */
public final class Json {
  /** A number of steps, which files from before there were sequences do not have: 1. */
  public static final String STEPS = "steps";

  /** A list of languages, which files from before there were several do not have: none. */
  public static final String LANGUAGES = "languages";

  /**
   * Indented, snake_case, nothing after the end and nothing missing but what older files do not
   * have.
   */
  public static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
          .injectableValues(
              new InjectableValues.Std().addValue(STEPS, 1).addValue(LANGUAGES, List.of()))
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .build();

  private Json() {}

  /** A record as an object of JSON has it: maps, lists, numbers and strings. */
  public static Map<String, Object> fields(Object value) {
    return MAPPER.convertValue(value, new TypeReference<>() {});
  }

  /**
   * Reads a file.
   *
   * @param reader of the type that is wanted
   * @throws LacunaException naming the file where it cannot be read or is damaged
   */
  @SuppressWarnings("TypeParameterUnusedInFormals") // the type is the reader's
  public static <T> T read(Path file, ObjectReader reader) {
    T value;
    try {
      value = reader.readValue(Files.readAllBytes(file));
    } catch (IOException e) {
      throw damaged(file, e);
    }
    if (value == null) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + " is damaged: it is null, want a value");
    }
    return value;
  }

  /** Says what is wrong with a file. */
  public static LacunaException damaged(Path file, IOException e) {
    String reason =
        e instanceof JsonProcessingException json
            ? " is damaged: " + json.getOriginalMessage()
            : " cannot be read: " + e;
    return new LacunaException(Status.INVALID_ARGUMENT, file + reason, e);
  }
}
