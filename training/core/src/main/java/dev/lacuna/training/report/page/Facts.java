package dev.lacuna.training.report.page;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Maps in maps as one list of names and values. */
final class Facts {
  private Facts() {}

  /** A card. */
  static String of(String title, Map<String, Object> object) {
    Map<String, String> facts = new LinkedHashMap<>();
    flatten("", object, facts);
    StringBuilder list = new StringBuilder("<section class=\"card facts\"><h3>");
    list.append(Html.text(title)).append("</h3><dl>\n");
    facts.forEach((name, value) ->
        list.append("<div><dt>")
            .append(Html.text(name.replace('_', ' ')))
            .append("</dt><dd>")
            .append(Html.text(value))
            .append("</dd></div>\n"));
    return list.append("</dl></section>\n").toString();
  }

  private static String plain(Object value) {
    return value instanceof Double number
        ? new BigDecimal(number.toString()).stripTrailingZeros().toPlainString()
        : value.toString();
  }

  private static void flatten(String name, @Nullable Object value, Map<String, String> facts) {
    if (value instanceof Map<?, ?> object) {
      object.forEach((key, inner) ->
          flatten(name.isEmpty() ? String.valueOf(key) : name + " " + key, inner, facts));
    } else if (value instanceof List<?> list) {
      String values = list.stream().map(String::valueOf).collect(Collectors.joining(", "));
      facts.put(name, values.isEmpty() ? "none" : values);
    } else {
      facts.put(name, value == null ? "none" : plain(value));
    }
  }
}
