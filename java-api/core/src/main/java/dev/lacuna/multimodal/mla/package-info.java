/**
 * MLA: alternating unimodal adaptation with a shared head, projected gradients and fusion by
 * uncertainty.
 */
@NullMarked
package dev.lacuna.multimodal.mla;

import org.jspecify.annotations.NullMarked;
