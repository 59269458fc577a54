package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqQuantize.Commitment;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.cmg.CmgBatch.Member;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import dev.lacuna.ops.VqQuantizeOp;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All losses of a batch by their formulas, from what the encoders give. */
final class CmgLossesTest {
  private static final int EACH = SmallCmg.EACH;
  private static final int WIDTH = SmallCmg.WIDTH;
  private static final CounterRandom RANDOM = new CounterRandom(17, 300, 2);

  private static double value(@Nullable Tensor loss) {
    return loss == null ? Double.NaN : loss.toDoubleArray()[0];
  }

  private static double[][] rows(Tensor x) {
    return PlainCmg.rows(x.toDoubleArray(), (int) x.cols());
  }

  private static int[][] present(boolean complete) {
    return complete ? SmallCmg.COMPLETE : SmallCmg.INCOMPLETE;
  }

  /** Positions within both of the sequences that two modalities share. */
  private static int[][] common(int[] a, int[] b) {
    int[] both = Arrays.stream(a).filter(i -> Arrays.stream(b).anyMatch(j -> i == j)).toArray();
    return new int[][] {
      Arrays.stream(both).map(i -> Arrays.binarySearch(a, i)).toArray(),
      Arrays.stream(both).map(i -> Arrays.binarySearch(b, i)).toArray()
    };
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, 2, true, 1e-9",
    "reference-f64, 3, true, 1e-9",
    "reference-f64, 2, false, 1e-9",
    "reference-f64, 3, false, 1e-9",
    "reference, 3, true, 1e-4",
    "reference, 3, false, 1e-4"
  })
  void lossesAreThoseOfTheFormulas(
      String backend, int modalities, boolean complete, double tolerance) {
    try (SmallCmg small = new SmallCmg(backend, modalities, Update.EMA, VqOptions.DEFAULT)) {
      CmgBatch batch = small.encoded(small.tape, Weights.DEFAULT, RANDOM, present(complete));
      CmgLosses losses = batch.losses(RANDOM);
      List<Member> members = batch.present();
      double reconstruction = 0;
      double commitment = 0;
      double information = 0;
      for (int m = 0; m < modalities; m++) {
        reconstruction += reconstruction(small, m, members.get(m), quantised(small, members, m));
        commitment +=
            PlainCmg.commitment(rows(members.get(m).z()), small.codes(), 0.25, index(batch, m));
        information += information(small, members.get(m), m, quantised(small, members, m));
      }
      assertEquals(reconstruction, value(losses.reconstruction()), tolerance);
      assertEquals(commitment, value(losses.commitment()), tolerance);
      assertEquals(information, value(losses.mutualInformation()), tolerance);
      double cpc = cpc(members);
      double matching = matching(small, members);
      assertEquals(cpc, value(losses.cpc()), tolerance);
      assertEquals(matching, value(losses.matching()), tolerance);
      assertNull(losses.codebook());
      Weights weights = new Weights(2, 3, 0.25, 0.5, 0.7, 0.1, 0.3);
      double total =
          2 * reconstruction + 3 * commitment + 0.5 * information + 0.7 * cpc + 0.3 * matching;
      assertEquals(total, value(losses.total(weights)), 10 * tolerance);
    }
  }

  /** Codes in place of z, which must be the nearest. */
  private static double[][] quantised(SmallCmg small, List<Member> members, int m) {
    Member member = members.get(m);
    assertArrayEquals(PlainCmg.nearest(rows(member.z()), small.codes()), member.index());
    double[][] q = PlainCmg.chosen(small.codes(), member.index());
    assertArrayEquals(PlainCmg.flat(q), member.q().toDoubleArray());
    return q;
  }

  /** Codes of the rows of a modality: its own, then those of the others. */
  private static int[][] index(CmgBatch batch, int m) {
    int modalities = batch.index().length;
    int[] samples = batch.present().get(m).given().samples();
    int[][] index = new int[modalities][];
    for (int o = 0; o < modalities; o++) {
      int[] of = batch.index()[(m + o) % modalities];
      index[o] =
          Arrays.stream(samples)
              .flatMap(i -> Arrays.stream(of, i * EACH, (i + 1) * EACH))
              .toArray();
    }
    return index;
  }

  private static double reconstruction(SmallCmg small, int m, Member member, double[][] q) {
    double[][] x = rows(member.given().x());
    String path = "m" + m + ".decoder.path.";
    double[][] code =
        PlainCmg.linear(
            q,
            small.parameter(path + "code.weight").get(),
            small.parameter(path + "code.bias").get());
    double[][] feature = feature(small, m, member, x);
    double[][] beside = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      beside[i] = Arrays.copyOf(code[i], WIDTH + SmallCmg.FEATURES);
      System.arraycopy(feature[i], 0, beside[i], WIDTH, SmallCmg.FEATURES);
    }
    double[][] again =
        PlainCmg.linear(
            beside,
            small.parameter(path + "decoder.weight").get(),
            small.parameter(path + "decoder.bias").get());
    return PlainCmg.meanSquare(again, x);
  }

  private static double[][] feature(SmallCmg small, int m, Member member, double[][] x) {
    String path = "m" + m + ".specific.path.specific.";
    double[][] feature =
        PlainCmg.relu(
            PlainCmg.linear(
                x, small.parameter(path + "weight").get(), small.parameter(path + "bias").get()));
    double[] given = member.specific().feature().toDoubleArray();
    assertArrayEquals(PlainCmg.flat(feature), given, 1e-5);
    return rows(member.specific().feature());
  }

  private static double information(SmallCmg small, Member member, int m, double[][] q) {
    PlainClub club = club(small, m);
    int[] other =
        new CounterRandom(RANDOM.seed(), RANDOM.stream() + 1 + m, RANDOM.step())
            .permutation(member.steps().sequences());
    return club.estimate(q, rows(member.specific().feature()), EACH, other);
  }

  private static PlainClub club(SmallCmg small, int m) {
    return new PlainClub(small.model.clubs().get(m), MutualInformation.STANDARD);
  }

  private static double cpc(List<Member> members) {
    int known = CrossCpc.draw(RANDOM, EACH);
    double sum = 0;
    for (Member from : members) {
      double[][] predicted = rows(from.part().cpc().predict(from.z(), from.steps(), known));
      for (Member to : members) {
        int[][] common = common(to.given().samples(), from.given().samples());
        int[] next = Arrays.stream(common[0]).map(i -> i * EACH + known + 1).toArray();
        double loss =
            PlainCmg.cpc(
                PlainCmg.chosen(rows(to.z()), next), PlainCmg.chosen(predicted, common[1]));
        sum += from.equals(to) ? 0.1 * loss : loss;
      }
    }
    return sum;
  }

  private static double matching(SmallCmg small, List<Member> members) {
    double sum = 0;
    for (Member a : members) {
      for (Member b : members.subList(members.indexOf(a) + 1, members.size())) {
        int[][] common = common(a.given().samples(), b.given().samples());
        double[][] ofA = PlainCmg.spread(rows(a.z()), EACH, small.codes());
        double[][] ofB = PlainCmg.spread(rows(b.z()), EACH, small.codes());
        sum += PlainCmg.matching(PlainCmg.chosen(ofA, common[0]), PlainCmg.chosen(ofB, common[1]));
      }
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void commitmentToOwnCodesWeighsTwiceThatToAllOthersTogether(int modalities) {
    try (SmallCmg small = new SmallCmg(modalities)) {
      Tensor z = small.tape.input(new double[4], 2, 2);
      Tensor codes = small.tape.input(new double[] {1, 0, 0, 3}, 2, 2);
      int[] others = new int[2 * modalities]; // all have code 0, whose mean square is 1 / 2
      assertEquals(0.75 * 0.5, commitment(z, codes, others), 1e-15);
      Arrays.fill(others, 2, others.length, 1); // 9 / 2
      assertEquals(0.5 * 0.5 + 0.25 * 4.5, commitment(z, codes, others), 1e-15);
    }
  }

  private static double commitment(Tensor z, Tensor codes, int[] index) {
    int modalities = index.length / 2;
    Tensor of = z.tape().input(index, modalities, 2);
    return value(
        VqQuantizeOp.quantize(
                z, codes, of, Estimator.STRAIGHT_THROUGH, Commitment.of(0.25, modalities))
            .loss());
  }

  @ParameterizedTest
  @CsvSource({"2, true", "3, false"})
  void encodersGetTheGradientOfDifferences(int modalities, boolean complete) {
    Weights weights = new Weights(0, 1, 0.25, 0, 1, 0.1, 1);
    try (SmallCmg small = new SmallCmg(modalities)) {
      List<Parameter> encoders =
          small.model.encoders().stream()
              .filter(group -> group.name().endsWith(".semantic"))
              .flatMap(group -> group.parameters().stream())
              .filter(parameter -> !parameter.name().endsWith("attn.k.bias"))
              .toList();
      assertTrue(encoders.size() >= 10 * modalities, "checked " + encoders.size());
      double error =
          GradCheck.maxError(
              small.tape,
              encoders,
              on ->
                  small
                      .encoded(on, weights, RANDOM, present(complete))
                      .losses(RANDOM)
                      .total(weights));
      assertTrue(error < 1e-6, "error " + error);
    }
  }

  /** The index held, dL/dz is what a formula of q in place of z has, and the codes get none. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theGradientOfCodesGoesStraightToTheRows(boolean complete) {
    Weights weights = new Weights(1, 0, 0.25, 1, 0, 0.1, 0);
    try (SmallCmg small = new SmallCmg(2)) {
      CmgBatch batch = small.encoded(small.tape, weights, RANDOM, present(complete));
      batch.losses(RANDOM).total(weights).backward();
      for (int m = 0; m < 2; m++) {
        int modality = m;
        Member member = batch.present().get(m);
        double[] wanted =
            PlainDifference.of(
                PlainCmg.flat(PlainCmg.chosen(small.codes(), member.index())),
                q ->
                    reconstruction(small, modality, member, PlainCmg.rows(q, WIDTH))
                        + information(small, member, modality, PlainCmg.rows(q, WIDTH)));
        assertArrayEquals(wanted, member.z().gradAsDoubles(), 1e-8);
      }
      assertTrue(!small.model.codebook().parameter().hasGradient());
    }
  }

  @Test
  void aModalityAloneHasNothingToCompareWith() {
    try (SmallCmg small = new SmallCmg(2)) {
      CmgBatch batch =
          small.encoded(small.tape, Weights.DEFAULT, RANDOM, SmallCmg.COMPLETE[0], new int[0]);
      CmgLosses losses = batch.losses(RANDOM);
      Member only = batch.present().getFirst();
      assertNull(losses.matching());
      assertEquals(cpc(List.of(only)), value(losses.cpc()), 1e-9);
      double own = 0.5 * PlainCmg.meanSquare(rows(only.z()), quantised(small, List.of(only), 0));
      assertEquals(own, value(losses.commitment()), 1e-9);
      int[] absent = new int[SmallCmg.SIZE * EACH];
      Arrays.fill(absent, -1);
      assertArrayEquals(absent, batch.index()[1]);
    }
  }

  @Test
  void codesThatLearnByGradientGetThatOfTheirDistanceToTheRows() {
    Weights weights = new Weights(0, 1, 0.25, 0, 0, 0.1, 1);
    try (SmallCmg small = new SmallCmg("reference-f64", 2, Update.GRADIENT, VqOptions.DEFAULT)) {
      CmgBatch batch = small.encoded(small.tape, weights, RANDOM, SmallCmg.COMPLETE);
      CmgLosses losses = batch.losses(RANDOM);
      double[] wanted = new double[SmallCmg.CODES * WIDTH];
      double loss = 0;
      for (Member member : batch.present()) {
        double[][] z = rows(member.z());
        loss += PlainCmg.meanSquare(z, PlainCmg.chosen(small.codes(), member.index()));
        for (int i = 0; i < z.length; i++) {
          for (int d = 0; d < WIDTH; d++) {
            int code = member.index()[i];
            wanted[code * WIDTH + d] += 2 * (small.codes()[code][d] - z[i][d]) / z.length / WIDTH;
          }
        }
      }
      assertEquals(loss, value(losses.codebook()), 1e-12);
      losses.total(weights).backward();
      assertArrayEquals(wanted, small.model.codebook().parameter().grad(), 1e-12);
    }
  }
}
