package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ColumnsTest {
  @Test
  void columnsMayHaveAnyName() {
    Columns columns = Columns.parse("id=key, image = photo,label=class=x,ignore=notes,ignore=when");
    assertEquals(Map.of("id", "key", "image", "photo", "label", "class=x"), columns.names());
    assertEquals(Set.of("notes", "when"), columns.ignored());
    assertEquals(
        Map.of("id", 1, "image", 0, "audio", 2, "label", 4),
        columns.locate(List.of("photo", "key", "audio", "notes", "class=x", "when"), "x.csv"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "id", "id=", "=key", "id=a,", "smell=v", "id=a,id=b", "id=a,image=a"})
  void whatNamesNoColumnIsRefused(String spec) {
    assertMessage(() -> Columns.parse(spec), "--columns: got", "want pairs such as id=key");
  }

  @Test
  void theHeaderMustFit() {
    assertMessage(
        () -> Columns.STANDARD.locate(List.of("id", "imgae", "label"), "x.csv: line 1"),
        "x.csv: line 1: unknown column 'imgae'",
        "id, image, audio, video, text, label, split, steps",
        "--columns ignore=imgae",
        "(the columns are: id, imgae, label)");
    assertMessage(
        () -> Columns.STANDARD.locate(List.of("name", "image"), "x"), "unknown column 'name'");
    assertMessage(() -> Columns.STANDARD.locate(List.of("image", "label"), "x"), "no column 'id'");
    assertMessage(
        () -> Columns.STANDARD.locate(List.of("id", "image", "image"), "x"), "there twice");
    assertMessage(
        () -> Columns.parse("image=photo").locate(List.of("id", "image"), "x"),
        "no column 'photo', which --columns names for image");
    assertMessage(
        () -> Columns.parse("image=photo").locate(List.of("id", "image", "photo"), "x"),
        "unknown column 'image'");
    assertMessage(
        () -> Columns.parse("ignore=a").locate(List.of("id", "image"), "x"),
        "no column 'a', which --columns ignores");
    assertEquals(
        Map.of("id", 0, "image", 1),
        Columns.parse("ignore=steps").locate(List.of("id", "image", "steps"), "x"));
  }
}
