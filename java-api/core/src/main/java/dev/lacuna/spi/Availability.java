package dev.lacuna.spi;

import java.util.List;

/**
 * Whether a back end can be used here, and why not.
 *
 * @param usable whether {@link BackendProvider#open} is expected to work
 * @param reason what a user can act on; a plain statement of what was found when usable
 * @param tried libraries and paths looked at, in order, each with its outcome
 */
public record Availability(boolean usable, String reason, List<String> tried) {}
