package io.sparklora.dataprep;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.QueryExecution;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.columnar.InMemoryTableScanExec;
import org.apache.spark.sql.util.QueryExecutionListener;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The plans of all queries that run while it is open, and what of them RAPIDS would leave on the CPU. RAPIDS looks at
 * plans only: there need be no GPU, and its plugin is off. What is done with RDDs is in no plan.
 */
final class GpuPlans implements AutoCloseable {
    /**
     * What the queries are to run with: adaptive execution hides plans until they have run, and reused exchanges, which
     * Spark puts in after RAPIDS has seen a plan, have other columns than those that RAPIDS looks for.
     */
    static final Map<String, String> SETTINGS =
            Map.of("spark.sql.adaptive.enabled", "false", "spark.sql.exchange.reuse", "false");

    /** Where a line of the plan begins: descriptions may have line breaks of their own. */
    private static final Pattern NODE = Pattern.compile("\\R\\s*(?=[*!@^#] ?(\\w+ )?<\\w+>)");

    /** {@code !Exec <Name> why} cannot run on the GPU, {@code ^Expression <Name> why} needs the CPU for one expression. */
    private static final Pattern LEFT = Pattern.compile("\\s*[!^] ?(?:\\w+ )?<(\\w+)> (.*)");

    private static final Pattern CALL = Pattern.compile("(\\w+)\\(");
    /** How Spark calls a method of Java: {@code static_invoke(UrlCodec.decode(x))} and {@code invoke(x.isValid())}. */
    private static final Pattern METHOD = Pattern.compile(
            "static_invoke\\((?:\\w+[.])*(\\w+)\\(|invoke\\(.*[.](\\w+)\\(\\)\\) (?:cannot|will) run", Pattern.DOTALL);

    private static final String FUNCTION = "ScalaUDF";
    /** Of a type that RAPIDS lacks, whatever is done with its values. */
    private static final Pattern UNSUPPORTED_TYPE =
            Pattern.compile("because .*?(Variant|Binary|Object)Type", Pattern.DOTALL);

    /** Of what would run on the GPU, if it were not for another expression that is named itself. */
    private static final List<String> BY_OTHERS = List.of(
            "cannot run on GPU because not all expressions can be replaced",
            "because it avoids excess CPU and GPU transfers");

    private final SparkSession spark;
    private final List<QueryExecution> queries = Collections.synchronizedList(new ArrayList<>());
    private final QueryExecutionListener listener = new QueryExecutionListener() {
        @Override
        public void onSuccess(String name, QueryExecution query, long nanos) {
            queries.add(query);
        }

        @Override
        public void onFailure(String name, QueryExecution query, Exception failure) {}
    };

    /** @param spark with {@link #SETTINGS} */
    GpuPlans(SparkSession spark) {
        this.spark = spark;
        spark.listenerManager().register(listener);
    }

    /**
     * What stays on the CPU, with the line that says so: operators and expressions by their class, our own functions and
     * methods of Java by their name, such as {@code tokenise()}, and all that is done with values of a type by the type. To be called when
     * nothing is cached any more.
     */
    Map<String, String> exceptions() throws Exception {
        spark.sparkContext().listenerBus().waitUntilEmpty();
        Map<String, String> exceptions = new TreeMap<>();
        for (QueryExecution query : withCached(List.copyOf(queries))) {
            String explained = explained(query);
            for (String node : NODE.split(explained)) {
                Matcher left = LEFT.matcher(node);
                if (left.lookingAt() && BY_OTHERS.stream().noneMatch(node.strip()::endsWith)) {
                    exceptions.putIfAbsent(name(left.group(1), left.group(2)), node.strip());
                }
            }
        }
        return exceptions;
    }

    private static String name(String type, String description) {
        Matcher call = CALL.matcher(description);
        if (type.equals(FUNCTION) && call.lookingAt()) {
            return call.group(1) + "()";
        }
        Matcher method = METHOD.matcher(description);
        if (method.lookingAt()) {
            return Objects.requireNonNullElse(method.group(1), method.group(2)) + "()";
        }
        Matcher unsupported = UNSUPPORTED_TYPE.matcher(description);
        return unsupported.find() ? unsupported.group(1) + "Type" : type;
    }

    /** The queries, and what their cached datasets were made by. */
    private List<QueryExecution> withCached(List<QueryExecution> found) {
        Set<SparkPlan> seen = Collections.newSetFromMap(new java.util.IdentityHashMap<>());
        Set<QueryExecution> all = new LinkedHashSet<>(found);
        for (QueryExecution query : found) {
            for (SparkPlan leaf :
                    CollectionConverters.asJava(query.executedPlan().collectLeaves())) {
                if (leaf instanceof InMemoryTableScanExec scan
                        && seen.add(scan.relation().cacheBuilder().cachedPlan())) {
                    all.add(org.apache.spark.sql.classic.Dataset.ofRows(
                                    (org.apache.spark.sql.classic.SparkSession) spark,
                                    scan.relation().cacheBuilder().logicalPlan())
                            .queryExecution());
                }
            }
        }
        return List.copyOf(all);
    }

    /** By reflection, so that the other tests need no RAPIDS. */
    private static String explained(QueryExecution query) throws Exception {
        Dataset<?> dataset = new org.apache.spark.sql.classic.Dataset<>(query, Encoders.LONG());
        try {
            return (String) Class.forName("com.nvidia.spark.rapids.ExplainPlan")
                    .getMethod("explainPotentialGpuPlan", Dataset.class, String.class)
                    .invoke(null, dataset, "ALL");
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("RAPIDS can't look at the plan\n" + query.executedPlan(), e.getCause());
        }
    }

    @Override
    public void close() {
        spark.listenerManager().unregister(listener);
    }
}
