"""Java's SSLServerSocket, from one source file that the launcher compiles."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Server, place, required, running

SOURCE = """\
import java.io.FileInputStream;
import java.net.InetAddress;
import java.security.KeyStore;
import javax.net.ssl.*;

public class TlsServer {
  public static void main(String[] words) throws Exception {
    char[] password = "password".toCharArray();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(new FileInputStream(words[1]), password);
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory()
        .createServerSocket(Integer.parseInt(words[0]), 100, InetAddress.getByName("127.0.0.1"));
    server.setEnabledProtocols(words[2].split(","));
    if (!words[3].isEmpty()) server.setEnabledCipherSuites(words[3].split(","));
    SSLParameters parameters = server.getSSLParameters();
    parameters.setUseCipherSuitesOrder(words[4].equals("server"));
    server.setSSLParameters(parameters);
    System.out.println("enabled " + String.join(",", server.getEnabledCipherSuites()));
    while (true) {
      SSLSocket socket = (SSLSocket) server.accept();
      new Thread(() -> {
        try (socket) {
          socket.startHandshake();
          while (socket.getInputStream().read() >= 0) { }
        } catch (Exception error) { }
      }).start();
    }
  }
}
"""
# What the JDK forbids by default must not decide what a test's server speaks.
SECURITY = (
    "jdk.tls.disabledAlgorithms=\njdk.certpath.disabledAlgorithms=\njdk.tls.legacyAlgorithms=\n"
)


@contextmanager
def java(
    https: Certificate,
    protocols: Sequence[str] = ("TLSv1.2", "TLSv1.3"),
    suites: Sequence[str] = (),
    order: str = "server",
    groups: str = "",
    forbids: str = "",
) -> Iterator[Server]:
    """An SSLServerSocket on `https_port`; what is enabled by default stands in its log.

    ``groups`` are names of ``jdk.tls.namedGroups``, ``forbids`` of ``jdk.tls.disabledAlgorithms``.
    """
    executable = Path(required("java")).with_name("java")  # what is required is the compiler
    with place() as where:
        store = where.folder / "store.p12"
        export = ["openssl", "pkcs12", "-export", "-in", https.chain, "-inkey", https.key]
        subprocess.run(
            [*export, "-out", store, "-passout", "pass:password"], check=True, capture_output=True
        )
        source = where.write("TlsServer.java", SOURCE)
        security = where.write("java.security", SECURITY.replace("=\n", f"={forbids}\n", 1))
        options = ["-Djava.net.preferIPv4Stack=true", f"-Djava.security.properties={security}"]
        options += [f"-Djdk.tls.namedGroups={groups}"] if groups else []
        words = [str(where.https_port), store, ",".join(protocols), ",".join(suites), order]
        command = [executable, *options, source, *words]
        with running("java", where, command, [where.https_port]) as server:
            yield server
