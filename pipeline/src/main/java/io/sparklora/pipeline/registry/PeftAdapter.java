package io.sparklora.pipeline.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.adapter.AdapterManifest;
import io.sparklora.pipeline.basemodel.InvalidBaseModelException;
import io.sparklora.pipeline.basemodel.SafetensorsFile;
import io.sparklora.pipeline.basemodel.SafetensorsTensor;
import io.sparklora.pipeline.basemodel.SafetensorsType;
import io.sparklora.pipeline.config.PublishConfig.Profile;
import io.sparklora.pipeline.run.Json;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/**
 * An adapter as Hugging Face PEFT keeps it, read to see that servers will load it and load it rightly: PEFT itself loads
 * wrong target modules or wrong names "successfully" and to no effect, and others refuse or mis-scale what is outside
 * the portable profile (integer r and alpha, no bias, no further modules, no other scaling).
 */
final class PeftAdapter {
    /** PEFT's description of the adapter. */
    static final String CONFIG = "adapter_config.json";
    /** The weights. */
    static final String WEIGHTS = "adapter_model.safetensors";

    private static final Pattern TENSOR = Pattern.compile("base_model\\.model\\.(.+)\\.lora_([AB])\\.weight");
    private static final Pattern MAGNITUDE = Pattern.compile("base_model\\.model\\.(.+)\\.lora_magnitude_vector");
    private static final Pattern WHOLE = Pattern.compile("base_model\\.model\\.(.+)\\.weight");
    private static final int MATRIX = 2;

    private final Storage storage;
    private final Path directory;
    private final AdapterManifest manifest;
    private final Profile profile;
    private final Set<String> saved = new TreeSet<>();

    private PeftAdapter(Storage storage, Path directory, AdapterManifest manifest, Profile profile) {
        this.storage = storage;
        this.directory = directory;
        this.manifest = manifest;
        this.profile = profile;
    }

    /**
     * Checks the adapter in a directory.
     *
     * @throws StageFailure ({@link ExitCode#MISMATCH}) naming the file, the key or tensor, its value and what is allowed
     */
    static void check(Storage storage, Path directory, AdapterManifest manifest, Profile profile) {
        PeftAdapter adapter = new PeftAdapter(storage, directory, manifest, profile);
        adapter.checkWeights(adapter.checkedTargets());
    }

    private Set<String> checkedTargets() {
        Path file = new Path(directory, CONFIG);
        JsonNode config = Json.parse(JsonNode.class, storage.read(file), file);
        expect(file, config, "peft_type", "\"LORA\"");
        expect(file, config, "r", String.valueOf(manifest.rank()));
        expect(file, config, "lora_alpha", String.valueOf(manifest.alpha()));
        expectOrAbsent(file, config, "bias", "\"none\"");
        expectOrAbsent(file, config, "use_rslora", "false");
        if (profile == Profile.PORTABLE) {
            expectOrAbsent(file, config, "use_dora", "false");
            expectOrAbsent(file, config, "modules_to_save", "null");
        }
        expectOrAbsent(file, config, "rank_pattern", "{}");
        expectOrAbsent(file, config, "alpha_pattern", "{}");
        Set<String> targets = new TreeSet<>();
        config.path("target_modules").forEach(target -> targets.add(target.asText()));
        config.path("modules_to_save").forEach(module -> saved.add(module.asText()));
        if (targets.isEmpty()) {
            throw wrong(file, "target_modules", "a list of names", config.path("target_modules"));
        }
        return targets;
    }

    private static void expect(Path file, JsonNode config, String key, String allowed) {
        if (!config.path(key).toString().equals(allowed)) {
            throw wrong(file, key, allowed, config.path(key));
        }
    }

    private static void expectOrAbsent(Path file, JsonNode config, String key, String allowed) {
        if (config.hasNonNull(key)) {
            expect(file, config, key, allowed);
        }
    }

    private static StageFailure wrong(Path file, String key, String allowed, JsonNode value) {
        String was = value.isMissingNode() ? "missing" : value.toString();
        return new StageFailure(ExitCode.MISMATCH, file + ": " + key + " must be " + allowed + " but was " + was);
    }

    private void checkWeights(Set<String> targets) {
        Path file = new Path(directory, WEIGHTS);
        try (SafetensorsFile weights = SafetensorsFile.parse(storage.read(file), file.toString())) {
            Set<String> used = new HashSet<>();
            long parameters = 0;
            for (SafetensorsTensor tensor : weights.tensors()) {
                if (isSaved(tensor)) {
                    refuseNonFinite(weights.floats(tensor.name()), tensor.name(), file);
                } else {
                    used.add(checkedTarget(weights, tensor, targets, file));
                }
                parameters += tensor.elements();
            }
            List<String> unused = new ArrayList<>(targets);
            unused.removeAll(used);
            if (!unused.isEmpty()) {
                throw refused(file, "has no tensor for the target modules " + unused);
            }
            if (parameters != manifest.parameters()) {
                throw refused(
                        file,
                        "must hold " + manifest.parameters() + " parameters, as its manifest says, but holds "
                                + parameters);
            }
        } catch (InvalidBaseModelException e) {
            throw new StageFailure(ExitCode.MISMATCH, String.valueOf(e.getMessage()), e);
        }
    }

    /** Whether it is a module that PEFT keeps whole: F32 [vocabulary, hidden] under a name of modules_to_save. */
    private boolean isSaved(SafetensorsTensor tensor) {
        Matcher name = WHOLE.matcher(tensor.name());
        return name.matches()
                && tensor.type() == SafetensorsType.F32
                && tensor.shape().size() == MATRIX
                && saved.stream().anyMatch(module -> ("." + name.group(1)).endsWith("." + module));
    }

    /** The target module of a tensor that is as it must be. */
    private String checkedTarget(SafetensorsFile weights, SafetensorsTensor tensor, Set<String> targets, Path file) {
        Matcher magnitude = MAGNITUDE.matcher(tensor.name());
        if (profile == Profile.PEFT && magnitude.matches()) {
            return checkedMagnitude(weights, tensor, magnitude.group(1), targets, file);
        }
        Matcher name = TENSOR.matcher(tensor.name());
        if (!name.matches()) {
            throw refused(file, "has tensor '" + tensor.name() + "'; names must match " + TENSOR);
        }
        boolean isA = name.group(2).equals("A");
        List<Long> shape = tensor.shape();
        if (tensor.type() != SafetensorsType.F32
                || shape.size() != MATRIX
                || shape.get(isA ? 0 : 1) != manifest.rank()) {
            throw refused(
                    file,
                    "has tensor '" + tensor.name() + "' as " + tensor.type() + " " + shape + "; it must be F32 "
                            + (isA ? "[" + manifest.rank() + ", in]" : "[out, " + manifest.rank() + "]"));
        }
        String partner = "base_model.model." + name.group(1) + ".lora_" + (isA ? "B" : "A") + ".weight";
        if (!weights.contains(partner)) {
            throw refused(file, "has '" + tensor.name() + "' without '" + partner + "'");
        }
        String target = target(tensor, name.group(1), targets, file);
        refuseNonFinite(weights.floats(tensor.name()), tensor.name(), file);
        return target;
    }

    private static String checkedMagnitude(
            SafetensorsFile weights, SafetensorsTensor tensor, String module, Set<String> targets, Path file) {
        if (tensor.type() != SafetensorsType.F32 || tensor.shape().size() != 1) {
            throw refused(
                    file,
                    "has tensor '" + tensor.name() + "' as " + tensor.type() + " " + tensor.shape()
                            + "; it must be F32 [out]");
        }
        refuseNonFinite(weights.floats(tensor.name()), tensor.name(), file);
        return target(tensor, module, targets, file);
    }

    private static String target(SafetensorsTensor tensor, String module, Set<String> targets, Path file) {
        return targets.stream()
                .filter(candidate -> ("." + module).endsWith("." + candidate))
                .findFirst()
                .orElseThrow(() -> refused(
                        file,
                        "has tensor '" + tensor.name() + "', but its module is not in target_modules " + targets));
    }

    private static void refuseNonFinite(float[] values, String tensor, Path file) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw refused(file, "has " + value + " in tensor '" + tensor + "'");
            }
        }
    }

    private static StageFailure refused(Path file, String why) {
        return new StageFailure(ExitCode.MISMATCH, file + " " + why);
    }
}
