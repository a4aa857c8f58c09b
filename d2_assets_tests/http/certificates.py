"""Certificates that are made for one test by ``openssl``, each its own authority."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_CONFIG = """\
[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[req]
distinguished_name = names
prompt = no
[names]
commonName = {common_name}
[server]
subjectAltName = {names}
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class Certificate:
    """PEM files of a key and of its certificate, which is also what to trust."""

    key: Path
    file: Path


def make_certificate(
    folder: Path, names: str = "IP:127.0.0.1,DNS:localhost", years: str = "2020-2100"
) -> Certificate:
    """A certificate for hosts ("DNS:localhost") that is valid from one year to another."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificates of this test")
    folder.mkdir()
    (folder / "index.txt").touch()
    config, key, file = folder / "openssl.cnf", folder / "key.pem", folder / "certificate.pem"
    config.write_text(_CONFIG.format(folder=folder, common_name="server", names=names))
    first, last = years.split("-")
    request = folder / "request.pem"
    for command in (
        f"genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {key}",
        f"req -new -config {config} -key {key} -out {request}",
        f"ca -batch -notext -selfsign -config {config} -keyfile {key} -in {request} -out {file} "
        f"-startdate {first}0101000000Z -enddate {last}0101000000Z",
    ):
        subprocess.run([openssl, *command.split()], check=True, capture_output=True)
    return Certificate(key, file)
