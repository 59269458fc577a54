package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** With contenders whose times are made up. */
class ContestTest {
  private static final Workload WORK = Workload.of("vicreg:6x4");
  private static final Row ROW = new Row(WORK.name(), Variant.DEFAULT, 1, null);
  private static final Machine MACHINE =
      new Machine(2, "avx512", 100, 200, 400, 800, 16, 20, 20, 30, 20, 25);

  private final List<String> calls = new ArrayList<>();

  private static float[] right() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        Contender ours = WORK.ours(context, Variant.DEFAULT)) {
      return ours.result();
    }
  }

  private final class Actor implements Entry {
    private final String name;
    private final boolean usual;
    private final Iterator<Double> times;
    float[] result = right();

    Actor(String name, boolean usual, Double... times) {
      this.name = name;
      this.usual = usual;
      this.times = Arrays.asList(times).iterator();
    }

    @Override
    public String peer() {
      return name;
    }

    @Override
    public String form() {
      return "";
    }

    @Override
    public boolean usual() {
      return usual;
    }

    @Override
    public String settings() {
      return "";
    }

    @Override
    public Sample measure(Effort effort) {
      calls.add(name);
      if (!times.hasNext()) {
        throw new IllegalStateException("out of order");
      }
      double time = times.next();
      return new Sample(new Spread(time, time, 2 * time, 9), result, name + " as itself");
    }
  }

  private Contest contest(Entry ours, Entry... peers) {
    return new Contest(WORK, Map.of(Variant.DEFAULT, ours), List.of(peers), _ -> {});
  }

  @Test
  void onlyThoseNearTheFastestGoOnAndOursTakesTurnsWithThem() {
    Contest contest =
        contest(
            new Actor("ours", false, 2.0, 4.0, 3.0),
            new Actor("best", false, 10.0, 12.0, 11.0),
            new Actor("near", false, 14.9, 9.0, 10.0),
            new Actor("far", false, 15.1),
            new Actor("usual", true, 30.0),
            new Actor("slow usual", true, 40.0));
    contest.run(3, Effort.QUICK);
    List<String> first = List.of("ours", "best", "near", "far", "usual", "slow usual");
    List<String> later = List.of("ours", "best", "near", "ours", "best", "near");
    assertEquals(Stream.concat(first.stream(), later.stream()).toList(), calls);
    Line line = contest.line(ROW, 1, MACHINE).orElseThrow();
    assertEquals(new Spread(3, 2, 4, 3), line.ours());
    assertEquals("near", line.peer());
    assertEquals(10.0 / 3, line.ratio(), 1e-12);
    assertEquals(10, line.vsUsual(), 1e-12);
    assertTrue(line.error() < 1e-5);
    assertEquals("far as itself", contest.facts().get("far"));
  }

  @Test
  void whoCannotRunTakesNoPart() {
    Contest contest = contest(new Actor("ours", false, 1.0, 1.0), new Actor("broken", false));
    contest.run(2, Effort.QUICK);
    assertEquals(List.of("ours", "broken", "ours"), calls);
    assertNull(contest.line(ROW, 1, MACHINE).orElseThrow().peer());
  }

  @Test
  void aWrongResultIsSeenInTheLine() {
    Actor ours = new Actor("ours", false, 1.0);
    ours.result = right();
    ours.result[0] = Float.NaN;
    Contest contest = contest(ours, new Actor("peer", false, 2.0));
    contest.run(1, Effort.QUICK);
    Line line = contest.line(ROW, 1, MACHINE).orElseThrow();
    assertTrue(Double.isNaN(line.error()));
    assertTrue(line.peerError() < 1e-5);
  }
}
