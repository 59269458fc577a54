/**
 * Uni-Code, also called CMG: one codebook whose entries mean the same in every modality, learned
 * from pairs without labels (Xia et al., "Achieving Cross Modal Generalization with Multimodal
 * Unified Representation", NeurIPS 2023). What is learned from the codes of one modality holds for
 * those of another.
 */
@NullMarked
package dev.lacuna.multimodal.cmg;

import org.jspecify.annotations.NullMarked;
