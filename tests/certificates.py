"""An authority of our own and certificates of servers, for TLS on the loopback."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Certificate:
    """Files (PEM) of a server's certificate and key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Issues certificates; `path` is its own one, which believers are given."""

    def __init__(self, folder: Path, name: str = "cafebox test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = datetime.now(UTC)
        made = self._begun(self._name, self._key, now - 50 * YEAR, now + 50 * YEAR).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.path = folder / "authority.pem"
        self.path.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def certificate(
        self,
        name: str,
        begins: timedelta = -YEAR,
        ends: timedelta = YEAR,
    ) -> Certificate:
        """A certificate for a host's name or address; it holds from now + begins to now + ends."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        try:
            host: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            host = x509.DNSName(name)
        made = self._begun(_name(name), key, now + begins, now + ends).add_extension(
            x509.SubjectAlternativeName([host]), critical=False
        )
        found = Certificate(self._folder / "server.pem", self._folder / "server.key")
        found.certificate.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        found.key.write_bytes(secret)
        return found

    def _begun(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins: datetime,
        ends: datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )
