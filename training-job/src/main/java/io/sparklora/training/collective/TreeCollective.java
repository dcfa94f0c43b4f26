package io.sparklora.training.collective;

import io.sparklora.training.collective.RingPlace.Level;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A tree of two levels of rings (see {@link Topology}), as one rank sees it: what its group holds goes to the group's
 * leader, the leaders reduce among themselves, and the result comes back through the group. One deadline spans all
 * three.
 */
final class TreeCollective implements Collective {
    /** What a reduction takes; a rank takes part in the phases of the rings that it has a place in. */
    static final List<Phase> PHASES = List.of(
            new Phase(Level.GROUP, Route.TO_FIRST),
            new Phase(Level.LEADERS, Route.ALL_REDUCE),
            new Phase(Level.GROUP, Route.FROM_FIRST));

    private final Membership me;
    private final RingSettings settings;
    private final Map<Level, RingCollective> rings;

    /** An operation of one level's rings. */
    record Phase(Level level, Route route) {}

    /** @param rings those that the rank has joined, one or both levels */
    TreeCollective(Membership me, RingSettings settings, Map<Level, RingCollective> rings) {
        this.me = me;
        this.settings = settings;
        this.rings = new EnumMap<>(rings);
    }

    @Override
    public int rank() {
        return me.rank();
    }

    @Override
    public int world() {
        return me.world();
    }

    @Override
    public void sum(long step, long[] values) {
        reduce(Reduction.SUM, step, values);
    }

    @Override
    public void max(long step, long[] values) {
        reduce(Reduction.MAX, step, values);
    }

    /** Where one ring breaks the other is told why, so that a failure gets through the tree. */
    private void reduce(Reduction reduction, long step, long[] values) {
        Deadline deadline = Deadline.in(settings.stepTimeout());
        try {
            for (Phase phase : PHASES) {
                RingCollective ring = rings.get(phase.level());
                if (ring != null) {
                    ring.run(phase.route(), reduction, step, values, deadline);
                }
            }
        } catch (RuntimeException | Error e) {
            rings.values().forEach(ring -> ring.abandon(e));
            throw e;
        }
    }

    @Override
    public void close() {
        rings.values().forEach(RingCollective::close);
    }
}
