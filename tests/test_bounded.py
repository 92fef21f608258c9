"""What a test starts is over when the test has failed, however stuck it is."""

import os
import socket
import sys
import threading

import pytest

import bounded
from bounded import await_end, child
from servers.recording import listening

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); signal.pause()"


class Failed(BaseException):
    """As pytest's own is, which its time-out raises, too."""


def test_a_process_that_heeds_no_signal_does_not_outlive_its_block():
    read, write = os.pipe()
    with (
        os.fdopen(read) as said,
        pytest.raises(Failed),
        child([sys.executable, "-uc", DEAF], stdout=write) as process,
    ):
        os.close(write)
        said.readline()
        process.terminate()
        raise Failed
    assert process.returncode == -9


def test_a_thread_that_does_not_end_is_told_and_not_waited_for(monkeypatch):
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.05)
    over = threading.Event()
    thread = threading.Thread(target=over.wait, daemon=True)
    thread.start()
    with pytest.raises(RuntimeError, match="does not end"):
        await_end(thread)
    over.set()


def test_a_recording_server_leaves_nothing_behind_a_test_that_fails():
    def waits(connection):
        connection.send(b"here")
        while connection.receive():
            pass

    with pytest.raises(Failed), listening(waits) as server:
        client = socket.create_connection(("127.0.0.1", server.port), 20)
        assert client.recv(4) == b"here"
        raise Failed
    with client:
        assert client.recv(1) == b""
    assert (len(server.connections), server.open_now) == (1, 0)
