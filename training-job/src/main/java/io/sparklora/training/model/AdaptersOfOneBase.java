package io.sparklora.training.model;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.lora.Finetuned;
import io.sparklora.training.lora.PeftAdapter;
import java.util.List;

/**
 * Adapters that are to share a base model. Those that a manifest describes must agree on it; a bare PEFT directory goes
 * along.
 *
 * @param locations where they lie, at least one
 * @param described the first one that a manifest describes, else the first
 */
public record AdaptersOfOneBase(List<AdapterLocation> locations, AdapterLocation described) {
    /** Copies the list. */
    public AdaptersOfOneBase {
        locations = List.copyOf(locations);
    }

    /**
     * Finds adapters.
     *
     * @param directories at least one, as {@link AdapterLocation#find} takes them
     * @throws StageFailure ({@link ExitCode#MISMATCH}) where there is none, or two were made for different base models or
     *     over weights stored differently
     */
    public static AdaptersOfOneBase find(Storage storage, List<String> directories) {
        List<AdapterLocation> locations = directories.stream()
                .map(directory -> AdapterLocation.find(storage, directory))
                .toList();
        List<AdapterLocation> described = locations.stream()
                .filter(location -> location.baseHash().isPresent())
                .toList();
        for (AdapterLocation other : described) {
            checkSame(described.get(0), other);
        }
        return new AdaptersOfOneBase(locations, described.isEmpty() ? locations.get(0) : described.get(0));
    }

    private static void checkSame(AdapterLocation first, AdapterLocation other) {
        if (!first.baseHash().equals(other.baseHash())) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "adapters of different base models cannot share one: " + first.directory() + " was made for "
                            + first.baseHash().orElseThrow().hex() + ", " + other.directory() + " for "
                            + other.baseHash().orElseThrow().hex());
        }
        if (first.stored() != other.stored()) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    "adapters over weights stored differently cannot share a base model: " + first.directory()
                            + " over "
                            + first.stored().configName() + ", " + other.directory() + " over "
                            + other.stored().configName());
        }
    }

    /** Reads all of them, held against the base. */
    public List<Finetuned> read(Storage storage, BaseModel base) {
        return locations.stream().map(location -> location.read(storage, base)).toList();
    }

    /**
     * The same where only adapters will do.
     *
     * @param command which needs them, for the error
     */
    public List<PeftAdapter> readAdapters(Storage storage, BaseModel base, String command) {
        return locations.stream()
                .map(location -> location.readAdapter(storage, base, command))
                .toList();
    }
}
