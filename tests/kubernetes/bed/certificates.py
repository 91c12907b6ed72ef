"""Keys, certificates and tokens of a bed."""

from __future__ import annotations

import pathlib
import secrets
import subprocess

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365")


def make_authority(folder: pathlib.Path) -> None:
    """Writes `ca.key` and `ca.crt`, and `accounts.key` that signs the tokens of service accounts."""
    _openssl("req", "-x509", *_NEW_KEY, "-subj", "/CN=bed-ca", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "accounts.key")


def sign_for_accounts(folder: pathlib.Path, text: bytes) -> bytes:
    """Returns the signature of a token of a service account, as the API server makes it: r and s (RFC 7518, ES256)."""
    command = ["openssl", "dgst", "-sha256", "-sign", str(folder / "accounts.key")]
    der = subprocess.run(command, input=text, capture_output=True, check=True).stdout
    end = 4 + der[3]  # of r; before each of the two are its type and length
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (der[4:end], der[end + 2 :]))


def make_server(folder: pathlib.Path, names: list[str]) -> None:
    """Writes `server.key` and `server.crt` for a server of these names, such as `IP:127.0.0.1`."""
    _make(folder, "server", ("-addext", f"subjectAltName={','.join(names)}"))


def make_client(folder: pathlib.Path) -> None:
    """Writes `client.key` and `client.crt` for somebody who is no server."""
    _make(folder, "client", ("-addext", "extendedKeyUsage=clientAuth"))


def _make(folder: pathlib.Path, name: str, more: tuple[str, ...]) -> None:
    authority = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key")
    target = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
    more = (*more, "-addext", "basicConstraints=critical,CA:FALSE")
    _openssl("req", "-x509", *_NEW_KEY, "-subj", "/CN=bed", *more, *authority, *target)


def make_tokens(file: pathlib.Path, users: dict[str, str]) -> dict[str, str]:
    """Writes a token for each user and its group, as the API server reads them; returns the tokens by user."""
    tokens = {user: secrets.token_hex(16) for user in users}
    file.touch(mode=0o600)
    file.write_text("".join(f'{tokens[user]},{user},{user},"{group}"\n' for user, group in users.items()))
    return tokens


def _openssl(*arguments: str | pathlib.Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
