"""Whom the box believes at the other end of a TLS line, and why somebody was not believed."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from cryptography import x509
from cryptography.x509.oid import NameOID

NOT_YET_VALID, EXPIRED = 9, 10
OTHER_NAME, OTHER_ADDRESS = 62, 64
"""Results of a verification, by number (OpenSSL, X509_STORE_CTX_get_error(3))."""
ANSWER_S = 5.0
DATE = "Compare the box's date: timedatectl"


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why there is no TLS line, in a technician's words, and what to do about it."""

    found: str
    remedy: str


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """What checks a certificate: against one's own authorities, None for the system's.

    Raises OSError or ssl.SSLError for a file that cannot be read or holds no certificate.
    """
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


def http_client(
    ca_file: Path | None, timeout: aiohttp.ClientTimeout | None = None
) -> aiohttp.ClientSession:
    """A client for the hub's HTTP that believes as `tls_context` does. Raises as it does."""
    believed: ssl.SSLContext | bool = True if ca_file is None else tls_context(ca_file)
    connector = aiohttp.TCPConnector(ssl=believed)
    if timeout is None:
        return aiohttp.ClientSession(connector=connector)
    return aiohttp.ClientSession(connector=connector, timeout=timeout)


def distrust_of(error: OSError, host: str, port: int, ca_file: Path | None) -> Distrust:
    """Put into words why a handshake with (host, port) failed; looks at the certificate again.

    Blocks for `ANSWER_S` at the most.
    """
    if not isinstance(error, ssl.SSLCertVerificationError):
        why = getattr(error, "reason", None) or error.strerror or error
        remedy = "Compare address and port: mqtts: and https: with TLS, mqtt: and http: without it"
        return Distrust(f"no TLS is spoken there ({why})", remedy)
    shown = _shown_by(host, port)
    today = datetime.now(UTC)
    if error.verify_code == NOT_YET_VALID:
        begins = "" if shown is None else f" before {shown.not_valid_before_utc:%Y-%m-%d}"
        found = f"its certificate does not hold{begins}, and this box's date is {today:%Y-%m-%d}"
        return Distrust(found, f"{DATE}. A clock that was never set says 1970")
    if error.verify_code == EXPIRED:
        ended = "" if shown is None else f" on {shown.not_valid_after_utc:%Y-%m-%d}"
        found = f"its certificate expired{ended}; this box's date is {today:%Y-%m-%d}"
        return Distrust(found, f"{DATE}. If it is right, head office renews the certificate")
    if error.verify_code in (OTHER_NAME, OTHER_ADDRESS):
        names = "another name" if shown is None else ", ".join(_names(shown)) or "nobody"
        found = f"its certificate is made out to {names}, not to {host}"
        return Distrust(found, "Write the address as it stands there, or have it made out anew")
    issuer = "" if shown is None else f" ({shown.issuer.rfc4514_string()})"
    found = f"nobody whom this box trusts issued its certificate{issuer}: {error.verify_message}"
    if ca_file is None:
        return Distrust(found, "Copy the authority's certificate here: hub.ca_file names it")
    return Distrust(found, f"Compare {ca_file} with the authority's certificate at head office")


def _shown_by(host: str, port: int) -> x509.Certificate | None:
    """The certificate that a server shows, unchecked; None where it shows none any more."""
    try:
        text = ssl.get_server_certificate((host, port), timeout=ANSWER_S)
        return x509.load_pem_x509_certificate(text.encode())
    except (OSError, ValueError):
        return None


def _names(shown: x509.Certificate) -> list[str]:
    """Whom a certificate is made out to (RFC 9525: the alternative names; else the subject)."""
    try:
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        found = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(one.value) for one in found]
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [*names.get_values_for_type(x509.DNSName), *addresses]
