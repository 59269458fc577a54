package dev.lacuna.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.nn.VisionTransformer.Input;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pretrained tensors are taken as they are meant, or refused with a name. */
final class VisionTransformerTest {
  private static final Input INPUT = new Input(1, 4, 4, 2);
  private static final Config CONFIG =
      new Config(6, 4, 2, 10, Norm.PRE, VisionTransformer.EPSILON, Activation.GELU);

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);

  /** A store takes no parameters any more once its own have been read. */
  private final ParameterStore other = new ParameterStore(context);

  private final VisionTransformer made =
      new VisionTransformer(Groups.one(store.group("made")), INPUT, CONFIG, 1);
  private final SafeTensors weights = made.export();

  @AfterEach
  void close() {
    other.close();
    store.close();
    context.close();
  }

  private void put(String name, long... shape) {
    int count = 1;
    for (long extent : shape) {
      count *= (int) extent;
    }
    weights.tensors().put(name, new SafeTensors.Entry(shape, new float[count]));
  }

  private VisionTransformer read() {
    Groups groups = Groups.one(other.group("read" + other.groups().size()));
    return new VisionTransformer(groups, weights, CONFIG.heads());
  }

  private String refused() {
    return assertThrows(IllegalArgumentException.class, this::read).getMessage();
  }

  @Test
  void sizesAreThoseOfTheTensors() {
    VisionTransformer read = read();
    assertEquals(INPUT, read.input());
    assertEquals(CONFIG, read.encoder().config());
    assertArrayEquals(made.classToken(), read.classToken(), 1e-6);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "blocks.0.attn.qkv.weight",
        "blocks.2.attn.qkv.weight",
        "blocks.3.attn.qkv.weight",
        "blocks.3.norm2.bias"
      })
  void aTensorMissingInABlockIsNamed(String name) {
    weights.tensors().remove(name);
    String said = refused();
    assertTrue(said.contains("no tensor " + name + ";"), said);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "blocks.0.ls1.gamma",
        "blocks.3.attn.q_norm.weight",
        "blocks.3.attn.k_norm.bias",
        "blocks.1.mlp.norm.weight",
        "norm_pre.weight",
        "fc_norm.bias",
        "dist_token",
        "reg_token",
        "patch_embed.backbone.stem.conv.weight"
      })
  void aVariantIsRefusedByTheNameOfWhatItHas(String name) {
    put(name, 1, 1, 6);
    String said = refused();
    String layout = "ViT's layout as timm has it: ";
    String wanted = name.startsWith("blocks") ? "blocks of norm1, attn.qkv, " : "one class token, ";
    assertTrue(said.startsWith("tensor " + name + " is not of " + layout + wanted), said);
  }

  @Test
  void headAndDecoderAreLeftAlone() {
    put("decoder.blocks.9.norm1.weight", 6);
    put("head.weight", 10, 6);
    put("head.bias", 10);
    put("head_dist.bias", 10);
    assertEquals(CONFIG, read().encoder().config());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pos_embed | [1, 1 + patches, width]",
        "cls_token | [1, 1, width]",
        "patch_embed.proj.weight | [width, channels, patch, patch]",
        "blocks.0.mlp.fc1.bias | [hidden]"
      })
  void aTensorOfAnotherRankIsNamedWithItsShape(String name, String wanted) {
    put(name, 5, 6);
    assertEquals("tensor " + name + " is [5, 6], want " + wanted + ", each >= 1", refused());
    put(name, new long[wanted.split(",", -1).length]);
    String said = refused();
    assertTrue(said.startsWith("tensor " + name + " is [0"), said);
  }
}
