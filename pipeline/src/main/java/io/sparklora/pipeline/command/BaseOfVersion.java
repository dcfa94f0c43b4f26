package io.sparklora.pipeline.command;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.registry.VersionManifest;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.RunLayout;
import io.sparklora.pipeline.run.StageMain;
import io.sparklora.pipeline.run.Storage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.apache.hadoop.fs.Path;

/** The base model that a registry version names. */
final class BaseOfVersion {
    private BaseOfVersion() {}

    /**
     * Where the base model lies.
     *
     * @param adapter a version's directory
     * @throws StageFailure ({@link ExitCode#USAGE}) where it has no manifest, ({@link ExitCode#MISMATCH}) where that names
     *     no base model
     */
    static String model(Installation installation, String adapter) {
        Path file = new Path(adapter, RunLayout.MANIFEST);
        Storage storage = StageMain.storage();
        if (!storage.exists(file)) {
            throw new StageFailure(
                    ExitCode.USAGE,
                    "there is no " + file + " to name the base model: is it an adapter? Say --base MODEL");
        }
        VersionManifest manifest = Json.parse(VersionManifest.class, storage.read(file), file);
        JsonNode config = Json.parse(JsonNode.class, manifest.config().getBytes(StandardCharsets.UTF_8), file);
        JsonNode model = config.path("base").path("model");
        if (!model.isTextual()) {
            throw new StageFailure(ExitCode.MISMATCH, file + " names no base model: say --base MODEL");
        }
        return found(installation, model.asText());
    }

    /** A relative path is the run's working directory's; most runs are started where Spark LoRA lies. */
    private static String found(Installation installation, String model) {
        java.nio.file.Path atHome = installation.home().resolve(model);
        return !Files.exists(java.nio.file.Path.of(model)) && Files.exists(atHome) ? atHome.toString() : model;
    }
}
