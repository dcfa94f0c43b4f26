package io.sparklora.pipeline.adapter;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.config.LoraConfig;
import io.sparklora.pipeline.config.LoraConfig.Kind;
import io.sparklora.pipeline.config.LoraConfig.Scaling;
import io.sparklora.pipeline.config.ModulePattern;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Which branches an adapter has, as a configuration or PEFT's {@code adapter_config.json} says it, before a model makes
 * paths of it. Matching is PEFT 0.21.2's ({@link ModulePattern}).
 *
 * @param kind what a branch does to its layer
 * @param rank r where no pattern says another, at least 1
 * @param alpha alpha where no pattern says another, at least 1
 * @param scaling what a branch is multiplied by
 * @param targets modules with a branch, each once and at least one, or {@code all-linear} alone; sorted
 * @param layers blocks with branches, ascending; empty for all; modules that targets name by whole paths are not asked
 * @param ranks ranks by pattern; the first that matches a module counts
 * @param alphas alphas by pattern, likewise
 * @param modulesToSave modules that are trained whole, by their names; sorted
 */
public record AdapterShape(
        Kind kind,
        int rank,
        int alpha,
        Scaling scaling,
        List<String> targets,
        List<Integer> layers,
        Map<String, Integer> ranks,
        Map<String, Integer> alphas,
        List<String> modulesToSave)
        implements Serializable {
    /**
     * Trained numbers of a run, at most: their vector travels to the model, and to and from checkpoints, as one buffer of
     * 2 GiB, of which a file's header has some.
     */
    public static final int MOST_PARAMETERS = (1 << 29) - (1 << 16);

    /** Checks the numbers and sorts the targets. */
    public AdapterShape {
        if (rank < 1 || alpha < 1) {
            throw new IllegalArgumentException("r and lora_alpha must be at least 1 but are " + rank + ", " + alpha);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("target_modules must name at least one layer");
        }
        List<String> sorted = targets.stream().sorted().toList();
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i).equals(sorted.get(i - 1))) {
                throw new IllegalArgumentException("LoRA target " + sorted.get(i) + " is named twice in " + targets);
            }
        }
        targets = sorted;
        layers = layers.stream().sorted().distinct().toList();
        ranks = Collections.unmodifiableMap(new LinkedHashMap<>(ranks));
        alphas = Collections.unmodifiableMap(new LinkedHashMap<>(alphas));
        modulesToSave = modulesToSave.stream().sorted().distinct().toList();
    }

    /** Branches alone. */
    public AdapterShape(
            Kind kind,
            int rank,
            int alpha,
            Scaling scaling,
            List<String> targets,
            List<Integer> layers,
            Map<String, Integer> ranks,
            Map<String, Integer> alphas) {
        this(kind, rank, alpha, scaling, targets, layers, ranks, alphas, List.of());
    }

    /** The same branches in every block, scaled by alpha / r. */
    public static AdapterShape plain(int rank, int alpha, List<String> targets) {
        return new AdapterShape(Kind.LORA, rank, alpha, Scaling.STANDARD, targets, List.of(), Map.of(), Map.of());
    }

    /** The same in some blocks only; in all where the list is empty. */
    public AdapterShape within(List<Integer> blocks) {
        return new AdapterShape(kind, rank, alpha, scaling, targets, blocks, ranks, alphas, modulesToSave);
    }

    /** The same of another kind. */
    public AdapterShape as(Kind other) {
        return new AdapterShape(other, rank, alpha, scaling, targets, layers, ranks, alphas, modulesToSave);
    }

    /** The same with modules that are trained whole. */
    public AdapterShape saving(List<String> modules) {
        return new AdapterShape(kind, rank, alpha, scaling, targets, layers, ranks, alphas, modules);
    }

    /** What a configuration says. */
    public static AdapterShape of(LoraConfig lora) {
        return new AdapterShape(
                lora.kind(),
                lora.rank(),
                lora.alpha(),
                lora.scaling(),
                lora.targets(),
                lora.blocks(),
                lora.rankPattern(),
                lora.alphaPattern(),
                lora.modulesToSave());
    }

    /**
     * The branches that a configuration means over a model. Unlike PEFT, which passes over it, a pattern that matches no
     * branch is refused, and so are two that match the same one: neither YAML nor PEFT's file has an order of keys.
     *
     * @throws StageFailure ({@link ExitCode#USAGE}) naming the key, its value and what is allowed
     */
    public static List<LoraBranch> planned(LoraConfig lora, DecoderShape model) {
        AdapterShape shape = of(lora);
        try {
            List<LoraBranch> branches = shape.branches(LoraModules.of(model));
            refuseTooMany(branches.stream().mapToLong(LoraBranch::parameters).sum()
                    + SavedModule.named(shape.modulesToSave, model).stream()
                            .mapToLong(SavedModule::parameters)
                            .sum());
            refuseIdle("rank-pattern", shape.ranks.keySet().stream().toList(), branches);
            refuseIdle("alpha-pattern", shape.alphas.keySet().stream().toList(), branches);
            return branches;
        } catch (IllegalArgumentException e) {
            throw new StageFailure(ExitCode.USAGE, "lora: " + e.getMessage(), e);
        }
    }

    /**
     * Refuses more trained numbers than a run can hold.
     *
     * @throws IllegalArgumentException from {@link #MOST_PARAMETERS} + 1 on
     */
    public static void refuseTooMany(long parameters) {
        if (parameters > MOST_PARAMETERS) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "at most %,d numbers can be trained, but there would be %,d: take a smaller rank, or fewer modules-to-save",
                    MOST_PARAMETERS,
                    parameters));
        }
    }

    private static void refuseIdle(String key, List<String> patterns, List<LoraBranch> branches) {
        Map<String, String> taken = new LinkedHashMap<>();
        for (String pattern : patterns.stream().sorted().toList()) {
            ModulePattern modules = ModulePattern.key(pattern);
            List<String> paths = branches.stream()
                    .map(LoraBranch::path)
                    .filter(modules::matches)
                    .toList();
            if (paths.isEmpty()) {
                throw new IllegalArgumentException(key + "." + pattern + " matches no target; there are "
                        + names(branches.stream().map(LoraBranch::module).toList()));
            }
            for (String path : paths) {
                String other = taken.putIfAbsent(path, pattern);
                if (other != null) {
                    throw new IllegalArgumentException(
                            key + " has both " + other + " and " + pattern + " for " + path + "; it may have one");
                }
            }
        }
    }

    /**
     * The branches over a model's modules, block after block.
     *
     * @throws IllegalArgumentException where a target is no module, a block isn't there, or a rank is too large
     */
    public List<LoraBranch> branches(LoraModules modules) {
        checkLayers(modules.layers());
        Predicate<String> chosen = chosen(modules);
        Map<ModulePattern, Integer> rankPatterns = compiled(ranks);
        Map<ModulePattern, Integer> alphaPatterns = compiled(alphas);
        List<LoraBranch> branches = new ArrayList<>();
        for (int layer = 0; layer < modules.layers(); layer++) {
            for (LoraModule module : modules.modules()) {
                String path = module.pathIn(layer);
                if (isNamed(path) || (chosen.test(path) && (layers.isEmpty() || layers.contains(layer)))) {
                    int r = first(rankPatterns, path, rank);
                    checkRank(r, modules.largestRank());
                    double scale = scaling.of(r, first(alphaPatterns, path, alpha));
                    branches.add(new LoraBranch(layer, module, r, scale, kind));
                }
            }
        }
        return List.copyOf(branches);
    }

    private void checkLayers(int count) {
        if (!layers.isEmpty() && (layers.get(0) < 0 || layers.get(layers.size() - 1) >= count)) {
            throw new IllegalArgumentException("layers must be in [0, " + (count - 1) + "] but are " + layers);
        }
    }

    private static void checkRank(int rank, int largest) {
        if (rank < 1 || rank > largest) {
            throw new IllegalArgumentException("LoRA rank must be in [1, " + largest + "] but was " + rank);
        }
    }

    private Predicate<String> chosen(LoraModules modules) {
        if (targets.equals(List.of(LoraConfig.ALL_LINEAR))) {
            return path -> true;
        }
        List<ModulePattern> patterns =
                targets.stream().map(ModulePattern::target).toList();
        for (ModulePattern pattern : patterns) {
            if (modules.paths().noneMatch(pattern::matches)) {
                throw new IllegalArgumentException("LoRA target must be one of " + names(modules.modules())
                        + ", a path that ends so, an expression for such paths, or all-linear alone, but was "
                        + pattern);
            }
        }
        return path -> patterns.stream().anyMatch(pattern -> pattern.matches(path));
    }

    private boolean isNamed(String path) {
        return targets.contains(path);
    }

    private static Map<ModulePattern, Integer> compiled(Map<String, Integer> patterns) {
        Map<ModulePattern, Integer> compiled = new LinkedHashMap<>();
        patterns.forEach((text, value) -> compiled.put(ModulePattern.key(text), value));
        return compiled;
    }

    private static int first(Map<ModulePattern, Integer> patterns, String path, int otherwise) {
        return patterns.entrySet().stream()
                .filter(pattern -> pattern.getKey().matches(path))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(otherwise);
    }

    private static String names(List<LoraModule> modules) {
        return modules.stream().map(LoraModule::name).distinct().collect(Collectors.joining(", "));
    }
}
