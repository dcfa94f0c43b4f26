package io.sparklora.training.job;

import java.io.Serializable;

/**
 * Where the driver listens for the steps of rank 0.
 *
 * @param host the driver's name or address, as executors reach it
 * @param port of the listener
 * @param token what a reporter says first; it travels with the task, so no one else knows it
 */
record ProgressAddress(String host, int port, String token) implements Serializable {
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
