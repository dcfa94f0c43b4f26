package io.sparklora.dataprep;

import java.io.PrintStream;
import java.util.Locale;
import org.apache.spark.sql.SparkSession;

/** Tells a person which step runs, on the console and in Spark's web interface. */
final class Progress {
    private final SparkSession spark;
    private final PrintStream console;

    Progress(SparkSession spark, PrintStream console) {
        this.spark = spark;
        this.console = console;
    }

    /** A step begins: {@code tokenising %,d documents}. */
    void begin(String step, Object... values) {
        String line = String.format(Locale.ROOT, step, values);
        spark.sparkContext().setJobDescription("prepare: " + line);
        console.println("prepare  " + line);
    }
}
