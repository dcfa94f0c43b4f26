package io.sparklora.training.lora;

import io.sparklora.pipeline.adapter.LoraBranch;
import io.sparklora.pipeline.adapter.SavedModule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Starts where another adapter ended: the first step computes what that adapter computes. Its branches must be those of
 * the run, with the same ranks; where their scale differs, B makes up for it, and where ranks were filled up with zeros
 * for servers ({@link PortableProfile}), the zeros are left out.
 */
public final class WarmStart implements LoraInitializer {
    private static final int SHOWN = 3;

    private final PeftAdapter start;

    /** @param start the adapter to go on from, over the run's base model */
    public WarmStart(PeftAdapter start) {
        this.start = start;
    }

    /**
     * The adapter's parameters in the layout's order.
     *
     * @throws IllegalArgumentException naming the differences where the adapter's branches aren't the layout's
     */
    @Override
    public float[] initial(LoraLayout layout) {
        Map<String, LoraEntry> given = new HashMap<>();
        start.layout().entries().forEach(entry -> given.put(entry.key(), entry));
        refuseDifferences(layout);
        float[] parameters = new float[layout.parameterCount()];
        for (LoraEntry entry : layout.entries()) {
            LoraEntry from = given.get(entry.key());
            if (from == null) {
                throw new IllegalArgumentException("tensor " + entry.key() + " is missing");
            }
            copy(from, entry, parameters);
        }
        for (int i = 0; i < layout.saved().size(); i++) {
            SavedEntry entry = layout.saved().get(i);
            int from = start.layout().saved().get(i).offset();
            System.arraycopy(start.parameters(), from, parameters, entry.offset(), entry.elements());
        }
        return parameters;
    }

    private void refuseDifferences(LoraLayout layout) {
        if (!modules(start.layout()).equals(modules(layout))) {
            throw new IllegalArgumentException("the adapter differs from the run in what it trains whole: "
                    + paths(start.layout()) + " in it but " + paths(layout) + " in the run");
        }
        Map<String, LoraBranch> wanted = byPath(layout);
        Map<String, LoraBranch> given = byPath(start.layout());
        List<String> differences = new ArrayList<>();
        wanted.forEach((path, branch) -> {
            LoraBranch other = given.get(path);
            if (other == null) {
                differences.add(path + " has no branch in it");
            } else if (other.kind() != branch.kind()) {
                differences.add(path + " is of kind " + other.kind() + " in it but " + branch.kind() + " in the run");
            } else if (other.rank() < branch.rank()) {
                differences.add(path + " has rank " + other.rank() + " in it but " + branch.rank() + " in the run");
            }
        });
        given.keySet().stream()
                .filter(path -> !wanted.containsKey(path))
                .forEach(path -> differences.add(path + " has no branch in the run"));
        if (!differences.isEmpty()) {
            List<String> shown = differences.stream().sorted().limit(SHOWN).toList();
            throw new IllegalArgumentException("the adapter differs from the run in " + differences.size()
                    + " branches: " + String.join("; ", shown) + (differences.size() > SHOWN ? "; ..." : ""));
        }
    }

    private static List<SavedModule> modules(LoraLayout layout) {
        return layout.saved().stream().map(SavedEntry::module).toList();
    }

    private static List<String> paths(LoraLayout layout) {
        return modules(layout).stream().map(SavedModule::path).toList();
    }

    private static Map<String, LoraBranch> byPath(LoraLayout layout) {
        Map<String, LoraBranch> branches = new HashMap<>();
        layout.branches().forEach(branch -> branches.put(branch.path(), branch));
        return branches;
    }

    private void copy(LoraEntry from, LoraEntry to, float[] parameters) {
        double factor = to.matrix() == LoraMatrix.B
                ? from.branch().scale() / to.branch().scale()
                : 1;
        for (int row = 0; row < from.rows(); row++) {
            for (int column = 0; column < from.columns(); column++) {
                float value = start.parameters()[from.offset() + row * from.columns() + column];
                if (row < to.rows() && column < to.columns()) {
                    parameters[to.offset() + row * to.columns() + column] = (float) (value * factor);
                } else if (value != 0) {
                    throw new IllegalArgumentException("the adapter differs from the run in the rank of "
                            + to.branch().path() + ": " + from.branch().rank() + " in it but "
                            + to.branch().rank() + " in the run");
                }
            }
        }
    }
}
