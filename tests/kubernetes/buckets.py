"""Servers of buckets, which tests stop and start: one speaks like S3, one like Google Cloud Storage."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess

from bed.programs import program
from control_plane import free_address
from support import eventually

BUCKET = "logs"
KEY = {"AWS_ACCESS_KEY_ID": "leoflow", "AWS_SECRET_ACCESS_KEY": "of the tests", "AWS_REGION": "eu-west-1"}


class Buckets:
    """A server with one bucket, whose objects are files.

    Attributes:
        url: Of a prefix in the bucket, as Airflow's settings take it.
        settings: Environment variables of a Leoflow that keeps its logs there.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        """Takes an empty folder."""
        self.folder, self.address = folder, free_address()
        (folder / BUCKET).mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    url = ""

    @property
    def settings(self) -> dict[str, str]:
        """Returns what a server starts with."""
        return {"AIRFLOW__LOGGING__REMOTE_LOGGING": "True", "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": self.url}

    def command(self) -> list[str]:
        """Returns the program and its arguments."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server; returns when it listens."""
        with open(self.folder / "server.log", "ab") as log:
            environment = os.environ | {"HOME": str(self.folder)}
            self._process = subprocess.Popen(self.command(), env=environment, stdout=log, stderr=log)
        eventually(self._listens, f"{self.url} is there", 20)

    def stop(self) -> None:
        """Ends the server, as suddenly as an outage."""
        self._process.kill()
        self._process.wait()

    def read(self, name: str) -> str:
        """Returns the text of an object below the prefix; nothing if it is not there."""
        try:
            return (self.folder / BUCKET / "some/prefix" / name).read_text()
        except FileNotFoundError:
            return ""

    def _listens(self) -> bool:
        assert self._process.poll() is None, (self.folder / "server.log").read_text()
        host, port = self.address.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0


class S3(Buckets):
    """Versity's gateway, over a folder."""

    url = f"s3://{BUCKET}/some/prefix"

    @property
    def settings(self) -> dict[str, str]:
        """Returns what a server starts with."""
        return super().settings | KEY | {"AWS_ENDPOINT_URL_S3": f"http://{self.address}"}

    def command(self) -> list[str]:
        """Returns the program and its arguments."""
        return [
            program("versitygw"), "--port", self.address, "--access", KEY["AWS_ACCESS_KEY_ID"],
            "--secret", KEY["AWS_SECRET_ACCESS_KEY"], "--region", KEY["AWS_REGION"],
            "posix", "--nometa", str(self.folder),
        ]  # fmt: skip


class Google(Buckets):
    """fake-gcs-server, over a folder."""

    url = f"gs://{BUCKET}/some/prefix"

    @property
    def settings(self) -> dict[str, str]:
        """Returns what a server starts with."""
        return super().settings | {"STORAGE_EMULATOR_HOST": self.address}

    def command(self) -> list[str]:
        """Returns the program and its arguments."""
        host, port = self.address.split(":")
        return [
            program("fake-gcs-server"), "-scheme", "http", "-host", host, "-port", port,
            "-backend", "filesystem", "-filesystem-root", str(self.folder),
        ]  # fmt: skip
