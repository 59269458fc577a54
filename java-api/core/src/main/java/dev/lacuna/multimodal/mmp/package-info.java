/**
 * MMP (Kim and Kim, Missing Modality Prediction for Unpaired Multimodal Learning via Joint
 * Embedding of Unimodal Models, ECCV 2024): every modality keeps its own pretrained transformer,
 * and what a missing one would have said is predicted from read-only prompts in another.
 */
@NullMarked
package dev.lacuna.multimodal.mmp;

import org.jspecify.annotations.NullMarked;
