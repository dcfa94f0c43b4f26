package io.sparklora.training.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortRangeTest {
    private static final Membership ME = new Membership("run", 0, 2, 0);
    private static final int COUNT = 40;

    private ServerSocket busy;

    @BeforeEach
    void occupy() throws IOException {
        busy = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
    }

    @AfterEach
    void leave() throws IOException {
        busy.close();
    }

    private RingEndpoint bind(PortRange ports) throws IOException {
        return Ranks.bind(ME, RingSettings.DEFAULT.listeningOn(ports));
    }

    @Test
    void ranksOfOneHostTakePortsOfTheRangeThatAreFree() throws IOException {
        PortRange ports = new PortRange(busy.getLocalPort(), COUNT);
        List<Integer> taken = new ArrayList<>();
        try (RingEndpoint first = bind(ports);
                RingEndpoint second = bind(ports)) {
            taken.add(first.address().getPort());
            taken.add(second.address().getPort());
        }
        assertThat(taken).doesNotHaveDuplicates().allSatisfy(port -> assertThat(port)
                .isBetween(busy.getLocalPort() + 1, busy.getLocalPort() + COUNT - 1));
    }

    @Test
    void saysWhichPortsAreAllTaken() {
        int port = busy.getLocalPort();
        assertThatThrownBy(() -> bind(new PortRange(port, 1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("rank 0")
                .hasMessageEndingWith(" cannot listen on 127.0.0.1, port " + port + ": Address already in use");
        assertThatThrownBy(() -> new PortRange(7000, 3).open(taken -> {
                    throw new BindException(taken + " is taken");
                }))
                .hasMessage("ports 7000 to 7002: 7002 is taken");
    }

    @Test
    void triesNoOtherPortWhereThePortIsNotTheFault() {
        List<Integer> tried = new ArrayList<>();
        assertThatThrownBy(() -> new PortRange(7000, 3).open(port -> {
                    tried.add(port);
                    throw new IOException("no network");
                }))
                .hasMessage("no network");
        assertThat(tried).containsExactly(7000);
    }

    @Test
    void takesAnyPortWhereNoneIsSaid() throws IOException {
        assertThat(PortRange.from(0, COUNT)).isEqualTo(PortRange.ANY);
        try (RingEndpoint endpoint = bind(PortRange.ANY)) {
            assertThat(endpoint.address().getPort()).isPositive();
        }
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 2", "65535, 2", "7000, 0"})
    void refusesWhatIsNoRange(int first, int count) {
        assertThatThrownBy(() -> new PortRange(first, count))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no ports: " + count + " from " + first + " on");
    }
}
