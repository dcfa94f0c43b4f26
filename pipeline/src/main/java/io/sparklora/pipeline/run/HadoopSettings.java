package io.sparklora.pipeline.run;

import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * The settings that Hadoop's file systems are opened with: Hadoop's own files on the class path, and Spark's
 * {@code spark.hadoop.*}, so that a stage without SparkContext reaches the storage that the executors reach.
 */
public final class HadoopSettings {
    /** What Spark puts before the names of Hadoop's settings. */
    public static final String PREFIX = "spark.hadoop.";

    private HadoopSettings() {}

    /**
     * Puts them together.
     *
     * @param sparkSettings those of the configuration; what spark-submit told this process is there without them
     */
    public static Configuration of(Map<String, String> sparkSettings) {
        Configuration hadoop = new Configuration();
        // spark-submit sets the application's settings as system properties of a driver.
        System.getProperties().stringPropertyNames().forEach(key -> set(hadoop, key, System.getProperty(key, "")));
        sparkSettings.forEach((key, value) -> set(hadoop, key, value));
        return hadoop;
    }

    private static void set(Configuration hadoop, String key, String value) {
        if (key.startsWith(PREFIX)) {
            hadoop.set(key.substring(PREFIX.length()), value);
        }
    }
}
