package dev.lacuna.training.report.page;

import java.util.List;
import java.util.Locale;

/** Pieces of HTML; whatever is not made here or in a neighbour goes through {@link #text}. */
final class Html {
  private Html() {}

  /** Text that stands for itself, in an element or between quotes. */
  static String text(String any) {
    StringBuilder safe = new StringBuilder(any.length());
    any.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> safe.append("&amp;");
            case '<' -> safe.append("&lt;");
            case '>' -> safe.append("&gt;");
            case '"' -> safe.append("&quot;");
            case '\'' -> safe.append("&#39;");
            default -> safe.appendCodePoint(Character.isISOControl(c) ? ' ' : c);
          }
        });
    return safe.toString();
  }

  /** What is said of a figure. */
  static String caption(String text) {
    return "<figcaption>" + text(text) + "</figcaption>\n";
  }

  /** A figure with a heading. */
  static String figure(String title, String content, String caption) {
    return card("card", title, content, caption);
  }

  /** A figure as wide as the page. */
  static String wideFigure(String title, String content, String caption) {
    return card("card wide", title, content, caption);
  }

  private static String card(String style, String title, String content, String caption) {
    return "<figure class=\""
        + style
        + "\">\n<h2>"
        + text(title)
        + "</h2>\n"
        + content
        + caption(caption)
        + "</figure>\n";
  }

  /** Names of colours, where there are several. */
  static String legend(List<String> names) {
    if (names.size() < 2) {
      return "";
    }
    StringBuilder legend = new StringBuilder("<p class=\"legend\">");
    for (int s = 0; s < names.size(); s++) {
      legend.append(swatch(s)).append(text(names.get(s))).append("</span> ");
    }
    return legend.append("</p>\n").toString();
  }

  /** Opens a name that has a colour. */
  static String swatch(int series) {
    return "<span class=\"name\"><i class=\"swatch " + colour(series) + "\"></i>";
  }

  /** The class of a colour; the eighth series begins again. */
  static String colour(int series) {
    return "s" + series % 7;
  }

  /** A number with as many decimals as are asked for. */
  static String number(double value, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** A number with three digits that count. */
  static String brief(double value) {
    if (Double.isNaN(value)) {
      return "–";
    }
    double size = Math.abs(value);
    if (size == 0 || (size >= 0.001 && size < 10_000)) {
      int decimals = size == 0 ? 0 : (int) (2 - Math.floor(Math.log10(size)));
      return number(value, Math.clamp(decimals, 0, 5));
    }
    return Ruler.scientific(value);
  }
}
