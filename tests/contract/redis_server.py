"""A redis-server on loopback, which can be ended and started again."""

import os
import shutil
import signal
import socket
import subprocess

import pytest
import redis

PATIENCE = 60  # seconds after which something is missing, and not only late

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None and not os.environ.get("GRIDHOOK_CI"), reason="redis-server is not installed"
)


class RedisServer:
    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        heard = []
        for line in self.process.stdout:
            heard.append(line)
            if "Ready to accept connections" in line:
                return
        pytest.fail(f"redis-server did not start:\n{''.join(heard)}")

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)

    def client(self):
        return redis.Redis.from_url(self.url, socket_timeout=PATIENCE)
